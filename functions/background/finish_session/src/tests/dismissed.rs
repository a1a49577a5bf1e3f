//! Whoever is connected to a session that is over.

use models::{Client, Connection, Profile};
use store::{Caller, Connected, Credential, Door};
use testing::Connections;

use super::*;

async fn listening(table: &TestTable, connections: &Connections) -> Worker<Config> {
    let endpoint = connections.endpoint();
    let env = table.env_with("finish_session", &[("CONNECTIONS_ENDPOINT", &endpoint)]);
    table.worker_in(env, Config::load).await
}

async fn connect(table: &TestTable, id: &str, client: Client) -> Connected {
    let connection = Connection { id: id.try_into().expect("an id"), client };
    table.store().note_connection(connection, Caller::Guest).await.expect("noted")
}

/// Somebody joins this room by code by his connection.
async fn join_on(table: &TestTable, room: &Room, user: &str, connected: &Connected) {
    let (user, profile) =
        (testing::rooms::user_id(user), Profile { name: user.to_owned(), avatar_url: None });
    let credential = Credential::User { id: &user, profile: &profile };
    let unattached = Duration::from_mins(1);
    let door = Door { room: &room.key, credential, unattached, past_rooms: PAST_ROOMS };
    table.store().admit_on(&door, connected, None).await.expect("a seat");
}

async fn last_job(table: &TestTable) -> String {
    jobs(&table.records().await).pop().expect("an end")
}

#[tokio::test]
async fn each_is_told_in_his_own_words_and_closed_once_however_often_the_job_is_done() {
    let table = TestTable::new().await;
    let connections = Connections::start().await;
    let (worker, rooms) = (listening(&table, &connections).await, table.rooms());
    let room = rooms.by_code(5).await;
    join_on(&table, &room, "ann", &connect(&table, "plain", Client::Plain).await).await;
    join_on(&table, &room, "bob", &connect(&table, "packets", Client::SocketIo).await).await;
    join_on(&table, &room, "cyd", &connect(&table, "lost", Client::Plain).await).await;
    rooms.join(&room.key, "dan").await.expect("a seat over REST");
    connections.lose("lost");
    rooms.end_session(&room.key).await;
    let job = last_job(&table).await;
    assert_eq!(finish_jobs(&table, &worker, std::slice::from_ref(&job)).await, [0; 0]);
    let mut heard = connections.heard();
    heard.sort_by_key(|(id, _)| id.clone());
    let said = |text: &str| Some(text.to_owned());
    let expected = [
        ("packets", said(r#"42["room-ended",{"reason":"api"}]"#)),
        ("packets", said("41")),
        ("packets", None),
        ("plain", said(r#"{"event":"room-ended","data":{"reason":"api"}}"#)),
        ("plain", None),
    ];
    assert_eq!(heard, expected.map(|(id, said)| (id.to_owned(), said)));
    assert_eq!(finish_jobs(&table, &worker, &[job]).await, [0; 0]);
    assert_eq!(connections.heard(), []);
}

#[tokio::test]
async fn whoever_is_somewhere_else_by_the_same_connection_keeps_it() {
    let table = TestTable::new().await;
    let connections = Connections::start().await;
    let (worker, rooms) = (listening(&table, &connections).await, table.rooms());
    let (one, other) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let ann = connect(&table, "ann", Client::Plain).await;
    join_on(&table, &one, "ann", &ann).await;
    // Cut off before she left the one.
    let bound = table.store().connection(&ann.connection.id).await.expect("readable").expect("there");
    join_on(&table, &other, "ann", &bound).await;
    rooms.end_session(&one.key).await;
    let job = last_job(&table).await;
    assert_eq!(finish_jobs(&table, &worker, &[job]).await, [0; 0]);
    assert_eq!(connections.heard(), []);
}
