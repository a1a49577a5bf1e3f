use std::time::Duration;

use models::{Client, Participant, RoomKey, Standing};
use store::{Admission, Waiters, Whom};
use testing::rooms::new_code_room;
use testing::{Asked, TestTable, Verdict};

use super::*;

/// The template's `RECONNECT_GRACE_SECONDS` and `UNATTACHED_TIMEOUT_SECONDS`.
const SEAT_KEPT: Duration = Duration::from_secs(20);
const PLACE_KEPT: Duration = Duration::from_mins(1);

async fn worker(table: &TestTable) -> Worker<Config> {
    table.worker("on_disconnect", Config::load).await
}

async fn disconnect(worker: &Worker<Config>, id: &str) -> Result<Value, Error> {
    let event = json!({
        "requestContext": {"routeKey": "$disconnect", "connectionId": id, "connectedAt": 0, "requestTimeEpoch": 0},
        "headers": {},
    });
    handle(worker, serde_json::from_value(event).expect("an event")).await
}

async fn disconnects(worker: &Worker<Config>, id: &str) {
    assert_eq!(disconnect(worker, id).await.expect("noted"), json!({"statusCode": 200}));
}

/// Somebody who is in a room by code, or waits there, by this connection.
async fn joins(table: &TestTable, room: &RoomKey, user: &str, id: &str) -> Admission {
    let rooms = table.rooms();
    rooms.join_on(room, user, &rooms.connect(id, Client::Plain).await).await
}

async fn is_known(table: &TestTable, id: &str) -> bool {
    let id = id.try_into().expect("an id");
    table.store().connection(&id).await.expect("readable").is_some()
}

async fn person(table: &TestTable, admission: &Admission) -> Participant {
    let Admission { room, user, .. } = admission;
    let seen = table.store().look(room, false, Some(user)).await.expect("readable");
    seen.participant.expect("known")
}

/// How long somebody's place is kept from now on to which nobody is connected; none where it is not about to be released.
async fn kept(table: &TestTable, admission: &Admission) -> Option<Duration> {
    let person = person(table, admission).await;
    assert_eq!(person.connection.is_none(), person.lease.is_some(), "{person:?}");
    person.lease.map(|lease| lease.since(table.now()))
}

async fn room_with_waiting_room(table: &TestTable) -> RoomKey {
    let mut new = new_code_room();
    new.settings.waiting_room = true;
    table.rooms().create_by_code(&new).await.key
}

#[tokio::test]
async fn who_loses_his_connection_keeps_his_seat_for_a_while_and_is_away() {
    let table = TestTable::new().await;
    let room = table.rooms().by_code(5).await;
    let ann = joins(&table, &room.key, "ann", "one").await;
    let before = table.rooms().state(&room.key).await;
    disconnects(&worker(&table).await, "one").await;
    assert_eq!(kept(&table, &ann).await, Some(SEAT_KEPT));
    assert!(person(&table, &ann).await.is_away());
    assert!(!is_known(&table, "one").await);
    let after = table.rooms().state(&room.key).await;
    assert_eq!((after.seats, after.seq), (before.seats, before.seq + 1), "one change, and no seat is free");
    assert_eq!(after.hooks, before.hooks, "and no webhook");
}

#[tokio::test]
async fn the_same_once_more_changes_nothing() {
    let table = TestTable::new().await;
    let worker = worker(&table).await;
    let room = table.rooms().by_code(5).await;
    joins(&table, &room.key, "ann", "one").await;
    disconnects(&worker, "one").await;
    let before = table.items().await;
    table.clock.advance(Duration::from_secs(5));
    disconnects(&worker, "one").await;
    disconnects(&worker, "nobody-knows-it").await;
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_waits_keeps_his_place_for_longer_and_the_room_hears_nothing() {
    let table = TestTable::new().await;
    let room = room_with_waiting_room(&table).await;
    let ann = joins(&table, &room, "ann", "one").await;
    let before = table.history(&room).await.len();
    disconnects(&worker(&table).await, "one").await;
    assert_eq!(kept(&table, &ann).await, Some(PLACE_KEPT));
    assert_eq!(person(&table, &ann).await.standing, Standing::Waiting);
    assert_eq!(table.history(&room).await.len(), before);
    assert!(!is_known(&table, "one").await);
}

#[tokio::test]
async fn who_waited_and_was_admitted_has_a_seat_to_lose() {
    let table = TestTable::new().await;
    let room = room_with_waiting_room(&table).await;
    let ann = joins(&table, &room, "ann", "one").await;
    let waiters = Waiters { room: &room, sid: ann.sid, whom: Whom::All };
    table.store().admit_waiters(waiters, PLACE_KEPT, None).await.expect("admitted");
    disconnects(&worker(&table).await, "one").await;
    assert_eq!(kept(&table, &ann).await, Some(SEAT_KEPT));
    assert!(person(&table, &ann).await.is_away());
}

#[tokio::test]
async fn a_connection_that_was_replaced_takes_nothing_from_whoever_came_again() {
    let table = TestTable::new().await;
    let worker = worker(&table).await;
    let room = table.rooms().by_code(5).await;
    let ann = joins(&table, &room.key, "ann", "one").await;
    joins(&table, &room.key, "ann", "two").await;
    let before = table.history(&room.key).await.len();
    disconnects(&worker, "one").await;
    assert_eq!(kept(&table, &ann).await, None);
    assert_eq!(table.history(&room.key).await.len(), before);
    assert_eq!((is_known(&table, "one").await, is_known(&table, "two").await), (false, true));
    disconnects(&worker, "two").await;
    assert_eq!(kept(&table, &ann).await, Some(SEAT_KEPT), "the one that counts");
}

#[tokio::test]
async fn a_connection_by_which_nobody_has_joined_is_forgotten() {
    let table = TestTable::new().await;
    let room = table.rooms().by_code(5).await;
    let ann = joins(&table, &room.key, "ann", "one").await;
    let before = table.items().await;
    table.rooms().connect("two", Client::SocketIo).await;
    assert!(is_known(&table, "two").await);
    disconnects(&worker(&table).await, "two").await;
    assert_eq!(table.items().await, before);
    assert_eq!(kept(&table, &ann).await, None);
}

#[tokio::test]
async fn who_has_left_or_whose_session_is_over_has_nothing_to_lose() {
    let table = TestTable::new().await;
    let (worker, rooms) = (worker(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let ann = joins(&table, &room.key, "ann", "one").await;
    joins(&table, &room.key, "bo", "two").await;
    rooms.leave(&ann).await;
    let before = table.history(&room.key).await.len();
    disconnects(&worker, "one").await;
    assert_eq!(person(&table, &ann).await.standing, Standing::Left);
    assert_eq!(table.history(&room.key).await.len(), before);
    rooms.end_session(&room.key).await;
    let before = table.history(&room.key).await.len();
    disconnects(&worker, "two").await;
    assert_eq!(table.history(&room.key).await.len(), before);
    assert_eq!((is_known(&table, "one").await, is_known(&table, "two").await), (false, false));
}

#[tokio::test]
async fn who_went_to_another_room_and_did_not_get_to_leave_the_first_loses_both_places() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let (first, second) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let before = joins(&table, &first.key, "ann", "one").await;
    let connected = table.store().connection(&"one".try_into().expect("an id")).await;
    let connected = connected.expect("readable").expect("it is known");
    let after = rooms.join_on(&second.key, "ann", &connected).await;
    disconnects(&worker(&table).await, "one").await;
    assert_eq!(kept(&table, &before).await, Some(SEAT_KEPT));
    assert_eq!(kept(&table, &after).await, Some(SEAT_KEPT));
}

#[tokio::test]
async fn what_the_table_did_not_take_fails_the_call_and_is_done_by_the_next() {
    let of_a_seat = ["GetItem", "TransactWriteItems", "DeleteItem"].map(|operation| (operation, SEAT_KEPT));
    for (operation, long) in of_a_seat.into_iter().chain([("UpdateItem", PLACE_KEPT)]) {
        let table = TestTable::new().await;
        let room = if long == SEAT_KEPT {
            table.rooms().by_code(5).await.key
        } else {
            room_with_waiting_room(&table).await
        };
        let ann = joins(&table, &room, "ann", "one").await;
        let fails = move |asked: &Asked| {
            if asked.operation == operation { Verdict::Fails } else { Verdict::Passes }
        };
        let between = table.between(fails);
        let env = table.env_with("on_disconnect", &between.variables());
        let failing = table.worker_in(env, Config::load).await;
        disconnect(&failing, "one").await.expect_err(operation);
        assert!(is_known(&table, "one").await, "{operation}");
        disconnects(&worker(&table).await, "one").await;
        assert_eq!(kept(&table, &ann).await, Some(long), "{operation}");
        assert!(!is_known(&table, "one").await, "{operation}");
    }
}

#[tokio::test]
async fn an_event_without_an_id_fails_the_call() {
    let table = TestTable::new().await;
    let before = table.items().await;
    disconnect(&worker(&table).await, "").await.expect_err("no id");
    assert_eq!(table.items().await, before);
}
