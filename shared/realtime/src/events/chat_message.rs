//! `chat-message`: says something to everybody, or, with `to`, to one participant. Nothing of it is stored.

use api::{Fields, Halt};
use models::{Act, Refusal};
use socket::{Request, ServerEvent};
use store::Connected;

use super::{participant, told_to_others};
use crate::{Answer, ChatMessageOut, Realtime, of_id};

/// Most characters of a message.
const LONGEST: usize = 2_000;

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let mut fields = Fields::of(request.data.clone());
    fields.require("content");
    let content = fields.text("content");
    if content.as_ref().is_some_and(|text| text.trim().is_empty() || text.chars().count() > LONGEST) {
        fields.refuse("content", format!("must be 1 to {LONGEST} characters, and not blank"));
    }
    let to = participant(&mut fields, "to");
    fields.finish()?;
    let content = content.unwrap_or_default();
    let seat = realtime.seat(connected).await?;
    let act = if to.is_some() { Act::ChatInPrivate } else { Act::Chat };
    seat.person.may(act, &seat.room)?;

    let people = realtime.present(&seat.room.key, seat.room.sid).await?;
    let now = realtime.now();
    let message = ChatMessageOut {
        id: realtime.random.uuid_at(now).to_string(),
        sender_id: Some(seat.person.id),
        sender_name: Some(seat.person.profile.name.clone()),
        content,
        to,
        sent_at: now.to_string(),
    };
    let heard = match to {
        None => people,
        Some(to) => {
            let target = of_id(people, to).ok().filter(|target| seat.person.may_see(target, &seat.room));
            vec![target.ok_or(Refusal::ParticipantNotFound)?]
        }
    };
    Ok(told_to_others(&message, (heard, seat.person.id), (ServerEvent::ChatMessage, &message)))
}
