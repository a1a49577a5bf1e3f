use models::{EndReason, Room, RoomKey, Status, Timestamp};
use serde_json::json;
use store::{NewCodeRoom, NewRoom};
use testing::rooms::{CODE_RETENTION, EMPTY_TIMEOUT, PAST_ROOMS, new_code_room, new_room};
use testing::{TestTable, Verdict};

use super::*;

async fn sweeper(table: &TestTable) -> Worker<Config> {
    table.worker("close_due_rooms", Config::load).await
}

/// What a sweep has done about what was due.
async fn swept(worker: &Worker<Config>) -> Report {
    let report = handle(worker, Tick {}).await.expect("swept");
    Report { running: 0, ..report }
}

const fn closed(closed: usize) -> Report {
    Report { closed, freed: 0, running: 0, failed: 0 }
}

/// Why and when the last session of a room ended, by what is remembered of it.
async fn ended(table: &TestTable, room: &RoomKey) -> Option<(EndReason, Timestamp)> {
    let page = store::Page { from: 0, limit: 1, ascending: false };
    let history = table.store().history_of(&[room.clone()].into(), page).await.expect("readable");
    let session = history.sessions.into_iter().next().expect("a session");
    session.reason.zip(session.ended_at)
}

/// The template's `UnattachedTimeoutSeconds`, and a second.
const UNATTACHED: Duration = Duration::from_secs(61);

#[tokio::test]
async fn a_room_that_nobody_joined_ends_after_its_empty_timeout_exactly() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let created = table.now();
    let room = rooms.open("room-1", None).await;
    table.clock.advance(EMPTY_TIMEOUT.saturating_sub(Duration::from_millis(1)));
    assert_eq!(swept(&worker).await, closed(0));
    table.clock.advance(Duration::from_secs(40));
    assert_eq!(swept(&worker).await, closed(1));
    let state = rooms.state(&room.key).await;
    let due = created.plus(EMPTY_TIMEOUT);
    assert_eq!((state.status, state.ended_at), (Status::Ended, Some(due)), "as of its time");
    assert_eq!(state.expires_at, due.plus(PAST_ROOMS));
    assert_eq!(ended(&table, &room.key).await, Some((EndReason::EmptyTimeout, due)));
    let last = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "ended", "reason": "empty_timeout"}));
    assert_eq!(swept(&worker).await, closed(0), "it is out of the index");
}

#[tokio::test]
async fn the_last_one_leaving_starts_a_clock_that_a_rejoin_stops() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.leave(&rooms.seat(&room.key, "ann").await).await;
    table.clock.advance(worker.config.departure.saturating_sub(Duration::from_secs(1)));
    assert_eq!(swept(&worker).await, closed(0));
    let ann = rooms.seat(&room.key, "ann").await;
    table.clock.advance(Duration::from_secs(30));
    assert_eq!(swept(&worker).await, closed(0), "somebody is in");
    assert_eq!(rooms.state(&room.key).await.sid, room.sid);
    rooms.leave(&ann).await;
    let due = table.now().plus(worker.config.departure);
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(swept(&worker).await, closed(1));
    assert_eq!(ended(&table, &room.key).await, Some((EndReason::LastLeft, due)));
}

#[tokio::test]
async fn a_duration_counts_from_the_first_join() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let duration = Some(Duration::from_mins(10));
    let room = rooms.create(&NewRoom { duration, ..new_room("room-1") }).await;
    table.clock.advance(Duration::from_mins(5));
    let ann = rooms.seat(&room.key, "ann").await;
    let due = table.now().plus(Duration::from_mins(10));
    // Her lease is renewed, as it is while a connection lives.
    let mut session = testing::rooms::session_of(&ann);
    for _ in 0..11 {
        table.clock.advance(Duration::from_secs(50));
        session = rooms.resume(&session).await;
    }
    assert_eq!(swept(&worker).await, closed(0));
    table.clock.advance(Duration::from_secs(50));
    assert_eq!(swept(&worker).await.closed, 1);
    assert_eq!(ended(&table, &room.key).await, Some((EndReason::Duration, due)));
}

#[tokio::test]
async fn a_room_by_code_is_idle_after_its_session_and_its_next_join_starts_another() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let room = rooms.create_by_code(&NewCodeRoom { ..new_code_room() }).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.leave(&ann).await;
    let due = table.now().plus(worker.config.departure);
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(swept(&worker).await, closed(1));
    let idle = rooms.state(&room.key).await;
    assert_eq!((idle.status, idle.expires_at), (Status::Idle, due.plus(CODE_RETENTION)));
    assert_eq!(ended(&table, &room.key).await, Some((EndReason::LastLeft, due)));
    let again = rooms.join(&room.key, "ann").await.expect("a seat");
    assert_ne!(again.sid, ann.sid);
    assert_eq!(swept(&worker).await, closed(0));
}

#[tokio::test]
async fn a_seat_whose_lease_has_lapsed_is_freed_and_the_emptied_room_ends_by_the_next_sweep() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "ann").await;
    table.clock.advance(UNATTACHED);
    assert_eq!(swept(&worker).await, Report { freed: 1, ..closed(0) });
    assert_eq!(rooms.state(&room.key).await.seats, 0);
    table.clock.advance(worker.config.departure);
    assert_eq!(swept(&worker).await, closed(1));
}

#[tokio::test]
async fn many_rooms_are_closed_in_one_sweep_and_two_at_once_close_each_once() {
    let table = TestTable::new().await;
    let (worker, other, rooms) = (sweeper(&table).await, sweeper(&table).await, table.rooms());
    let mut keys = vec![];
    for number in 0..60 {
        keys.push(rooms.open(&format!("room-{number}"), None).await.key);
    }
    table.clock.advance(EMPTY_TIMEOUT);
    let kept = rooms.open("room-kept", None).await;
    let (one, two) = tokio::join!(swept(&worker), swept(&other));
    assert_eq!((one.closed + two.closed, one.failed + two.failed), (60, 0));
    for key in keys {
        let Room { status, seq, .. } = rooms.state(&key).await;
        assert_eq!((status, seq), (Status::Ended, 2), "{key} has one end");
    }
    assert!(rooms.state(&kept.key).await.is_open(table.now()));
}

#[tokio::test]
async fn a_sweep_that_cannot_close_a_room_closes_the_others_and_fails() {
    let table = TestTable::new().await;
    let mut is_first = true;
    let between = table.between(move |asked| {
        let fails = asked.operation == "TransactWriteItems" && std::mem::take(&mut is_first);
        if fails { Verdict::Fails } else { Verdict::Passes }
    });
    let env = table.env_with("close_due_rooms", &between.variables());
    let (worker, rooms) = (table.worker_in(env, Config::load).await, table.rooms());
    let keys = [rooms.open("room-1", None).await.key, rooms.open("room-2", None).await.key];
    table.clock.advance(EMPTY_TIMEOUT);
    let failure = handle(&worker, Tick {}).await.expect_err("one is left");
    assert_eq!(failure.to_string(), "entries that could not be dealt with: 1");
    assert_eq!(swept(&worker).await, closed(1), "by the next one");
    for key in keys {
        assert_eq!(rooms.state(&key).await.status, Status::Ended);
    }
}

#[tokio::test]
async fn what_was_ended_or_begun_again_in_between_is_left_alone() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let first = rooms.open("room-1", None).await;
    let ended_by_hand = rooms.open("room-2", None).await;
    rooms.end_session(&ended_by_hand.key).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let second = rooms.open("room-1", None).await;
    assert_ne!(second.sid, first.sid, "a session that ran out is replaced without a sweep");
    assert_eq!(swept(&worker).await, closed(0));
    assert_eq!(rooms.state(&first.key).await.sid, second.sid);
}

#[tokio::test]
async fn a_room_that_is_due_refuses_before_anybody_sweeps() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    table.clock.advance(EMPTY_TIMEOUT);
    assert_eq!(rooms.redeem(&token).await, Err(models::Refusal::RoomNotActive));
    assert!(!rooms.state(&room.key).await.is_open(table.now()));
}

/// The rooms whose connections are to be looked after, by message.
fn looked_after(table: &TestTable) -> Vec<Vec<String>> {
    let queued = table.queued("ConnectionsQueue").into_iter();
    queued.map(|message| serde_json::from_value(message["rooms"].clone()).expect("rooms")).collect()
}

#[tokio::test]
async fn the_connections_of_all_sessions_that_run_are_looked_after_and_of_no_others() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let due = rooms.open("due", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let unlimited = rooms.open("unlimited", None).await;
    // Her lease is in the same index.
    rooms.seat(&unlimited.key, "ann").await;
    let empty = rooms.open("empty", None).await;
    rooms.end_session(&rooms.open("ended", None).await.key).await;
    rooms.create_by_code(&NewCodeRoom { ..new_code_room() }).await;
    assert_eq!(
        handle(&worker, Tick {}).await.expect("swept"),
        Report { closed: 1, freed: 0, running: 2, failed: 0 }
    );
    let mut all = looked_after(&table).concat();
    all.sort();
    assert_eq!(all, [empty.key.to_string(), unlimited.key.to_string()], "not {}", due.key);
}

#[tokio::test]
async fn many_rooms_are_named_by_few_messages_each_once() {
    let table = TestTable::new().await;
    let (worker, rooms) = (sweeper(&table).await, table.rooms());
    let mut keys = vec![];
    for number in 0..300 {
        keys.push(rooms.open(&format!("room-{number}"), None).await.key.to_string());
    }
    assert_eq!(handle(&worker, Tick {}).await.expect("swept").running, 300);
    let messages = looked_after(&table);
    assert!(messages.len() < 25, "in each of eight partitions one may be short: {}", messages.len());
    let mut named = messages.concat();
    named.sort();
    keys.sort();
    assert_eq!(named, keys);
}

#[tokio::test]
async fn a_queue_that_fails_fails_the_sweep_after_all_that_was_due() {
    let table = TestTable::new().await;
    let between = table.between(|asked| match asked.operation.as_str() {
        "SendMessageBatch" => Verdict::Fails,
        _ => Verdict::Passes,
    });
    let env = table.env_with("close_due_rooms", &between.variables());
    let (worker, rooms) = (table.worker_in(env, Config::load).await, table.rooms());
    let due = rooms.open("due", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    rooms.open("runs", None).await;
    let failure = handle(&worker, Tick {}).await.expect_err("it is known");
    assert!(failure.to_string().starts_with("SQS"), "{failure}");
    assert_eq!(rooms.state(&due.key).await.status, Status::Ended);
    assert_eq!(swept(&sweeper(&table).await).await, closed(0), "by the next one");
    assert_eq!(looked_after(&table).len(), 1);
}
