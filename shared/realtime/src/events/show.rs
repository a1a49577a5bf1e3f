//! `toggle-audio`, `toggle-video`, `start-screen-share`, `stop-screen-share` and `toggle-hand-raise`: what somebody shows of
//! himself. It is stored with him, so that those who come later see it, and told to the others at once.

use api::{Fields, Halt};
use models::{MediaChange, Refusal};
use serde_json::json;
use socket::{ClientEvent, Request, ServerEvent};
use store::{Connected, Shown};

use super::{data, others};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.seat(connected).await?;
    let enabled = enabled(request)?;
    let change = change(request.event, enabled)?;
    let shown = Shown {
        room: &seat.room.key,
        sid: seat.room.sid,
        user: &seat.person.user,
        by: &connected.connection.id,
        change,
    };
    let is_changed = realtime.store.show(shown).await?;
    if is_changed && !seat.person.hidden {
        let event = ServerEvent::of(request.event.as_str()).ok_or(Refusal::UnknownEvent)?;
        let people = realtime.present(&seat.room.key, seat.room.sid).await?;
        let told = json!({"senderId": seat.person.id, "enabled": enabled});
        realtime.tell(others(&people, seat.person.id), event, &told).await?;
    }
    Ok(data(&json!({"enabled": enabled})))
}

fn enabled(request: &Request) -> Result<bool, Refusal> {
    match request.event {
        ClientEvent::StartScreenShare => Ok(true),
        ClientEvent::StopScreenShare => Ok(false),
        _ => {
            let mut fields = Fields::of(request.data.clone());
            fields.require("enabled");
            let enabled = fields.boolean("enabled");
            fields.finish()?;
            Ok(enabled == Some(true))
        }
    }
}

fn change(event: ClientEvent, on: bool) -> Result<MediaChange, Refusal> {
    let (none, on) = (MediaChange::default(), Some(on));
    match event {
        ClientEvent::ToggleAudio => Ok(MediaChange { audio: on, ..none }),
        ClientEvent::ToggleVideo => Ok(MediaChange { video: on, ..none }),
        ClientEvent::StartScreenShare | ClientEvent::StopScreenShare => {
            Ok(MediaChange { screen: on, ..none })
        }
        ClientEvent::ToggleHandRaise => Ok(MediaChange { hand: on, ..none }),
        _ => Err(Refusal::UnknownEvent),
    }
}
