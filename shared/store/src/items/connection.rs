//! A WebSocket as stored: who is behind it, where he has joined by it, and how many messages came.

use std::time::Duration;

use models::{
    Client, Connection, ConnectionId, JoinToken, ParticipantId, Profile, RoomKey, SessionId, SessionToken,
    Sid, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use super::{Item, decode, encode};
use crate::StoreError;

const KIND: &str = "CONNECTION";

/// How long a connection is remembered of whose end nobody has told. API Gateway cuts every one after two hours.
const KEPT: Duration = Duration::from_mins(2 * 60 + 15);

/// Most messages of a connection in [`WINDOW`] (`rules.md` 5).
const MOST_MESSAGES: u64 = 50;

/// Messages after which it is asked whether those took longer than [`WINDOW`]: so many may come at once beyond
/// [`MOST_MESSAGES`] before they are counted anew.
const RECOUNTED: u64 = 10;

/// The time in which messages are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Who is behind a connection: what was verified as it was made, and not the text that said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// A signed-in user.
    User {
        /// Who.
        id: UserId,
        /// His name and picture.
        profile: Profile,
        /// When his token runs out, if it does.
        expires_at: Option<Timestamp>,
    },
    /// Who holds a join token, which connecting does not spend.
    Invited {
        /// The token.
        token: JoinToken,
        /// When it runs out.
        expires_at: Timestamp,
    },
    /// Who has a seat, or waits.
    Seated(SessionToken),
    /// Nobody known.
    Guest,
}

impl Caller {
    /// Whether the token that he showed lets him in nowhere any more. A place that he has by it stays his.
    pub fn is_late(&self, now: Timestamp) -> bool {
        match self {
            Self::User { expires_at, .. } => expires_at.is_some_and(|at| at <= now),
            Self::Invited { expires_at, .. } => *expires_at <= now,
            Self::Seated(_) | Self::Guest => false,
        }
    }
}

/// The place that somebody has taken by a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The room.
    pub room: RoomKey,
    /// The session of the room.
    pub sid: Sid,
    /// Who.
    pub user: UserId,
    /// His id as a participant: whom others hear from.
    pub participant: ParticipantId,
    /// The sitting.
    pub session: SessionId,
    /// Whether he waited as he took it; he may have been admitted since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

impl Binding {
    /// The sitting that took the place, as its token says it; the place itself knows until when it is good.
    pub fn sitting(&self, now: Timestamp) -> SessionToken {
        SessionToken {
            room: self.room.clone(),
            sid: self.sid,
            user: self.user.clone(),
            participant: self.participant,
            session: self.session,
            expires_at: now,
        }
    }

    /// Whether both are of one place, if not of one sitting.
    fn is_of_place_of(&self, other: &Self) -> bool {
        (&self.room, self.sid, &self.user) == (&other.room, other.sid, &other.user)
    }
}

/// A connection, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// Who is behind it.
    pub caller: Caller,
    /// Since when it stands.
    pub connected_at: Timestamp,
    /// The place that it is of; none before he has joined.
    pub bound: Option<Binding>,
    /// The place that it was of before he joined another room. He has left it, unless something broke off just then.
    pub bound_before: Option<Binding>,
}

impl Connected {
    /// A connection that has just been made.
    pub fn new(connection: Connection, caller: Caller, now: Timestamp) -> Self {
        Self { connection, caller, connected_at: now, bound: None, bound_before: None }
    }

    /// The place before this one, where `bound` is another place.
    pub(crate) fn moved_from(&self, bound: &Binding) -> Option<&Binding> {
        self.bound.as_ref().filter(|before| !before.is_of_place_of(bound)).or(self.bound_before.as_ref())
    }
}

/// Whether a connection sends as many messages as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It does not send too many.
    Fine,
    /// Over fifty in a second: this one is answered with an error.
    TooFast,
    /// It goes on like that: it is to be closed.
    Close,
}

/// Attributes of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConnectionItem {
    client: Client,
    caller: Caller,
    connected_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<Binding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_before: Option<Binding>,
    /// All its messages.
    count: u64,
    /// The messages that came before those that are counted now.
    before: u64,
    /// Since when they are counted.
    since: Timestamp,
    /// Whether there were too many of those counted before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hasty: bool,
    expires_at: i64,
}

/// What the count of its messages says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Its pace.
    Paced(Pace),
    /// Enough have come to count anew, from the one that was counted.
    Anew {
        /// Since when those before were counted: where somebody else was faster it is another time.
        since: Timestamp,
        /// The messages before this one.
        before: u64,
        /// Whether there were too many.
        hasty: bool,
    },
}

impl ConnectionItem {
    /// The item of a connection without messages.
    pub(crate) fn encode(connected: &Connected) -> Item {
        encode(&Self {
            client: connected.connection.client,
            caller: connected.caller.clone(),
            connected_at: connected.connected_at,
            bound: connected.bound.clone(),
            bound_before: connected.bound_before.clone(),
            count: 0,
            before: 0,
            since: connected.connected_at,
            hasty: false,
            expires_at: connected.connected_at.plus(KEPT).seconds(),
        })
    }

    pub(crate) fn decode(item: Item) -> Result<Self, StoreError> {
        decode(KIND, item)
    }

    /// What it says of the connection `id`.
    pub(crate) fn connected(self, id: ConnectionId) -> Connected {
        Connected {
            connection: Connection { id, client: self.client },
            caller: self.caller,
            connected_at: self.connected_at,
            bound: self.bound,
            bound_before: self.bound_before,
        }
    }

    /// Judges by the last message that was counted. To count anew is a write, so that is not done for few.
    pub(crate) fn judge(&self, now: Timestamp) -> Counted {
        let counted = self.count.saturating_sub(self.before);
        let is_over = now >= self.since.plus(WINDOW);
        if counted <= if is_over { RECOUNTED } else { MOST_MESSAGES } {
            return Counted::Paced(Pace::Fine);
        }
        if is_over {
            let hasty = counted > MOST_MESSAGES + 1;
            return Counted::Anew { since: self.since, before: self.count.saturating_sub(1), hasty };
        }
        let goes_on = self.hasty || counted > 2 * MOST_MESSAGES;
        Counted::Paced(if goes_on { Pace::Close } else { Pace::TooFast })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn item(count: u64, hasty: bool) -> ConnectionItem {
        let connection = Connection { id: "c".try_into().expect("an id"), client: Client::Plain };
        let item = ConnectionItem::encode(&Connected::new(connection, Caller::Guest, NOW));
        ConnectionItem { count, hasty, ..ConnectionItem::decode(item).expect("readable") }
    }

    #[test]
    fn fifty_messages_are_fine_more_in_a_second_are_not_and_going_on_closes() {
        let within = NOW.plus(Duration::from_millis(999));
        assert_eq!(item(50, true).judge(within), Counted::Paced(Pace::Fine));
        assert_eq!(item(51, false).judge(within), Counted::Paced(Pace::TooFast));
        assert_eq!(item(100, false).judge(within), Counted::Paced(Pace::TooFast));
        assert_eq!(item(101, false).judge(within), Counted::Paced(Pace::Close));
        assert_eq!(item(51, true).judge(within), Counted::Paced(Pace::Close));
    }

    #[test]
    fn after_a_second_it_counts_anew_and_remembers_haste() {
        let later = NOW.plus(WINDOW);
        let anew = |before, hasty| Counted::Anew { since: NOW, before, hasty };
        assert_eq!(item(10, true).judge(later), Counted::Paced(Pace::Fine), "as yet");
        assert_eq!(item(11, true).judge(later), anew(10, false));
        assert_eq!(item(51, true).judge(later), anew(50, false));
        assert_eq!(item(70, false).judge(later), anew(69, true));
    }

    #[test]
    fn every_caller_comes_back_as_he_was_stored() {
        let (user, sid) = (UserId::try_from("ann").expect("an id"), Sid(uuid::Uuid::from_u128(1)));
        let room: RoomKey = "main/room".parse().expect("a room");
        let (participant, session) = (ParticipantId::of(sid, &user), SessionId(uuid::Uuid::from_u128(2)));
        let profile = Profile { name: "Ann".to_owned(), avatar_url: None };
        let invited = JoinToken {
            api_key: "key".try_into().expect("an id"),
            room: room.clone(),
            id: models::TokenId { sid, id: uuid::Uuid::from_u128(3) },
            user: user.clone(),
            name: "Ann".to_owned(),
            role: models::Role::Moderator,
            lasts: models::Lasts::FromFirstJoin(Duration::from_mins(5)),
        };
        let seated = SessionToken {
            room: room.clone(),
            sid,
            user: user.clone(),
            participant,
            session,
            expires_at: NOW,
        };
        let bound = Binding { room, sid, user: user.clone(), participant, session, waits: true };
        let id: ConnectionId = "c".try_into().expect("an id");
        for caller in [
            Caller::Guest,
            Caller::User { id: user, profile, expires_at: Some(NOW) },
            Caller::Invited { token: invited, expires_at: NOW },
            Caller::Seated(seated),
        ] {
            let connection = Connection { id: id.clone(), client: Client::SocketIo };
            let connected = Connected {
                bound: Some(bound.clone()),
                bound_before: Some(bound.clone()),
                ..Connected::new(connection, caller, NOW)
            };
            let item = ConnectionItem::decode(ConnectionItem::encode(&connected)).expect("readable");
            assert_eq!(item.connected(id.clone()), connected);
        }
    }
}
