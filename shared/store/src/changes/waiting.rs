//! What a change of somebody's record says of the waiting room.

use models::{Participant, RoomKey, Standing};

use crate::StoreError;
use crate::items::{Item, ParticipantItem};

/// Somebody begins to wait, or waits no longer, since he is in. Who is denied is told with his connection
/// ([`super::Dropped`]): without one there is nobody to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingChange {
    /// The room.
    pub room: RoomKey,
    /// He, as he is from then on, with the connection that he may hear of it by.
    pub person: Participant,
    /// What happened.
    pub what: Waited,
}

/// What happened to somebody who waits, or waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// He came, and waits: host and moderators are told.
    Came,
    /// He was in, and was sent back: host and moderators are told, and he is.
    SentBack,
    /// He was admitted by somebody: he is told.
    Admitted,
}

/// What the two images of somebody's record say of that, if anything.
pub(super) fn waited(
    room: &RoomKey,
    old: Option<&serde_dynamo::Item>,
    new: &serde_dynamo::Item,
) -> Result<Option<WaitingChange>, StoreError> {
    let decode = |image: &serde_dynamo::Item| ParticipantItem::decode(Item::from(image.clone()));
    // Most people never wait, and of these nothing more is read.
    if ![old, Some(new)].into_iter().flatten().any(waits) {
        return Ok(None);
    }
    let (before, person) = (old.map(decode).transpose()?, decode(new)?);
    let what = what(before.as_ref(), &person);
    Ok(what.map(|what| WaitingChange { room: room.clone(), person, what }))
}

fn waits(image: &serde_dynamo::Item) -> bool {
    matches!(image.get("status"), Some(serde_dynamo::AttributeValue::S(word)) if word == Standing::Waiting.word())
}

fn what(before: Option<&Participant>, after: &Participant) -> Option<Waited> {
    let before = before.filter(|before| before.sid == after.sid);
    match (before.map(|before| before.standing), after.standing) {
        // A new sitting of his place is nothing that others did not know.
        (Some(Standing::Waiting), Standing::Waiting) => None,
        (Some(Standing::Active), Standing::Waiting) => Some(Waited::SentBack),
        (_, Standing::Waiting) => Some(Waited::Came),
        // Who comes in by himself begins a new sitting, and is answered.
        (Some(Standing::Waiting), Standing::Active) => {
            (before.and_then(|before| before.session) == after.session).then_some(Waited::Admitted)
        }
        _ => None,
    }
}
