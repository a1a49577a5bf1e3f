//! `lock-room`: nobody new enters, or people may again. The others hear of it by the relay, as of a lock over HTTP.

use api::{Fields, Halt};
use models::Room;
use serde_json::json;
use socket::Request;
use store::{Connected, SettingsChange};

use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let mut fields = Fields::of(request.data.clone());
    fields.require("locked");
    let locked = fields.boolean("locked");
    fields.finish()?;
    let seat = realtime.moderator(connected).await?;
    let decide = |room: &Room| {
        room.is_still(seat.room.sid)?;
        let locked = locked.filter(|locked| *locked != room.locked);
        Ok(SettingsChange { locked, settings: None, max_participants: None })
    };
    let (room, _) = realtime.store.change_settings(&seat.room.key, decide, None).await?;
    Ok(super::data(&json!({"locked": room.locked})))
}
