//! The waiting room, on the embedded DynamoDB.

mod crowded;
mod decided;
mod races;
mod told;

use std::time::Duration;

use models::{
    Client, Connection, Denial, Participant, ParticipantId, Profile, Refusal, Role, Room, RoomKey, Standing,
};
use store::{Admission, Caller, Connected, Credential, Door, Halt, Store, Waiters, Who, Whom};
use testing::TestTable;
use testing::rooms::{HOST, PAST_ROOMS, Rooms, user_id};

/// How long a seat is kept to which nobody has connected yet.
const UNATTACHED: Duration = Duration::from_mins(1);

/// A room by code with a waiting room, so many seats and its host in.
async fn guarded(table: &TestTable, seats: u32) -> Room {
    let rooms = table.rooms();
    let key = rooms.by_code(seats).await.key;
    rooms.set(&key, |settings| settings.waiting_room = true).await;
    assert!(rooms.join(&key, HOST).await.expect("a seat").active);
    rooms.state(&key).await
}

/// These wait, one after the other.
async fn wait(table: &TestTable, key: &RoomKey, users: &[&str]) -> Vec<Admission> {
    let mut waiting = vec![];
    for user in users {
        table.clock.advance(Duration::from_millis(1));
        let waiter = table.rooms().join(key, user).await.expect("a place");
        assert!(!waiter.active, "{user} waits");
        waiting.push(waiter);
    }
    waiting
}

/// Somebody joins over a connection.
async fn join_on(store: &Store, room: &RoomKey, user: &str, connection: &str) -> Admission {
    let connection = Connection { id: connection.try_into().expect("an id"), client: Client::Plain };
    let connected: Connected = store.note_connection(connection, Caller::Guest).await.expect("noted");
    let (user, profile) = (user_id(user), Profile { name: user.to_owned(), avatar_url: None });
    let credential = Credential::User { id: &user, profile: &profile };
    let door = Door { room, credential, unattached: UNATTACHED, past_rooms: PAST_ROOMS };
    store.admit_on(&door, &connected, None).await.expect("a place")
}

fn one(room: &Room, id: ParticipantId) -> Waiters<'_> {
    Waiters { room: &room.key, sid: room.sid, whom: Whom::One(Who::Participant(id)) }
}

fn several(room: &Room, ids: impl IntoIterator<Item = ParticipantId>) -> Waiters<'_> {
    Waiters { room: &room.key, sid: room.sid, whom: Whom::Several(ids.into_iter().collect()) }
}

fn all(room: &Room) -> Waiters<'_> {
    Waiters { room: &room.key, sid: room.sid, whom: Whom::All }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Halt>) -> Refusal {
    match result {
        Err(Halt::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// What is stored of somebody.
async fn person(store: &Store, room: &RoomKey, user: &str) -> Participant {
    let seen = store.look(room, false, Some(&user_id(user))).await.expect("readable");
    seen.participant.expect("somebody")
}

fn ids(admissions: &[Admission]) -> Vec<ParticipantId> {
    admissions.iter().map(|admission| admission.id).collect()
}
