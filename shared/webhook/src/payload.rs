//! The body of a webhook: plugNmeet's JSON, as protobuf maps it, with absent fields left out.
//!
//! ```json
//! {
//!   "event": "participant_joined",
//!   "room": {
//!     "sid": "8051b23e-b998-4697-b7cc-fe2ca9a106b3", "room_id": "demo", "empty_timeout": 1800, "max_participants": 2,
//!     "creation_time": "1795385281", "metadata": "{…}", "num_participants": 1
//!   },
//!   "participant": {
//!     "sid": "…", "identity": "ann", "name": "Ann", "state": "ACTIVE", "joined_at": "1795385282", "metadata": "{…}"
//!   },
//!   "id": "e179ae64-63f9-4f30-9024-0f72dad50fc2",
//!   "created_at": "1795385282"
//! }
//! ```

use std::time::Duration;

use models::{ParticipantId, RoomId, Sid, Timestamp, UserId};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// What happened, to which room, and to whom.
#[derive(Clone, PartialEq, Eq)]
pub enum Occurrence {
    /// The session began.
    RoomCreated(Room),
    /// The first one joined.
    RoomStarted(Room),
    /// Somebody took a seat.
    ParticipantJoined(Room, Participant),
    /// Somebody gave his seat up.
    ParticipantLeft(Room, Participant),
    /// The session is over, and nobody is in.
    SessionEnded(Room),
    /// The last event of a session.
    RoomFinished(Room),
    /// Somebody tries whether his receiver works; no room is behind it.
    WebhookTest,
}

/// One event as receivers get it, the same at each URL and attempt.
///
/// There is no `Debug`: names and metadata are nobody's business in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// The event's id: [`event_id`], or of a test a random one.
    pub id: Uuid,
    /// When it happened.
    pub created_at: Timestamp,
    /// What it was.
    pub occurrence: Occurrence,
}

/// The session as it was right after the event.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Room {
    /// The session.
    pub sid: Sid,
    /// The room's id within its tenant.
    pub room_id: RoomId,
    /// How long the session waits for its first participant, in whole seconds.
    #[serde(serialize_with = "whole_seconds", skip_serializing_if = "Duration::is_zero")]
    pub empty_timeout: Duration,
    /// Seats there are; none when unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_participants: Option<u32>,
    /// When the session was created, the same in each of its events.
    #[serde(serialize_with = "unix_text")]
    pub creation_time: Timestamp,
    /// plugNmeet's room metadata, a JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// How many people are in. Always there, zero too: plugNmeet's receivers count by it.
    pub num_participants: u32,
}

/// The person whom the event is about. His state follows from the event.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// His id as a participant of the session.
    pub sid: ParticipantId,
    /// Who he is within the room.
    pub identity: UserId,
    /// The name that others see.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When he took his seat.
    #[serde(serialize_with = "unix_text")]
    pub joined_at: Timestamp,
    /// plugNmeet's `user_metadata`, a JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// The id of a session's event by its number: every URL and every attempt has the same one, and so has a replay.
pub fn event_id(sid: Sid, number: u32) -> Uuid {
    Uuid::new_v5(&sid.0, number.to_string().as_bytes())
}

/// The id of an event's delivery to one URL, the same at every attempt.
pub fn delivery_id(event: Uuid, url: &str) -> Uuid {
    Uuid::new_v5(&event, url.as_bytes())
}

/// The name of the event that a body tells; none if it is no body of ours.
pub fn event_name(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        event: String,
    }
    serde_json::from_str(body).ok().map(|Named { event }| event)
}

impl Room {
    /// The session that `room` runs; `metadata` is stored apart from it.
    pub fn of(room: &models::Room, metadata: Option<String>, num_participants: u32) -> Self {
        Self {
            sid: room.sid,
            room_id: room.key.room.clone(),
            empty_timeout: room.empty_timeout,
            max_participants: room.max_participants,
            creation_time: room.created_at,
            metadata,
            num_participants,
        }
    }
}

impl Participant {
    /// This person, with his metadata as the server API shows it.
    pub fn of(person: &models::Participant, metadata: Option<String>) -> Self {
        Self {
            sid: person.id,
            identity: person.user.clone(),
            name: person.profile.name.clone(),
            joined_at: person.joined_at.unwrap_or_default(),
            metadata,
        }
    }
}

impl Payload {
    /// The body to be sent. What is signed are its very bytes, so it is written once and kept as text.
    pub fn json(&self) -> String {
        use Occurrence as O;
        let (event, room, person) = match &self.occurrence {
            O::RoomCreated(room) => ("room_created", Some(room), None),
            O::RoomStarted(room) => ("room_started", Some(room), None),
            O::ParticipantJoined(room, person) => {
                ("participant_joined", Some(room), Some((person, "ACTIVE")))
            }
            O::ParticipantLeft(room, person) => {
                ("participant_left", Some(room), Some((person, "DISCONNECTED")))
            }
            O::SessionEnded(room) => ("session_ended", Some(room), None),
            O::RoomFinished(room) => ("room_finished", Some(room), None),
            O::WebhookTest => ("webhook_test", None, None),
        };
        let participant = person.map(|(participant, state)| WithState { participant, state });
        let body = Body { event, room, participant, id: self.id, created_at: self.created_at };
        serde_json::to_string(&body).expect("texts and numbers only")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a Room>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<WithState<'a>>,
    id: Uuid,
    #[serde(serialize_with = "unix_text")]
    created_at: Timestamp,
}

#[derive(Serialize)]
struct WithState<'a> {
    #[serde(flatten)]
    participant: &'a Participant,
    state: &'static str,
}

/// Protobuf's JSON has 64-bit numbers as texts.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn unix_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.seconds())
}

fn whole_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SID: Sid = Sid(Uuid::from_u128(7));
    const RECORDED: &str = include_str!("../../../tests/fixtures/recorded/webhooks/participants.json");

    fn room() -> Room {
        Room {
            sid: SID,
            room_id: "demo".try_into().expect("an id"),
            empty_timeout: Duration::from_mins(30),
            max_participants: Some(2),
            creation_time: Timestamp::from_millis(1_795_385_281_999),
            metadata: Some("{}".to_owned()),
            num_participants: 1,
        }
    }

    fn person() -> Participant {
        let identity = UserId::try_from("ann").expect("an id");
        Participant {
            sid: ParticipantId::of(SID, &identity),
            identity,
            name: "Ann".to_owned(),
            joined_at: Timestamp::from_seconds(1_795_385_282),
            metadata: Some("{\"a\":1}".to_owned()),
        }
    }

    fn sent(occurrence: Occurrence) -> Value {
        let created_at = Timestamp::from_millis(1_795_385_282_500);
        let payload = Payload { id: event_id(SID, 3), created_at, occurrence };
        serde_json::from_str(&payload.json()).expect("JSON")
    }

    #[test]
    fn a_join_is_shown_in_full() {
        let expected = json!({
            "event": "participant_joined",
            "room": {
                "sid": SID.to_string(), "room_id": "demo", "empty_timeout": 1800, "max_participants": 2,
                "creation_time": "1795385281", "metadata": "{}", "num_participants": 1,
            },
            "participant": {
                "sid": person().sid.to_string(), "identity": "ann", "name": "Ann", "state": "ACTIVE",
                "joined_at": "1795385282", "metadata": "{\"a\":1}",
            },
            "id": event_id(SID, 3).to_string(),
            "created_at": "1795385282",
        });
        assert_eq!(sent(Occurrence::ParticipantJoined(room(), person())), expected);
    }

    #[test]
    fn what_is_absent_is_left_out_and_the_number_of_participants_never_is() {
        let room = Room {
            empty_timeout: Duration::ZERO,
            max_participants: None,
            metadata: None,
            num_participants: 0,
            ..room()
        };
        let person = Participant { name: String::new(), metadata: None, ..person() };
        let body = sent(Occurrence::ParticipantLeft(room, person));
        let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&body["room"]), ["creation_time", "num_participants", "room_id", "sid"]);
        assert_eq!(body["room"]["num_participants"], 0);
        assert_eq!(keys(&body["participant"]), ["identity", "joined_at", "sid", "state"]);
        assert_eq!(body["participant"]["state"], "DISCONNECTED");
    }

    #[test]
    fn only_events_of_people_name_a_participant_and_a_test_not_even_a_room() {
        use Occurrence as O;
        let of_rooms = [
            (O::RoomCreated(room()), "room_created"),
            (O::RoomStarted(room()), "room_started"),
            (O::SessionEnded(room()), "session_ended"),
            (O::RoomFinished(room()), "room_finished"),
        ];
        for (occurrence, name) in of_rooms {
            let body = sent(occurrence);
            assert_eq!(body["event"], name);
            assert!(body.get("participant").is_none() && body["room"].is_object(), "{name}");
        }
        let test = Payload { id: Uuid::nil(), created_at: Timestamp::default(), occurrence: O::WebhookTest };
        assert_eq!(event_name(&test.json()).as_deref(), Some("webhook_test"));
        assert_eq!(event_name("{}"), None);
        let body = sent(O::WebhookTest);
        assert_eq!(body["event"], "webhook_test");
        assert!(body.get("room").is_none());
    }

    #[test]
    fn each_value_has_the_type_that_was_recorded_of_plugnmeet() {
        let recorded: Value = serde_json::from_str(RECORDED).expect("JSON");
        let hooks = recorded["steps"][31]["webhooks"].as_array().expect("the webhooks");
        let ours = sent(Occurrence::ParticipantJoined(room(), person()));
        let theirs = hooks.iter().find(|hook| hook["parsed"]["event"] == "participant_joined").expect("one");
        let mut compared = 0;
        for part in ["", "/room", "/participant"] {
            let theirs = theirs["parsed"].pointer(part).expect("there");
            for (key, value) in ours.pointer(part).and_then(Value::as_object).expect("an object") {
                let Some(recorded) = theirs.get(key) else { continue };
                assert_eq!(std::mem::discriminant(value), std::mem::discriminant(recorded), "{part}/{key}");
                compared += 1;
            }
        }
        // Of ours only the participant's metadata was not recorded: nobody there had any.
        assert_eq!(compared, 17);
    }

    #[test]
    fn an_event_has_one_id_and_each_url_its_own_delivery() {
        assert_eq!(event_id(SID, 1), event_id(SID, 1));
        assert_ne!(event_id(SID, 1), event_id(SID, 2));
        assert_ne!(event_id(SID, 1), event_id(Sid(Uuid::from_u128(8)), 1));
        let event = event_id(SID, 1);
        assert_eq!(delivery_id(event, "https://a.example"), delivery_id(event, "https://a.example"));
        assert_ne!(delivery_id(event, "https://a.example"), delivery_id(event, "https://b.example"));
    }
}
