//! What the model's rooms and people are like. A tick of its clock is four days, so that TTL's seven come to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use models::relay::News;
use models::transition::Retention;
use models::{
    Client, CodeRoom, Connection, Features, Locks, Participant, Room, RoomCode, RoomKey, SessionId, Settings,
    Sid, Standing, Status, Tenant, Timestamp, TokenId, UserId, Words,
};
use uuid::{Builder, Uuid};

use crate::call::Phase;
use crate::world::World;

/// Somebody, by his place among the model's people.
pub(crate) type User = usize;

const TICK: Duration = Duration::from_hours(4 * 24);

/// How long an empty room waits for somebody to come back.
pub(crate) const PAUSE: Duration = TICK;

/// How long a place is kept that nobody is connected to.
pub(crate) const LEASE: Duration = TICK;

/// How long a session waits for its first participant.
const EMPTY: Duration = TICK.saturating_mul(2);

/// How long one of a room with a duration lasts.
pub(crate) const DURATION: Duration = TICK.saturating_mul(2);

/// How long what ended is kept: longer than the model's time.
pub(crate) const KEPT: Retention =
    Retention { past_rooms: Duration::from_hours(365 * 24), code: Duration::from_hours(365 * 24) };

/// How long a join token is good, as far as TTL cares for it.
const TOKEN: Duration = TICK;

/// The moment of a tick.
pub(crate) fn at(tick: u8) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(TICK * u32::from(tick))
}

pub(crate) fn key() -> RoomKey {
    RoomKey { tenant: Tenant::main(), room: code().room_id() }
}

fn code() -> RoomCode {
    "abc-def-ghi".try_into().expect("a code")
}

pub(crate) fn id(user: User) -> UserId {
    ["ann", "bob", "cy"][user].try_into().expect("an id")
}

/// The session that is there when the model begins.
pub(crate) const FIRST: Sid = Sid(Uuid::from_u128(1));

/// The session that the call at this place begins, if it begins one.
pub(crate) fn sid(place: usize) -> Sid {
    Sid(Uuid::from_u128(100 + place as u128))
}

/// The connection that the call at this place comes over, if it does.
pub(crate) fn connection(place: usize) -> Connection {
    let id = ["a", "b", "c", "d", "e", "f"][place].try_into().expect("an id");
    Connection { id, client: Client::Plain }
}

/// The sitting that the call at this place begins, if it begins one.
pub(crate) fn session(place: usize) -> SessionId {
    SessionId(Uuid::from_u128(200 + place as u128))
}

fn minted(number: u8, at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.millis()).expect("after 1970");
    Builder::from_unix_timestamp_millis(millis, &[number; 10]).into_uuid()
}

/// The join token that the call at this place mints, and when it runs out.
pub(crate) fn token(place: usize, minted_at: Timestamp) -> (Uuid, Timestamp) {
    let number = u8::try_from(100 + place).expect("few calls");
    // Those of later calls run out earlier: the record must last for the longest.
    let earlier = u32::try_from(place.min(3)).expect("few calls");
    (minted(number, minted_at), minted_at.plus(TOKEN * (12 - earlier)))
}

/// A token that was minted with the first session.
pub(crate) fn given(user: User, number: u8) -> TokenId {
    let place = u8::try_from(user).expect("few people") * 8 + number;
    TokenId { sid: FIRST, id: minted(place, at(0)) }
}

/// A room and its people when the model begins.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// What the host of a room by code has decided; none in a room of the server API.
    pub(crate) by_code: Option<Settings>,
    /// Whether it is there already: one of the server API with its first session, one by code idle.
    pub(crate) exists: bool,
    pub(crate) seats: u32,
    pub(crate) duration: Option<Duration>,
    /// How many unused tokens of the first session each person has.
    pub(crate) tokens: Vec<u8>,
}

impl Setting {
    pub(crate) fn world(&self, calls: usize) -> World {
        let invited = |(user, tokens): (User, &u8)| (*tokens > 0).then(|| Arc::new(invited(user, *tokens)));
        World {
            tick: 0,
            room: self.exists.then(|| Arc::new(self.room())),
            people: self.tokens.iter().enumerate().map(invited).collect(),
            former: BTreeMap::new(),
            past: BTreeMap::new(),
            calls: vec![Phase::Ready; calls],
            stream: vec![],
            relayed: None,
            jobs: BTreeMap::new(),
            // The relay has told of the session that is there.
            hooks: if self.exists && self.by_code.is_none() {
                BTreeMap::from([(FIRST, vec![News::RoomCreated])])
            } else {
                BTreeMap::new()
            },
            spent: BTreeSet::new(),
            faults: BTreeSet::new(),
        }
    }

    fn room(&self) -> Room {
        let Some(settings) = self.by_code else { return self.created(FIRST, at(0)) };
        let host = "host".try_into().expect("an id");
        Room {
            status: Status::Idle,
            seq: 0,
            hooks: 0,
            due_at: at(0),
            waiting_room: settings.waiting_room,
            api_key: None,
            by_code: Some(CodeRoom { code: code(), host, settings, created_at: at(0) }),
            expires_at: at(0).plus(KEPT.code),
            ..self.created(FIRST, at(0))
        }
    }

    /// A session of the server API as a create makes it.
    pub(crate) fn created(&self, sid: Sid, now: Timestamp) -> Room {
        let mut room = Room {
            key: key(),
            sid,
            status: Status::Open,
            locked: false,
            seats: 0,
            joined: 0,
            max_participants: Some(self.seats),
            seq: 1,
            hooks: 2,
            presenter: None,
            created_at: now,
            started_at: None,
            ended_at: None,
            duration: self.duration,
            empty_timeout: EMPTY,
            due_at: now.plus(EMPTY),
            revoked_before: Timestamp::default(),
            waiting_room: false,
            auto_gen_user_id: false,
            features: Features::default(),
            default_locks: Locks::new(),
            said: Words::new(),
            api_key: None,
            by_code: None,
            expires_at: Timestamp::NEVER,
        };
        room.expires_at = room.expires_in_session();
        room
    }
}

/// Somebody who has so many unused tokens of the first session.
fn invited(user: User, tokens: u8) -> Participant {
    let expires_at = at(0).plus(TOKEN * 8);
    let mut tokens: Vec<_> = (0..tokens).map(|number| (given(user, number).id, expires_at)).collect();
    tokens.sort_unstable();
    Participant {
        tokens,
        expires_at: Some(expires_at),
        ..Participant::new(FIRST, id(user), Standing::Invited)
    }
}
