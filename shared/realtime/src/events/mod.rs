//! What each event does. A module has a `handle` of [`Realtime`](crate::Realtime), of who is connected, and of the request,
//! which gives the data of the answer.

use std::collections::BTreeSet;

use api::Fields;
use models::{Participant, ParticipantId, Refusal};
use serde::Serialize;
use serde_json::value::to_raw_value;
use socket::ServerEvent;
use store::{Who, Whom};

use crate::{Answer, Telling};

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

/// Most ids in a list of participants.
const MOST_NAMED: usize = 99;

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

/// The participants whom a field names by their ids, each of them once.
fn participants(fields: &mut Fields, name: &str) -> Option<BTreeSet<ParticipantId>> {
    let texts = fields.texts(name, 1..=MOST_NAMED)?;
    let ids: Option<_> = texts.iter().map(|text| text.parse().ok()).collect();
    if ids.is_none() {
        fields.refuse(name, "must have ids of participants only");
    }
    ids
}

/// Those who are meant of those who wait: one or several by their ids, or `all`.
fn waiters(mut fields: Fields) -> Result<Whom<'static>, Refusal> {
    let one = participant(&mut fields, "participantId").map(|id| Whom::One(Who::Participant(id)));
    let several = participants(&mut fields, "participantIds").map(Whom::Several);
    let all = fields.boolean("all").and_then(|all| all.then_some(Whom::All));
    fields.finish()?;
    let mut meant = [one, several, all].into_iter().flatten();
    match (meant.next(), meant.next()) {
        (Some(whom), None) => Ok(whom),
        _ => Err(Refusal::invalid(
            "participantId",
            "or `participantIds`, or `all`, is required, and one of them alone",
        )),
    }
}

/// An answer of this data, of which all who are in hear something, too, but the one who asks.
fn told_to_others(
    answer: &impl Serialize,
    (people, but): (Vec<Participant>, ParticipantId),
    (event, told): (ServerEvent, &impl Serialize),
) -> Answer {
    let to = people.into_iter().filter(|person| person.id != but).filter_map(|person| person.connection);
    let telling = Telling { to: to.collect(), event, data: data(told).data };
    Answer { telling: Some(telling), ..data(answer) }
}
