//! The captured events of `infra/events/`, as `sam local invoke` sends them: each through the real deserialiser and
//! through the very binary that is deployed.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_http::request::LambdaRequest;
use serde_json::Value;
use testing::{Server, TestTable};

/// The events of HTTP functions: the function's name, and the event's text.
fn events() -> BTreeMap<String, String> {
    events_with("\"rawPath\"")
}

/// The events of the WebSocket API's functions.
fn socket_events() -> BTreeMap<String, String> {
    events_with("\"connectionId\"")
}

fn events_with(field: &str) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(testing::root().join("infra/events")).expect("the folder is there");
    let paths = files.map(|file| file.expect("readable").path());
    paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("readable"))
        })
        .filter(|(_, text)| text.contains(field))
        .collect()
}

#[tokio::test]
async fn every_function_that_has_a_route_has_an_event() {
    let table = TestTable::new().await;
    let functions = table.template.functions.iter().filter(|function| !function.routes.is_empty());
    let functions: BTreeSet<String> = functions.map(|function| function.binary.clone()).collect();
    assert_eq!(events().into_keys().collect::<BTreeSet<_>>(), functions);
}

#[tokio::test]
async fn every_function_of_the_websocket_api_has_an_event_of_one_of_its_routes() {
    let table = TestTable::new().await;
    let routes = &table.template.websocket_routes;
    let binary = |logical_id: &str| {
        let function = table.template.functions.iter().find(|function| function.logical_id == logical_id);
        function.expect("the template has it").binary.clone()
    };
    let known: BTreeSet<(String, String)> =
        routes.iter().map(|route| (binary(&route.function), route.key.clone())).collect();
    let events = socket_events();
    for (name, text) in &events {
        let event: ApiGatewayWebsocketProxyRequest =
            serde_json::from_str(text).expect("an event of API Gateway");
        let route = event.request_context.route_key.expect("a route");
        assert!(known.contains(&(name.clone(), route)), "{name}");
    }
    let functions: BTreeSet<_> = known.into_iter().map(|(function, _)| function).collect();
    assert_eq!(events.into_keys().collect::<BTreeSet<_>>(), functions);
}

/// Whoever asks is gone by then, which nobody but the log is told.
#[tokio::test]
async fn every_event_of_the_websocket_api_is_taken_by_its_binary() {
    let server = Server::start(|_| {}).await;
    for (name, event) in socket_events() {
        let invoked = server.stack.invoke(&name, event.into()).await;
        let invoked = invoked.unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer: Value = serde_json::from_slice(&invoked.payload).expect("JSON");
        assert_eq!(answer["statusCode"], 200, "{name}");
    }
    server.stop().await;
}

#[test]
fn every_event_is_the_request_that_it_says() {
    for (name, text) in events() {
        let event: Value = serde_json::from_str(&text).expect("JSON");
        let request: LambdaRequest = serde_json::from_str(&text).expect("an event of API Gateway");
        let request = api::Request::from(lambda_http::Request::from(request));
        assert_eq!(
            request.method,
            event["requestContext"]["http"]["method"].as_str().expect("a method"),
            "{name}"
        );
        assert_eq!(request.path, event["rawPath"].as_str().expect("a path"), "{name}");
        assert_eq!(request.query, event["rawQueryString"].as_str().expect("a query"), "{name}");
        let parameters = event["pathParameters"].as_object().cloned().unwrap_or_default();
        for (parameter, value) in parameters {
            assert_eq!(request.path_parameter(&parameter), value.as_str().expect("a text"), "{name}");
        }
    }
}

/// The secrets that the events are signed with, as `infra/events/README.md` has them.
const SECRETS: [(&str, &str); 2] = [
    ("SIGNING_SECRET", "local-signing-secret-0123456789abcdef"),
    ("UserJwtSecret", "local-user-jwt-secret-0123456789abcdef"),
];

/// What each event is answered in an empty stack, in an order in which the room of the server API is open while it is
/// asked for. The room by code, and the session of the tokens, are of another stack: they are not there any more (400), or
/// never were (404), a leave has nothing to do, and a dry run says why it could not join. A bad signature would be 401.
const ANSWERS: [(&str, u16); 40] = [
    ("list_deliveries", 200),
    ("replay_webhooks", 200),
    ("test_webhook", 200),
    ("create_room", 200),
    ("is_room_active", 200),
    ("get_active_room_info", 200),
    ("get_active_rooms_info", 200),
    ("broadcast_to_room", 200),
    ("get_join_token", 200),
    ("redeem_join_token", 400),
    ("resume", 400),
    ("leave", 200),
    ("remove_participant", 400),
    ("approve_waiting", 400),
    ("update_waiting_message", 400),
    ("switch_presenter", 400),
    ("update_lock_settings", 400),
    ("mute_participant", 400),
    ("end_session", 400),
    ("remove_from_room", 200),
    ("unblock_user", 200),
    ("revoke_tokens", 200),
    ("end_room", 200),
    ("fetch_past_rooms", 200),
    ("session_report", 200),
    ("get_client_files", 200),
    ("absent_features", 200),
    ("create_room_by_code", 201),
    ("get_room", 404),
    ("get_room_by_code", 404),
    ("list_participants", 404),
    ("list_waiting", 404),
    ("update_room_settings", 404),
    ("join_room", 200),
    ("leave_room", 204),
    ("end_room_by_host", 404),
    ("openapi", 200),
    ("health", 200),
    ("version", 200),
    ("not_found", 404),
];

#[tokio::test]
async fn every_event_is_answered_by_its_binary() {
    let server = Server::start(|options| {
        options.overrides = SECRETS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    })
    .await;
    let mut events = events();
    let mut answered = Vec::new();
    for (name, _) in ANSWERS {
        let event = events.remove(name).unwrap_or_else(|| panic!("{name}: there is no such event"));
        let invoked = server.stack.invoke(name, event.into()).await;
        let invoked = invoked.unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer: Value = serde_json::from_slice(&invoked.payload).expect("JSON");
        let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        answered.push((name, status.expect("a status")));
    }
    assert_eq!(answered, ANSWERS);
    assert!(events.is_empty(), "no answer is known for {:?}", events.keys());
    server.stop().await;
}

#[tokio::test]
async fn the_routes_that_are_told_from_wrong_methods_are_those_of_the_template() {
    let table = TestTable::new().await;
    let routes = table.template.functions.iter().flat_map(|function| &function.routes);
    let template: BTreeSet<(String, String)> = routes
        .filter(|route| route.path != "$default")
        .map(|route| (route.method.clone().expect("a method"), route.path.clone()))
        .collect();
    let known = not_found::ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(template, known.collect());
}
