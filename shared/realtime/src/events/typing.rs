//! `typing-start` and `typing-stop`: the others see that somebody is writing, who may write.

use api::Halt;
use models::Act;
use serde_json::json;
use socket::{ClientEvent, Request, ServerEvent};
use store::Connected;

use super::{data, others};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.seat(connected).await?;
    let is_typing = request.event == ClientEvent::TypingStart;
    if is_typing {
        seat.person.may(Act::Chat, &seat.room)?;
    }
    let people = realtime.present(&seat.room.key, seat.room.sid).await?;
    let typing = json!({"senderId": seat.person.id, "isTyping": is_typing});
    if !seat.person.hidden {
        realtime.tell(others(&people, seat.person.id), ServerEvent::UserTyping, &typing).await?;
    }
    Ok(data(&json!({"isTyping": is_typing})))
}
