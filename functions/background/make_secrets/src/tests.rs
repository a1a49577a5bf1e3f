use std::collections::BTreeMap;
use std::sync::Mutex;

use models::{FixedClock, SeededRandom, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A vault in memory, with what may be in it before; the name in `broken` cannot be kept.
#[derive(Default)]
struct Memory {
    secrets: Mutex<BTreeMap<String, String>>,
    keys: Mutex<BTreeMap<String, ApiKey>>,
    broken: Option<&'static str>,
}

impl Vault for Memory {
    async fn keep_secret(&self, name: &str, secret: Secret) -> Result<bool, MakeError> {
        if self.broken == Some(name) {
            return Err(MakeError::Ssm(api::SsmError {
                name: name.to_owned(),
                reason: "access denied".to_owned(),
            }));
        }
        let mut secrets = self.secrets.lock().expect("unpoisoned");
        let missing = !secrets.contains_key(name);
        secrets.entry(name.to_owned()).or_insert_with(|| secret.text().to_owned());
        Ok(missing)
    }

    async fn keep_api_key(&self, id: &ApiKeyId, key: &ApiKey) -> Result<bool, MakeError> {
        let mut keys = self.keys.lock().expect("unpoisoned");
        let missing = !keys.contains_key(id.as_str());
        keys.entry(id.to_string()).or_insert(key.clone());
        Ok(missing)
    }
}

impl Memory {
    async fn asked(&self, event: Value) -> Value {
        let (clock, random) = (FixedClock::new(NOW), SeededRandom::new(1));
        let event: Event = serde_json::from_value(event).expect("an event");
        serde_json::to_value(reply(self, &clock, &random, &event).await).expect("JSON")
    }

    fn names(&self) -> Vec<String> {
        self.secrets.lock().expect("unpoisoned").keys().cloned().collect()
    }

    fn secret(&self, name: &str) -> String {
        self.secrets.lock().expect("unpoisoned")[name].clone()
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const SIGNING: &str = "/vestibule/demo/signing-secret";
const API_SECRET: &str = "/vestibule/demo/api-keys/main";

fn event(request_type: &str, change: &Value) -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../../../../infra/events/make_secrets.json"))
        .expect("the captured event is JSON");
    event["RequestType"] = json!(request_type);
    event["ResourceProperties"] = json!({"Prefix": "/vestibule/demo", "ApiKey": "main"});
    event.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    event
}

#[tokio::test]
async fn a_create_makes_both_secrets_and_the_key_that_refers_to_its_own() {
    let vault = Memory::default();
    let reply = vault.asked(event("Create", &json!({}))).await;
    assert_eq!(reply["Status"], "SUCCESS");
    assert_eq!(vault.names(), [API_SECRET, SIGNING]);
    assert_eq!(vault.secret(SIGNING).len(), 64);
    assert_ne!(vault.secret(SIGNING), vault.secret(API_SECRET));
    let keys = vault.keys.lock().expect("unpoisoned");
    let key = &keys["main"];
    assert!(key.is_active());
    assert_eq!((key.tenant.as_str(), key.created_at), ("main", NOW));
    assert_eq!(key.secrets, [format!("ssm:{API_SECRET}")]);
}

#[tokio::test]
async fn what_is_there_is_never_overwritten_and_what_is_missing_is_made() {
    let vault = Memory::default();
    vault.secrets.lock().expect("unpoisoned").insert(SIGNING.to_owned(), "old".to_owned());
    for request_type in ["Create", "Update", "Update"] {
        let reply = vault.asked(event(request_type, &json!({"PhysicalResourceId": "Secrets"}))).await;
        assert_eq!((&reply["Status"], &reply["PhysicalResourceId"]), (&json!("SUCCESS"), &json!("Secrets")));
    }
    assert_eq!(vault.secret(SIGNING), "old");
    assert_eq!(vault.names(), [API_SECRET, SIGNING]);
}

#[tokio::test]
async fn a_delete_touches_nothing_and_succeeds() {
    let vault = Memory::default();
    let reply = vault.asked(event("Delete", &json!({"PhysicalResourceId": "Secrets"}))).await;
    assert_eq!(reply["Status"], "SUCCESS");
    assert!(vault.names().is_empty());
}

#[tokio::test]
async fn a_failure_is_told_with_its_reason_and_completed_by_the_next_call() {
    let vault = Memory { broken: Some(API_SECRET), ..Memory::default() };
    let reply = vault.asked(event("Create", &json!({}))).await;
    assert_eq!(reply["Status"], "FAILED");
    assert_eq!(reply["Reason"], format!("SSM parameter {API_SECRET}: access denied"));
    assert!(vault.keys.lock().expect("unpoisoned").is_empty());
    let signing = vault.secret(SIGNING);

    let vault = Memory { broken: None, ..vault };
    assert_eq!(vault.asked(event("Create", &json!({}))).await["Status"], "SUCCESS");
    assert_eq!(vault.secret(SIGNING), signing);
    assert!(vault.keys.lock().expect("unpoisoned").contains_key("main"));
}

#[tokio::test]
async fn wrong_properties_are_a_failure_that_cloudformation_hears_of() {
    let vault = Memory::default();
    for (properties, reason) in [
        (json!({"Prefix": "/vestibule/demo"}), "properties: missing field `ApiKey`"),
        (json!({"Prefix": "/vestibule/demo", "ApiKey": ""}), "properties: ApiKey is empty"),
    ] {
        let reply = vault.asked(event("Create", &json!({"ResourceProperties": properties}))).await;
        assert_eq!((&reply["Status"], &reply["Reason"]), (&json!("FAILED"), &json!(reason)));
    }
    assert!(vault.names().is_empty());
}

#[tokio::test]
async fn a_reply_names_what_it_is_the_reply_to_and_is_short() {
    let asked = event("Create", &json!({}));
    let event: Event = serde_json::from_value(asked.clone()).expect("an event");
    let reply = serde_json::to_value(Reply::to(&event, Err("x".repeat(5000)))).expect("JSON");
    for name in ["StackId", "RequestId", "LogicalResourceId"] {
        assert_eq!(reply[name], asked[name], "{name}");
    }
    assert_eq!(reply["Reason"].as_str().map(str::len), Some(1000));
}

/// Takes one request and answers it with `status`; gives the request.
async fn serve(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let request = read_request(&mut stream).await;
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.expect("written");
    request
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8(bytes.clone()).expect("text");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.parse::<usize>().ok());
        if let (Some((_, body)), Some(length)) = (text.split_once("\r\n\r\n"), length)
            && body.len() >= length
        {
            return text;
        }
        assert!(stream.read_buf(&mut bytes).await.expect("readable") > 0, "cut off: {text}");
    }
}

#[tokio::test]
async fn the_reply_is_put_without_a_content_type_and_again_after_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/signed?a=b%2Fc", listener.local_addr().expect("an address"));
    let event: Event = serde_json::from_value(event("Create", &json!({}))).expect("an event");
    let reply = Reply::to(&event, Ok(()));
    let server = async { (serve(&listener, "503 Slow Down").await, serve(&listener, "200 OK").await) };
    let (sent, (first, second)) = tokio::join!(send(&url, &reply), server);
    sent.expect("sent");
    assert_eq!(first.split_once("\r\n\r\n"), second.split_once("\r\n\r\n"));
    let (head, body) = second.split_once("\r\n\r\n").expect("a request");
    assert!(head.starts_with("PUT /signed?a=b%2Fc HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("content-type"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(body).expect("JSON")["Status"], "SUCCESS");
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error_that_does_not_show_it() {
    let event: Event = serde_json::from_value(event("Create", &json!({}))).expect("an event");
    let failure = send("no address", &Reply::to(&event, Ok(()))).await.expect_err("refused");
    assert_eq!(failure.to_string(), "the event's ResponseURL is no address");
}
