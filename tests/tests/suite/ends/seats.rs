//! Seats that nobody is connected to: free in time by the message that comes back, and later by the sweep.

use std::time::Duration;

use serde_json::json;
use testing::Server;
use testing::receiver::{Received, Receiver};

use super::{number, partition, state};
use crate::webhooks::{EVERYWHERE, create, join, start, told, told_at};

async fn start_briefly(receiver: &Receiver, more: &[(&str, &str)]) -> Server {
    start(receiver.url(EVERYWHERE), |options| {
        let own = [("UnattachedTimeoutSeconds", "1"), ("DepartureTimeoutSeconds", "600")];
        let all = own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        options.overrides.extend(all);
    })
    .await
}

fn has_left(sid: &str) -> impl Fn(&[Received]) -> bool {
    move |received| {
        received.iter().any(|hook| hook.sid() == sid && hook.event() == "participant_left" && hook.is_taken())
    }
}

/// One came, and has lost his seat.
async fn assert_freed(server: &Server, receiver: &Receiver, room_id: &str, sid: &str, token: &str) {
    let expected = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("ann"), 1),
        ("participant_left", Some("ann"), 0),
    ]);
    assert_eq!(told_at(receiver, EVERYWHERE, sid), expected);
    let state = state(server, room_id).await;
    assert_eq!((number(&state, "seats"), &state["status"]["S"]), (0, &json!("open")));
    let person = server.item(&partition(room_id), "PARTICIPANT#ann").await;
    assert_eq!(person["status"]["S"], "left");
    assert!(person["due_shard"].is_null(), "nothing is due any more: {person}");
    let resumed = server.call("POST", "/api/resume", Some(token), None).await;
    assert_eq!((resumed.status, &resumed.body["isActive"]), (200, &json!(true)), "{:?}", resumed.body);
    let is_back = |hook: &Received| hook.event() == "participant_joined" && hook.sequence() == 5;
    receiver.until("a new seat", |received| received.iter().any(is_back)).await;
}

#[tokio::test]
async fn a_seat_that_nobody_opens_a_connection_for_is_free_in_time_without_a_sweep() {
    let receiver = Receiver::start();
    let server = start_briefly(&receiver, &[]).await;
    let sid = create(&server, "unattached", None, json!({"max_participants": 1})).await;
    let token = join(&server, "unattached", "ann").await;
    receiver.until("a seat that is given up", has_left(&sid)).await;
    assert!(server.console.kept().iter().all(|line| !line.starts_with("close_due_rooms")), "nobody swept");
    assert_freed(&server, &receiver, "unattached", &sid, &token).await;
    server.stop().await;
}

#[tokio::test]
async fn a_seat_whose_message_is_lost_is_freed_by_the_sweep() {
    let receiver = Receiver::start();
    // Whatever host it is on, the stack's SQS is asked for it.
    let elsewhere = "http://localhost/000000000000/local-DeadJobsQueue";
    let server = start_briefly(&receiver, &[("LEASES_QUEUE_URL", elsewhere)]).await;
    let sid = create(&server, "unattached", None, json!({})).await;
    let token = join(&server, "unattached", "ann").await;
    server.stack.settled().await;
    server.stack.tick().await;
    let lease = number(&server.item(&partition("unattached"), "PARTICIPANT#ann").await, "due_at");
    let left = lease - server.store().now().millis();
    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or_default() + 1)).await;
    assert_eq!(server.stack.queue_messages("DeadJobsQueue").expect("the queue").len(), 1, "lost");
    server.stack.tick().await;
    receiver.until("a seat that is given up", has_left(&sid)).await;
    assert_freed(&server, &receiver, "unattached", &sid, &token).await;
    server.stop().await;
}
