//! `Ref`, `Fn::Sub`, `Fn::GetAtt`, `Fn::Join`.

use super::super::TemplateError;
use super::{evaluated, expression_in, refuses};

const TABLE: &str = r"
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub ${AWS::StackName}-rooms
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Plain:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]";

#[test]
fn expressions_say_what_they_say_at_aws() {
    for (expression, expected) in [
        ("!Ref Name", "world"),
        ("!Ref Number", "7"),
        ("{Ref: Name}", "world"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref AWS::StackName", "demo"),
        ("!Ref AWS::StackId", "arn:aws:cloudformation:eu-west-1:000000000000:stack/demo/local"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ("!Ref Table", "demo-rooms"),
        ("!Ref Plain", "demo-Plain"),
        ("!Ref Greet", "demo-Greet"),
        ("!Ref Api", "api"),
        ("!GetAtt Api.ApiEndpoint", "http://127.0.0.1:3000"),
        ("!GetAtt Api.ApiId", "api"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:eu-west-1:000000000000:table/demo-rooms"),
        ("!GetAtt Table.StreamArn", "arn:aws:dynamodb:eu-west-1:000000000000:table/demo-rooms/stream/local"),
        ("!GetAtt [Table, Arn]", "arn:aws:dynamodb:eu-west-1:000000000000:table/demo-rooms"),
        ("{'Fn::GetAtt': [Greet, Arn]}", "arn:aws:lambda:eu-west-1:000000000000:function:demo-Greet"),
        ("{'Fn::GetAtt': Greet.Arn}", "arn:aws:lambda:eu-west-1:000000000000:function:demo-Greet"),
        ("!Sub /vestibule/${AWS::StackName}/key", "/vestibule/demo/key"),
        (
            "!Sub '${Name}, ${Number} ${Table} ${Table.Arn}'",
            "world, 7 demo-rooms arn:aws:dynamodb:eu-west-1:000000000000:table/demo-rooms",
        ),
        ("!Sub 'a $5 {b} ${!Name}'", "a $5 {b} ${Name}"),
        ("!Sub ['${Name} ${Own}', {Name: you, Own: !Ref Number}]", "you 7"),
        ("{'Fn::Sub': '${Name}'}", "world"),
        ("!Join ['-', [a, !Ref Name, 3]]", "a-world-3"),
        ("!Join ['', !Ref Words]", "abc"),
        ("{'Fn::Join': ['', []]}", ""),
        (
            "!Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/health",
            "http://127.0.0.1:3000/health",
        ),
        (
            "!Sub https://other.execute-api.${AWS::Region}.amazonaws.com",
            "https://other.execute-api.eu-west-1.amazonaws.com",
        ),
    ] {
        assert_eq!(evaluated(expression, TABLE).unwrap(), expected, "{expression}");
    }
}

#[test]
fn scalars_are_texts_as_they_are_written() {
    for (written, expected) in [
        ("600", "600"),
        ("0600", "0600"),
        ("1.10", "1.10"),
        ("0x1F", "0x1F"),
        ("True", "true"),
        ("'True'", "True"),
        ("''", ""),
        ("!!str 5", "5"),
        ("99999999999999999999", "99999999999999999999"),
    ] {
        assert_eq!(evaluated(written, "").unwrap(), expected, "{written}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    for (expression, text) in [
        ("!Ref Nmae", "nothing here is called `Nmae`"),
        ("!Ref AWS::Regoin", "nothing here is called `AWS::Regoin`"),
        ("!Sub '${Nmae}'", "nothing here is called `Nmae`"),
        ("!Sub '${Tabel.Arn}'", "nothing here is called `Tabel`"),
        ("!Sub ['${Own}', {Onw: a}]", "nothing here is called `Own`"),
        ("!GetAtt Tabel.Arn", "nothing here is called `Tabel`"),
        ("!GetAtt Table.Anr", "`Table`, an AWS::DynamoDB::Table, has no attribute `Anr`"),
        ("!GetAtt Plain.StreamArn", "`Plain`, an AWS::DynamoDB::Table, has no attribute `StreamArn`"),
        ("!GetAtt Greet.Name", "`Greet`, an AWS::Serverless::Function, has no attribute `Name`"),
        ("!FindInMap [A, B, C]", "the local stack does not know the function Fn::FindInMap"),
        ("{'Fn::Cidr': [A, B, C]}", "the local stack does not know the function Fn::Cidr"),
    ] {
        let error = refuses(&expression_in(&format!("{expression} # <-"), TABLE), text);
        assert!(matches!(error, TemplateError::Unknown { .. }), "{expression}");
    }
}

#[test]
fn a_function_that_is_called_wrongly_is_refused() {
    for (expression, text) in [
        ("!Ref [Name]", "Ref: expected a plain text, found a list"),
        ("!GetAtt Table", "Fn::GetAtt: expected RESOURCE.ATTRIBUTE, found `Table`"),
        ("!GetAtt [Table]", "Fn::GetAtt takes a resource and an attribute"),
        ("!GetAtt {a: b}", "Fn::GetAtt: expected a text, found a map"),
        ("!Sub ['a']", "Fn::Sub takes a text, or a text and a map"),
        ("!Sub {a: b}", "Fn::Sub: expected a plain text, found a map"),
        ("!Sub '${Words}'", "Words: expected a text, found a list"),
        ("!Sub '${AWS::NoValue}'", "Fn::Sub: AWS::NoValue is nothing that a text can contain"),
        ("!Sub '${Name'", "Fn::Sub: `${Name` has no end"),
        ("!Join ['-', a]", "Fn::Join: expected a list, found `a`"),
        ("!Join ['-']", "Fn::Join takes a delimiter and a list"),
        ("!Join ['-', [[a]]]", "Fn::Join: expected a text, found a list"),
        ("{'Fn::Sub': a, b: c}", "an intrinsic function stands alone in its map"),
        ("!Ref Words", "VALUE: expected a text, found a list"),
        (
            "'{{resolve:ssm:/a}}'",
            "VALUE: expected a text, found the dynamic reference `{{resolve:ssm:/a}}`, which this machine cannot tell",
        ),
    ] {
        let error = refuses(&expression_in(&format!("{expression} # <-"), TABLE), text);
        assert!(matches!(error, TemplateError::Invalid { .. }), "{expression}");
    }
}

#[test]
fn the_line_is_that_of_the_reference_not_of_the_property() {
    refuses(
        &expression_in("!Join\n            - '-'\n            - - a\n              - !Ref Nmae # <-", ""),
        "nothing here is called `Nmae`",
    );
}

#[test]
fn a_name_cannot_depend_on_itself() {
    let resources = r"
  A: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub 'a-${B}'}} # <-
  B: {Type: AWS::IAM::Role, Properties: {RoleName: !Ref A}}";
    refuses(&expression_in("!Ref A", resources), "the name of the resource `A` depends on itself");
}
