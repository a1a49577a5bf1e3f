//! What connections are told of a change.

use api::Error;
use outbox::{Entry, Queue};
use realtime::Notice;
use store::StreamChange;

/// Puts it on the queue. The record's number is what it is known by when it comes twice: the same may be told again, of
/// another change.
pub(crate) async fn relay(queue: &Queue, number: &str, change: &StreamChange) -> Result<(), Error> {
    let notices = match change {
        StreamChange::Room(change) => Notice::of_room(change),
        StreamChange::Person(change) => Notice::of_person(change),
    };
    let mut entries = Vec::with_capacity(notices.len());
    for (place, notice) in notices.iter().enumerate() {
        let text = serde_json::to_string(notice)?;
        entries.push(Entry::in_order(&text, notice.sid.to_string(), format!("{number}-{place}")));
    }
    Ok(queue.send(entries).await?)
}
