//! A person in a room.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Connection, Media, ParticipantId, Room, SessionId, Sid, Timestamp, UserId, Words};

/// What a person may do in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The owner of a room by code.
    Host,
    /// An admin of the server API.
    Moderator,
    /// Everybody else.
    Participant,
}

impl Role {
    /// The word for it, as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Moderator => "moderator",
            Self::Participant => "participant",
        }
    }
}

/// Where a participant stands: `invited` -> `waiting` -> `active` -> `left`, or `banned`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A join token was minted for him and he has not been in.
    Invited,
    /// He asked for admission and holds no seat.
    Waiting,
    /// He has a seat.
    Active,
    /// He had one.
    Left,
    /// He is barred.
    Banned,
}

impl Standing {
    /// The word for it, as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Left => "left",
            Self::Banned => "banned",
        }
    }
}

/// Why somebody is not admitted who waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// A moderator wants it so.
    Moderator,
    /// The waiting room was turned off, and there was no seat for him.
    Full,
    /// The waiting room was turned off while the room was locked.
    Locked,
}

impl Denial {
    /// The word for it, as it is stored and as he is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Full => "full",
            Self::Locked => "locked",
        }
    }
}

/// plugNmeet's lock settings of a person, by their names there (`lock_microphone`, …); what is absent is unset.
pub type Locks = BTreeMap<String, bool>;

/// How a person shows himself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile {
    /// The name that others see.
    pub name: String,
    /// An http(s) URL of a picture.
    pub avatar_url: Option<String>,
}

/// plugNmeet's `user_metadata` of a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Metadata {
    /// A JSON text.
    Text(String),
    /// A text so large that it is stored apart. Only who reads the whole room gets it.
    Apart {
        /// The join token that brought it.
        token: Uuid,
    },
}

impl Metadata {
    /// The text, if it is here.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Apart { .. } => None,
        }
    }
}

/// Who muted somebody, and when: one mute is told from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MutedBy {
    /// The moderator.
    pub id: ParticipantId,
    /// When.
    pub at: Timestamp,
}

/// A person in a session of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about somebody")]
pub struct Participant {
    /// Who he is within the room.
    pub user: UserId,
    /// The session that this record belongs to; in any other he counts as absent.
    pub sid: Sid,
    /// Where he stands.
    pub standing: Standing,
    /// How the rooms and realtime APIs address him.
    pub id: ParticipantId,
    /// His live sitting; of who has no place, that of the one that was released ([`Participant::is_released`]).
    pub session: Option<SessionId>,
    /// The sitting before, good for `resume` alone until the live one is first used.
    pub previous_session: Option<SessionId>,
    /// His name and picture.
    pub profile: Profile,
    /// What he may do.
    pub role: Role,
    /// Shown to the server API only.
    pub hidden: bool,
    /// Whether he came without an account.
    pub guest: bool,
    /// What his credential keeps him from; with what moderators say, see [`Participant::present_locks`].
    pub locks: Locks,
    /// What moderators said to him in the session. It holds with any credential that he comes in with again.
    pub said: Words,
    /// What his join token brought; nobody by code has any.
    pub metadata: Option<Metadata>,
    /// When he took his seat.
    pub joined_at: Option<Timestamp>,
    /// When he took the seat that he left before he came again.
    pub joined_before: Option<Timestamp>,
    /// Since when he waits.
    pub waiting_since: Option<Timestamp>,
    /// Whether he was admitted from the waiting room in this session: he passes it from then on.
    pub admitted: bool,
    /// The ids of his unused join tokens with the moments at which they expire.
    pub tokens: Vec<(Uuid, Timestamp)>,
    /// Who is connected to his place, with what: a message to many reads nothing else of them.
    pub connection: Option<Connection>,
    /// What he shows of himself.
    pub media: Media,
    /// Who muted him last, until he shows himself otherwise.
    pub muted_by: Option<MutedBy>,
    /// Whether he was put out of the place that he gave up last.
    pub removed: bool,
    /// How often others may have come to see him otherwise in the session: so what was changed and changed back is known from
    /// what never was.
    pub version: u32,
    /// From when on his place may be released, since nobody is connected to it.
    pub lease: Option<Timestamp>,
    /// From when on TTL may remove his record: that of somebody who is only invited, or waits.
    pub expires_at: Option<Timestamp>,
}

impl Participant {
    /// Somebody of whom nothing is known but his name and where he stands.
    pub fn new(sid: Sid, user: UserId, standing: Standing) -> Self {
        Self {
            id: ParticipantId::of(sid, &user),
            user,
            sid,
            standing,
            session: None,
            previous_session: None,
            profile: Profile { name: String::new(), avatar_url: None },
            role: Role::Participant,
            hidden: false,
            guest: false,
            locks: Locks::new(),
            said: Words::new(),
            metadata: None,
            joined_at: None,
            joined_before: None,
            waiting_since: None,
            admitted: false,
            tokens: vec![],
            connection: None,
            media: Media::default(),
            muted_by: None,
            removed: false,
            version: 0,
            lease: None,
            expires_at: None,
        }
    }

    /// Whether he had a seat in an earlier session than `sid`: what is told of that one's end may still need his record.
    pub fn was_in_before(&self, sid: Sid) -> bool {
        self.sid != sid && self.joined_at.is_some()
    }

    /// Whether he has a seat in the room's present session.
    pub fn is_in(&self, room: &Room) -> bool {
        self.standing == Standing::Active && self.sid == room.sid
    }

    /// Whether he has a seat to which nobody is connected.
    pub fn is_away(&self) -> bool {
        self.standing == Standing::Active && self.connection.is_none()
    }

    /// Whether his place was released, since nobody was connected to it, and is given up by nobody: only then the sitting
    /// outlasts it, and whose sitting it is may come back.
    pub fn is_released(&self) -> bool {
        self.standing == Standing::Left && self.session.is_some()
    }

    /// Whether this sitting is his live one, or was it before that, which has not been used yet.
    pub fn sits_or_sat(&self, session: SessionId) -> bool {
        [self.session, self.previous_session].contains(&Some(session))
    }

    /// Whether he waits for a seat in the room's present session.
    pub fn waits_in(&self, room: &Room) -> bool {
        self.standing == Standing::Waiting && self.sid == room.sid
    }

    /// Whether he presents in `room`, and has kept his seat since he began to.
    pub fn presents_in(&self, room: &Room) -> bool {
        let since = room.presenter.as_ref().filter(|presenter| presenter.user.as_ref() == Some(&self.user));
        self.is_in(room) && since.is_some_and(|presenter| self.joined_at <= Some(presenter.since))
    }

    /// Since when he has the place that he has: when he took his seat, or came to wait; none where he has none.
    pub fn here_since(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Active => self.joined_at,
            Standing::Waiting => self.waiting_since,
            Standing::Invited | Standing::Left | Standing::Banned => None,
        }
    }

    /// Whether he may tell others what to do: those whom nobody sees moderate nothing.
    pub fn may_moderate(&self) -> bool {
        self.standing == Standing::Active && self.has_rights() && !self.hidden
    }

    /// Whether he is barred from `room`: for the session, and in a room by code for the room's life.
    pub fn is_banned_from(&self, room: &Room) -> bool {
        self.standing == Standing::Banned && (self.sid == room.sid || room.by_code.is_some())
    }
}
