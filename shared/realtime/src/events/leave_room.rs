//! `leave-room`: gives up the seat, or the place in the waiting room. Outside of a room, and again, it is harmless.

use api::{Halt, log};
use serde_json::json;
use socket::Request;
use store::{Binding, Connected};

use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, _: &Request) -> Result<Answer, Halt> {
    if let Some(bound) = &connected.bound {
        leave(realtime, bound).await?;
    }
    Ok(super::data(&json!({})))
}

/// Gives up the place of a connection, if it is of the sitting that took it.
pub(super) async fn leave(realtime: &Realtime, bound: &Binding) -> Result<(), Halt> {
    log::room(&bound.room);
    let sitting = bound.sitting(realtime.now());
    realtime.store.leave(&sitting, realtime.departure, None).await?;
    Ok(())
}
