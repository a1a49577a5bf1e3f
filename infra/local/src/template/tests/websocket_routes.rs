//! Routes of their own: `AWS::ApiGatewayV2::Route` and what belongs to it.

use std::time::Duration;

use super::{load, refuses};

/// A route before what it refers to, as the order of a template does not matter.
const TEMPLATE: &str = r"
Resources:
  JoinRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Live
      RouteKey: join-room
      Target: !Sub integrations/${JoinIntegration}
  JoinIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Live
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Join.Arn}/invocations
      TimeoutInMillis: 20000
  JoinPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Join
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Live}/*/join-room
  Live:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.event
      StageName: live
      Routes:
        ping: {FunctionArn: !GetAtt Ping.Arn}
  Ping: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: ping}}}
  Join: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: join}}}
";

#[test]
fn a_route_of_its_own_is_one_of_the_api() {
    let routes = load(TEMPLATE).websocket_routes;
    let routes: Vec<_> = routes.iter().map(|route| (&*route.key, &*route.function, route.timeout)).collect();
    let seconds = Duration::from_secs;
    assert_eq!(routes, [("join-room", "Join", seconds(20)), ("ping", "Ping", seconds(29))]);
}

#[test]
fn a_mistake_is_named() {
    for (right, wrong, text) in [
        (
            "      RouteKey: join-room",
            "      RouteKye: join-room",
            "the local stack does not know the property `RouteKye` of AWS::ApiGatewayV2::Route",
        ),
        (
            "      ApiId: !Ref Live",
            "      ApiId: other",
            "ApiId: this is no AWS::Serverless::WebSocketApi of the template",
        ),
        (
            "      Target: !Sub integrations/${JoinIntegration}",
            "      Target: !Ref JoinIntegration",
            "Target: this is no AWS::ApiGatewayV2::Integration of the template",
        ),
        (
            "      IntegrationType: AWS_PROXY",
            "      IntegrationType: HTTP",
            "IntegrationType: expected one of AWS_PROXY, found `HTTP`",
        ),
        (
            "      TimeoutInMillis: 20000",
            "      TimeoutInMillis: 1",
            "TimeoutInMillis: expected a whole number from 50 to 29000, found `1`",
        ),
        (
            "      Action: lambda:InvokeFunction",
            "      Action: lambda:*",
            "Action: expected one of lambda:InvokeFunction, found `lambda:*`",
        ),
        (
            "      FunctionName: !Ref Join",
            "      FunctionName: join",
            "FunctionName: this is no AWS::Serverless::Function of the template",
        ),
        (
            "        ping: {FunctionArn: !GetAtt Ping.Arn}",
            "        ping: {FunctionArn: !GetAtt Ping.Arn}\n      Routse: {}",
            "the local stack does not know the property `Routse` of AWS::Serverless::WebSocketApi",
        ),
    ] {
        refuses(&TEMPLATE.replacen(right, &format!("{wrong} # <-"), 1), text);
    }
    let uri = TEMPLATE.replacen("functions/${Join.Arn}/invocations", "functions/${Join}/invocations # <-", 1);
    refuses(&uri, "IntegrationUri: this is no AWS::Serverless::Function of the template");
    let twice =
        TEMPLATE.replacen("RouteKey: join-room", "RouteKey: ping", 1).replacen("/*/join-room", "/*", 1);
    refuses(&twice.replacen("Arn}\n  Ping", "Arn} # <-\n  Ping", 1), "the route `ping` is taken at line 3");
}

#[test]
fn the_gateway_needs_a_permission_for_the_route() {
    let marked = TEMPLATE.replacen("  JoinRoute:", "  JoinRoute: # <-", 1);
    for (right, wrong) in [
        ("${Live}/*/join-room", "${Live}/*/leave-room"),
        ("${Live}/*/join-room", "${Live}/other/*"),
        ("apigateway.amazonaws.com", "events.amazonaws.com"),
        ("FunctionName: !Ref Join", "FunctionName: !Ref Ping"),
    ] {
        refuses(
            &marked.replacen(right, wrong, 1),
            "no AWS::Lambda::Permission lets apigateway.amazonaws.com call `Join` for `join-room`",
        );
    }
    for (right, right_too) in [
        ("${Live}/*/join-room", "${Live}/live/join-*"),
        ("${Live}/*/join-room", "${Live}/*"),
        ("FunctionName: !Ref Join", "FunctionName: !GetAtt Join.Arn"),
    ] {
        assert_eq!(load(&TEMPLATE.replacen(right, right_too, 1)).websocket_routes.len(), 2, "{right_too}");
    }
}
