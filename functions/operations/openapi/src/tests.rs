use api::{Dialect, respond};
use serde_json::{Value, json};
use testing::{Call, Reply, TestTable};

use super::*;

fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("JSON")
}

#[tokio::test]
async fn it_serves_the_document_and_lets_it_be_kept() {
    let table = TestTable::new().await;
    let app = table.app("openapi", Dialect::Rooms, Config::load).await;
    let request = Call::new("GET", "/openapi.json").request();
    let answer = respond(&app, &request, |app, request| Box::pin(handle(app, request))).await;
    assert_eq!((answer.status, answer.max_age), (200, Some(3600)));
    assert_eq!(Reply::from(answer).body, document());
}

/// The schemas of plugNmeet's messages are those of the tables by which they are read, and the text is in one form.
/// `UPDATE_OPENAPI=1 cargo test -p openapi` writes it so.
#[test]
fn the_document_says_what_the_tables_say() {
    let mut right = document();
    for (name, fields) in [("RoomMetadata", wire::ROOM_METADATA), ("UserMetadata", wire::USER_METADATA)] {
        let schema = &mut right["components"]["schemas"][name];
        let description = schema["description"].take();
        *schema = wire::json_schema(fields);
        schema["description"] = description;
    }
    let right = serde_json::to_string_pretty(&right).expect("JSON") + "\n";
    if right != DOCUMENT && std::env::var_os("UPDATE_OPENAPI").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        std::fs::write(path, right).expect("the file can be written");
        return;
    }
    let wrong = right.lines().zip(DOCUMENT.lines()).position(|(right, written)| right != written);
    let from = wrong.map_or(0, |line| line.saturating_sub(3));
    let expected: Vec<_> = right.lines().skip(from).take(40).collect();
    assert!(
        right == DOCUMENT,
        "openapi.json, line {}; it should go on so (UPDATE_OPENAPI=1 writes it):\n{}",
        from + 1,
        expected.join("\n")
    );
}

#[test]
fn it_is_of_this_version() {
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let components = document["components"].as_object().expect("an object");
    for (kind, all) in components.iter().filter(|(kind, _)| *kind != "securitySchemes") {
        for name in all.as_object().expect("an object").keys() {
            let reference = json!(format!("#/components/{kind}/{name}"));
            assert!(references.iter().any(|used| reference == *used), "{reference} is used by nothing");
        }
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
