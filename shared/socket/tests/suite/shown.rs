//! What was received, in a line to compare: what it is, and after a slash what is sent back.

use models::Refusal;
use serde_json::{Value, json};
use socket::{ErrorBody, Received, ReplyTo};

const ERROR: ErrorBody<'static> = ErrorBody { status_code: 400, message: "no", error: "Bad Request" };

/// In errors, instead of the body that is always the same.
const SHORT: &str = "E";

pub(super) fn shown(received: &Received) -> String {
    match received {
        Received::Request(request) => {
            let answer = request.answer(&json!({"ok": 1})).unwrap_or_else(|| "nothing".to_owned());
            format!("{} {} / {answer}", request.event, Value::Object(request.data.clone()))
        }
        Received::UnknownEvent { name, reply_to } => format!("unknown {name:?} / {}", error(reply_to)),
        Received::Ping { pong, .. } => format!("ping / {pong}"),
        Received::Connect(Ok(auth)) => format!("connect {:?}", auth.token.as_deref().unwrap_or_default()),
        Received::Connect(Err(refusal)) => format!("connect {}", reason(refusal)),
        Received::OtherNamespace(text) => format!("other namespace / {text}"),
        Received::Disconnect => "disconnect".to_owned(),
        Received::Nothing => "nothing".to_owned(),
        Received::Refused { refusal, reply_to } => format!("{} / {}", reason(refusal), error(reply_to)),
    }
}

fn error(reply_to: &ReplyTo) -> String {
    reply_to.error(&ERROR).replace(&serde_json::to_string(&ERROR).expect("text keys"), SHORT)
}

fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Malformed(violation) => violation.to_string(),
        other => other.to_string(),
    }
}
