//! People and rooms as those who are in the room are told of them (`rules.md` 5).

use std::time::Duration;

use api::rooms::{ParticipantOut, RoomOut, WaiterOut, settings};
use models::{Clock, Participant, Role, Room, RoomKey, Settings, Sid, Standing, Timestamp};
use serde::Serialize;
use store::{RoomDocument, Store, StoreError};

use crate::presence::{MOST_BYTES, PresenceOut, in_parts};

/// Somebody who is in, as the others see him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, as the API names them")]
pub struct PresentOut {
    id: String,
    user_id: Option<String>,
    display_name: String,
    avatar_url: Option<String>,
    role: Role,
    is_host: bool,
    audio: bool,
    video: bool,
    screen: bool,
    hand: bool,
    away: bool,
}

impl From<&Participant> for PresentOut {
    fn from(person: &Participant) -> Self {
        Self {
            id: person.id.to_string(),
            user_id: (!person.guest).then(|| person.user.to_string()),
            display_name: person.profile.name.clone(),
            avatar_url: person.profile.avatar_url.clone(),
            role: person.role,
            is_host: person.role == Role::Host,
            audio: person.media.audio,
            video: person.media.video,
            screen: person.media.screen,
            hand: person.media.hand,
            away: person.is_away(),
        }
    }
}

impl PresentOut {
    /// His id.
    #[cfg(test)]
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// How long this is in a message.
pub(crate) fn json_bytes(part: &impl Serialize) -> usize {
    serde_json::to_vec(part).map_or(0, |json| json.len())
}

/// Those who wait, in order of arrival, as far as they fit into a message; with the bytes that they take there. Where all
/// would be too many, the last of them come without their pictures; where that is not enough, the list ends: about 300 of
/// the longest names of guests fit.
fn as_far_as_they_fit(mut waiting: Vec<WaiterOut>) -> (Vec<WaiterOut>, usize) {
    let pictures: Vec<_> = waiting.iter_mut().map(|waiter| waiter.avatar_url.take()).collect();
    let (mut bytes, mut fitting) = (0, 0);
    for waiter in &waiting {
        let more = json_bytes(waiter);
        if bytes + more > MOST_BYTES {
            break;
        }
        bytes += more;
        fitting += 1;
    }
    waiting.truncate(fitting);
    for (waiter, picture) in waiting.iter_mut().zip(pictures) {
        let more = json_bytes(&picture);
        if bytes + more > MOST_BYTES {
            break;
        }
        bytes += more;
        waiter.avatar_url = picture;
    }
    (waiting, bytes)
}

/// A session with all who are in it, or wait.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The room. What is told of people is no older than its `seq`.
    pub room: Room,
    /// Its metadata.
    pub document: RoomDocument,
    /// Who has a seat, in order of arrival.
    pub present: Vec<Participant>,
    /// Who waits, in order of arrival.
    pub waiting: Vec<Participant>,
    /// Who was in, or was turned away.
    pub gone: Vec<Participant>,
    /// When it was read, or a moment before.
    pub at: Timestamp,
    /// Whether nothing happened while it was read: then it is what the session was at its `seq`.
    pub is_settled: bool,
}

/// How often people are read again who came and went while they were read, and the pause before.
const MOST_READS: u32 = 5;
const READ_PAUSE: Duration = Duration::from_millis(40);

impl Whole {
    /// Reads the session that runs in the room, none if there is none: as it stands, and where people come and go faster than
    /// they can be read, as it almost stands.
    pub async fn read(store: &Store, key: &RoomKey, clock: &dyn Clock) -> Result<Option<Self>, StoreError> {
        let mut reads = 1;
        loop {
            let whole = Self::read_once(store, key, clock.now()).await?;
            if reads == MOST_READS || whole.as_ref().is_none_or(|whole| whole.is_settled) {
                return Ok(whole);
            }
            reads += 1;
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    /// The same, if it is this session that runs.
    pub async fn read_of(
        store: &Store,
        (key, sid): (&RoomKey, Sid),
        clock: &dyn Clock,
    ) -> Result<Option<Self>, StoreError> {
        Ok(Self::read(store, key, clock).await?.filter(|whole| whole.room.sid == sid))
    }

    async fn read_once(store: &Store, key: &RoomKey, now: Timestamp) -> Result<Option<Self>, StoreError> {
        // First: what happens until the people are read is told once more, and never left out.
        let Some(room) = store.room(key).await?.filter(|room| room.is_open(now)) else { return Ok(None) };
        let read = store.whole_room(key).await?;
        let Some(after) = read.room.filter(|after| after.sid == room.sid) else { return Ok(None) };
        let is_settled = after.seq == room.seq;
        let missing = || StoreError::Corrupt("META", "a session without metadata".to_owned());
        let document = read.document.ok_or_else(missing)?;
        let mut whole =
            Self { room, document, present: vec![], waiting: vec![], gone: vec![], at: now, is_settled };
        for person in read.participants.into_iter().filter(|person| person.sid == whole.room.sid) {
            match person.standing {
                Standing::Active => whole.present.push(person),
                Standing::Waiting => whole.waiting.push(person),
                Standing::Left | Standing::Banned => whole.gone.push(person),
                Standing::Invited => {}
            }
        }
        whole.waiting.sort_by_key(|person| (person.waiting_since, person.id));
        Ok(Some(whole))
    }

    /// All of it, as `viewer` may know it; and, where those are more people than fit into a message, what he is to be told
    /// of the others right after it. Those who wait come first, for nothing else tells of them.
    pub fn shown_to(&self, viewer: &Participant, now: Timestamp) -> (StateOut, Vec<PresenceOut>) {
        let participants = self.present.iter().filter(|person| viewer.may_see(person, &self.room));
        let waiting = viewer.may_moderate().then(|| as_far_as_they_fit(WaiterOut::list(&self.waiting)));
        let (waiting, bytes) = waiting.unzip();
        let (participants, seq, after) =
            in_parts(participants.map(PresentOut::from).collect(), self.room.seq, bytes.unwrap_or_default());
        let state = StateOut {
            seq,
            participants,
            waiting,
            settings: settings(&self.room),
            room: RoomOut::of(&self.room, &self.document, now),
        };
        (state, after)
    }
}

/// The whole state of a session: the answer to `sync`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StateOut {
    seq: u64,
    participants: Vec<PresentOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<Vec<WaiterOut>>,
    settings: Settings,
    room: RoomOut,
}

/// The answer to `join-room`, and what somebody is told who was admitted.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinOut {
    #[serde(flatten)]
    participant: ParticipantOut,
    /// None while he waits: a ticket opens nothing else.
    #[serde(flatten)]
    inside: Option<Inside>,
    /// What those who wait are told, for one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_room_message: Option<String>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Inside {
    #[serde(flatten)]
    state: StateOut,
    start_muted: bool,
}

impl JoinOut {
    /// Somebody who has a seat in the session, and what he is to be told right after it, as [`Whole::shown_to`] has it.
    pub fn seated(
        participant: ParticipantOut,
        whole: &Whole,
        person: &Participant,
        now: Timestamp,
    ) -> (Self, Vec<PresenceOut>) {
        let (state, after) = whole.shown_to(person, now);
        let inside = Inside { state, start_muted: whole.room.mutes_newcomers() };
        (Self { participant, inside: Some(inside), waiting_room_message: None }, after)
    }

    /// Somebody who waits.
    pub const fn waiting(participant: ParticipantOut, waiting_room_message: Option<String>) -> Self {
        Self { participant, inside: None, waiting_room_message }
    }
}
