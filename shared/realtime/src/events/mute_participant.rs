//! `mute-participant`: a moderator turns somebody's microphone off. Who it is hears of it by the relay, as of a mute over
//! HTTP; he may turn it on again.

use api::{Fields, Halt};
use serde_json::json;
use socket::Request;
use store::{Connected, Mute};

use super::{data, participant};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.moderator(connected).await?;
    let mut fields = Fields::of(request.data.clone());
    fields.require("participantId");
    let id = participant(&mut fields, "participantId");
    fields.finish()?;
    let target = realtime.somebody(&seat, id).await?;
    let (room, sid) = (&seat.room.key, seat.room.sid);
    let mute = Mute { room, sid, whom: Some(&target.user), by: seat.person.id };
    realtime.store.mute(mute, None).await?;
    Ok(data(&json!({"participantId": target.id})))
}
