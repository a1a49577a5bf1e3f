//! The table's stream: what its records say of rooms and of seats.

mod waiting;

use models::relay::{Over, Told, over, told};
use models::{
    Client, Connection, ConnectionId, Denial, Happened, MutedBy, ParticipantId, Room, RoomKey, SessionId,
    Sid, Standing, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

pub use self::waiting::{Waited, WaitingChange};
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
    /// Somebody's record is another.
    Person(Box<PersonChange>),
}

/// What a change of somebody's record says to those who wait for it; one of these at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChange {
    /// His seat, or his place in the waiting room, is one that nobody is connected to, or has been taken up again.
    pub lease: Option<Lease>,
    /// A connection is no longer his.
    pub dropped: Option<Dropped>,
    /// He waits for admission from then on, or was admitted.
    pub waited: Option<WaitingChange>,
    /// A moderator has muted him, and he is there to be told.
    pub muted: Option<Muted>,
}

/// Somebody who has been muted by a moderator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muted {
    /// The room.
    pub room: RoomKey,
    /// The session.
    pub sid: Sid,
    /// Who.
    pub user: UserId,
    /// The connection to tell him by.
    pub connection: Connection,
    /// The moderator.
    pub by: ParticipantId,
}

/// A connection that was somebody's and is not any more, though it may still stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The room.
    pub room: RoomKey,
    /// The session that he was connected to.
    pub sid: Sid,
    /// Who.
    pub user: UserId,
    /// The connection.
    pub connection: Connection,
    /// Why.
    pub why: Why,
    /// What he who was put out is told besides; none where nothing was said.
    pub message: Option<String>,
}

/// Why a connection is not somebody's any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// He came again, over another one or over none.
    Duplicate,
    /// He left of his own. Where he did so by this connection it may be on its way into another room.
    Left,
    /// He was put out.
    Removed,
    /// He was put out and barred.
    Banned,
    /// He waited, and is not admitted. He may ask again.
    Denied(Denial),
    /// The session is over, and he is in the room's next one.
    Over,
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

/// What a record says of somebody's place and of his connection.
#[derive(Debug, Deserialize)]
struct PersonImage {
    sid: Sid,
    status: Standing,
    session: Option<SessionId>,
    due_at: Option<Timestamp>,
    connection: Option<ConnectionId>,
    client: Option<Client>,
    muted_by: Option<MutedBy>,
    #[serde(default)]
    removed: bool,
    denied: Option<Denial>,
    told: Option<String>,
}

impl PersonImage {
    fn lease(&self, room: &RoomKey, user: &UserId) -> Option<Lease> {
        let (session, due_at) = (self.session?, self.due_at?);
        Some(Lease { room: room.clone(), sid: self.sid, user: user.clone(), session, due_at })
    }

    fn connection(&self) -> Option<Connection> {
        Some(Connection { id: self.connection.clone()?, client: self.client? })
    }

    /// Who has muted him since `before`.
    fn muted(&self, before: &Self, room: &RoomKey, user: &UserId) -> Option<Muted> {
        let MutedBy { id: by, .. } = self.muted_by.filter(|by| before.muted_by != Some(*by))?;
        let connection = self.connection()?;
        Some(Muted { room: room.clone(), sid: self.sid, user: user.clone(), connection, by })
    }

    /// The connection that he had `before` and has not any more.
    fn dropped(self, before: &Self, room: RoomKey, user: UserId) -> Option<Dropped> {
        let (why, connection) = (self.why(before)?, before.connection()?);
        // It stays in the record after that removal; each one says its own, or that there is none.
        let message = self.told.filter(|_| matches!(why, Why::Removed | Why::Banned));
        Some(Dropped { room, sid: before.sid, user, connection, why, message })
    }

    /// Why the connection that he had `before` is not his any more; none where it is, and where it was lost: it is gone,
    /// and there is nobody to tell.
    fn why(&self, before: &Self) -> Option<Why> {
        if self.connection == before.connection {
            return None;
        }
        if self.sid != before.sid {
            return Some(Why::Over);
        }
        match (self.status, self.denied) {
            (Standing::Banned, _) => Some(Why::Banned),
            (Standing::Left, Some(why)) => Some(Why::Denied(why)),
            (Standing::Left, None) if self.removed => Some(Why::Removed),
            (Standing::Left, None) => Some(Why::Left),
            (Standing::Active | Standing::Waiting | Standing::Invited, _) => {
                (self.session != before.session).then_some(Why::Duplicate)
            }
        }
    }
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
        let user = UserId::try_from(user)
            .map_err(|error| StoreError::Corrupt("PARTICIPANT", format!("sort key: {error}")))?;
        let waited = waiting::waited(&room, old_image.as_ref(), &image)?;
        let after: PersonImage = decode("PARTICIPANT", image)?;
        let before = old_image.map(|image| decode::<PersonImage>("PARTICIPANT", image)).transpose()?;
        let lease = after.lease(&room, &user);
        let muted = before.as_ref().and_then(|before| after.muted(before, &room, &user));
        let dropped = before.and_then(|before| after.dropped(&before, room, user));
        let says = lease.is_some() || dropped.is_some() || waited.is_some() || muted.is_some();
        Ok(says.then(|| Change::Person(Box::new(PersonChange { lease, dropped, waited, muted }))))
    }
}

#[cfg(test)]
mod tests {
    use models::Event;
    use serde_json::{Value, json};
    use uuid::Uuid;

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
        let Some(Change::Person(change)) = told else { panic!("{told:?}") };
        let lease = change.lease.expect("a lease");
        assert_eq!((lease.user.as_str(), lease.due_at.millis()), ("ann", 1_800_000_060_000));
        let left = json!({"sid": {"S": "00000000-0000-0000-0000-000000000001"}, "status": {"S": "left"}});
        assert_eq!(record("PARTICIPANT#ann", Value::Null, left).change().expect("readable"), None);
        assert_eq!(record("META", Value::Null, json!({})).change().expect("readable"), None);
    }

    /// Ann's record: her session, where she stands, her sitting, and her connection.
    fn ann(sid: u128, status: &str, session: Option<u128>, connection: Option<&str>) -> Value {
        let mut image = json!({"sid": {"S": Sid(Uuid::from_u128(sid)).to_string()}, "status": {"S": status}});
        if let Some(session) = session {
            image["session"] = json!({"S": Uuid::from_u128(session).to_string()});
        }
        if let Some(connection) = connection {
            image["connection"] = json!({"S": connection});
            image["client"] = json!({"S": "socket_io"});
        }
        image
    }

    fn dropped(old: Value, new: Value) -> Option<Dropped> {
        match record("PARTICIPANT#ann", old, new).change().expect("readable") {
            Some(Change::Person(change)) => change.dropped,
            None => None,
            Some(Change::Room(change)) => panic!("{change:?}"),
        }
    }

    #[test]
    fn a_connection_that_is_not_somebodys_any_more_is_told_with_the_reason() {
        let connected = || ann(1, "active", Some(1), Some("old"));
        let mut removed = ann(1, "left", None, None);
        removed["removed"] = json!({"BOOL": true});
        let with_a_word = |mut image: Value| {
            image["told"] = json!({"S": "Bye"});
            image
        };
        for (new, why) in [
            (ann(1, "active", Some(2), Some("new")), Why::Duplicate),
            (ann(1, "active", Some(2), None), Why::Duplicate),
            (ann(1, "left", None, None), Why::Left),
            (removed, Why::Removed),
            (ann(1, "banned", None, None), Why::Banned),
            (ann(2, "active", Some(2), Some("new")), Why::Over),
        ] {
            let told = dropped(connected(), new.clone()).expect("told");
            assert_eq!((told.connection.id.as_str(), told.connection.client), ("old", Client::SocketIo));
            assert_eq!((told.user.as_str(), told.why, told.message), ("ann", why, None));
            let told = dropped(connected(), with_a_word(new)).expect("told");
            let put_out = matches!(why, Why::Removed | Why::Banned);
            assert_eq!(told.message.as_deref(), put_out.then_some("Bye"), "{why:?}");
        }
    }

    #[test]
    fn of_a_connection_that_is_still_his_or_that_is_gone_nothing_is_told() {
        let connected = || ann(1, "active", Some(1), Some("old"));
        assert_eq!(dropped(connected(), connected()), None);
        assert_eq!(
            dropped(connected(), ann(1, "active", Some(2), Some("old"))),
            None,
            "a new sitting by the same"
        );
        assert_eq!(dropped(connected(), ann(1, "active", Some(1), None)), None, "lost");
        assert_eq!(dropped(ann(1, "active", Some(1), None), connected()), None, "back");
        assert_eq!(dropped(Value::Null, connected()), None, "new");
    }

    #[test]
    fn who_is_muted_while_he_is_connected_is_told_by_whom_and_once() {
        let moderator = ParticipantId(Uuid::from_u128(9));
        let muted_at = |connection, at: &str| {
            let mut image = ann(1, "active", Some(1), connection);
            image["muted_by"] = json!({"M": {"id": {"S": moderator.to_string()}, "at": {"N": at}}});
            image
        };
        let muted = |connection| muted_at(connection, "5");
        let told = |old, new| match record("PARTICIPANT#ann", old, new).change().expect("readable") {
            Some(Change::Person(change)) => change.muted,
            _ => None,
        };
        let heard = || ann(1, "active", Some(1), Some("c"));
        let one = told(heard(), muted(Some("c"))).expect("told");
        assert_eq!((one.connection.id.as_str(), one.user.as_str(), one.by), ("c", "ann", moderator));
        assert_eq!(told(muted(Some("c")), muted(Some("c"))), None, "he was told");
        assert!(told(muted(Some("c")), muted_at(Some("c"), "6")).is_some(), "once more");
        assert_eq!(told(muted(Some("c")), heard()), None, "he speaks again");
        assert_eq!(told(ann(1, "active", Some(1), None), muted(None)), None, "nobody is there");
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
