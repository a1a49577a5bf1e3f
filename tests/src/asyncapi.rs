//! The `AsyncAPI` document, which every message that a test gets over a WebSocket is held to.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = crate::root().join("docs/asyncapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("it is there")).expect("JSON")
});

/// An event's name as the document's messages have it: `join-room` is `joinRoom`.
pub fn message_name(event: &str) -> String {
    let mut words = event.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// What is wrong with a message as the document's message of this name; nothing where all is right.
pub fn violation(name: &str, message: &Value) -> Option<String> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(name.to_owned()).or_insert_with(|| {
        let payload = format!("#/components/messages/{name}/payload");
        let schema = json!({"$ref": payload, "components": DOCUMENT["components"]});
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
    });
    validator.iter_errors(message).next().map(|error| format!("{name}: {error} at {}", error.instance_path()))
}

/// Holds a message of the server to the document.
pub fn check(message: &Value) {
    let event = message["event"].as_str().expect("an event");
    let is_reply = message.get("id").is_some() && !["error", "pong"].contains(&event);
    let name = message_name(event) + if is_reply { "Reply" } else { "" };
    assert!(DOCUMENT["components"]["messages"].get(&name).is_some(), "no such message: {name}");
    assert_eq!(violation(&name, message), None, "{message}");
}
