//! `AWS::Serverless::WebSocketApi`.

use std::time::Duration;

use super::super::{WebSocketApi, WebSocketRoute};
use super::{evaluated, load, refuses};

const FUNCTION: &str =
    "  Talk: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: talk}}}";

/// A template with an API of these properties.
fn api(properties: &str) -> String {
    format!(
        "Resources:\n{FUNCTION}\n  Live:\n    Type: AWS::Serverless::WebSocketApi\n    Properties:\n{properties}"
    )
}

/// The same, with what every API needs but this property.
fn with(property: &str) -> String {
    let mut properties = vec![property.to_owned()];
    for (name, value) in [
        ("RouteSelectionExpression", "$request.body.event"),
        ("Routes", "{ping: {FunctionArn: !GetAtt Talk.Arn}}"),
    ] {
        if !property.starts_with(name) {
            properties.push(format!("{name}: {value}"));
        }
    }
    api(&format!("      {}\n", properties.join("\n      ")))
}

#[test]
fn an_api_has_a_stage_and_routes() {
    let source = api(r"      Name: !Sub ${AWS::StackName}-live
      StageName: live
      RouteSelectionExpression: $request.body.event
      DefaultRouteSettings: {ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200}
      AccessLogSettings: {DestinationArn: !GetAtt Logs.Arn, Format: $context.requestId}
      Routes:
        $connect: {FunctionArn: !GetAtt Talk.Arn, IntegrationTimeout: 5000}
        $disconnect: {FunctionArn: !GetAtt Talk.Arn}
        ping: {FunctionArn: !GetAtt Talk.Arn, OperationName: Ping}
  Logs: {Type: AWS::Logs::LogGroup}
");
    let template = load(&source);
    let api = WebSocketApi {
        logical_id: "Live".to_owned(),
        api_id: "live".to_owned(),
        stage: "live".to_owned(),
        route_field: "event".to_owned(),
    };
    assert_eq!(template.websocket_api, Some(api));
    let line = source.lines().position(|line| line.contains("$connect")).unwrap() + 1;
    let route = |key: &str, milliseconds, line| WebSocketRoute {
        key: key.to_owned(),
        function: "Talk".to_owned(),
        timeout: Duration::from_millis(milliseconds),
        line,
    };
    assert_eq!(
        template.websocket_routes,
        [
            route("$connect", 5000, line),
            route("$disconnect", 29_000, line + 1),
            route("ping", 29_000, line + 2)
        ]
    );
}

#[test]
fn an_api_needs_only_its_routes_and_what_selects_them() {
    let api = load(&with("RouteSelectionExpression: '${request.body.action}'")).websocket_api.unwrap();
    assert_eq!((api.stage.as_str(), api.route_field.as_str()), ("default", "action"));
    assert_eq!(load("Resources: {}").websocket_api, None);
}

#[test]
fn its_addresses_are_those_of_this_machine() {
    let rest = with("StageName: live");
    let (_, rest) = rest.split_once('\n').unwrap();
    for (expression, expected) in [
        ("!Ref Live", "live"),
        ("!GetAtt Live.ApiId", "live"),
        ("!GetAtt Live.ApiEndpoint", "ws://127.0.0.1:3001"),
        ("!Sub wss://${Live}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live", "ws://127.0.0.1:3001/live"),
        ("!Sub https://${Live}.execute-api.${AWS::Region}.amazonaws.com/live", "http://127.0.0.1:3001/live"),
        // Another region is elsewhere.
        (
            "!Sub wss://${Live}.execute-api.us-west-1.amazonaws.com/live",
            "wss://live.execute-api.us-west-1.amazonaws.com/live",
        ),
    ] {
        assert_eq!(evaluated(expression, rest).unwrap(), expected, "{expression}");
    }
    let unknown = evaluated("!GetAtt Live.Stage", rest).unwrap_err().to_string();
    assert!(unknown.contains("no attribute `Stage`"), "{unknown}");
}

#[test]
fn a_mistake_is_named() {
    for (property, text) in [
        (
            "Auth: {} # <-",
            "the local stack does not know the property `Auth` of AWS::Serverless::WebSocketApi",
        ),
        ("StageName: $default # <-", "StageName: `$default` is no name of a stage of a WebSocket API"),
        ("StageName: a/b # <-", "StageName: `a/b` is no name of a stage of a WebSocket API"),
        (
            "RouteSelectionExpression: $request.body.a.b # <-",
            "RouteSelectionExpression: expected $request.body. and a field, found `$request.body.a.b`",
        ),
        (
            "RouteSelectionExpression: $request.header.a # <-",
            "RouteSelectionExpression: expected $request.body. and a field, found `$request.header.a`",
        ),
        (
            "Routes: {join-room: {FunctionArn: !GetAtt Talk.Arn}} # <-",
            "Routes: SAM takes letters and digits only; `join-room` has to be an AWS::ApiGatewayV2::Route of its own",
        ),
        ("Routes: {ping: {}} # <-", "the route `ping`: `FunctionArn` is missing"),
        (
            "Routes: {ping: {FunctionArn: !Ref Talk}} # <-",
            "FunctionArn: this is no AWS::Serverless::Function of the template",
        ),
        (
            "Routes: {ping: {FunctionArn: !GetAtt Talk.Arn, IntegrationTimeout: 30000}} # <-",
            "IntegrationTimeout: expected a whole number from 50 to 29000, found `30000`",
        ),
        (
            "Routes: {ping: {FunctionArn: !GetAtt Talk.Arn, RouteResponseSelectionExpression: $default}} # <-",
            "the route `ping`: the local stack does not know the property `RouteResponseSelectionExpression`",
        ),
    ] {
        refuses(&with(property), text);
    }
    let without = |property: &str| {
        let whole = with("StageName: live");
        let lines = whole.lines().filter(|line| !line.contains(property));
        lines.map(|line| if line == "  Live:" { "  Live: # <-\n" } else { line }.to_owned() + "\n").collect()
    };
    for property in ["Routes", "RouteSelectionExpression"] {
        let source: String = without(&format!("{property}:"));
        refuses(&source, &format!("`Live`, an AWS::Serverless::WebSocketApi: `{property}` is missing"));
    }
}

#[test]
fn there_is_one_api() {
    let another = "  Other:  # <-\n    Type: AWS::Serverless::WebSocketApi\n    Properties: {Routes: {}, RouteSelectionExpression: $request.body.a}\n";
    refuses(
        &(with("StageName: live") + another),
        "the local stack serves one WebSocket API, and `Live` is another",
    );
}

#[test]
fn what_is_global_is_merged() {
    let source = with("StageName: live").replace("      RouteSelectionExpression: $request.body.event\n", "");
    let globals = "Globals: {WebSocketApi: {RouteSelectionExpression: $request.body.event}}\n";
    assert_eq!(load(&(globals.to_owned() + &source)).websocket_api.unwrap().route_field, "event");
    refuses(
        &format!("Globals: {{WebSocketApi: {{StageName: a}}}} # <-\n{source}"),
        "`StageName` is no global property of AWS::Serverless::WebSocketApi that we know",
    );
}
