//! What functions may do.

use super::super::Grant;
use super::{function_with, only_function, refuses};

#[test]
fn a_function_may_do_what_its_statements_say_each_action_on_each_resource() {
    let template = function_with(
        r"
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Effect: Allow
              Action:
                - dynamodb:GetItem
                - dynamodb:Query
              Resource:
                - arn:aws:dynamodb:eu-west-1:000000000000:table/rooms
                - !Sub arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/rooms/index/*
        - Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: 'arn:aws:sqs:::jobs'}]",
    );
    let line = template.lines().position(|line| line.contains("- dynamodb:GetItem")).unwrap() + 1;
    let [table, indexes] =
        ["", "/index/*"].map(|rest| format!("arn:aws:dynamodb:eu-west-1:000000000000:table/rooms{rest}"));
    let grant = |action: &str, resource: &str, line| Grant {
        action: action.to_owned(),
        resource: resource.to_owned(),
        line,
    };
    assert_eq!(
        only_function(&template).grants,
        [
            grant("dynamodb:GetItem", &table, line),
            grant("dynamodb:GetItem", &indexes, line),
            grant("dynamodb:Query", &table, line + 1),
            grant("dynamodb:Query", &indexes, line + 1),
            grant("sqs:SendMessage", "arn:aws:sqs:::jobs", line + 5),
        ]
    );
}

#[test]
fn an_asterisk_stands_for_the_rest_of_a_name() {
    let grant = |resource: &str| Grant {
        action: "ssm:GetParameter".to_owned(),
        resource: resource.to_owned(),
        line: 1,
    };
    let (one, all) = (grant("arn:aws:ssm:::parameter/a"), grant("arn:aws:ssm:::parameter/a*"));
    for (grant, action, resource, is_allowed) in [
        (&one, "ssm:GetParameter", "arn:aws:ssm:::parameter/a", true),
        (&one, "ssm:GetParameter", "arn:aws:ssm:::parameter/ab", false),
        (&one, "ssm:PutParameter", "arn:aws:ssm:::parameter/a", false),
        (&all, "ssm:GetParameter", "arn:aws:ssm:::parameter/ab", true),
        (&all, "ssm:GetParameter", "arn:aws:ssm:::parameter/b", false),
    ] {
        assert_eq!(grant.allows(action, resource), is_allowed, "{grant:?} {action} {resource}");
    }
}

#[test]
fn what_is_no_statement_of_named_actions_on_named_resources_is_refused() {
    let allow = |rest: &str| format!("{{Statement: [{{Effect: Allow, {rest}}}]}}");
    let arn = "Resource: 'arn:aws:sqs:::jobs'";
    let services = "Action: expected one action of dynamodb, execute-api, sqs, ssm, by its name, found";
    let named = "Resource: expected an ARN, in which an asterisk stands at most at the end of a name, found";
    for (policy, text) in [
        (
            "AmazonSQSFullAccess".to_owned(),
            "a policy: expected a map, found `AmazonSQSFullAccess`".to_owned(),
        ),
        (
            "{SQSSendMessagePolicy: {QueueName: jobs}}".to_owned(),
            "a policy: the local stack does not know the property `SQSSendMessagePolicy`".to_owned(),
        ),
        ("{Version: '2012-10-17'}".to_owned(), "a policy: `Statement` is missing".to_owned()),
        (
            "{Statement: [{Effect: Deny, Action: sqs:SendMessage, Resource: x}]}".to_owned(),
            "Effect: expected one of Allow, found `Deny`".to_owned(),
        ),
        (allow(arn), "a statement of a policy: `Action` is missing".to_owned()),
        (allow("Action: sqs:SendMessage"), "a statement of a policy: `Resource` is missing".to_owned()),
        (
            allow(&format!("Action: sqs:SendMessage, {arn}, Condition: {{}}")),
            "a statement of a policy: the local stack does not know the property `Condition`".to_owned(),
        ),
        (
            allow(&format!("NotAction: sqs:SendMessage, {arn}")),
            "a statement of a policy: the local stack does not know the property `NotAction`".to_owned(),
        ),
        (allow(&format!("Action: 'sqs:*', {arn}")), format!("{services} `sqs:*`")),
        (allow(&format!("Action: 'sqs:Send*', {arn}")), format!("{services} `sqs:Send*`")),
        (allow(&format!("Action: s3:GetObject, {arn}")), format!("{services} `s3:GetObject`")),
        (allow("Action: sqs:SendMessage, Resource: '*'"), format!("{named} `*`")),
        (
            allow("Action: sqs:SendMessage, Resource: 'arn:aws:sqs:*:*:jobs'"),
            format!("{named} `arn:aws:sqs:*:*:jobs`"),
        ),
        (allow("Action: sqs:SendMessage, Resource: 'arn:aws:sqs:::*'"), format!("{named} `arn:aws:sqs:::*`")),
    ] {
        refuses(&function_with(&format!("      Policies: [{policy}] # <-")), &text);
    }
}

#[test]
fn permissions_from_elsewhere_are_refused() {
    for property in ["Role", "PermissionsBoundary"] {
        refuses(
            &function_with(&format!("      {property}: arn:aws:iam::000000000000:x # <-")),
            &format!("the local stack does not know the property `{property}` of AWS::Serverless::Function"),
        );
    }
}

#[test]
fn a_function_may_read_the_secrets_that_it_names() {
    let with = |resource: &str| {
        format!(
            r"
Resources:
  Greet: # <-
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: greet}}}}
    Properties:
      Policies: [{{Statement: [{{Effect: Allow, Action: ssm:GetParameter, Resource: '{resource}'}}]}}]
      Environment: {{Variables: {{SECRET: 'ssm:/demo/secret'}}}}
"
        )
    };
    let arn = "arn:aws:ssm:eu-west-1:000000000000:parameter/demo/secret";
    assert_eq!(only_function(&with(arn)).environment["SECRET"], "ssm:/demo/secret");
    refuses(
        &with("arn:aws:ssm:eu-west-1:000000000000:parameter/demo/other"),
        &format!("`Greet`, an AWS::Serverless::Function: SECRET: no policy allows ssm:GetParameter on {arn}"),
    );
}
