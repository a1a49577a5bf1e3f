//! `remove-participant`: a moderator puts somebody out who is in or waits, and bars him if he wants to.

use api::{Fields, Halt};
use models::{Participant, Refusal, Room};
use serde_json::json;
use socket::Request;
use store::{Connected, Removal};

use super::{data, participant};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let mut fields = Fields::of(request.data.clone());
    fields.require("participantId");
    let id = participant(&mut fields, "participantId");
    let ban = fields.boolean("ban").unwrap_or(false);
    fields.finish()?;
    let seat = realtime.moderator(connected).await?;
    let target = realtime.somebody(&seat, id).await?;
    if ban && target.user == seat.person.user {
        return Err(Refusal::invalid("participantId", "must not be your own").into());
    }
    let removal =
        Removal { room: &seat.room.key, user: &target.user, ban, message: "", pause: realtime.departure };
    let authorise = |room: &Room, _: Option<&Participant>| {
        room.is_still(seat.room.sid)?;
        room.may_unseat(&seat.person.user, &target.user)
    };
    realtime.store.remove(removal, authorise, None).await?;
    Ok(data(&json!({"participantId": target.id, "banned": ban})))
}
