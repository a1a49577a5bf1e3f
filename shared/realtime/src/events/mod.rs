//! What each event does. A module has a `handle` of [`Realtime`](crate::Realtime), of who is connected, and of the request,
//! which gives the data of the answer.

use api::Fields;
use models::{Participant, ParticipantId, Refusal};
use serde::Serialize;
use serde_json::value::to_raw_value;
use store::{Who, Whom};

use crate::Answer;

pub mod admit_participant;
pub mod chat_message;
pub mod deny_participant;
pub mod join_room;
pub mod leave_room;
pub mod lock_room;
pub mod mute_participant;
pub mod remove_participant;
pub mod send_to_waiting;
pub mod show;
pub mod signal;
pub mod sync;
pub mod typing;
pub mod update_lock_settings;

/// An answer of this data.
fn data(answer: &impl Serialize) -> Answer {
    to_raw_value(answer).expect("our answers have text keys").into()
}

/// The participant whom a field names by his id.
fn participant(fields: &mut Fields, name: &str) -> Option<ParticipantId> {
    let text = fields.text(name)?;
    let id = text.parse().ok();
    if id.is_none() {
        fields.refuse(name, "must be the id of a participant");
    }
    id
}

/// Those who are meant of those who wait: one by his id, or `all`.
fn waiters(mut fields: Fields) -> Result<Whom<'static>, Refusal> {
    let one = participant(&mut fields, "participantId");
    let all = fields.boolean("all") == Some(true);
    if one.is_some() == all {
        fields.refuse("participantId", "or `all` is required, and not both");
    }
    fields.finish()?;
    Ok(one.map_or(Whom::All, |id| Whom::One(Who::Participant(id))))
}

/// All of these people but one.
fn others(people: &[Participant], but: ParticipantId) -> impl Iterator<Item = &Participant> {
    people.iter().filter(move |person| person.id != but)
}
