//! `offer`, `answer` and `ice-candidate`: what two participants need to find each other by WebRTC, relayed as it is.

use api::{Fields, Halt};
use models::{Act, Refusal};
use serde_json::json;
use socket::{Request, ServerEvent};
use store::Connected;

use super::{data, participant};
use crate::{Answer, Realtime, of_id};

/// Does it. The answer says whether there was a connection to relay to: a participant may be away.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.seat(connected).await?;
    let mut fields = Fields::of(request.data.clone());
    fields.require("targetId");
    let target = participant(&mut fields, "targetId");
    fields.finish()?;
    seat.person.may(Act::Signal, &seat.room)?;
    let people = realtime.present(&seat.room.key, seat.room.sid).await?;
    let target = target.and_then(|id| of_id(people, id).ok());
    let target = target.filter(|target| seat.person.may_see(target, &seat.room));
    let target = target.ok_or(Refusal::ParticipantNotFound)?;

    let mut relayed = request.data.clone();
    relayed.remove("targetId");
    // In the place of whatever its sender says.
    relayed.insert("senderId".to_owned(), json!(seat.person.id));
    let event = ServerEvent::of(request.event.as_str()).ok_or(Refusal::UnknownEvent)?;
    let told = realtime.tell([&target], event, &relayed).await?;
    Ok(data(&json!({"delivered": told > 0})))
}
