//! Sessions are remembered: an item for each, from its end on.

use std::time::Duration;

use models::{EndReason, Room, Timestamp};

use crate::items::{Key, PastItem, RoomDocument, Session};
use crate::step::Step;

/// The write that remembers the room's present session, which ends with the transaction that this is a part of: at
/// `now` for `reason`, or at the time at which it ran out, for the reason that follows from how it stood then. It is the
/// same for whoever ends it, and has no condition of its own: the transaction's condition on the state lets one of them
/// through.
pub(crate) fn remember(
    room: &Room,
    document: Option<&RoomDocument>,
    (now, reason): (Timestamp, EndReason),
    kept: Duration,
) -> Step {
    let (ended_at, reason) = room.ended(now, reason);
    let session = Session::of(room, document, now);
    let item = PastItem::encode(&session, (ended_at, reason), ended_at.plus(kept));
    Step::put(Key::past(&room.key, room.created_at, room.sid), item, "", vec![])
}
