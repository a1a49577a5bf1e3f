use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use models::{Client, Connection, ParticipantId, Room};
use realtime::Notice;
use serde_json::json;
use store::{Connected, Why};
use testing::rooms::HOST;
use testing::{Connections, Draft, TestTable};
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
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let once = SENT.fetch_add(1, Ordering::Relaxed).to_string();
    table.send(QUEUE, Draft::new(text).in_group(room.sid.to_string()).once_as(once));
}

fn notice(room: &Room, what: What) -> String {
    let notice = Notice { room: room.key.clone(), sid: room.sid, what };
    serde_json::to_string(&notice).expect("serialises")
}

/// Works on what is on the queue; says of each message by its place whether it is done.
async fn tell_all(table: &TestTable, worker: &Worker<Config>) -> Vec<bool> {
    let event = table.receive(QUEUE);
    let records = event["Records"].as_array().expect("records").clone();
    let response = handle(worker, serde_json::from_value(event).expect("an event")).await.expect("handled");
    let failed: Vec<_> = response.batch_item_failures.iter().map(|one| json!(one.item_identifier)).collect();
    let mut done = vec![];
    for record in &records {
        done.push(!failed.contains(&record["messageId"]));
        table.delete(QUEUE, record);
    }
    done
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
async fn what_could_not_be_told_comes_again_after_a_second_with_what_comes_after_it() {
    let table = TestTable::new().await;
    let worker = teller(&table).await;
    let room = session(&table).await;
    send(&table, &room, "no notice");
    send(&table, &room, &notice(&room, What::Locked { locked: true, seq: 3 }));
    let event = serde_json::from_value(table.receive(QUEUE)).expect("an event");
    let response = handle(&worker, event).await.expect("handled");
    assert_eq!(response.batch_item_failures.len(), 2);
    let hidden: Vec<_> =
        table.messages(QUEUE).iter().map(|message| message.visible_at.since(table.now())).collect();
    assert_eq!(hidden, [RETRY_PAUSE; 2]);
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
        let what = What::Dropped { user: user.clone(), connection: gone.clone(), why, message: None };
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
    let connection = table.rooms().connect("one", Client::Plain).await.connection;
    let user = testing::rooms::user_id(HOST);
    let what = What::Dropped { user, connection: connection.clone(), why: Why::Removed, message: None };
    send(&table, &room, &notice(&room, what));
    assert_eq!(tell_all(&table, &worker).await, [true]);
    let there = table.store().connection(&connection.id).await.expect("readable");
    assert!(there.is_some(), "nothing of it has changed");
}

#[tokio::test]
async fn a_connection_is_told_why_it_is_closed_unless_it_is_his_again_or_anothers() {
    let table = TestTable::new().await;
    let connections = Connections::start().await;
    let worker = table.worker_to(&connections, "tell_sockets", Config::load).await;
    let rooms = table.rooms();
    let (room, other) = (session(&table).await, session(&table).await);
    let connected = rooms.connect("one", Client::SocketIo).await;
    let connection = connected.connection.clone();
    let dropped = |user: &str, why| {
        let user = testing::rooms::user_id(user);
        let message = (why == Why::Banned).then(|| "Bye".to_owned());
        notice(&room, What::Dropped { user, connection: connection.clone(), why, message })
    };
    rooms.join_on(&room.key, "ann", &connected).await;
    send(&table, &room, &dropped("ann", Why::Duplicate));
    assert_eq!(tell_all(&table, &worker).await, [true]);
    assert_eq!(connections.heard(), [], "it is hers");

    rooms.remove(&room.key, "ann", true).await.expect("barred");
    send(&table, &room, &dropped("bob", Why::Removed));
    send(&table, &room, &dropped("ann", Why::Banned));
    assert_eq!(tell_all(&table, &worker).await, [true; 2]);
    let said = [Some(r#"42["force-disconnect",{"reason":"banned","message":"Bye"}]"#), Some("41"), None];
    let said = said.map(|said| ("one".to_owned(), said.map(str::to_owned)));
    assert_eq!(connections.heard(), said);

    let moved = table.store().connection(&connection.id).await.expect("readable").expect("there");
    rooms.join_on(&other.key, "ann", &moved).await;
    send(&table, &room, &dropped("ann", Why::Banned));
    assert_eq!(tell_all(&table, &worker).await, [true]);
    assert_eq!(connections.heard(), [], "it is of the other room");
}

#[tokio::test]
async fn who_is_muted_is_told_while_he_is_in_by_that_connection_and_not_in_the_room_that_he_moved_on_to() {
    let table = TestTable::new().await;
    let connections = Connections::start().await;
    let worker = table.worker_to(&connections, "tell_sockets", Config::load).await;
    let rooms = table.rooms();
    let (room, other) = (session(&table).await, session(&table).await);
    let (one, two) = (rooms.connect("one", Client::Plain).await, rooms.connect("two", Client::Plain).await);
    let by = ParticipantId(Uuid::from_u128(9));
    let user = testing::rooms::user_id("ann");
    let tell = async |connected: &Connected| {
        let what = What::Muted { user: user.clone(), connection: connected.connection.clone(), by };
        send(&table, &room, &notice(&room, what));
        assert_eq!(tell_all(&table, &worker).await, [true]);
        connections.heard()
    };
    let ann = rooms.join_on(&room.key, "ann", &one).await;
    let told = format!(r#"{{"event":"mute","data":{{"senderId":"{by}"}}}}"#);
    assert_eq!(tell(&one).await, [("one".to_owned(), Some(told))]);

    rooms.leave(&ann).await;
    let moved = table.store().connection(&one.connection.id).await.expect("readable").expect("there");
    rooms.join_on(&other.key, "ann", &moved).await;
    assert_eq!(tell(&one).await, [], "he has left");
    rooms.join_on(&room.key, "ann", &two).await;
    assert_eq!(tell(&one).await, [], "he is in by another one");
    rooms.end_session(&room.key).await;
    assert_eq!(tell(&two).await, [], "nobody is in");
}

#[tokio::test]
async fn a_connection_that_is_found_to_be_gone_loses_its_seat_and_the_others_are_told() {
    let table = TestTable::new().await;
    let connections = Connections::start().await;
    let worker = table.worker_to(&connections, "tell_sockets", Config::load).await;
    let rooms = table.rooms();
    let room = session(&table).await;
    for id in ["ann", "bob"] {
        rooms.join_on(&room.key, id, &rooms.connect(id, Client::Plain).await).await;
    }
    connections.lose("ann");
    send(&table, &room, &notice(&room, What::Locked { locked: true, seq: 9 }));
    assert_eq!(tell_all(&table, &worker).await, [true]);
    let told = r#"{"event":"room-locked","data":{"locked":true,"seq":9}}"#;
    assert_eq!(connections.heard(), [("bob".to_owned(), Some(told.to_owned()))]);
    let people = table.store().present(&room.key, room.sid).await.expect("readable");
    let away = people.iter().filter(|person| person.is_away()).map(|person| person.user.as_str());
    assert_eq!(away.collect::<BTreeSet<_>>(), ["ann", HOST].into());
}
