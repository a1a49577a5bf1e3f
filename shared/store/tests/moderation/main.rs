//! What moderators say of people who are in, on the embedded DynamoDB.

mod locks;
mod muted;

use models::{Participant, Refusal, RoomKey};
use store::{Halt, Store};
use testing::rooms::user_id;

/// What is stored of somebody.
async fn person(store: &Store, room: &RoomKey, user: &str) -> Participant {
    let seen = store.look(room, false, Some(&user_id(user))).await.expect("readable");
    seen.participant.expect("somebody")
}

fn refused<T: std::fmt::Debug>(result: Result<T, Halt>) -> Refusal {
    match result {
        Err(Halt::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}
