//! The document, its sections, and what is common to all resources.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::{TemplateError, declared_parameters, load as load_file};
use super::{load, load_with, refuses, surroundings};

#[test]
fn a_missing_file_is_named() {
    let error =
        load_file(Path::new("/nowhere/template.yaml"), &BTreeMap::new(), &surroundings()).unwrap_err();
    assert!(matches!(error, TemplateError::Missing(_)));
    assert_eq!(error.to_string(), "/nowhere/template.yaml: there is no such file");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let error = load_file(directory, &BTreeMap::new(), &surroundings()).unwrap_err();
    assert!(matches!(error, TemplateError::Read { .. }));
    assert!(error.to_string().starts_with(&format!("{}: ", directory.display())));
    assert!(matches!(declared_parameters(directory), Err(TemplateError::Read { .. })));
}

#[test]
fn what_is_not_yaml_is_refused_with_its_line() {
    let error = refuses(
        "Resources:\n  A: b: c # <-",
        "mapping values are not allowed in this context: `A: b: c # <-`",
    );
    assert!(matches!(error, TemplateError::Syntax { .. }));
    refuses("Resources: {}\n---\nResources: {} # <-", "a template is one YAML document");
    refuses("Resources: !!binary abc # <-", "a value that its YAML tag does not allow");
    assert_eq!(load_with("", &[]).unwrap_err().to_string(), "template.yaml:1: the template is empty");
    refuses("- Resources # <-", "the template: expected a map, found a list");
}

#[test]
fn an_empty_value_is_refused() {
    refuses("Resources: {}\nOutputs: # <-\n", "an empty value: CloudFormation takes none, leave the key out");
    refuses(
        "Resources: {}\nOutputs: ~ # <-\n",
        "an empty value: CloudFormation takes none, leave the key out",
    );
}

#[test]
fn a_key_twice_in_one_map_is_refused() {
    refuses(
        "Resources: {}\nOutputs:\n  A: {Value: a}\n  A: {Value: b} # <-",
        "duplicated key in mapping: `A: {Value: b} # <-`",
    );
    refuses(
        "Resources: {}\nOutputs: {}\n'Resources': {} # <-",
        "duplicated key in mapping: `'Resources': {} # <-`",
    );
}

#[test]
fn an_unknown_section_is_refused() {
    let error = refuses(
        "Resources: {}\nMappings: # <-\n  A: {B: {C: d}}",
        "the local stack does not know the section `Mappings`",
    );
    assert!(matches!(error, TemplateError::Unknown { .. }));
}

#[test]
fn the_kind_of_template_is_checked() {
    load("AWSTemplateFormatVersion: 2010-09-09\nTransform: AWS::Serverless-2016-10-31\nResources: {}");
    refuses(
        "Transform: AWS::LanguageExtensions # <-\nResources: {}",
        "the local stack does not know the transform `AWS::LanguageExtensions`",
    );
    refuses(
        "AWSTemplateFormatVersion: 2011-01-01 # <-\nResources: {}",
        "AWSTemplateFormatVersion: expected one of 2010-09-09, found `2011-01-01`",
    );
    refuses("Description: {a: b} # <-\nResources: {}", "Description: expected a plain text, found a map");
    assert_eq!(
        load_with("Description: nothing in it", &[]).unwrap_err().to_string(),
        "template.yaml:1: the template has no `Resources`"
    );
}

#[test]
fn an_unknown_resource_type_is_refused() {
    refuses(
        r"
        Resources:
          Queue:
            Type: AWS::S3::Bucket # <-
        ",
        "the local stack does not know the resource type `AWS::S3::Bucket`",
    );
}

#[test]
fn an_unknown_property_is_refused_whatever_the_type() {
    refuses(
        r"
        Resources:
          Logs:
            Type: AWS::Logs::LogGroup
            Properties:
              RetentionInDays: 3
              Retention: 3 # <-
        ",
        "the local stack does not know the property `Retention` of AWS::Logs::LogGroup",
    );
}

#[test]
fn an_unknown_attribute_of_a_resource_is_refused() {
    refuses(
        r"
        Resources:
          Logs:
            Type: AWS::Logs::LogGroup
            DeletionPolicy: Retain
            CreationPolicy: {} # <-
        ",
        "the local stack does not know the attribute `CreationPolicy` of a resource",
    );
    refuses("Resources:\n  Logs: {DeletionPolicy: Retain} # <-", "the resource `Logs` has no `Type`");
    refuses(
        "Resources:\n  Logs:\n    Tpye: AWS::Logs::LogGroup # <-",
        "the local stack does not know the attribute `Tpye` of a resource",
    );
}

#[test]
fn a_resource_may_only_wait_for_one_that_is_there() {
    let template = |names: &str| {
        format!(
            "Resources:\n  A: {{Type: AWS::IAM::Role}}\n  B:\n    Type: AWS::IAM::Role\n    DependsOn: {names}"
        )
    };
    load(&template("A"));
    load(&template("[A]"));
    refuses(&template("[A, C] # <-"), "there is no resource `C`");
    refuses(&template("C # <-"), "there is no resource `C`");
}

#[test]
fn a_name_is_a_parameter_or_a_resource() {
    refuses(
        "Parameters:\n  A: {Type: String, Default: ''}\nResources:\n  A: {Type: AWS::IAM::Role} # <-",
        "`A` is a parameter and a resource",
    );
}

#[test]
fn references_in_what_has_no_effect_are_checked() {
    refuses(
        r"
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyDocument:
                    Statement:
                      - Condition: {StringEquals: {a: b}}
                        Resource: !GetAtt Tabel.Arn # <-
        ",
        "nothing here is called `Tabel`",
    );
}

#[test]
fn outputs_are_checked() {
    load(
        "Resources: {}\nOutputs:\n  A: {Description: d, Value: !Ref AWS::Region, Export: {Name: !Sub '${AWS::StackName}-a'}}",
    );
    refuses("Resources: {}\nOutputs:\n  A: {Value: !Ref Table} # <-", "nothing here is called `Table`");
    refuses("Resources: {}\nOutputs:\n  A: {Description: d} # <-", "the output `A`: `Value` is missing");
    refuses(
        "Resources: {}\nOutputs:\n  A:\n    Value: a\n    Vlaue: b # <-",
        "the output `A`: the local stack does not know the property `Vlaue`",
    );
    refuses(
        "Resources: {}\nOutputs:\n  A: {Value: a, Export: {Nmae: b}} # <-",
        "Export: the local stack does not know the property `Nmae`",
    );
}

#[test]
fn what_a_custom_resource_gives_may_be_referred_to_but_not_read() {
    let custom = r"
        Resources:
          Api: {Type: AWS::Serverless::HttpApi}
          Make:
            Type: AWS::Serverless::Function
            Metadata: {BuildProperties: {Binary: make}}
          Secrets:
            Type: Custom::Secrets
            Properties: {ServiceToken: !GetAtt Make.Arn, Anything: {at: all}}
        ";
    assert_eq!(
        load(&format!("{custom}Outputs:\n          Key: {{Value: !Sub 'x${{Secrets.Key}}'}}"))
            .functions
            .len(),
        1
    );
    refuses(
        &format!(
            r"{custom}  Use:
            Type: AWS::Serverless::Function
            Metadata: {{BuildProperties: {{Binary: use}}}}
            Properties:
              Environment:
                Variables:
                  KEY: !Join ['', [a, !GetAtt Secrets.Key]] # <-
"
        ),
        "KEY: expected a text, found `Key` of `Secrets`, a resource that a deployment makes, \
         which this machine cannot tell",
    );
    refuses(
        "Resources:\n  Secrets: {Type: Custom::Secrets} # <-",
        "`Secrets`, an AWS::CloudFormation::CustomResource: `ServiceToken` is missing",
    );
}

#[test]
fn log_groups_and_permissions_can_be_referred_to() {
    let template = load(
        r"
        Resources:
          Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /demo/logs}}
          Role: {Type: AWS::IAM::Role}
          Policy: {Type: AWS::IAM::ManagedPolicy}
          Inline: {Type: AWS::IAM::Policy, Properties: {PolicyName: inline, Roles: [!Ref Role]}}
          Other: {Type: AWS::IAM::RolePolicy, Properties: {PolicyName: other, RoleName: !Ref Role}}
          Use:
            Type: AWS::Serverless::Function
            Metadata: {BuildProperties: {Binary: use}}
            Properties:
              Environment:
                Variables:
                  LOGS: !Ref Logs
                  LOGS_ARN: !GetAtt Logs.Arn
                  ROLE: !Ref Role
                  ROLE_ARN: !GetAtt Role.Arn
                  POLICY: !Ref Policy
                  INLINE: !Ref Inline
        ",
    );
    let variables: Vec<(&str, &str)> = template.functions[0]
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        variables,
        [
            ("INLINE", "inline"),
            ("LOGS", "/demo/logs"),
            ("LOGS_ARN", "arn:aws:logs:eu-west-1:000000000000:log-group:/demo/logs:*"),
            ("POLICY", "arn:aws:iam::000000000000:policy/demo-Policy"),
            ("ROLE", "demo-Role"),
            ("ROLE_ARN", "arn:aws:iam::000000000000:role/demo-Role"),
        ]
    );
}
