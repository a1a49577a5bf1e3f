//! The events of a WebSocket API
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integration-requests.html>).

use std::collections::BTreeMap;

use hyper::http::request::Parts;
use models::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::connections::{Client, Parting, new_id};
use super::routes::{CONNECT, DISCONNECT};
use crate::gateway::request::{added_headers, log_time, passed_headers, query_pairs};

/// Where an API is.
pub(super) struct Place {
    pub(super) api_id: String,
    pub(super) stage: String,
    /// Host and port.
    pub(super) domain: String,
}

/// An event for a function.
pub(super) struct Event {
    /// Its `requestId`.
    pub(super) id: String,
    pub(super) json: Value,
}

/// Somebody wants to connect. It alone has what the client's request says.
pub(super) fn connect(place: &Place, client: &Client, head: &Parts) -> Event {
    let mut event = event(place, client, CONNECT, "CONNECT");
    let json = &mut event.json;
    // A request reaches API Gateway by its own name only; whatever a client says here is not passed on.
    let passed = passed_headers(&head.headers).filter(|(name, _)| *name != "host");
    let passed = passed.map(|(name, value)| (name.as_str(), value.into_owned()));
    let added = [("host", place.domain.clone())].into_iter();
    let added = added.chain(added_headers(&place.domain, &client.source_ip));
    put(
        json,
        ["headers", "multiValueHeaders"],
        passed.chain(added).map(|(name, value)| (written(name), value)),
    );
    let query = head.uri.query().unwrap_or_default();
    if !query.is_empty() {
        put(json, ["queryStringParameters", "multiValueQueryStringParameters"], query_pairs(query));
    }
    event
}

/// A message has come.
pub(super) fn message(place: &Place, client: &Client, route: &str, text: &str) -> Event {
    let mut event = event(place, client, route, "MESSAGE");
    event.json["requestContext"]["messageId"] = new_id().into();
    event.json["body"] = text.into();
    event
}

/// A connection is gone.
pub(super) fn disconnect(place: &Place, client: &Client, parting: &Parting) -> Event {
    let mut event = event(place, client, DISCONNECT, "DISCONNECT");
    let context = &mut event.json["requestContext"];
    context["disconnectStatusCode"] = parting.code.into();
    context["disconnectReason"] = parting.reason.as_str().into();
    // These four and no others, most of them empty.
    let headers = [("Host", &*place.domain), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    put(&mut event.json, ["headers", "multiValueHeaders"], headers);
    event
}

/// What all of them have.
fn event(place: &Place, client: &Client, route: &str, kind: &str) -> Event {
    let (id, now) = (new_id(), SystemClock.now());
    let mut identity = json!({"sourceIp": client.source_ip});
    if let Some(agent) = &client.user_agent {
        identity["userAgent"] = agent.as_str().into();
    }
    let json = json!({
        "requestContext": {
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": id,
            "requestTime": log_time(now),
            "messageDirection": "IN",
            "stage": place.stage,
            "connectedAt": client.connected_at.millis(),
            "requestTimeEpoch": now.millis(),
            "identity": identity,
            "requestId": id,
            "domainName": place.domain,
            "connectionId": client.id,
            "apiId": place.api_id,
        },
        "isBase64Encoded": false,
    });
    Event { id, json }
}

/// Values by their names: the last of each name in one field, all of them in the other.
fn put(event: &mut Value, [single, multi]: [&str; 2], pairs: impl Iterator<Item = (String, String)>) {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in pairs {
        all.entry(name).or_default().push(value);
    }
    let last: BTreeMap<&String, Option<&String>> =
        all.iter().map(|(name, values)| (name, values.last())).collect();
    event[single] = json!(last);
    event[multi] = json!(all);
}

/// The name of a header as clients mostly write it, which events keep: `Sec-WebSocket-Key`. Here it has lost its capitals.
fn written(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let capital = letters.next().map(|first| first.to_ascii_uppercase().to_string());
        let capitalised = capital.unwrap_or_default() + letters.as_str();
        if capitalised == "Websocket" { "WebSocket".to_owned() } else { capitalised }
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
    use hyper::Request;

    use super::*;

    fn place() -> Place {
        Place { api_id: "live".to_owned(), stage: "prod".to_owned(), domain: "127.0.0.1:3001".to_owned() }
    }

    fn client() -> Client {
        Client {
            id: new_id(),
            connected_at: SystemClock.now(),
            source_ip: "127.0.0.1".to_owned(),
            user_agent: Some("a browser".to_owned()),
        }
    }

    #[test]
    fn a_connect_has_the_clients_headers_and_query() {
        let request = Request::get("/prod?a=1&a=2&b=%20x+y")
            .header("Host", "elsewhere")
            .header("Sec-WebSocket-Key", "abc==")
            .header("Connection", "upgrade")
            .header("X-Two", "1")
            .header("X-Two", "2")
            .header("Cookie", "a=1; b=2")
            .header("X-Forwarded-For", "6.6.6.6");
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let client = client();
        let Event { id, json } = connect(&place(), &client, &head);
        let headers = &json["headers"];
        assert_eq!(headers["Host"], "127.0.0.1:3001");
        assert_eq!(headers["Sec-WebSocket-Key"], "abc==");
        assert_eq!(headers["X-Two"], "2");
        assert_eq!(headers["Cookie"], "a=1; b=2");
        assert_eq!(headers["X-Forwarded-For"], "127.0.0.1");
        assert_eq!(headers["X-Forwarded-Port"], "3001");
        assert_eq!(headers.get("Connection"), None);
        assert_eq!(json["multiValueHeaders"]["X-Two"], json!(["1", "2"]));
        assert_eq!(json["multiValueHeaders"]["X-Forwarded-For"], json!(["127.0.0.1"]));
        assert_eq!(json["queryStringParameters"], json!({"a": "2", "b": " x y"}));
        assert_eq!(json["multiValueQueryStringParameters"], json!({"a": ["1", "2"], "b": [" x y"]}));
        let context = &json["requestContext"];
        assert_eq!(context["eventType"], "CONNECT");
        assert_eq!(context["routeKey"], "$connect");
        assert_eq!(context["messageDirection"], "IN");
        assert_eq!(context["connectionId"], *client.id);
        assert_eq!(context["connectedAt"], client.connected_at.millis());
        assert_eq!(context["identity"], json!({"sourceIp": "127.0.0.1", "userAgent": "a browser"}));
        assert_eq!((&context["stage"], &context["apiId"]), (&json!("prod"), &json!("live")));
        assert_eq!(context["domainName"], "127.0.0.1:3001");
        assert_eq!((&context["requestId"], &context["extendedRequestId"]), (&json!(id), &json!(id)));
        assert_eq!(json["isBase64Encoded"], false);
        assert_eq!(json.get("body"), None);
    }

    #[test]
    fn a_message_has_its_text_and_no_headers() {
        let Event { json, .. } = message(&place(), &client(), "ping", "{}");
        let context = &json["requestContext"];
        assert_eq!((&context["eventType"], &context["routeKey"]), (&json!("MESSAGE"), &json!("ping")));
        assert!(context["messageId"].is_string());
        assert_eq!(json["body"], "{}");
        assert_eq!(json.get("headers"), None);
    }

    #[test]
    fn a_disconnect_says_how_it_came() {
        let parting = Parting::new(1005, "Client-side close frame status not set");
        let Event { json, .. } = disconnect(&place(), &client(), &parting);
        let context = &json["requestContext"];
        assert_eq!(context["eventType"], "DISCONNECT");
        assert_eq!(context["disconnectStatusCode"], 1005);
        assert_eq!(context["disconnectReason"], "Client-side close frame status not set");
        assert_eq!(
            json["headers"],
            json!({"Host": "127.0.0.1:3001", "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""})
        );
    }

    #[test]
    fn functions_read_them() {
        let (head, ()) = Request::get("/?token=a").body(()).expect("a request").into_parts();
        let client = client();
        for event in [
            connect(&place(), &client, &head),
            message(&place(), &client, "ping", "{}"),
            disconnect(&place(), &client, &Parting::new(1001, "Going away")),
        ] {
            let read: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event.json).expect("an event");
            assert_eq!(read.request_context.connection_id, Some(client.id.clone()));
        }
    }
}
