use models::{Standing, Timestamp};
use serde_json::json;
use store::Admission;
use testing::TestTable;
use testing::rooms::session_of;

use super::*;

/// The template's `UnattachedTimeoutSeconds`.
const UNATTACHED: Duration = Duration::from_mins(1);

async fn releaser(table: &TestTable) -> Worker<Config> {
    table.worker("release_seat", Config::load).await
}

fn lease(seat: &Admission, due_at: Timestamp) -> Lease {
    Lease { room: seat.room.clone(), sid: seat.sid, user: seat.user.clone(), session: seat.session, due_at }
}

/// Works on these messages; says which of them come again.
async fn receive(worker: &Worker<Config>, bodies: &[String]) -> Vec<usize> {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(place, body)| json!({"messageId": place.to_string(), "receiptHandle": "r", "body": body}))
        .collect();
    let event = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let response = handle(worker, event).await.expect("handled");
    let failed = response.batch_item_failures.iter().map(|failure| &failure.item_identifier);
    failed.map(|id| id.parse().expect("a place")).collect()
}

fn text(lease: &Lease) -> String {
    serde_json::to_string(lease).expect("text")
}

async fn standing(table: &TestTable, seat: &Admission) -> Standing {
    let seen = table.store().look(&seat.room, false, Some(&seat.user)).await.expect("readable");
    seen.participant.expect("known").standing
}

#[tokio::test]
async fn a_seat_is_free_when_its_lease_has_lapsed_and_not_before() {
    let table = TestTable::new().await;
    let (worker, rooms) = (releaser(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let lease = text(&lease(&ann, table.now().plus(UNATTACHED)));
    assert_eq!(receive(&worker, std::slice::from_ref(&lease)).await, [0], "it comes again");
    table.clock.advance(UNATTACHED);
    assert_eq!(receive(&worker, std::slice::from_ref(&lease)).await, [0; 0]);
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.due_at), (0, table.now().plus(worker.config.departure)));
    assert_eq!(standing(&table, &ann).await, Standing::Left);
    let last = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "left", "user": "ann"}));
    let before = table.items().await;
    assert_eq!(receive(&worker, &[lease]).await, [0; 0], "a second time it is gone");
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_came_back_keeps_his_seat_whatever_the_old_lease_says() {
    let table = TestTable::new().await;
    let (worker, rooms) = (releaser(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let old = text(&lease(&ann, table.now().plus(UNATTACHED)));
    table.clock.advance(Duration::from_secs(50));
    rooms.resume(&session_of(&ann)).await;
    table.clock.advance(Duration::from_secs(20));
    assert_eq!(receive(&worker, &[old]).await, [0; 0]);
    assert_eq!((rooms.state(&room.key).await.seats, standing(&table, &ann).await), (1, Standing::Active));
}

#[tokio::test]
async fn who_left_or_whose_session_is_over_is_left_alone() {
    let table = TestTable::new().await;
    let (worker, rooms) = (releaser(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let (ann, bob) = (rooms.seat(&room.key, "ann").await, rooms.seat(&room.key, "bob").await);
    let leases = [&ann, &bob].map(|seat| text(&lease(seat, table.now().plus(UNATTACHED))));
    rooms.leave(&ann).await;
    rooms.end_session(&room.key).await;
    table.clock.advance(UNATTACHED);
    let before = table.items().await;
    assert_eq!(receive(&worker, &leases).await, [0; 0]);
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_cannot_be_read_comes_again_until_the_queue_sets_it_apart() {
    let table = TestTable::new().await;
    let (worker, rooms) = (releaser(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    table.clock.advance(UNATTACHED);
    let good = text(&lease(&ann, table.now()));
    assert_eq!(receive(&worker, &["{}".to_owned(), good]).await, [0], "the rest of the batch is done");
    assert_eq!(standing(&table, &ann).await, Standing::Left);
}
