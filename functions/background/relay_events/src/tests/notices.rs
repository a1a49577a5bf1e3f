//! What connections are to be told.

use models::{Broadcast, Client, Connection, Settings, Speech};
use realtime::{Notice, What};
use store::{SettingsChange, Why};
use testing::rooms::Rooms;

use super::*;

const QUEUE: &str = "NoticesQueue";

fn connection(id: &str) -> Connection {
    Connection { id: id.try_into().expect("an id"), client: Client::Plain }
}

/// Ann joins a room by code by a connection.
async fn join_by(rooms: &Rooms, room: &Room, id: &str) {
    rooms.join_on(&room.key, "ann", &rooms.connect(id, Client::Plain).await).await;
}

fn notices(table: &TestTable) -> Vec<Notice> {
    table.messages(QUEUE).iter().map(|one| serde_json::from_str(&one.body).expect("a notice")).collect()
}

/// The records that the template's filters let through.
async fn passed(table: &TestTable) -> Vec<Value> {
    let relay = table.template.functions.iter().find(|function| function.binary == "relay_events");
    let filters = &relay.expect("it is in the template").streams[0].filters;
    table.records().await.into_iter().filter(|record| filters.pass(record)).collect()
}

#[tokio::test]
async fn of_a_connection_that_is_not_somebodys_any_more_the_reason_is_told_but_not_of_who_left() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    join_by(&rooms, &room, "one").await;
    join_by(&rooms, &room, "two").await;
    rooms.join(&room.key, "ann").await.expect("over REST");
    join_by(&rooms, &room, "three").await;
    rooms.remove(&room.key, "ann", false).await.expect("removed");
    join_by(&rooms, &room, "four").await;
    let ann = rooms.connect("five", Client::Plain).await;
    rooms.join_on(&room.key, "ann", &ann).await;
    let bound = table.store().connection(&ann.connection.id).await.expect("readable").expect("there").bound;
    let sitting = bound.expect("bound").sitting(table.now());
    table.store().leave(&sitting, Duration::from_secs(20), None).await.expect("left");
    join_by(&rooms, &room, "six").await;
    rooms.remove(&room.key, "ann", true).await.expect("barred");
    let records = passed(&table).await;
    assert_eq!(relay(&worker, &records).await, None);
    let sid = rooms.state(&room.key).await.sid;
    let dropped = [
        ("one", Why::Duplicate),
        ("two", Why::Duplicate),
        ("three", Why::Removed),
        ("four", Why::Duplicate),
        ("six", Why::Banned),
    ];
    let dropped = dropped.map(|(id, why)| {
        let what = What::Dropped { user: user_id("ann"), connection: connection(id), why, message: None };
        Notice { room: room.key.clone(), sid, what }
    });
    assert_eq!(notices(&table), dropped);
    let groups: Vec<_> = table.messages(QUEUE).into_iter().map(|message| message.group).collect();
    assert!(groups.iter().all(|group| *group == Some(sid.to_string())), "{groups:?}");

    assert_eq!(relay(&relayer(&table).await, &records).await, None);
    assert_eq!(notices(&table).len(), 5, "what comes twice is told once");
    assert_eq!(table.queued("LeasesQueue").len(), 2, "each time: the seat over REST is to be attached to");
}

#[tokio::test]
async fn a_lock_settings_and_what_the_server_api_says_are_told_to_a_session_that_runs() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.lock(&room.key, true).await;
    rooms.lock(&room.key, false).await;
    rooms.join(&room.key, HOST).await.expect("a seat");
    relay_all(&table, &worker).await;
    assert_eq!(notices(&table), [], "nobody was in");

    let seq = rooms.state(&room.key).await.seq;
    rooms.lock(&room.key, true).await;
    let settings = Settings { allow_chat: false, ..Settings::default() };
    let both = SettingsChange { locked: Some(false), settings: Some(settings), max_participants: None };
    rooms.change(&room.key, both).await;
    rooms.change(&room.key, SettingsChange { max_participants: Some(7), ..SettingsChange::default() }).await;
    let speech = Speech::Chat { message: "hi".to_owned() };
    let broadcast = Broadcast { speech, only_to_admins: false, to_user: None };
    table.store().broadcast(&room.key, &broadcast, None).await.expect("said");
    rooms.end_session(&room.key).await;
    relay_all(&table, &worker).await;
    let told: Vec<_> = notices(&table).into_iter().map(|notice| notice.what).collect();
    let [first @ .., What::Broadcast { id, at }] = told.as_slice() else { panic!("{told:?}") };
    let expected = [
        What::Locked { locked: true, seq: seq + 1 },
        What::Locked { locked: false, seq: seq + 2 },
        What::Updated { seq: seq + 2 },
        What::Updated { seq: seq + 3 },
    ];
    assert_eq!(first, expected);
    assert_eq!(*at, table.now());
    assert_eq!(table.store().words_of(&room.key, *id).await.expect("readable"), Some(broadcast));
}

#[tokio::test]
async fn the_filters_drop_what_tells_nobody_anything() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = open(&table, "room-1").await;
    let seen = passed(&table).await.len();
    rooms.mint(&room.key, "ann").await;
    let connected = rooms.connect("one", Client::Plain).await;
    table.store().message(&connected.connection.id).await.expect("counted");
    assert_eq!(passed(&table).await.len(), seen);
}
