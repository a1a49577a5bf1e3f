//! `update-lock-settings`: a moderator says what one participant, or everybody without rights, is kept from.

use api::{Fields, Halt};
use models::{Lock, LockChange, Refusal, Violation};
use serde_json::{Map, Value, json};
use socket::Request;
use store::{Connected, Told};

use super::{data, participant};
use crate::{Answer, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, request: &Request) -> Result<Answer, Halt> {
    let seat = realtime.moderator(connected).await?;
    let mut fields = Fields::of(request.data.clone());
    let id = participant(&mut fields, "participantId");
    fields.require("lockSettings");
    let settings = fields.object("lockSettings").unwrap_or_default();
    fields.finish()?;
    let change = change(&settings)?;
    let target = match id {
        Some(id) => Some(realtime.somebody(&seat, Some(id)).await?),
        None => None,
    };
    let whom = target.as_ref().map(|target| &target.user);
    let told = Told { room: &seat.room.key, sid: seat.room.sid, whom, change: &change };
    realtime.store.change_locks(told, None).await?;
    Ok(data(&json!({"participantId": id, "lockSettings": settings})))
}

/// The locks that are set and lifted, by plugNmeet's names of them.
fn change(settings: &Map<String, Value>) -> Result<LockChange, Refusal> {
    let mut violations = vec![];
    let mut change = LockChange::new();
    for (name, value) in settings {
        let field = || format!("lockSettings.{name}");
        match (Lock::ALL.into_iter().find(|lock| lock.setting() == name), value.as_bool()) {
            (Some(lock), Some(locked)) => {
                change.insert(lock, locked);
            }
            (None, _) => violations.push(Violation::new(field(), "is not a known lock")),
            (_, None) => violations.push(Violation::new(field(), "must be true or false")),
        }
    }
    if violations.is_empty() { Ok(change) } else { Err(Refusal::Invalid(violations)) }
}
