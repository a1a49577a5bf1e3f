//! Writes of a room's state.

use super::{Effect, Need};
use crate::{Event, Happened, Room, Settings, Sid, Status, Timestamp};

/// What a write makes of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// This one, in the place of what is there.
    Create(Box<Room>),
    /// What is there, changed; it has the next number then.
    Update(Vec<Effect>),
}

/// A write of a room's state for the moment `now`: where all its needs hold, the change is made and what happened is
/// told, in one step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomTransition {
    /// The moment that its needs and its effects are about.
    pub now: Timestamp,
    /// What must hold.
    pub needs: Vec<Need>,
    /// What changes.
    pub change: Change,
    /// What is told.
    pub happened: Happened,
}

/// What the host of a room by code wants to be different; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// All settings as they will be.
    pub settings: Option<Settings>,
    /// The lock.
    pub locked: Option<bool>,
    /// Seats. Fewer than are taken throws nobody out.
    pub max_participants: Option<u32>,
}

impl RoomTransition {
    pub(super) fn update(
        needs: impl IntoIterator<Item = Need>,
        effects: impl IntoIterator<Item = Effect>,
        event: Event,
        now: Timestamp,
    ) -> Self {
        Self {
            now,
            needs: needs.into_iter().collect(),
            change: Change::Update(effects.into_iter().collect()),
            happened: Happened { event, at: now },
        }
    }

    fn create_under(needs: Vec<Need>, room: &Room, now: Timestamp) -> Self {
        let happened = Happened { event: Event::Created, at: room.created_at };
        Self { now, needs, change: Change::Create(Box::new(room.clone())), happened }
    }

    /// A session of the server API begins, where there is none or where one has ended.
    pub fn create(room: &Room, now: Timestamp) -> Self {
        Self::create_under(vec![Need::Vacant], room, now)
    }

    /// It takes the place of one that was seen to have run out unnoticed.
    pub fn create_over(over: &Room, room: &Room, now: Timestamp) -> Self {
        Self::create_under(unchanged(over).to_vec(), room, now)
    }

    /// A room by code is made.
    pub fn create_by_code(room: &Room, now: Timestamp) -> Self {
        Self::create_under(vec![Need::Absent], room, now)
    }

    /// The host changes what he decides; `before` are the settings that he saw.
    pub fn settings(change: &SettingsChange, before: Option<Settings>, now: Timestamp) -> Self {
        let only_lock = change.settings.is_none() && change.max_participants.is_none();
        let event = match change.locked {
            Some(locked) if only_lock => Event::Locked { locked },
            _ => Event::Updated,
        };
        // Two changes of different settings at once must not undo each other.
        let unchanged = change.settings.and(before).map(Need::Settings);
        Self::update([Need::NotEnded].into_iter().chain(unchanged), change.effects(), event, now)
    }

    /// All join tokens of the running session are revoked.
    pub fn revoke(sid: Sid, now: Timestamp) -> Self {
        Self::update(running(sid), [Effect::Revoke], Event::Revoked, now)
    }

    /// Something is told to the running session, this one or, without it, any.
    pub fn tell(sid: Option<Sid>, event: Event, now: Timestamp) -> Self {
        let session = sid.map(Need::Session).into_iter();
        Self::update(session.chain([Need::Status(Status::Open), Need::NotDue]), [], event, now)
    }

    /// Whether all needs hold.
    pub fn holds(&self, room: Option<&Room>) -> bool {
        self.needs.iter().all(|need| need.holds(room, self.now))
    }

    /// The room after the change; none where there is nothing to change.
    pub fn apply(&self, room: Option<&Room>) -> Option<Room> {
        match &self.change {
            Change::Create(room) => Some(Room::clone(room)),
            Change::Update(effects) => {
                let mut room = room?.clone();
                for effect in effects {
                    effect.apply(&mut room, self.now);
                }
                room.seq += 1;
                Some(room)
            }
        }
    }
}

/// The session runs: what [`Room::is_open`] says, of this one.
pub(super) fn running(sid: Sid) -> [Need; 3] {
    [Need::Session(sid), Need::Status(Status::Open), Need::NotDue]
}

/// Nothing has changed since the room was seen. What ends by a write is remembered as it was seen: nobody who looked before
/// its time had come may have left, or come, after it.
pub(super) fn unchanged(room: &Room) -> [Need; 2] {
    [Need::Session(room.sid), Need::Version(room.seq)]
}

impl SettingsChange {
    /// Whether nothing is to be different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What it makes of a room.
    pub fn effects(&self) -> Vec<Effect> {
        let settings = self.settings.map(Effect::Decide);
        let locked = self.locked.map(Effect::Lock);
        let seats = self.max_participants.map(Effect::Seats);
        [settings, locked, seats].into_iter().flatten().collect()
    }
}
