//! `?dryRun=true`: would it work now? Takes nothing.

use api::rooms::refusal_text;
use api::{Answer, App, Halt, Request, User};
use models::{Entry, Profile, Refusal, RoomKey};
use serde::Serialize;

use crate::{Config, door, guest_name};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRunOut {
    can_join: bool,
    reason: Option<&'static str>,
    message: Option<String>,
    waiting_room: bool,
}

/// Says how this visitor would come in, or why not; always 200, but for a malformed request.
pub(crate) async fn answer(
    app: &App<Config>,
    request: &Request,
    room: Option<&RoomKey>,
    user: Option<&User>,
) -> Result<Answer, Halt> {
    // The name is not needed, but what could not be joined with is malformed here too.
    if request.object_or_empty()?.get("guestName").is_some_and(|name| !name.is_null()) {
        guest_name(request, user.is_some())?;
    }
    let nobody = Profile { name: String::new(), avatar_url: None };
    let entry = match room {
        Some(room) => app.store.would_admit(&door(app, room, user, &nobody)).await,
        None => Err(Refusal::RoomNotFound.into()),
    };
    match entry {
        Ok(entry) => Ok(said(&Ok(entry))),
        Err(Halt::Refused(refusal)) => Ok(said(&Err(refusal))),
        Err(halt) => Err(halt),
    }
}

fn said(entry: &Result<Entry, Refusal>) -> Answer {
    let refusal = entry.as_ref().err();
    let out = DryRunOut {
        can_join: refusal.is_none(),
        reason: refusal.map(Refusal::code),
        message: refusal.map(|refusal| refusal_text(refusal).1),
        waiting_room: *entry == Ok(Entry::Wait),
    };
    Answer::json(200, &out)
}
