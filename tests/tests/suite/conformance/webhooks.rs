//! What receivers of webhooks got: those of the recorded server, and those of ours.
//!
//! Every scenario with webhooks has a receiver of its own, which answers as the recorded one did. What it got is compared
//! session by session, in its order and with every attempt, when all scenarios are done: then nothing more can come.

use std::time::Duration;

use serde_json::{Value, json};
use testing::receiver::{Answer, Received, Receiver};
use testing::{API_SECRET, Server};

use super::compare::{Ids, webhook_differences};
use super::recording::{KEY, opened, opened_token};
use super::replay::Outcome;
use super::wanted::{self, Session};

/// Where the recorded receivers were. Other URLs of the recordings lead to nobody.
const RECORDED_AT: [&str; 2] = ["http://127.0.0.1:18090/", "http://127.0.0.1:18091/"];

/// Headers of HTTP itself, which say nothing of the webhook.
const OF_HTTP: [&str; 3] = ["host", "content-length", "accept-encoding"];

/// How long what must come may take. What does not come is short.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a scenario's receiver has to get.
pub(super) struct Webhooks {
    /// The step that says what was recorded.
    place: usize,
    receiver: Receiver,
    sessions: Vec<Expected>,
}

/// What it has to get of one session.
struct Expected {
    /// The recorded session.
    sid: String,
    webhooks: Vec<Value>,
    /// The rules that make it differ from what was recorded.
    used: Vec<usize>,
}

/// A receiver for the webhooks of these steps, if there are any.
pub(super) fn receiver(steps: &[Value]) -> Option<Receiver> {
    let recorded = steps.iter().find_map(|step| step["webhooks"].as_array())?;
    let receiver = Receiver::start();
    receiver.trust(KEY, API_SECRET);
    for webhook in recorded {
        let status = webhook["receiver_answered"].as_u64().and_then(|status| status.try_into().ok());
        receiver.script(path(webhook), [Answer::status(status.expect("an HTTP status"))]);
    }
    Some(receiver)
}

/// The same steps with the URLs of this receiver.
pub(super) fn directed(steps: &[Value], receiver: &Receiver) -> Vec<Value> {
    let url = receiver.url("");
    let direct = |text: String| RECORDED_AT.iter().fold(text, |text, recorded| text.replace(recorded, &url));
    steps.iter().map(|step| serde_json::from_str(&direct(step.to_string())).expect("JSON")).collect()
}

/// Without the slash in front, as the receiver has it.
fn path(webhook: &Value) -> &str {
    webhook["path"].as_str().expect("a path").trim_start_matches('/')
}

impl Webhooks {
    /// What the receiver of these steps has to get. `moves` are those who came (true) and went in the scenario's room.
    pub(super) fn of(receiver: Receiver, steps: &[Value], moves: &[(&'static str, bool)]) -> Self {
        let place = steps.iter().position(|step| step["webhooks"].is_array()).expect("the webhooks");
        let mut recorded: Vec<(String, Vec<Value>)> = vec![];
        for webhook in steps[place]["webhooks"].as_array().into_iter().flatten() {
            let sid = webhook["parsed"]["room"]["sid"].as_str().expect("a session");
            match recorded.iter_mut().find(|(known, _)| known == sid) {
                Some((_, webhooks)) => webhooks.push(of_recorded(webhook)),
                None => recorded.push((sid.to_owned(), vec![of_recorded(webhook)])),
            }
        }
        let expected = |(sid, webhooks): (String, Vec<Value>)| {
            let (webhooks, used) = wanted::webhooks(webhooks, &Session::of(&sid, steps, moves));
            Expected { sid, webhooks, used }
        };
        Self { place, receiver, sessions: recorded.into_iter().map(expected).collect() }
    }

    /// Waits until as many have come as there must and no more are on their way, or for too long. Others never come: where
    /// a recording's URL leads to nobody, they are tried again and again.
    pub(super) async fn come(&self, server: &Server) {
        let count = self.sessions.iter().map(|session| session.webhooks.len()).sum();
        let url = self.receiver.url("");
        let come = async {
            let answered = |webhook: &&Received| webhook.answered.is_some();
            self.receiver
                .until("the webhooks", |received| received.iter().filter(answered).count() >= count)
                .await;
            let under_way = || server.stack.queue_messages("WebhooksQueue").expect("the queue");
            while under_way().iter().any(|message| message.body.contains(&url)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        _ = tokio::time::timeout(PATIENCE, come).await;
    }

    /// Compares; an outcome for each session.
    pub(super) fn compare(self, ids: &mut Ids) -> Vec<(usize, Outcome)> {
        let mut received = self.receiver.received();
        let mut outcomes = vec![];
        for Expected { sid, webhooks, used } in self.sessions {
            let ours = ids.ours(&sid).unwrap_or_default();
            let of_session = received.extract_if(.., |webhook| webhook.sid() == ours);
            let of_session: Vec<_> = of_session.map(|webhook| of_ours(&webhook)).collect();
            let differences = webhook_differences(&webhooks, &of_session, ids);
            let outcome = match (differences.is_empty(), used.is_empty()) {
                (true, true) => Outcome::Equal,
                (true, false) => Outcome::Wanted(used),
                (false, _) => Outcome::Short(differences),
            };
            outcomes.push((self.place, outcome));
        }
        if !received.is_empty() {
            outcomes.push((self.place, Outcome::Short(vec![format!("not expected: {received:?}")])));
        }
        outcomes
    }
}

/// A webhook as it is compared: texts of JSON and the signature are opened.
fn of_recorded(webhook: &Value) -> Value {
    let headers = webhook["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.clone()));
    json!({
        "method": webhook["method"],
        "path": path(webhook),
        "headers": compared(headers),
        "signature": signature(&webhook["authorization_jwt"]),
        "twice_signed": webhook["hash_token_equals_authorization"],
        "answered": webhook["receiver_answered"],
        "body": opened(webhook["parsed"].clone()),
    })
}

/// The receiver itself has verified the signature and the hash of the body in it.
fn of_ours(webhook: &Received) -> Value {
    let token = webhook.header("authorization");
    let headers = webhook.headers.keys().map(|name| {
        let is_token = ["authorization", "hash-token"].contains(&name.as_str());
        let value = if is_token { "<jwt>" } else { webhook.header(name.as_str()) };
        (name.to_string(), json!(value))
    });
    json!({
        "method": webhook.method.as_str(),
        "path": webhook.path,
        "headers": compared(headers),
        "signature": signature(&opened_token(token)),
        "twice_signed": webhook.header("hash-token") == token,
        "answered": webhook.answered,
        "body": opened(webhook.json.clone()),
    })
}

fn compared(headers: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(headers.filter(|(name, _)| !OF_HTTP.contains(&name.as_str())).collect())
}

/// A token with its times as they are to the moment it was issued at: so they are values.
fn signature(token: &Value) -> Value {
    let mut token = token.clone();
    let Some(claims) = token["claims"].as_object_mut() else { return token };
    let issued_at = claims.get("iat").and_then(Value::as_i64);
    for name in ["nbf", "exp"] {
        let time = claims.remove(name).and_then(|time| time.as_i64());
        let after = time.zip(issued_at).map(|(time, issued_at)| time - issued_at);
        claims.insert(format!("{name}, in seconds after iat"), json!(after));
    }
    token
}
