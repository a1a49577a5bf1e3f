//! Ends that are done again, late, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use testing::Verdict;

use super::*;

/// A session with three people, one of whom has left, that is over; and the job that follows.
async fn over(table: &TestTable) -> (Room, String) {
    let rooms = table.rooms();
    let room = open(table, "room-1").await;
    let cyd = rooms.seat(&room.key, "cyd").await;
    for user in ["bob", "ann"] {
        table.clock.advance(Duration::from_secs(1));
        rooms.seat(&room.key, user).await;
    }
    rooms.leave(&cyd).await;
    table.store().note_crowd(&room.key, room.sid, 3).await.expect("noted");
    rooms.mint(&room.key, "dan").await;
    rooms.end_session(&room.key).await;
    let job = jobs(&table.records().await).pop().expect("an end");
    (room, job)
}

/// What there is in the end: on the queue, and in the table.
async fn outcome(table: &TestTable) -> (Vec<Value>, Vec<Value>) {
    (table.queued("WebhooksQueue"), table.items().await)
}

#[tokio::test]
async fn cut_off_before_any_of_its_calls_it_is_done_again_with_the_same_outcome() {
    let table = TestTable::new().await;
    let (_, job) = over(&table).await;
    assert_eq!(finish_jobs(&table, &finisher(&table).await, &[job]).await, [0; 0]);
    let expected = outcome(&table).await;
    let mut last = 0;
    for most in 0.. {
        // Ids are the same in each table, for its randomness repeats.
        let table = TestTable::new().await;
        let (_, job) = over(&table).await;
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let between = table.between(move |_| {
            if count.fetch_add(1, Ordering::SeqCst) < most { Verdict::Passes } else { Verdict::Fails }
        });
        let worker =
            table.worker_in(table.env_with("finish_session", &between.variables()), Config::load).await;
        let failed = finish_jobs(&table, &worker, std::slice::from_ref(&job)).await;
        let is_whole = calls.load(Ordering::SeqCst) <= most;
        assert_eq!(failed.is_empty(), is_whole, "after {most} calls");
        assert_eq!(finish_jobs(&table, &finisher(&table).await, &[job]).await, [0; 0], "after {most} calls");
        assert_eq!(outcome(&table).await, expected, "after {most} calls");
        if is_whole {
            last = most;
            break;
        }
    }
    assert!(last > 12, "{last} calls");
}

#[tokio::test]
async fn what_was_archived_is_told_no_second_time_however_late() {
    let table = TestTable::new().await;
    // The room's own URL is gone with the session, this one stays.
    let env = table.env_with("finish_session", &[("WEBHOOK_URL", "https://b.example/hook")]);
    let worker = table.worker_in(env, Config::load).await;
    let (_, job) = over(&table).await;
    assert_eq!(finish_jobs(&table, &worker, std::slice::from_ref(&job)).await, [0; 0]);
    let expected = outcome(&table).await;
    // The queue has forgotten what it was sent.
    table.clock.advance(Duration::from_mins(6));
    assert_eq!(finish_jobs(&table, &worker, &[job]).await, [0; 0]);
    assert_eq!(outcome(&table).await, expected);
}

#[tokio::test]
async fn the_next_session_has_begun_meanwhile_and_is_left_alone() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    let (first, job) = over(&table).await;
    table.clock.advance(Duration::from_secs(1));
    let next = open(&table, "room-1").await;
    let ann = rooms.seat(&next.key, "ann").await;
    rooms.mint(&next.key, "bob").await;
    let before = kept(&table, &next.key).await;
    let formers = before.iter().filter(|key| key.starts_with(&format!("FORMER#{}#", first.sid))).count();
    assert_eq!(formers, 2, "ann and bob had a seat: {before:?}");
    assert_eq!(finish_jobs(&table, &worker, &[job]).await, [0; 0]);
    let left = [one(7, "participant_left", Some("bob"), 1), one(8, "participant_left", Some("ann"), 0)];
    assert_eq!(told(&table)[..2], left);
    let document = format!("META#{}", next.sid);
    let expected = keys([&document, "PARTICIPANT#ann", "PARTICIPANT#bob", "STATE"]);
    assert_eq!(kept(&table, &next.key).await, expected);
    assert_eq!(rooms.state(&next.key).await.seats, 1);
    assert!(rooms.leave(&ann).await, "she has her seat");
}

#[tokio::test]
async fn a_job_that_cannot_be_read_comes_again_and_the_others_are_done() {
    let table = TestTable::new().await;
    let worker = finisher(&table).await;
    let (room, job) = over(&table).await;
    assert_eq!(finish_jobs(&table, &worker, &["{}".to_owned(), job]).await, [0]);
    assert_eq!(kept(&table, &room.key).await, keys(["STATE"]));
}
