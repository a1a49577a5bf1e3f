//! `Parameters` and the values given for them.

use super::super::TemplateError;
use super::{load_with, refuses, refuses_with};

fn declaring(rules: &str) -> String {
    format!("Resources: {{}}\nParameters:\n  Size: # <-\n    {}", rules.replace(", ", "\n    "))
}

fn value(rules: &str, given: &str) -> Result<String, TemplateError> {
    load_with(&declaring(rules), &[("Size", given)]).map(|template| template.parameters["Size"].clone())
}

#[test]
fn a_parameter_has_its_default_unless_a_value_is_given() {
    let template = declaring("Type: Number, Default: 600");
    assert_eq!(load_with(&template, &[]).unwrap().parameters["Size"], "600");
    assert_eq!(load_with(&template, &[("Size", "5")]).unwrap().parameters["Size"], "5");
}

#[test]
fn a_default_may_be_empty() {
    let template = declaring("Type: String, Default: ''");
    assert_eq!(load_with(&template, &[]).unwrap().parameters["Size"], "");
}

#[test]
fn without_a_default_a_value_has_to_be_given() {
    let template = declaring("Type: String");
    let error = refuses(&template, "the parameter `Size` has no default and was given no value");
    assert!(matches!(error, TemplateError::MissingParameter { .. }));
    assert!(load_with(&template, &[("Size", "x")]).is_ok());
}

#[test]
fn a_value_for_a_parameter_that_is_not_there_is_refused() {
    let error = load_with("Resources: {}", &[("Size", "5")]).unwrap_err();
    assert!(matches!(&error, TemplateError::UnknownParameter(name) if name == "Size"));
    assert_eq!(error.to_string(), "the template has no parameter `Size`");
}

#[test]
fn a_number_has_to_be_one() {
    for number in ["0", "-3", "25"] {
        assert_eq!(value("Type: Number", number).unwrap(), number);
    }
    for text in ["", "ten", "1s", "2.5", "1e3", "NaN"] {
        let error = refuses_with(
            &declaring("Type: Number"),
            &[("Size", text)],
            "the parameter `Size` takes a whole number",
        );
        assert!(matches!(error, TemplateError::BadParameter { .. }));
    }
}

#[test]
fn only_allowed_values_are_taken() {
    let rules = "Type: Number, AllowedValues: [1,3,5]";
    assert_eq!(value(rules, "3").unwrap(), "3");
    refuses_with(&declaring(rules), &[("Size", "4")], "the parameter `Size` takes one of 1, 3, 5");
}

#[test]
fn numbers_and_lengths_stay_within_their_bounds() {
    let rules = "Type: Number, MinValue: 1, MaxValue: 9";
    assert!(value(rules, "1").is_ok() && value(rules, "9").is_ok());
    refuses_with(&declaring(rules), &[("Size", "0")], "the parameter `Size` takes a number of at least 1");
    refuses_with(&declaring(rules), &[("Size", "10")], "the parameter `Size` takes a number of at most 9");
    let rules = "Type: String, MinLength: 2, MaxLength: 3";
    assert!(value(rules, "éé").is_ok() && value(rules, "abc").is_ok());
    refuses_with(
        &declaring(rules),
        &[("Size", "é")],
        "the parameter `Size` takes a text whose length is at least 2",
    );
    refuses_with(
        &declaring(rules),
        &[("Size", "abcd")],
        "the parameter `Size` takes a text whose length is at most 3",
    );
}

#[test]
fn every_part_of_a_list_is_checked() {
    assert_eq!(value("Type: List<Number>", "1, 2").unwrap(), "1, 2");
    refuses_with(
        &declaring("Type: List<Number>"),
        &[("Size", "1,two")],
        "the parameter `Size` takes a whole number",
    );
    let rules = "Type: CommaDelimitedList, AllowedValues: [a,b]";
    assert!(value(rules, "a, b").is_ok());
    refuses_with(&declaring(rules), &[("Size", "a,c")], "the parameter `Size` takes one of a, b");
}

#[test]
fn a_default_keeps_the_rules_even_where_it_is_not_used() {
    let template = declaring("Type: Number, Default: 10, MaxValue: 9");
    refuses_with(&template, &[("Size", "5")], "the parameter `Size` takes a number of at most 9");
}

#[test]
fn a_bound_has_to_fit_the_type() {
    let template =
        "Resources: {}\nParameters:\n  Size:\n    Type: String\n    Default: ''\n    MaxValue: 9 # <-";
    refuses(template, "MaxValue: `9` says nothing about a String");
    let template =
        "Resources: {}\nParameters:\n  Size:\n    Type: Number\n    Default: 1\n    MaxValue: ten # <-";
    refuses(template, "MaxValue: `ten` says nothing about a Number");
}

#[test]
fn what_is_unknown_of_a_parameter_is_refused() {
    refuses(
        "Resources: {}\nParameters:\n  Size:\n    Type: String\n    Defualt: x # <-",
        "the parameter Size: the local stack does not know the property `Defualt`",
    );
    refuses(
        "Resources: {}\nParameters:\n  Size:\n    Type: AWS::SSM::Parameter::Value<String> # <-",
        "Type: expected one of String, Number, CommaDelimitedList, List<Number>, \
         found `AWS::SSM::Parameter::Value<String>`",
    );
    refuses("Resources: {}\nParameters:\n  Size: {Default: x} # <-", "the parameter Size: `Type` is missing");
    refuses(
        "Resources: {}\nParameters:\n  Size:\n    Type: String\n    Default: !Ref AWS::Region # <-",
        "Ref is not allowed here",
    );
}

#[test]
fn a_pattern_is_left_to_the_deployment() {
    assert_eq!(value("Type: String, AllowedPattern: ^ssm:.*$", "a secret").unwrap(), "a secret");
}
