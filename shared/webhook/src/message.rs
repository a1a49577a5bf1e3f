//! What waits on the queue: one event on its way to one URL.

use std::fmt;

use models::{ApiKeyId, RoomKey, Sid, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{delivery_id, event_id};

/// The body of a message of the SQS FIFO queue.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room.
    pub room: RoomKey,
    /// The session.
    pub sid: Sid,
    /// The event's place among the session's, from 1.
    pub number: u32,
    /// Where it goes, as the room or the deployment gave it.
    pub url: String,
    /// When it happened, from when on the 24 hours count; of a replay, when that was asked for.
    pub occurred_at: Timestamp,
    /// What is sent: [`crate::Payload::json`], byte by byte.
    pub body: String,
    /// The API key that made the room; rooms by code have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeyId>,
    /// The replay that sends it once more, an id of the caller's own; none the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Uuid>,
}

impl Message {
    /// Whether it is sent once more because somebody asked for it.
    pub fn is_replay(&self) -> bool {
        self.replay.is_some()
    }

    /// The message group: a session's events reach one URL in order, and a URL that fails holds back nobody else's. 64
    /// hexadecimal digits, of the 128 characters that SQS takes.
    pub fn group_id(&self) -> String {
        digest(&[self.sid.0.as_bytes(), self.url.as_bytes()])
    }

    /// What SQS drops duplicates by: an event that the relay sends twice is delivered once, a replay each time that it
    /// is asked for. 64 hexadecimal digits.
    pub fn deduplication_id(&self) -> String {
        let replay = self.replay.unwrap_or_default();
        let number = self.number.to_be_bytes();
        // All parts but the last have a fixed length, so no two messages can run into the same bytes.
        digest(&[self.sid.0.as_bytes(), &number, replay.as_bytes(), self.url.as_bytes()])
    }

    /// The event's id at the receiver.
    pub fn event_id(&self) -> Uuid {
        event_id(self.sid, self.number)
    }

    /// The id of this delivery, for `X-Vestibule-Delivery`.
    pub fn delivery_id(&self) -> Uuid {
        delivery_id(self.event_id(), &self.url)
    }
}

/// Without body and URL: a body is never logged, and a URL may hold the receiver's secret.
impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Message")
            .field("room", &self.room)
            .field("sid", &self.sid)
            .field("number", &self.number)
            .field("replay", &self.replay)
            .finish_non_exhaustive()
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn message() -> Message {
        Message {
            room: "main/demo".parse().expect("a key"),
            sid: Sid(Uuid::from_u128(7)),
            number: 3,
            url: "https://example.org/hook?key=s3cret".to_owned(),
            occurred_at: Timestamp::from_millis(1_795_385_282_500),
            body: "{\"event\":\"room_created\"}".to_owned(),
            api_key: Some("acme-1".try_into().expect("an id")),
            replay: None,
        }
    }

    #[test]
    fn a_message_comes_back_as_it_went() {
        let replayed = Message { api_key: None, replay: Some(Uuid::from_u128(9)), ..message() };
        for message in [message(), replayed] {
            let text = serde_json::to_string(&message).expect("serialises");
            assert!(serde_json::from_str::<Message>(&text).expect("deserialises") == message, "{text}");
        }
    }

    #[test]
    fn messages_in_flight_survive_a_deployment() {
        let expected = json!({
            "room": "main/demo", "sid": "00000000-0000-0000-0000-000000000007", "number": 3,
            "url": "https://example.org/hook?key=s3cret", "occurred_at": 1_795_385_282_500_i64,
            "body": "{\"event\":\"room_created\"}", "api_key": "acme-1",
        });
        assert_eq!(serde_json::to_value(message()).expect("serialises"), expected);
        let mut newer = expected;
        newer["of_a_later_version"] = Value::Bool(true);
        assert!(serde_json::from_value::<Message>(newer).expect("deserialises") == message());
    }

    #[test]
    fn the_events_of_a_session_at_a_url_are_one_group() {
        let group = message().group_id();
        assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_hexdigit()), "{group}");
        let replay = Some(Uuid::from_u128(9));
        assert_eq!(group, Message { number: 4, body: "x".to_owned(), replay, ..message() }.group_id());
        assert_ne!(group, Message { url: "https://example.org/b".to_owned(), ..message() }.group_id());
        assert_ne!(group, Message { sid: Sid(Uuid::from_u128(8)), ..message() }.group_id());
    }

    #[test]
    fn what_the_relay_sends_twice_is_one_and_each_replay_another() {
        let id = message().deduplication_id();
        assert_eq!(id, Message { body: "x".to_owned(), ..message() }.deduplication_id());
        let others = [
            Message { number: 4, ..message() },
            Message { url: "https://example.org/b".to_owned(), ..message() },
            Message { sid: Sid(Uuid::from_u128(8)), ..message() },
            Message { replay: Some(Uuid::from_u128(9)), ..message() },
            Message { replay: Some(Uuid::from_u128(10)), ..message() },
        ];
        let mut ids: Vec<String> = others.iter().map(Message::deduplication_id).chain([id]).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 6);
    }

    #[test]
    fn a_log_shows_neither_body_nor_url() {
        let shown = format!("{:?}", message());
        assert!(!shown.contains("s3cret") && !shown.contains("room_created"), "{shown}");
    }
}
