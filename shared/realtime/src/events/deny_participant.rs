//! `deny-participant`: turns one away who waits, or several, or all. They may ask again.

use api::{Fields, Halt};
use models::Denial;
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
    let denied = realtime.store.deny_waiters(waiters, Denial::Moderator, None).await?;
    Ok(data(&json!({"denied": denied})))
}
