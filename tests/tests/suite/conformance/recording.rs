//! The project's copy of the recordings: what was asked of a plugNmeet server, and what it said.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use local::secrets::sign;
use serde_json::{Map, Value, json};

/// The API key of the recorded server.
pub(super) const KEY: &str = "plugnmeet";

/// What was asked of the server one after the other.
pub(super) struct Scenario {
    pub(super) folder: String,
    /// The folder and the name of the file without its ending.
    pub(super) id: String,
    pub(super) steps: Vec<Value>,
}

/// All scenarios, by their ids.
pub(super) fn scenarios() -> BTreeMap<String, Scenario> {
    let root = testing::root().join("tests/fixtures/recorded");
    let mut scenarios = BTreeMap::new();
    for folder in entries(&root).into_iter().filter(|path| path.is_dir()) {
        for file in
            entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|it| it == "json"))
        {
            let scenario = read(&file);
            scenarios.insert(scenario.id.clone(), scenario);
        }
    }
    scenarios
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of recordings");
    entries.map(|entry| entry.expect("readable").path()).collect()
}

fn read(file: &Path) -> Scenario {
    let text = std::fs::read_to_string(file).expect("a recording");
    let recording: Value = serde_json::from_str(&text).expect("JSON");
    let name = |path: Option<&std::ffi::OsStr>| path.expect("a name").to_str().expect("ASCII").to_owned();
    let folder = name(file.parent().and_then(Path::file_name));
    let id = format!("{folder}/{}", name(file.file_stem()));
    Scenario { folder, id, steps: recording["steps"].as_array().expect("steps").clone() }
}

/// What a step asks.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The body, if it is JSON, with the names of its fields in `snake_case`; `null` if it is not.
    pub(super) json: Value,
}

impl Asked {
    /// What this step asks, if it asks anything. Its placeholders stand for what fits `secret`.
    pub(super) fn of(step: &Value, secret: &str) -> Option<Self> {
        let [method, path] = ["method", "path"].map(|name| step[name].as_str().map(str::to_owned));
        let body = match &step["body"] {
            Value::String(text) => text.clone().into_bytes(),
            encoded => from_hex(encoded["hex"].as_str().unwrap_or_default()),
        };
        let headers = step["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| {
            (name.clone(), filled(name, value.as_str().unwrap_or_default(), &body, secret.as_bytes()))
        });
        let json = serde_json::from_slice(&body).map(snake_case).unwrap_or_default();
        Some(Self { method: method?, path: path?, headers: headers.collect(), body, json })
    }

    /// A header, whatever the case of its name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// A text of the body itself.
    pub(super) fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }
}

/// A header's value with what its placeholder stands for. A signature that was written out is of a secret that is not
/// known here: the right one stands in for it.
fn filled(name: &str, value: &str, body: &[u8], secret: &[u8]) -> String {
    let right = sign(secret, body);
    match value {
        "<key>" => KEY.to_owned(),
        "<hmac>" => right,
        "<HMAC-UPPER>" => right.to_uppercase(),
        "<hmac of {}>" => sign(secret, b"{}"),
        "<hmac of empty>" => sign(secret, b""),
        "<hmac with wrong secret>" => sign(b"another secret", body),
        "<hmac base64>" => BASE64_STANDARD.encode(from_hex(&right)),
        "<hmac with space around>" => format!(" {right} "),
        "<hmac with sha256= prefix>" => format!("sha256={right}"),
        "<wrong>" => "0".repeat(64),
        _ if name.eq_ignore_ascii_case("hash-signature") && value.len() == 64 => right,
        written => written.to_owned(),
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The names of all fields in `snake_case`; what is in `extra_data` is the caller's and stays.
fn snake_case(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let renamed = fields.into_iter().map(|(name, value)| {
        let name = snake(&name);
        let value = if name == "extra_data" { value } else { snake_case(value) };
        (name, value)
    });
    Value::Object(renamed.collect())
}

/// `roomId` -> `room_id`
pub(super) fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |name, letter| match letter {
        'A'..='Z' => name + "_" + &letter.to_ascii_lowercase().to_string(),
        _ => name + &letter.to_string(),
    })
}

/// What a server said, in a form that can be compared: texts of JSON and tokens are opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: Value,
}

impl Said {
    /// What the recorded server said.
    pub(super) fn recorded(step: &Value) -> Self {
        let mut body = step.get("answer").or(step.get("answer_text")).cloned().unwrap_or_default();
        if body == "" {
            body = Value::Null;
        }
        open(&mut body, &step["metadata"], &step["token"]);
        let status = step["status"].as_u64().and_then(|status| status.try_into().ok());
        Self {
            status: status.expect("an HTTP status"),
            content_type: step["content_type"].as_str().map(str::to_owned),
            body,
        }
    }

    /// What ours said.
    pub(super) fn ours(answered: testing::Answered) -> Self {
        let content_type = answered.headers.get("content-type");
        Self {
            status: answered.status,
            content_type: content_type.map(|kind| kind.to_str().expect("ASCII").to_owned()),
            body: opened(answered.body),
        }
    }

    /// An answer of the server API in the common form.
    pub(super) fn common(msg: impl Into<Value>, status_code: &str) -> Self {
        let status = status_code == "SUCCESS";
        let body = json!({"status": status, "msg": msg.into(), "status_code": status_code});
        Self { status: 200, content_type: Some("application/json".to_owned()), body }
    }

    /// An answer of the server API in the common form, with more in it.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self
    }

    /// The message.
    pub(super) fn msg(&self) -> &str {
        self.body["msg"].as_str().unwrap_or_default()
    }

    /// The metadata of the room that the answer is about, opened.
    pub(super) fn metadata(&mut self) -> Option<&mut Map<String, Value>> {
        self.body.get_mut("room_info")?.get_mut("metadata")?.get_mut(OPENED)?.as_object_mut()
    }
}

/// Under this key stands what a text of JSON says.
pub(super) const OPENED: &str = "<JSON>";

/// Opens texts of JSON and tokens. A placeholder stands for what is recorded beside the answer.
fn open(value: &mut Value, metadata: &Value, token: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value.as_str()) {
                    ("metadata", Some("<metadata>")) => *value = json!({ OPENED: metadata }),
                    ("metadata", Some(text)) => {
                        let opened = serde_json::from_str::<Value>(text).unwrap_or_default();
                        *value = json!({ OPENED: opened });
                    }
                    ("token", Some("<jwt>")) => *value = token.clone(),
                    ("token", Some(jwt)) => *value = opened_token(jwt),
                    _ => open(value, metadata, token),
                }
                // Theirs lists people in any order.
                if let ("participants_info", Some(people)) = (name.as_str(), value.as_array_mut()) {
                    people.sort_by_key(|person| person["identity"].as_str().map(str::to_owned));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| open(item, metadata, token)),
        _ => {}
    }
}

/// A body with its texts of JSON opened.
pub(super) fn opened(mut body: Value) -> Value {
    open(&mut body, &Value::Null, &Value::Null);
    body
}

/// What a token says.
pub(super) fn opened_token(jwt: &str) -> Value {
    let part = |text: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, _signature] = parts.as_slice() else { return Value::String(jwt.to_owned()) };
    json!({"header": part(header), "claims": part(claims)})
}
