//! A whole stack with a WebSocket API. The process of its function ends at each call, for it lacks its variables.

use std::path::PathBuf;

use super::*;
use crate::{Options, Stack};

const TEMPLATE: &str = r"
Resources:
  Live:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: prod
      RouteSelectionExpression: $request.body.event
      Routes:
        $connect: {FunctionArn: !GetAtt VersionFunction.Arn}
  VersionFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: version}}
    Properties:
      Environment:
        Variables:
          CONNECTIONS_ENDPOINT: !Sub https://${Live}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod
          WEB_SOCKET_URL: !Sub wss://${Live}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod
";

#[tokio::test]
async fn a_stack_serves_the_api_of_its_template() {
    // In a folder of the workspace, where Cargo finds the functions, and Git nothing.
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp"));
    std::fs::create_dir_all(&folder).expect("made");
    let path = folder.join(format!("websocket-{}.yaml", std::process::id()));
    std::fs::write(&path, TEMPLATE).expect("written");
    let options = Options { template: Some(path.clone()), ..Options::on_free_ports() };
    let console = Console::memory();
    let stack = Stack::start(&options, &console).await.expect("it starts");
    std::fs::remove_file(path).expect("it is there");

    let url = format!("{}/prod", stack.addresses.ws);
    let variables = &stack.template.functions[0].environment;
    assert_eq!(variables["WEB_SOCKET_URL"], url);
    assert_eq!(variables["CONNECTIONS_ENDPOINT"], url.replacen("ws://", "http://", 1));
    let refused = tokio_tungstenite::connect_async(&url).await.expect_err("the function ends");
    assert!(matches!(refused, Error::Http(response) if response.status() == 502));
    let said = console.kept();
    assert!(said.iter().any(|line| line.starts_with("version | ws $connect 502 ")), "{said:?}");

    let address = stack.addresses.ws.trim_start_matches("ws://");
    let looked = management(address).get_connection().connection_id(new_id()).send().await;
    assert!(looked.expect_err("gone").into_service_error().is_gone_exception());
    stack.stop().await;
}
