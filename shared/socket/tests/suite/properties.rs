//! What must hold of any text, asked of the fuzzer's inputs, of its corpus, and of generated texts.

use models::{Client, Refusal, Violation};
use serde_json::{Map, Value, json};
use socket::{ClientEvent, ErrorBody, MOST_RECEIVED, Received, ReplyTo, Request, ServerEvent, Speak as _};

const ERROR: ErrorBody<'static> = ErrorBody { status_code: 400, message: "no", error: "Bad Request" };

/// What can be wrong.
const FIELDS: [&str; 6] = ["", "event", "id", "data", "auth", "auth.token"];

/// Reads the text as either client's.
///
/// # Panics
/// Where a property does not hold.
pub(super) fn check(text: &[u8]) {
    // What is no text closes the connection at the gateway.
    let Ok(text) = str::from_utf8(text) else { return };
    for client in [Client::Plain, Client::SocketIo] {
        let received = client.decode(text);
        assert_eq!(received, client.decode(text), "two runs");
        check_received(client, text, &received);
    }
    check_plain(text);
    check_event(text);
}

fn check_received(client: Client, text: &str, received: &Received) {
    let is_too_large = match received {
        Received::Refused { refusal, .. } | Received::Connect(Err(refusal)) => is_size(refusal),
        _ => false,
    };
    assert_eq!(is_too_large, text.len() > MOST_RECEIVED);
    match received {
        Received::Request(request) => check_request(client, request),
        Received::UnknownEvent { name, reply_to } => {
            assert_eq!(ClientEvent::of(name), None);
            check_error(client, reply_to);
        }
        Received::Ping { pong, .. } => check_pong(client, text, pong),
        Received::Refused { reply_to, .. } => check_error(client, reply_to),
        Received::OtherNamespace(answer) => {
            let namespace = &text[2..];
            let (start, _) = answer.split_once(',').expect("a namespace");
            assert!(start.strip_prefix("44").is_some_and(|sent| namespace.starts_with(sent)), "{answer}");
        }
        Received::Connect(_) | Received::Disconnect | Received::Nothing => {
            assert_eq!(client, Client::SocketIo);
        }
    }
}

/// Whether it is the size, and not a field that there is.
fn is_size(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::BodyTooLarge => true,
        Refusal::Malformed(Violation { field, expected }) => {
            assert!(FIELDS.contains(&field.as_str()) && !expected.is_empty(), "{field}: {expected}");
            false
        }
        other => panic!("{other:?}"),
    }
}

/// A request reads the same from either client, and the answers to both carry the same data.
fn check_request(client: Client, request: &Request) {
    let data = Value::Object(request.data.clone());
    let answer = request.answer(&data);
    if let Some(answer) = &answer {
        let (event, id, carried) = told(client, answer);
        assert!(!id.is_empty(), "{answer}");
        assert!(event.is_none_or(|event| event == request.event.as_str()), "{answer}");
        assert_eq!(carried, data);
    }
    let event = request.event;
    for (other, text, start) in [
        (Client::Plain, format!(r#"{{"event":"{event}","id":1.0,"data":{data}}}"#), r#","id":1.0,"#),
        (Client::SocketIo, format!(r#"4207["{event}",{data}]"#), "4307["),
    ] {
        match other.decode(&text) {
            Received::Request(again) => {
                assert_eq!((again.event, &again.data), (event, &request.data), "{text}");
                let answer = again.answer(&data).expect("there is an id");
                assert!(answer.contains(start), "{answer}");
                assert_eq!(told(other, &answer).2, data);
            }
            // `1e9` is longer when it is written again.
            again => assert!(text.len() > MOST_RECEIVED, "{again:?}"),
        }
    }
    for other in [Client::Plain, Client::SocketIo] {
        let (event, id, carried) = told(other, &other.event(ServerEvent::Presence, &data));
        assert_eq!((event.as_deref(), id.as_str(), carried), (Some("presence"), "", data.clone()));
    }
}

fn check_error(client: Client, reply_to: &ReplyTo) {
    let error = reply_to.error(&ERROR);
    let (event, id, data) = told(client, &error);
    assert_eq!(data, json!(ERROR));
    // An ack has no name.
    let is_event = client == Client::Plain || id.is_empty();
    assert_eq!(event, is_event.then(|| "error".to_owned()), "{error}");
}

fn check_pong(client: Client, text: &str, pong: &str) {
    if let Some(payload) = text.strip_prefix('2').filter(|_| client == Client::SocketIo) {
        assert_eq!(pong.strip_prefix('3'), Some(payload));
        return;
    }
    let (event, id, data) = told(client, pong);
    assert!(event.as_deref() == Some("pong") || !id.is_empty(), "{pong}");
    assert_eq!(data, json!({}));
}

/// What a client is told by a text: the event's name, where there is one; the id as it is written; and the data.
fn told(client: Client, text: &str) -> (Option<String>, String, Value) {
    match client {
        Client::Plain => {
            let Value::Object(mut message) = serde_json::from_str(text).expect("JSON") else {
                panic!("{text}")
            };
            let data = message.remove("data").expect("data");
            let event = message.remove("event").and_then(|event| event.as_str().map(str::to_owned));
            let id = text.split_once(r#","id":"#).filter(|_| message.contains_key("id"));
            let id = id.and_then(|(_, rest)| rest.rsplit_once(&format!(r#","data":{data}}}"#)));
            assert!(message.keys().all(|part| part == "id"), "{text}");
            (event, id.map_or_else(String::new, |(id, _)| id.to_owned()), data)
        }
        Client::SocketIo => {
            let is_ack = text.starts_with("43");
            let (ack, list) = text[2..].split_at(text[2..].find('[').expect("a list"));
            assert!(is_ack != ack.is_empty() && (is_ack || text.starts_with("42")), "{text}");
            let mut list: Vec<Value> = serde_json::from_str(list).expect("a list");
            let data = list.pop().expect("data");
            let event = list.pop().and_then(|event| event.as_str().map(str::to_owned));
            assert!(list.is_empty(), "{text}");
            (event, ack.to_owned(), data)
        }
    }
}

/// What any other parser makes of a plain message is what was understood.
fn check_plain(text: &str) {
    let message: Result<Map<String, Value>, _> = serde_json::from_str(text);
    match (Client::Plain.decode(text), message) {
        (Received::Request(request), Ok(message)) => {
            assert_eq!(message["event"], request.event.as_str());
            check_data(message.get("data"), &request.data);
            let answer = request.answer(&json!(null));
            assert_eq!(answer.is_some(), message.contains_key("id"), "{text}");
            let id = answer.map(|answer| told(Client::Plain, &answer).1);
            assert!(id.is_none_or(|id| text.contains(&id)), "{text}");
        }
        (Received::Refused { refusal: Refusal::Malformed(violation), .. }, Ok(message)) => {
            let is_strict = violation.expected == "is there twice" || violation.field == "id";
            assert!(is_strict || !is_well_formed(&message), "{violation}");
        }
        _ => {}
    }
}

/// What any other parser makes of an event of Socket.IO's is what was understood.
fn check_event(text: &str) {
    let Received::Request(request) = Client::SocketIo.decode(text) else { return };
    let packet = text.strip_prefix("42").expect("an event");
    let packet = packet.strip_prefix("/,").unwrap_or(packet);
    let list = packet.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let (ack, _) = packet.split_at(packet.len() - list.len());
    let list: Vec<Value> = serde_json::from_str(list).expect("a list");
    assert_eq!(list[0], request.event.as_str());
    check_data(list.get(1), &request.data);
    assert!(list.iter().skip(2).all(Value::is_null), "{text}");
    let answer = (!ack.is_empty()).then(|| format!("43{ack}[null]"));
    assert_eq!(request.answer(&json!(null)), answer);
}

fn check_data(sent: Option<&Value>, understood: &Map<String, Value>) {
    match sent {
        None | Some(Value::Null) => assert!(understood.is_empty()),
        Some(sent) => assert_eq!(sent.as_object(), Some(understood)),
    }
}

/// Whether each part is what it must be, and its data is not too deep.
fn is_well_formed(message: &Map<String, Value>) -> bool {
    let is_object = |data: &Value| data.is_null() || (data.is_object() && levels(data) <= 64);
    message.get("event").is_some_and(Value::is_string) && message.get("data").is_none_or(is_object)
}

/// Levels of objects and lists.
fn levels(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}
