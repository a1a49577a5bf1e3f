//! Connections and the places that are taken by them, on the embedded DynamoDB.

mod pace;
mod places;
mod races;
mod returns;
mod shown;
mod told;

use std::time::Duration;

use models::{
    Client, Connection, ConnectionId, JoinToken, Participant, Profile, Refusal, RoomKey, SessionToken, Sid,
};
use store::{Admission, Caller, Connected, Credential, Door, Grace, Halt, Store, StreamChange, StreamRecord};
use testing::TestTable;
use testing::rooms::PAST_ROOMS;

/// How long a place is kept without a connection.
const GRACE: Grace = Grace { seat: Duration::from_secs(20), waiting: Duration::from_mins(1) };

/// How long a seat is kept to which nobody has connected yet.
const UNATTACHED: Duration = Duration::from_mins(1);

fn id(text: &str) -> ConnectionId {
    text.try_into().expect("an id")
}

/// A new connection of nobody known.
async fn connect(store: &Store, connection: &str) -> Connected {
    let connection = Connection { id: id(connection), client: Client::SocketIo };
    store.note_connection(connection, Caller::Guest).await.expect("noted")
}

fn door<'a>(room: &'a RoomKey, credential: Credential<'a>) -> Door<'a> {
    Door { room, credential, unattached: UNATTACHED, past_rooms: PAST_ROOMS }
}

/// Trades a join token over a connection.
async fn redeem_on(store: &Store, token: &JoinToken, connected: &Connected) -> Result<Admission, Halt> {
    store.admit_on(&door(&token.room, Credential::Token(token)), connected, None).await
}

/// Joins a room by code as a user over a connection.
async fn join_on(
    store: &Store,
    room: &RoomKey,
    user: &str,
    connected: &Connected,
) -> Result<Admission, Halt> {
    let user = testing::rooms::user_id(user);
    let profile = Profile { name: "Somebody".to_owned(), avatar_url: None };
    store.admit_on(&door(room, Credential::User { id: &user, profile: &profile }), connected, None).await
}

/// Takes up the place again that the token is of.
async fn attach(store: &Store, token: &SessionToken, connected: &Connected) -> Result<SessionToken, Halt> {
    let resumed = store.attach(token, connected, None).await?;
    Ok(SessionToken { session: resumed.session, ..token.clone() })
}

/// What is stored of the only person of a room.
async fn person(store: &Store, room: &RoomKey) -> Participant {
    let people = store.participants(room).await.expect("readable");
    people.into_iter().next().expect("somebody")
}

/// The connection of everybody who has a seat.
async fn connections(store: &Store, room: &RoomKey, sid: Sid) -> Vec<Option<Connection>> {
    let present = store.present(room, sid).await.expect("readable");
    present.into_iter().map(|person| person.connection).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Halt>) -> Refusal {
    match result {
        Err(Halt::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// What happened last in a room.
async fn last_event(table: &TestTable, room: &RoomKey) -> serde_json::Value {
    table.history(room).await.last().expect("written").event()
}

/// What the stream has said so far of people.
async fn told(table: &TestTable) -> Vec<store::PersonChange> {
    let records = table.records().await.into_iter();
    let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).expect("a record"));
    let changes = records.filter_map(|record| record.change().expect("readable"));
    let of_person = |change| match change {
        StreamChange::Person(change) => Some(*change),
        StreamChange::Room(_) => None,
    };
    changes.filter_map(of_person).collect()
}
