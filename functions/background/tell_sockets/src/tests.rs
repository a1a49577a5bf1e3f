use models::{Client, Connection, Room};
use realtime::Notice;
use serde_json::{Value, json};
use store::{Caller, Why};
use testing::rooms::HOST;
use testing::{Draft, TestTable};
use uuid::Uuid;

use super::*;

const QUEUE: &str = "NoticesQueue";

async fn teller(table: &TestTable) -> Worker<Config> {
    table.worker("tell_sockets", Config::load).await
}

/// A session with somebody in it, to whose seat nobody is connected.
async fn session(table: &TestTable) -> Room {
    let room = table.rooms().by_code(5).await;
    table.rooms().join(&room.key, HOST).await.expect("a seat");
    table.rooms().state(&room.key).await
}

/// Puts a text on the queue, among those of this session.
fn send(table: &TestTable, room: &Room, text: &str) {
    let count = table.messages(QUEUE).len().to_string();
    table.send(QUEUE, Draft::new(text).in_group(room.sid.to_string()).once_as(&count));
}

fn notice(room: &Room, what: What) -> String {
    let notice = Notice { room: room.key.clone(), sid: room.sid, what };
    serde_json::to_string(&notice).expect("serialises")
}

/// Works on what is on the queue; says of each message by its place whether it is done.
async fn tell_all(table: &TestTable, worker: &Worker<Config>) -> Vec<bool> {
    let event = table.receive(QUEUE);
    let ids: Vec<Value> =
        event["Records"].as_array().expect("records").iter().map(|one| one["messageId"].clone()).collect();
    let response = handle(worker, serde_json::from_value(event).expect("an event")).await.expect("handled");
    let failed: Vec<_> = response.batch_item_failures.iter().map(|one| json!(one.item_identifier)).collect();
    ids.iter().map(|id| !failed.contains(id)).collect()
}

#[tokio::test]
async fn what_comes_after_a_notice_that_failed_waits_for_it_and_other_sessions_do_not() {
    let table = TestTable::new().await;
    let worker = teller(&table).await;
    let (one, two) = (session(&table).await, session(&table).await);
    let locked = |room: &Room, seq| notice(room, What::Locked { locked: true, seq });
    send(&table, &one, &locked(&one, 2));
    send(&table, &one, "no notice");
    send(&table, &one, &locked(&one, 3));
    send(&table, &two, &locked(&two, 2));
    let done = tell_all(&table, &worker).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 2, "the first of the one, and the other: {done:?}");
}

#[tokio::test]
async fn what_is_not_there_any_more_is_told_nobody_and_is_done() {
    let table = TestTable::new().await;
    let (worker, rooms) = (teller(&table).await, table.rooms());
    let room = session(&table).await;
    let gone = Connection { id: "gone".try_into().expect("an id"), client: Client::Plain };
    let user = testing::rooms::user_id("ann");
    send(&table, &room, &notice(&room, What::Broadcast { id: Uuid::nil(), at: table.now() }));
    for why in [Why::Duplicate, Why::Removed, Why::Banned, Why::Over] {
        let what = What::Dropped { user: user.clone(), connection: gone.clone(), why };
        send(&table, &room, &notice(&room, what));
    }
    rooms.end_session(&room.key).await;
    send(&table, &room, &notice(&room, What::Updated { seq: 2 }));
    assert_eq!(tell_all(&table, &worker).await, [true; 6]);
}

#[tokio::test]
async fn a_connection_by_which_nobody_has_this_place_is_left_alone() {
    let table = TestTable::new().await;
    // Whatever is posted, or closed, fails.
    let env = table.env_with("tell_sockets", &[("CONNECTIONS_ENDPOINT", "http://127.0.0.1:1")]);
    let worker = table.worker_in(env, Config::load).await;
    let room = session(&table).await;
    let connection = Connection { id: "one".try_into().expect("an id"), client: Client::Plain };
    table.store().note_connection(connection.clone(), Caller::Guest).await.expect("noted");
    let user = testing::rooms::user_id(HOST);
    let what = What::Dropped { user, connection: connection.clone(), why: Why::Removed };
    send(&table, &room, &notice(&room, what));
    assert_eq!(tell_all(&table, &worker).await, [true]);
    let there = table.store().connection(&connection.id).await.expect("readable");
    assert!(there.is_some(), "nothing of it has changed");
}
