//! Rooms come into being.

use std::time::Duration;

use models::transition::RoomTransition;
use models::{
    ApiKeyId, CodeRoom, Features, Locks, Refusal, Room, RoomCode, RoomKey, Settings, Sid, Status, Tenant,
    Timestamp, UserId, Words,
};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, Verdict};
use crate::error::Halt;
use crate::items::{Key, RoomDocument, RoomItem};
use crate::past::remember;
use crate::step::Step;
use crate::{Store, StoreError};

/// A collision of codes is one in 10^12 for a million rooms; more of them in a row mean that something is broken.
const MOST_DRAWS: usize = 5;

/// A room of the server API to be.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Its name.
    pub key: RoomKey,
    /// The key that asks for it.
    pub api_key: ApiKeyId,
    /// How long it waits for its first participant.
    pub empty_timeout: Duration,
    /// How long it lasts from the first join; none when unlimited.
    pub duration: Option<Duration>,
    /// Seats; none when unlimited.
    pub max_participants: Option<u32>,
    /// Whether newcomers wait for admission.
    pub waiting_room: bool,
    /// Whether the server makes the user ids.
    pub auto_gen_user_id: bool,
    /// What it is for.
    pub features: Features,
    /// The locks of new participants.
    pub default_locks: Locks,
    /// Its title.
    pub title: String,
    /// Where its webhooks go.
    pub webhook_url: Option<String>,
    /// The metadata as it will be stored, a JSON text.
    pub metadata: String,
}

/// A room by code to be.
#[derive(Clone, Debug)]
pub struct NewCodeRoom {
    /// Who owns it.
    pub host: UserId,
    /// The host's name.
    pub host_name: String,
    /// The host's picture.
    pub host_avatar_url: Option<String>,
    /// Its title.
    pub title: String,
    /// What the host decided.
    pub settings: Settings,
    /// Seats.
    pub max_participants: u32,
    /// How long a session lasts; none when unlimited.
    pub duration: Option<Duration>,
    /// How long a session waits for its first participant.
    pub empty_timeout: Duration,
    /// How long it is kept after its last use.
    pub retention: Duration,
}

/// A room as it stands after a create.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its state.
    pub room: Room,
    /// Its metadata.
    pub document: RoomDocument,
    /// Whether this create made it; else it was open already and nothing was changed.
    pub fresh: bool,
}

impl Store {
    /// Opens a session under the room's id, or finds the one that is open: plugNmeet's create is repeatable. One that
    /// ran out unnoticed is replaced, and remembered for `past_rooms`.
    ///
    /// Refused as [`Refusal::RoomIdTaken`] when the id is a room by code's.
    pub async fn create_room(
        &self,
        new: &NewRoom,
        sid: Sid,
        now: Timestamp,
        past_rooms: Duration,
        keep: Option<Keep<'_, Created>>,
    ) -> Result<Created, Halt> {
        let created = fresh(new, sid, now);
        let mut over: Option<(Room, RoomDocument)> = None;
        for _ in 0..MOST_LOOKS {
            let steps = |now: Timestamp| {
                let create = match &over {
                    None => RoomTransition::create(&created.room, now),
                    Some((over, _)) => RoomTransition::create_over(over, &created.room, now),
                };
                let past = over
                    .as_ref()
                    .map(|(over, title)| remember(over, Some(title), (now, over.due_reason()), past_rooms));
                [Step::of_room(&new.key, &create), document_step(&created)].into_iter().chain(past).collect()
            };
            let outcome = self.commit_keeping(keep.as_ref(), |_| created.clone(), steps).await?;
            let verdicts = match outcome {
                Outcome::Committed(_) => return Ok(created),
                Outcome::Refused(verdicts) => verdicts,
            };
            over = None;
            let Some(Verdict::Failed(Some(item))) = verdicts.into_iter().next() else { continue };
            let room = RoomItem::decode(&new.key, item)?;
            if room.by_code.is_some() {
                return Err(Refusal::RoomIdTaken.into());
            }
            if room.sid == sid {
                // An earlier attempt of ours whose answer was lost.
                return Ok(created);
            }
            match self.document(&room).await? {
                Some(document) if document.sid == room.sid => {
                    if room.is_open(self.clock.now()) {
                        return Ok(Created { room, document, fresh: false });
                    }
                    over = (room.status == Status::Open).then_some((room, document));
                }
                // The session ended and another began between the two reads: look again.
                _ => {}
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }

    /// Makes a room by code, idle until its first join. A code that is taken is drawn again.
    pub async fn create_code_room(
        &self,
        new: &NewCodeRoom,
        now: Timestamp,
        keep: Option<Keep<'_, Created>>,
    ) -> Result<Created, Halt> {
        for _ in 0..MOST_DRAWS {
            let code = RoomCode::draw(&*self.random);
            let created = idle(new, code, Sid(self.random.uuid()), now);
            let key = &created.room.key;
            let outcome = self
                .commit_keeping(
                    keep.as_ref(),
                    |_| created.clone(),
                    |now| {
                        let create = RoomTransition::create_by_code(&created.room, now);
                        vec![Step::of_room(key, &create), document_step(&created)]
                    },
                )
                .await?;
            let verdicts = match outcome {
                Outcome::Committed(_) => return Ok(created),
                Outcome::Refused(verdicts) => verdicts,
            };
            if let Some(Verdict::Failed(Some(item))) = verdicts.into_iter().next()
                && RoomItem::decode(key, item)?.sid == created.room.sid
            {
                return Ok(created);
            }
        }
        Err(StoreError::Rejected(format!("{MOST_DRAWS} codes in a row were taken")).into())
    }
}

fn document_step(created: &Created) -> Step {
    Step::put(Key::document(&created.room), created.document.encode(&created.room), "", vec![])
}

fn fresh(new: &NewRoom, sid: Sid, now: Timestamp) -> Created {
    let mut room = Room {
        key: new.key.clone(),
        sid,
        status: Status::Open,
        locked: false,
        seats: 0,
        joined: 0,
        max_participants: new.max_participants,
        seq: 1,
        hooks: 2,
        presenter: None,
        created_at: now,
        started_at: None,
        ended_at: None,
        duration: new.duration,
        empty_timeout: new.empty_timeout,
        due_at: now.plus(new.empty_timeout),
        revoked_before: Timestamp::default(),
        waiting_room: new.waiting_room,
        auto_gen_user_id: new.auto_gen_user_id,
        features: new.features,
        default_locks: new.default_locks.clone(),
        said: Words::new(),
        api_key: Some(new.api_key.clone()),
        by_code: None,
        expires_at: Timestamp::NEVER,
    };
    room.expires_at = room.expires_in_session();
    let document = RoomDocument {
        sid,
        title: new.title.clone(),
        webhook_url: new.webhook_url.clone(),
        host_name: None,
        host_avatar_url: None,
        waiting_message: None,
        metadata: new.metadata.clone(),
    };
    Created { room, document, fresh: true }
}

fn idle(new: &NewCodeRoom, code: RoomCode, sid: Sid, now: Timestamp) -> Created {
    let room = Room {
        key: RoomKey { tenant: Tenant::main(), room: code.room_id() },
        sid,
        status: Status::Idle,
        locked: false,
        seats: 0,
        joined: 0,
        max_participants: Some(new.max_participants),
        seq: 0,
        hooks: 0,
        presenter: None,
        created_at: now,
        started_at: None,
        ended_at: None,
        duration: new.duration,
        empty_timeout: new.empty_timeout,
        due_at: now,
        revoked_before: Timestamp::default(),
        waiting_room: new.settings.waiting_room,
        auto_gen_user_id: false,
        features: Features::default(),
        default_locks: Locks::new(),
        said: Words::new(),
        api_key: None,
        by_code: Some(CodeRoom { code, host: new.host.clone(), settings: new.settings, created_at: now }),
        expires_at: now.plus(new.retention),
    };
    let document = RoomDocument {
        sid,
        title: new.title.clone(),
        webhook_url: None,
        host_name: Some(new.host_name.clone()),
        host_avatar_url: new.host_avatar_url.clone(),
        waiting_message: None,
        metadata: "{}".to_owned(),
    };
    Created { room, document, fresh: true }
}
