//! A moderator says what people are kept from.

use super::room::running;
use super::{Becomes, Effect, PersonNeed, PersonTransition, RoomTransition};
use crate::{Event, LockChange, Room, Sid, Timestamp};

impl RoomTransition {
    /// A word to all who are in, who wait, and who come later in the session. It counts after every word to one that had not
    /// seen it.
    pub fn say_to_all(sid: Sid, change: &LockChange, now: Timestamp) -> Self {
        let effects = change.iter().map(|(lock, locked)| Effect::Say { lock: *lock, locked: *locked });
        Self::update(running(sid), effects, Event::Locks { user: None }, now)
    }
}

impl PersonTransition {
    /// A word to one, by somebody who saw `room` as it is here. A word to all that comes in between was said at the same
    /// time, and counts: so this needs nothing of the room's other changes, and is written in a crowd as well.
    pub fn say(room: &Room, change: &LockChange, now: Timestamp) -> Self {
        let becomes = Becomes::Told { change: change.clone(), number: room.seq + 1 };
        Self { now, needs: vec![PersonNeed::Of(room.sid)], becomes }
    }
}
