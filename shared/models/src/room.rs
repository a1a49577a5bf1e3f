//! A room and its present session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ApiKeyId, EndReason, Features, Locks, Refusal, RoomCode, RoomKey, Sid, Timestamp, UserId, Words,
};

/// How long the token of a sitting is good (`rules.md` 2).
pub const SITTING: Duration = Duration::from_hours(24);

/// Whether a session runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A session runs (until its `due_at`).
    Open,
    /// A room by code between two sessions; the next join starts one.
    Idle,
    /// Over for good.
    Ended,
}

impl Status {
    /// The word for it, as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Idle => "idle",
            Self::Ended => "ended",
        }
    }
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// As long as somebody is in.
    Unlimited,
    /// So long from its first join, which is still to come.
    FromFirstJoin(Duration),
    /// Until this moment at most; somebody has joined.
    Until(Timestamp),
}

impl Lasts {
    /// The moment at which it is over; [`Timestamp::NEVER`] when it is unlimited. Before the first join it is counted
    /// from `now`, for whoever joins now would start it.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Unlimited => Timestamp::NEVER,
            Self::FromFirstJoin(duration) => now.plus(duration),
            Self::Until(end) => end,
        }
    }
}

/// What the host of a room by code decides. The names are the rooms API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "seven independent switches, as the API names them")]
pub struct Settings {
    /// Participants may share their screen.
    pub allow_screen_share: bool,
    /// Participants may write in the chat.
    pub allow_chat: bool,
    /// Participants may turn their camera on.
    pub allow_participant_video: bool,
    /// Participants may turn their microphone on.
    pub allow_participant_audio: bool,
    /// People without an account may join.
    pub allow_guest_access: bool,
    /// Newcomers start muted.
    pub mute_participants_on_join: bool,
    /// All but host and moderators wait for admission.
    pub waiting_room: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_screen_share: true,
            allow_chat: true,
            allow_participant_video: true,
            allow_participant_audio: true,
            allow_guest_access: true,
            mute_participants_on_join: false,
            waiting_room: false,
        }
    }
}

/// What only rooms by code have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodeRoom {
    /// The code that people join by.
    pub code: RoomCode,
    /// The user who owns the room.
    pub host: UserId,
    /// What the host decided.
    pub settings: Settings,
    /// When the room was made; its sessions have their own times.
    pub created_at: Timestamp,
}

/// Who presents, from the moment on at which he began to. He does no longer once he has left his seat, and nobody takes
/// his place by himself: it stays empty, as it does once a moderator has emptied it, until a moderator gives it to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Presenter {
    /// Who; nobody where a moderator emptied the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Since when.
    pub since: Timestamp,
}

/// A room: the hot item of the table, read and written by every join.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Room {
    /// Its name.
    pub key: RoomKey,
    /// The present session, or the last one.
    pub sid: Sid,
    /// Whether it runs; see [`Room::is_open`].
    pub status: Status,
    /// Whether nobody new may enter.
    pub locked: bool,
    /// Seats taken.
    pub seats: u32,
    /// How many different people have ever had a seat in the session.
    pub joined: u32,
    /// Seats there are; none when unlimited.
    pub max_participants: Option<u32>,
    /// The session's change counter: each change has the next number.
    pub seq: u64,
    /// The last webhook number given out. Starts at 2: `room_created` is 1, and 2 is kept for `room_started`.
    pub hooks: u32,
    /// The first admin who joined, or whom a moderator chose since.
    pub presenter: Option<Presenter>,
    /// When the session was created.
    pub created_at: Timestamp,
    /// When the first one joined.
    pub started_at: Option<Timestamp>,
    /// When it was ended for good.
    pub ended_at: Option<Timestamp>,
    /// How long a session lasts from its first join; none when unlimited.
    pub duration: Option<Duration>,
    /// How long a session waits for its first participant.
    pub empty_timeout: Duration,
    /// The session's clock: from this moment on it is over, whatever `status` says.
    pub due_at: Timestamp,
    /// Join tokens minted up to here are dead.
    pub revoked_before: Timestamp,
    /// Whether newcomers without rights wait for admission.
    pub waiting_room: bool,
    /// Whether the server gives everyone a user id of its own.
    pub auto_gen_user_id: bool,
    /// What it was made for; a room by code for everything.
    pub features: Features,
    /// The locks that it was made with; with what moderators say, see [`Room::present_locks`].
    pub default_locks: Locks,
    /// What moderators said to all in the session.
    pub said: Words,
    /// The API key that made it.
    pub api_key: Option<ApiKeyId>,
    /// What a room by code has beside.
    pub by_code: Option<CodeRoom>,
    /// From when on the room counts as never having been, unless a session runs; see [`Room::expires_in_session`].
    pub expires_at: Timestamp,
}

impl Room {
    /// Whether a session runs at `now`. A session whose time has come is over at that moment, whoever has noticed.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status == Status::Open && self.due_at > now
    }

    /// Why the session is over once its time has come.
    pub fn due_reason(&self) -> EndReason {
        match self.started_at {
            None => EndReason::EmptyTimeout,
            Some(_) if self.seats > 0 => EndReason::Duration,
            Some(_) => EndReason::LastLeft,
        }
    }

    /// When and why the session is over that is ended at `now` for `reason`. One whose time has come ended then, for the
    /// reason that follows from how it stood, whatever is done about it later.
    pub fn ended(&self, now: Timestamp, reason: EndReason) -> (Timestamp, EndReason) {
        if self.due_at <= now { (self.due_at, self.due_reason()) } else { (now, reason) }
    }

    /// Whether people may come: a session runs, or, in a room by code, may be started.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.is_open(now) || (self.by_code.is_some() && self.status != Status::Ended)
    }

    /// Whether the room is past its retention: it answers as if it had never been, also while TTL has not come by.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        !self.is_open(now) && self.expires_at <= now
    }

    /// Whether this user owns the room; rooms of the server API have no host.
    pub fn is_hosted_by(&self, user: &UserId) -> bool {
        self.by_code.as_ref().is_some_and(|by_code| by_code.host == *user)
    }

    /// Whether this is the session that it was: another one of a room by code may have begun since, in which whoever was
    /// in that one has no word.
    ///
    /// Refused: it is not ([`Refusal::RoomNotActive`]).
    pub fn is_still(&self, sid: Sid) -> Result<(), Refusal> {
        if self.sid == sid { Ok(()) } else { Err(Refusal::RoomNotActive) }
    }

    /// Refuses to let this moderator take the seat from somebody: nobody puts out the owner of a room but himself.
    pub fn may_unseat(&self, moderator: &UserId, whom: &UserId) -> Result<(), Refusal> {
        if self.is_hosted_by(whom) && moderator != whom { Err(Refusal::NotHost) } else { Ok(()) }
    }

    /// Whether every seat is taken.
    pub fn is_full(&self) -> bool {
        self.max_participants.is_some_and(|most| self.seats >= most)
    }

    /// Why nobody is admitted now who waits, if so: the lock stops that, too.
    pub fn admits(&self, now: Timestamp) -> Result<(), Refusal> {
        match () {
            () if !self.is_open(now) => Err(Refusal::RoomNotActive),
            () if self.locked => Err(Refusal::RoomLocked),
            () if self.is_full() => Err(Refusal::RoomFull),
            () => Ok(()),
        }
    }

    /// Seats taken in the session that runs now; none between sessions.
    pub fn present_seats(&self, now: Timestamp) -> u32 {
        if self.is_open(now) { self.seats } else { 0 }
    }

    /// How long the running session lasts.
    pub fn lasts(&self) -> Lasts {
        match (self.duration, self.started_at) {
            (None, _) => Lasts::Unlimited,
            (Some(duration), None) => Lasts::FromFirstJoin(duration),
            (Some(duration), Some(started_at)) => Lasts::Until(started_at.plus(duration)),
        }
    }

    /// Until when the token of a sitting is good that begins now: for a day, or as long as the session lasts.
    pub fn sitting_expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(SITTING).min(self.ends_at(now))
    }

    /// The moment at which the running session ends by its duration, see [`Lasts::end`].
    pub fn ends_at(&self, now: Timestamp) -> Timestamp {
        self.lasts().end(now)
    }
}
