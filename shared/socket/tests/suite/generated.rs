//! Texts of all kinds, and requests as either client writes them.

use models::Client;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use socket::{ClientEvent, MOST_RECEIVED, Received, Speak as _};

use super::properties;

/// Any data, with numbers and characters of all kinds.
fn data() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(5, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    prop::collection::hash_map("[a-z_]{0,9}|\\PC{0,4}", value, 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

/// An id of a plain request, as it may be written.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(any::<char>(), 0..64)
            .prop_map(|characters| json!(characters.into_iter().collect::<String>()).to_string()),
        "\"(\\\\u00[0-7][0-9a-fA-F]|\\\\[nrtbf/]|[a-z\u{e9}]){0,64}\"",
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
    ]
}

/// An event that is a request.
fn event() -> impl Strategy<Value = ClientEvent> {
    let requests = ClientEvent::ALL.iter().copied().filter(|event| *event != ClientEvent::Ping);
    prop::sample::select(requests.collect::<Vec<_>>())
}

/// A text that begins as a message may.
fn text() -> impl Strategy<Value = String> {
    let start = prop::sample::select(vec![
        "",
        "{",
        "{\"event\":\"sync\",",
        "{\"event\":\"sync\",\"id\":",
        "{\"id\":1,\"data\":",
        "4",
        "40",
        "40/a",
        "42",
        "42[",
        "421[\"sync\",",
        "42/",
        "43",
        "451-",
        "2",
    ]);
    let rest = prop_oneof![any::<String>(), "[\\[\\]{}\",:0-9a-z/ \\\\-]{0,40}"];
    (start, rest).prop_map(|(start, rest)| format!("{start}{rest}"))
}

proptest! {
    #[test]
    fn any_text_has_the_properties(text in text()) {
        properties::check(text.as_bytes());
    }

    #[test]
    fn a_plain_request_is_read_as_it_was_written(event in event(), id in id(), data in data()) {
        let sent = Value::Object(data.clone());
        let text = format!(r#"{{"event":"{event}","id":{id},"data":{sent}}}"#);
        properties::check(text.as_bytes());
        let Received::Request(request) = Client::Plain.decode(&text) else { panic!("{text}") };
        prop_assert_eq!((request.event, &request.data), (event, &data));
        // The answer is the request again: its id byte for byte, too.
        prop_assert_eq!(request.answer(&sent), Some(text));
    }

    #[test]
    fn an_event_of_socket_io_is_read_as_it_was_emitted(
        event in event(),
        ack in prop::option::of(0..9_007_199_254_740_992_u64),
        data in data(),
    ) {
        let ack = ack.map(|ack| ack.to_string());
        let sent = Value::Object(data.clone());
        let text = format!(r#"42{}["{event}",{sent}]"#, ack.as_deref().unwrap_or_default());
        properties::check(text.as_bytes());
        let Received::Request(request) = Client::SocketIo.decode(&text) else { panic!("{text}") };
        prop_assert_eq!((request.event, &request.data), (event, &data));
        prop_assert_eq!(request.answer(&sent), ack.map(|ack| format!("43{ack}[{sent}]")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn any_text_of_any_size_has_the_properties(
        start in text(),
        filler in prop::sample::select(vec!["x", "[", "{\"a\":", " ", "1", "/", "é", "[1e9],"]),
        length in MOST_RECEIVED / 2..MOST_RECEIVED * 2,
    ) {
        properties::check(format!("{start}{}", filler.repeat(length / filler.len())).as_bytes());
    }
}
