//! The `AsyncAPI` document against the code: its events are those of the codec, and its examples are what it says. That the
//! functions' messages are, too, every test's client checks.

use std::collections::BTreeSet;

use models::Client;
use serde_json::Value;
use socket::{ClientEvent, Received, ServerEvent, Speak as _};
use testing::asyncapi::{DOCUMENT, message_name, violation};

fn messages() -> impl Iterator<Item = (&'static String, &'static Value)> {
    DOCUMENT["components"]["messages"].as_object().expect("an object").iter()
}

#[test]
fn its_messages_are_the_events_that_there_are() {
    let requests = ClientEvent::ALL.iter().map(|event| message_name(event.as_str()));
    let requests = requests.flat_map(|name| [format!("{name}Request"), format!("{name}Reply")]);
    let events = ServerEvent::ALL.iter().map(|event| message_name(event.as_str()));
    let expected: BTreeSet<_> = requests.chain(events).collect();
    assert_eq!(messages().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), expected);
    let listed = DOCUMENT["channels"]["live"]["messages"].as_object().expect("an object");
    assert_eq!(listed.keys().cloned().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn every_example_is_what_its_message_says() {
    for (name, message) in messages() {
        let examples = message["examples"].as_array().expect("examples");
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            assert_eq!(violation(name, &example["payload"]), None, "{name}");
        }
    }
}

#[test]
fn every_example_of_a_request_is_read_as_that_request() {
    for event in ClientEvent::ALL {
        let name = message_name(event.as_str()) + "Request";
        let example = &DOCUMENT["components"]["messages"][&name]["examples"][0]["payload"];
        match Client::Plain.decode(&example.to_string()) {
            Received::Request(request) => assert_eq!(request.event, *event),
            Received::Ping { .. } => assert_eq!(*event, ClientEvent::Ping),
            other => panic!("{name}: {other:?}"),
        }
    }
}
