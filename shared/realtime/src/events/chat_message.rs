//! `chat-message`: says something to everybody, or, with `to`, to one participant. Nothing of it is stored.

use api::{Fields, Halt};
use models::{Act, Refusal};
use socket::{Request, ServerEvent};
use store::Connected;

use super::{data, others, participant};
use crate::{Answer, ChatMessageOut, Realtime, of_id};

/// Most characters of a message.
const LONGEST: usize = 2_000;

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.seat(connected).await?;
    let mut fields = Fields::of(request.data.clone());
    fields.require("content");
    let content = fields.text("content").unwrap_or_default();
    if content.trim().is_empty() || content.chars().count() > LONGEST {
        fields.refuse("content", format!("must be 1 to {LONGEST} characters, and not blank"));
    }
    let to = participant(&mut fields, "to");
    fields.finish()?;
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
    match to {
        None => {
            realtime.tell(others(&people, seat.person.id), ServerEvent::ChatMessage, &message).await?;
        }
        Some(to) => {
            let target = of_id(people, to).ok().filter(|target| seat.person.may_see(target, &seat.room));
            let target = target.ok_or(Refusal::ParticipantNotFound)?;
            realtime.tell([&target], ServerEvent::ChatMessage, &message).await?;
        }
    }
    Ok(data(&message))
}
