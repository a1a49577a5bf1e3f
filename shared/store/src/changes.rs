//! The table's stream: what its records say of rooms and of seats.

use models::relay::{Over, Told, over, told};
use models::{Happened, Room, RoomKey, SessionId, Sid, Timestamp, UserId};
use serde::Deserialize;

use crate::StoreError;
use crate::depart::Lease;
use crate::items::{PARTICIPANT_PREFIX, ROOM_PREFIX, RoomItem, STATE, decode};

/// A record of the table's stream, as Lambda passes it on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamRecord {
    /// What happened to which item.
    dynamodb: Images,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Images {
    keys: Keys,
    /// The record's place in its shard: where a batch is to be taken up again.
    sequence_number: String,
    #[serde(default)]
    old_image: Option<serde_dynamo::Item>,
    #[serde(default)]
    new_image: Option<serde_dynamo::Item>,
}

#[derive(Clone, Debug, Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Clone, Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A room's state is another.
    Room(Box<RoomChange>),
    /// A seat, or a place in the waiting room, is one that nobody is connected to, or has been taken up again.
    Lease(Lease),
}

/// A room's state before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomChange {
    /// Before; none of a room that is new.
    pub before: Option<Room>,
    /// After; none of one that TTL removed.
    pub after: Option<Room>,
    /// What happened; of one that was removed, what had happened last.
    pub happened: Happened,
}

impl RoomChange {
    /// Its webhooks, but for those of a session's end.
    pub fn told(&self) -> Vec<Told> {
        told(self.before.as_ref(), self.after.as_ref(), &self.happened)
    }

    /// The session that is over by it.
    pub fn over(&self) -> Option<Over> {
        over(self.before.as_ref(), self.after.as_ref(), &self.happened)
    }
}

/// What a lease is made of.
#[derive(Debug, Deserialize)]
struct LeaseItem {
    sid: Sid,
    session: Option<SessionId>,
    due_at: Option<Timestamp>,
}

impl StreamRecord {
    /// The record's place in its shard.
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// The room that the record is about.
    pub fn room(&self) -> Option<RoomKey> {
        self.dynamodb.keys.pk.text.strip_prefix(ROOM_PREFIX)?.parse().ok()
    }

    /// What the record says, if it says anything that somebody waits for.
    pub fn change(self) -> Result<Option<Change>, StoreError> {
        let Some(room) = self.room() else { return Ok(None) };
        let Images { keys, old_image, new_image, .. } = self.dynamodb;
        if keys.sk.text == STATE {
            let Some(last) = new_image.as_ref().or(old_image.as_ref()) else { return Ok(None) };
            let happened = RoomItem::happened(last)?;
            let decode = |image: Option<serde_dynamo::Item>| {
                image.map(|image| RoomItem::decode(&room, image)).transpose()
            };
            let (before, after) = (decode(old_image)?, decode(new_image)?);
            return Ok(Some(Change::Room(Box::new(RoomChange { before, after, happened }))));
        }
        let (Some(user), Some(image)) = (keys.sk.text.strip_prefix(PARTICIPANT_PREFIX), new_image) else {
            return Ok(None);
        };
        let item: LeaseItem = decode("PARTICIPANT", image)?;
        let (Some(session), Some(due_at)) = (item.session, item.due_at) else { return Ok(None) };
        let user = UserId::try_from(user)
            .map_err(|error| StoreError::Corrupt("PARTICIPANT", format!("sort key: {error}")))?;
        Ok(Some(Change::Lease(Lease { room, sid: item.sid, user, session, due_at })))
    }
}

#[cfg(test)]
mod tests {
    use models::Event;
    use serde_json::{Value, json};

    use super::*;

    fn record(sk: &str, old: Value, new: Value) -> StreamRecord {
        serde_json::from_value(json!({
            "eventID": "1", "eventName": "MODIFY", "awsRegion": "us-east-1",
            "dynamodb": {
                "Keys": {"pk": {"S": "ROOM#main/room-1"}, "sk": {"S": sk}},
                "SequenceNumber": "111", "OldImage": old, "NewImage": new,
            },
        }))
        .expect("a record")
    }

    fn state() -> Value {
        json!({
            "sid": {"S": "00000000-0000-0000-0000-000000000001"}, "status": {"S": "open"},
            "locked": {"BOOL": false}, "seats": {"N": "1"}, "joined": {"N": "1"},
            "max_participants": {"N": "4294967295"}, "seq": {"N": "2"}, "hooks": {"N": "3"},
            "event": {"S": r#"{"type":"joined","user":"ann","at":1800000000001}"#},
            "created_at": {"N": "1800000000000"}, "started_at": {"N": "1800000000001"},
            "duration": {"N": "253402300799000"}, "empty_timeout": {"N": "1800000"},
            "due_at": {"N": "253402300799000"}, "revoked_before": {"N": "0"},
            "waiting_room": {"BOOL": false}, "auto_gen_user_id": {"BOOL": false},
        })
    }

    #[test]
    fn a_change_of_a_room_has_both_its_states_and_what_happened() {
        let change = record("STATE", Value::Null, state()).change().expect("readable").expect("a change");
        let Change::Room(change) = change else { panic!("{change:?}") };
        assert_eq!(change.before, None);
        assert_eq!(change.after.as_ref().map(|room| room.seats), Some(1));
        assert_eq!(change.happened.event, Event::Joined { user: "ann".try_into().expect("an id") });
        assert_eq!(change.told().len(), 3);
        let removed = record("STATE", state(), Value::Null).change().expect("readable");
        let Some(Change::Room(removed)) = removed else { panic!("{removed:?}") };
        assert!(removed.over().is_some());
    }

    #[test]
    fn a_lease_is_told_while_there_is_one() {
        let leased = json!({
            "sid": {"S": "00000000-0000-0000-0000-000000000001"}, "status": {"S": "active"},
            "session": {"S": "00000000-0000-0000-0000-000000000002"}, "due_at": {"N": "1800000060000"},
        });
        let told = record("PARTICIPANT#ann", Value::Null, leased).change().expect("readable");
        let Some(Change::Lease(lease)) = told else { panic!("{told:?}") };
        assert_eq!((lease.user.as_str(), lease.due_at.millis()), ("ann", 1_800_000_060_000));
        let left = json!({"sid": {"S": "00000000-0000-0000-0000-000000000001"}, "status": {"S": "left"}});
        assert_eq!(record("PARTICIPANT#ann", Value::Null, left).change().expect("readable"), None);
        assert_eq!(record("META", Value::Null, json!({})).change().expect("readable"), None);
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let mut broken = state();
        broken["seats"] = json!({"S": "many"});
        assert!(matches!(
            record("STATE", Value::Null, broken).change(),
            Err(StoreError::Corrupt("STATE", _))
        ));
    }
}
