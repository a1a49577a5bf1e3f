//! `send-to-waiting`: takes the seat from somebody, who waits from then on, behind those who do.

use api::{Fields, Halt};
use models::{Participant, Refusal, Room};
use serde_json::json;
use socket::Request;
use store::{Connected, Who};

use super::{data, participant};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.moderator(connected).await?;
    let mut fields = Fields::of(request.data.clone());
    fields.require("participantId");
    let id = participant(&mut fields, "participantId");
    fields.finish()?;
    let who = Who::Participant(id.ok_or(Refusal::ParticipantNotFound)?);
    let (room, sid) = (&seat.room.key, seat.room.sid);
    let kept = (realtime.sockets.grace().waiting, realtime.departure);
    let authorise = |room: &Room, person: &Participant| {
        // Whom nobody sees nobody sends anywhere.
        if person.hidden {
            return Err(Refusal::ParticipantNotFound);
        }
        room.may_unseat(&seat.person.user, &person.user)
    };
    let id = realtime.store.send_back((room, sid), who, kept, authorise, None).await?;
    Ok(data(&json!({"participantId": id})))
}
