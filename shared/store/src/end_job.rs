//! The job that follows the end of a session, as it waits on its queue: the session as it stood at its end, since another
//! one may have begun before the job is done.

use models::relay::Over;
use models::{EndReason, Event, Happened, RoomKey, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::items::RoomItem;

const KIND: &str = "end job";

/// The message of a session that is over.
#[derive(Debug, Serialize, Deserialize)]
struct EndJob {
    room: RoomKey,
    state: RoomItem,
    ended_at: Timestamp,
    reason: EndReason,
}

/// The message of a session that is over, a JSON text.
pub fn end_job(over: &Over) -> String {
    let Over { room, ended_at, reason } = over;
    let state = RoomItem::of(room, &Happened { event: Event::Ended { reason: *reason }, at: *ended_at });
    let job = EndJob { room: room.key.clone(), state, ended_at: *ended_at, reason: *reason };
    serde_json::to_string(&job).expect("a job has text keys")
}

/// The session of a message of [`end_job`].
pub fn session_of_end_job(text: &str) -> Result<Over, StoreError> {
    let job: EndJob =
        serde_json::from_str(text).map_err(|error| StoreError::Corrupt(KIND, error.to_string()))?;
    Ok(Over { room: job.state.into_room(&job.room)?, ended_at: job.ended_at, reason: job.reason })
}
