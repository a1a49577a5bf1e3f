//! `Conditions`, `Fn::If`, and resources that are left out.

use super::super::TemplateError;
use super::{evaluated, expression_in, load, load_with, refuses};

fn holds(condition: &str) -> bool {
    let template = format!(
        r"
        Parameters:
          Name: {{Type: String, Default: world}}
        Conditions:
          Yes: !Equals [!Ref Name, world]
          No: !Equals [!Sub '${{Name}}s', world]
          It: {condition}
        Resources:
          Table:
            Type: AWS::DynamoDB::Table
            Condition: It
            Properties:
              AttributeDefinitions: [{{AttributeName: pk, AttributeType: S}}]
              KeySchema: [{{AttributeName: pk, KeyType: HASH}}]
        "
    );
    !load(&template).tables.is_empty()
}

#[test]
fn conditions_combine() {
    for (condition, expected) in [
        ("!Equals [a, a]", true),
        ("!Equals [1, '1']", true),
        ("!Equals [a, b]", false),
        ("!Equals [!Ref AWS::Region, eu-west-1]", true),
        ("!Condition Yes", true),
        ("{Condition: No}", false),
        ("!Not [!Condition Yes]", false),
        ("!Not [Condition: No]", true),
        ("!And [!Condition Yes, !Condition Yes]", true),
        ("!And [!Condition Yes, !Condition No]", false),
        ("!Or [!Condition No, !Condition Yes]", true),
        ("!Or [!Condition No, !Condition No, !Not [!Condition Yes]]", false),
        (
            "{'Fn::And': [{'Fn::Equals': [a, a]}, {'Fn::Not': [{'Fn::Or': [Condition: No, Condition: No]}]}]}",
            true,
        ),
    ] {
        assert_eq!(holds(condition), expected, "{condition}");
    }
}

#[test]
fn a_mistake_in_a_condition_is_named() {
    for (condition, text) in [
        ("!Condition Maybe", "there is no condition `Maybe`"),
        ("!Equals [!Ref Nmae, a]", "nothing here is called `Nmae`"),
        ("!Equals [!Ref Logs, a]", "nothing here is called `Logs`"),
        ("!Equals [!Ref AWS::NoValue, a]", "Fn::Equals: AWS::NoValue is nothing to compare"),
        ("!Equals [[a], a]", "Fn::Equals: expected a text, found a list"),
        ("!Equals [a]", "Fn::Equals takes two values"),
        ("!Equals a", "Fn::Equals: expected a list, found `a`"),
        ("!Not [!Equals [a, a], !Equals [a, a]]", "Fn::Not takes one condition"),
        ("!And [!Equals [a, a]]", "Fn::And takes two to ten conditions"),
        ("!Or [!Equals [a, a], !Ref AWS::Region]", "Ref is no function of conditions"),
        ("!Xor [a, a]", "Fn::Xor is no function of conditions"),
        ("yes", "expected a function of conditions, found `yes`"),
        ("{a: b}", "expected a function of conditions, found a map"),
        ("!Condition It", "the condition `It` depends on itself"),
        ("!Not [!Condition It]", "the condition `It` depends on itself"),
    ] {
        let template = format!(
            "Conditions:\n  It: {condition} # <-\nResources: {{Logs: {{Type: AWS::Logs::LogGroup}}}}"
        );
        refuses(&template, text);
    }
}

#[test]
fn a_mistake_shows_in_a_condition_that_nothing_uses_or_waits_for() {
    refuses(
        "Conditions:\n  It: !Or [!Equals [a, a], !Condition No] # <-\nResources: {}",
        "there is no condition `No`",
    );
}

#[test]
fn if_takes_the_branch_that_its_condition_says() {
    assert_eq!(evaluated("!If [Yes, a, b]", "").unwrap(), "a");
    assert_eq!(evaluated("!If [No, a, !Ref Name]", "").unwrap(), "world");
    assert_eq!(evaluated("{'Fn::If': [No, a, !If [Yes, c, d]]}", "").unwrap(), "c");
    assert_eq!(evaluated("!If [No, a, !Ref AWS::NoValue]", "").unwrap(), "(absent)");
    assert_eq!(evaluated("!Join ['-', [a, !If [No, b, !Ref AWS::NoValue], c]]", "").unwrap(), "a-c");
}

#[test]
fn the_branch_that_is_not_taken_is_checked_too() {
    refuses(&expression_in("!If [Yes, a, !Ref Nmae] # <-", ""), "nothing here is called `Nmae`");
    refuses(&expression_in("!If [Maybe, a, b] # <-", ""), "there is no condition `Maybe`");
    refuses(&expression_in("!If [Yes, a] # <-", ""), "Fn::If takes a condition and two values");
    refuses(&expression_in("!If Yes # <-", ""), "Fn::If takes a condition and two values");
    refuses(&expression_in("!Equals [a, a] # <-", ""), "Fn::Equals belongs into Conditions");
}

const LEFT_OUT: &str = "  Logs: {Type: AWS::Logs::LogGroup, Condition: No}";

#[test]
fn a_resource_that_is_left_out_may_be_named_where_it_is_not_needed() {
    assert_eq!(evaluated("!If [No, !GetAtt Logs.Arn, none]", LEFT_OUT).unwrap(), "none");
    assert_eq!(evaluated("!If [No, !Sub 'x${Logs}', none]", LEFT_OUT).unwrap(), "none");
    let both = format!(
        "{LEFT_OUT}\n  Role: {{Type: AWS::IAM::Role, Condition: No, Properties: {{Tags: [!Ref Logs]}}}}"
    );
    assert_eq!(evaluated("a", &both).unwrap(), "a");
    let output = format!("{LEFT_OUT}\nOutputs:\n  Logs: {{Condition: No, Value: !Ref Logs}}");
    assert_eq!(evaluated("a", &output).unwrap(), "a");
}

#[test]
fn a_resource_that_is_left_out_cannot_be_used() {
    let text = "the resource `Logs` is left out because the condition `No` does not hold";
    let error = refuses(&expression_in("!Ref Logs # <-", LEFT_OUT), text);
    assert!(matches!(error, TemplateError::Unknown { .. }));
    refuses(&expression_in("!If [Yes, !Sub 'x${Logs.Arn}', a] # <-", LEFT_OUT), text);
    let output = format!("{LEFT_OUT}\nOutputs:\n  Logs: {{Value: !Ref Logs}} # <-");
    refuses(&expression_in("a", &output), text);
}

#[test]
fn a_resource_that_is_left_out_is_checked_but_not_there() {
    let function = |rest: &str| {
        format!(
            r"
            Conditions:
              No: !Equals [a, b]
            Resources:
              Api: {{Type: AWS::Serverless::HttpApi, Condition: No}}
              Greet:
                Type: AWS::Serverless::Function
                Condition: No
                Metadata: {{BuildProperties: {{Binary: greet}}}}
                Properties:
                  Environment: {{Variables: {{A: {rest}}}}} # <-
            "
        )
    };
    let template = load_with(&function("!Ref Api"), &[]).unwrap();
    assert!(template.functions.is_empty() && template.http_api.is_none());
    refuses(&function("!Ref Apl"), "nothing here is called `Apl`");
    refuses(
        "Resources:\n  Logs: {Type: AWS::Logs::LogGroup, Condition: Maybe} # <-",
        "there is no condition `Maybe`",
    );
    refuses(
        "Resources: {}\nOutputs:\n  A: {Value: a, Condition: Maybe} # <-",
        "there is no condition `Maybe`",
    );
}
