//! What each event does. A module has a `handle` of [`Realtime`](crate::Realtime), of who is connected, and of the request,
//! which gives the data of the answer.

use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::Data;

pub mod join_room;
pub mod leave_room;
pub mod lock_room;
pub mod sync;

/// An answer as data.
fn data(answer: &impl Serialize) -> Data {
    to_raw_value(answer).expect("our answers have text keys")
}
