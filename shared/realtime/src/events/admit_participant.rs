//! `admit-participant`: lets one in who waits, or several, or all, as far as seats last. Each of them hears of it by the relay.

use api::{Fields, Halt};
use serde_json::json;
use socket::Request;
use store::{Connected, Waiters};

use super::{data, waiters};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let whom = waiters(Fields::of(request.data.clone()))?;
    let seat = realtime.moderator(connected).await?;
    let waiters = Waiters { room: &seat.room.key, sid: seat.room.sid, whom };
    let unattached = realtime.sockets.grace().waiting;
    let done = realtime.store.admit_waiters(waiters, unattached, None).await?;
    Ok(data(&json!({"admitted": done.admitted, "waiting": done.waiting})))
}
