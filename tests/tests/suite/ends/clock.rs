//! Sessions whose time comes: nobody joined, the last one left, the duration is over; swept in time, late, or by TTL only.

use std::time::Duration;

use models::EndReason;
use serde_json::json;
use testing::Server;
use testing::receiver::Receiver;

use super::{Late, assert_over, ended, let_time_pass, number, partition, remembered, state};
use crate::webhooks::{EVERYWHERE, Told, create, join, leave, start, told, told_at};

/// Longer than a test, and not the default.
const DEPARTURE: i64 = 600;

async fn start_slowly(receiver: &Receiver) -> Server {
    start(receiver.url(EVERYWHERE), |options| {
        options.overrides.push(("DepartureTimeoutSeconds".to_owned(), DEPARTURE.to_string()));
    })
    .await
}

/// Somebody who was in, and has a token for somebody else.
async fn seat(server: &Server, room_id: &str) -> Late {
    let unused = server.mint(room_id, "late").await;
    Late { unused, session: join(server, room_id, "ann").await }
}

fn of_ann(rest: &[Told]) -> Vec<Told> {
    let first =
        [("room_created", None, 0), ("room_started", None, 1), ("participant_joined", Some("ann"), 1)];
    let last = [("session_ended", None, 0), ("room_finished", None, 0)];
    [told(first), rest.to_vec(), told(last)].concat()
}

#[tokio::test]
async fn a_session_that_nobody_joins_ends_after_its_empty_timeout_to_the_millisecond() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let sid = create(&server, "empty", None, json!({"empty_timeout": 1})).await;
    let due_at = number(&state(&server, "empty").await, "due_at");
    tokio::time::sleep(Duration::from_millis(1001)).await;
    assert_over(&server, "empty", None).await;
    server.stack.settled().await;
    assert_eq!(receiver.received().len(), 1, "its end is told when it is swept");
    server.stack.tick().await;
    receiver.finished(EVERYWHERE, &sid).await;
    let expected = told([("room_created", None, 0), ("session_ended", None, 0), ("room_finished", None, 0)]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), expected);
    server.stack.settled().await;
    assert_eq!(ended(&server, "empty").await, (due_at, EndReason::EmptyTimeout));
    let session = remembered(&server, "empty").await;
    assert_eq!(due_at - session.created_at.millis(), 1000);
    let at = receiver.attempts(EVERYWHERE, &sid)[2].json["created_at"].clone();
    assert_eq!(at, json!((due_at / 1000).to_string()), "when it ended, not when it was swept");
    let again = create(&server, "empty", None, json!({})).await;
    assert_ne!(again, sid, "the id is free");
    server.stop().await;
}

#[tokio::test]
async fn a_session_ends_by_itself_when_the_schedule_comes_by() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |options| {
        options.tick = Some(Duration::from_millis(500));
        options.overrides.push(("DepartureTimeoutSeconds".to_owned(), "1".to_owned()));
    })
    .await;
    let unused = create(&server, "unused", None, json!({"empty_timeout": 1})).await;
    let left = create(&server, "left", None, json!({})).await;
    let ann = join(&server, "left", "ann").await;
    leave(&server, &ann).await;
    for (room_id, sid, reason) in
        [("unused", unused, EndReason::EmptyTimeout), ("left", left, EndReason::LastLeft)]
    {
        receiver.finished(EVERYWHERE, &sid).await;
        server.stack.settled().await;
        assert_eq!(ended(&server, room_id).await.1, reason);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_last_one_to_leave_starts_a_clock_that_coming_back_stops() {
    let receiver = Receiver::start();
    let server = start_slowly(&receiver).await;
    let sid = create(&server, "left", None, json!({})).await;
    let first = join(&server, "left", "ann").await;
    leave(&server, &first).await;
    let emptied = state(&server, "left").await;
    let event: serde_json::Value =
        serde_json::from_str(emptied["event"]["S"].as_str().expect("a text")).expect("JSON");
    let left_at = event["at"].as_i64().expect("a time");
    // It counts from the last look at the room, which is a moment before the change.
    let early = left_at + DEPARTURE * 1000 - number(&emptied, "due_at");
    assert!((0..DEPARTURE * 100).contains(&early), "{early} ms");

    let late = seat(&server, "left").await;
    let back = state(&server, "left").await;
    assert_eq!(back["sid"]["S"], sid, "the session goes on");
    assert!(number(&back, "due_at") > number(&emptied, "due_at") + 1_000_000_000, "and its clock stands");
    leave(&server, &late.session).await;
    let due_at = let_time_pass(&server, "left").await;
    assert_over(&server, "left", Some(&late)).await;
    server.stack.tick().await;
    receiver.finished(EVERYWHERE, &sid).await;
    let rest = told([
        ("participant_left", Some("ann"), 0),
        ("participant_joined", Some("ann"), 1),
        ("participant_left", Some("ann"), 0),
    ]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), of_ann(&rest));
    server.stack.settled().await;
    assert_eq!(ended(&server, "left").await, (due_at, EndReason::LastLeft));
    assert_eq!(remembered(&server, "left").await.joined, 1, "one person, however often");
    server.stop().await;
}

#[tokio::test]
async fn a_duration_counts_from_the_first_join_and_ends_the_session_with_those_who_are_in() {
    let receiver = Receiver::start();
    let server = start_slowly(&receiver).await;
    let minutes = json!({"metadata": {"room_features": {"room_duration": 2}}});
    let sid = create(&server, "brief", None, minutes).await;
    let late = seat(&server, "brief").await;
    let started = state(&server, "brief").await;
    assert_eq!(number(&started, "due_at") - number(&started, "started_at"), 120_000);
    let bob = join(&server, "brief", "bob").await;
    leave(&server, &bob).await;
    assert_eq!(number(&state(&server, "brief").await, "due_at"), number(&started, "due_at"));
    let due_at = let_time_pass(&server, "brief").await;
    assert_over(&server, "brief", Some(&late)).await;
    server.stack.tick().await;
    receiver.finished(EVERYWHERE, &sid).await;
    let rest = told([
        ("participant_joined", Some("bob"), 2),
        ("participant_left", Some("bob"), 1),
        ("participant_left", Some("ann"), 0),
    ]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), of_ann(&rest));
    server.stack.settled().await;
    assert_eq!(ended(&server, "brief").await, (due_at, EndReason::Duration));
    let session = remembered(&server, "brief").await;
    assert_eq!((session.joined, session.peak), (2, Some(2)));
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_is_due_ends_by_the_create_that_takes_its_place() {
    let receiver = Receiver::start();
    let server = start_slowly(&receiver).await;
    let minutes = json!({"metadata": {"room_features": {"room_duration": 2}}});
    let sid = create(&server, "next", None, minutes).await;
    join(&server, "next", "ann").await;
    let due_at = let_time_pass(&server, "next").await;
    let next = create(&server, "next", None, json!({})).await;
    assert_ne!(next, sid);
    receiver.finished(EVERYWHERE, &sid).await;
    let rest = told([("participant_left", Some("ann"), 0)]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), of_ann(&rest));
    server.stack.settled().await;
    server.stack.tick().await;
    assert_eq!(state(&server, "next").await["sid"]["S"], next, "the sweep leaves it alone");
    crate::webhooks::end(&server, "next").await;
    receiver.finished(EVERYWHERE, &next).await;
    server.stack.settled().await;
    let page = store::Page { from: 0, limit: 10, ascending: true };
    let rooms = [super::room_key("next")].into();
    let past = server.store().history_of(&rooms, page).await.expect("readable").sessions;
    let first = (past[0].sid.to_string(), past[0].ended_at.map(models::Timestamp::millis), past[0].reason);
    assert_eq!(first, (sid, Some(due_at), Some(EndReason::Duration)));
    assert_eq!((past[1].sid.to_string(), past[1].reason), (next, Some(EndReason::Api)));
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_ttl_removes_ends_as_of_its_time() {
    let receiver = Receiver::start();
    let server = start_slowly(&receiver).await;
    let own = receiver.url("own");
    let unused = create(&server, "unused", Some(&own), json!({})).await;
    let left = create(&server, "left", Some(&own), json!({})).await;
    let ann = join(&server, "left", "ann").await;
    leave(&server, &ann).await;
    let minutes = json!({"metadata": {"room_features": {"room_duration": 2}}});
    let full = create(&server, "full", Some(&own), minutes).await;
    join(&server, "full", "ann").await;

    let metadata = server.item(&partition("full"), &format!("META#{full}")).await;
    let room = state(&server, "full").await;
    let outlives = number(&metadata, "expires_at") > number(&room, "expires_at");
    assert!(outlives, "the end is told at the room's own URL, which is in its metadata");

    let mut due = Vec::new();
    for room_id in ["unused", "left", "full"] {
        due.push(let_time_pass(&server, room_id).await);
        // The stack removes what is past its TTL every ten seconds, DynamoDB within days.
        server.change(&partition(room_id), "STATE", &[("expires_at", due[0] / 1000 - 1)]).await;
    }
    let quiet = told([("room_created", None, 0), ("session_ended", None, 0), ("room_finished", None, 0)]);
    let gone = of_ann(&told([("participant_left", Some("ann"), 0)]));
    let ends = [
        ("unused", unused, EndReason::EmptyTimeout, quiet),
        ("left", left, EndReason::LastLeft, gone.clone()),
        ("full", full, EndReason::Duration, gone),
    ];
    for ((room_id, sid, reason, expected), due_at) in ends.into_iter().zip(due) {
        for path in ["own", EVERYWHERE] {
            receiver.finished(path, &sid).await;
            assert_eq!(told_at(&receiver, path, &sid), expected, "{room_id} at {path}");
        }
        server.stack.settled().await;
        assert_eq!(ended(&server, room_id).await, (due_at, reason), "{room_id}");
        assert!(state(&server, room_id).await.is_null(), "{room_id} is gone");
        assert!(server.item(&partition(room_id), "PARTICIPANT#ann").await.is_null(), "{room_id}");
    }
    server.stop().await;
}
