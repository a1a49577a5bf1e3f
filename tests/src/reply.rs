//! What a handler said, as its caller reads it.

use api::Answer;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// An answer of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON; `null` when there is no body.
    pub body: Value,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let body = match answer.body.as_slice() {
            [] => Value::Null,
            text => serde_json::from_slice(text).expect("a JSON body"),
        };
        Self { status: answer.status, body }
    }
}

impl Reply {
    /// The text under this key.
    pub fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_else(|| panic!("no {key}: {self:?}"))
    }

    /// Status and sentence of a refusal, in either dialect. A refusal says nothing beside.
    pub fn refusal(&self) -> (u16, &str) {
        let keys: Vec<&str> = self.body.as_object().into_iter().flatten().map(|(key, _)| &**key).collect();
        match keys.as_slice() {
            ["error", "message", "statusCode"] => {
                assert_eq!(self.body["statusCode"], self.status, "{self:?}");
                (self.status, self.text("message"))
            }
            ["msg", "status", "status_code"] => {
                assert_eq!(self.body["status"], false, "{self:?}");
                (self.status, self.text("msg"))
            }
            _ => panic!("no refusal: {self:?}"),
        }
    }

    /// A refusal of the server API: HTTP status, sentence, plugNmeet's code.
    pub fn failure(&self) -> (u16, &str, &str) {
        let (status, msg) = self.refusal();
        (status, msg, self.text("status_code"))
    }
}

/// What a JWT says, its signature unchecked: `header` and `claims`.
pub fn opened(token: &str) -> Value {
    let part = |text: &str| -> Value {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    match token.split('.').collect::<Vec<_>>().as_slice() {
        [header, claims, _signature] => json!({"header": part(header), "claims": part(claims)}),
        _ => panic!("no JWT: {token}"),
    }
}
