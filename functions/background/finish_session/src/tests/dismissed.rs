//! Whoever is connected to a session that is over.

use models::Client;
use testing::Connections;

use super::*;

async fn last_job(table: &TestTable) -> String {
    jobs(&table.records().await).pop().expect("an end")
}

#[tokio::test]
async fn each_is_told_in_his_own_words_and_closed_once_however_often_the_job_is_done() {
    let table = TestTable::new().await;
    let connections = Connections::start().await;
    let worker = table.worker_to(&connections, "finish_session", Config::load).await;
    let rooms = table.rooms();
    let room = rooms.by_code(5).await;
    rooms.join_on(&room.key, "ann", &rooms.connect("plain", Client::Plain).await).await;
    rooms.join_on(&room.key, "bob", &rooms.connect("packets", Client::SocketIo).await).await;
    rooms.join_on(&room.key, "cyd", &rooms.connect("lost", Client::Plain).await).await;
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
    let worker = table.worker_to(&connections, "finish_session", Config::load).await;
    let rooms = table.rooms();
    let (one, other) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let ann = rooms.connect("ann", Client::Plain).await;
    rooms.join_on(&one.key, "ann", &ann).await;
    // Cut off before she left the one.
    let bound = table.store().connection(&ann.connection.id).await.expect("readable").expect("there");
    rooms.join_on(&other.key, "ann", &bound).await;
    rooms.end_session(&one.key).await;
    let job = last_job(&table).await;
    assert_eq!(finish_jobs(&table, &worker, &[job]).await, [0; 0]);
    assert_eq!(connections.heard(), []);
}
