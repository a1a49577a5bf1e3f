//! `typing-start` and `typing-stop`: the others see that somebody is writing, who may write.

use api::Halt;
use models::Act;
use serde_json::json;
use socket::{ClientEvent, Request, ServerEvent};
use store::Connected;

use super::{data, told_to_others};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.seat(connected).await?;
    let is_typing = request.event == ClientEvent::TypingStart;
    if is_typing {
        seat.person.may(Act::Chat, &seat.room)?;
    }
    if seat.person.hidden {
        return Ok(data(&json!({"isTyping": is_typing})));
    }
    let mut people = realtime.present(&seat.room.key, seat.room.sid).await?;
    people.retain(|person| person.may_see(&seat.person, &seat.room));
    let typing = json!({"senderId": seat.person.id, "isTyping": is_typing});
    let told = (ServerEvent::UserTyping, &typing);
    Ok(told_to_others(&json!({"isTyping": is_typing}), (people, seat.person.id), told))
}
