//! Receivers that fail, are away, are slow, are gone or must not be called.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use models::{RoomKey, Tenant};
use serde_json::{Value, json};
use store::{Delivery, DeliveryStatus};
use testing::Server;
use testing::receiver::{Answer, Down, Received, Receiver};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{EVERYWHERE, create, end, join, start, told, told_at};

/// What is noted of a session's webhooks at a URL.
async fn noted(server: &Server, room_id: &str, sid: &str, url: &str) -> Vec<Delivery> {
    let room = RoomKey { tenant: Tenant::main(), room: room_id.try_into().expect("an id") };
    let sid = sid.parse().expect("a session");
    let mut page = server.store().deliveries(&room, sid, 0, 100).await.expect("readable");
    assert_eq!(page.next, None);
    page.deliveries.retain(|delivery| delivery.url == url);
    page.deliveries
}

/// A session of three webhooks, which its own path of the receiver is told, too.
async fn short(server: &Server, receiver: &Receiver, room_id: &str) -> String {
    let sid = create(server, room_id, Some(&receiver.url(room_id)), json!({})).await;
    end(server, room_id).await;
    sid
}

/// The numbers in the order in which they were sent, with their attempts.
fn sent(receiver: &Receiver, path: &str, sid: &str) -> Vec<(u32, u32)> {
    let attempts = receiver.attempts(path, sid);
    attempts.iter().map(|hook| (hook.sequence(), hook.number("x-vestibule-attempt"))).collect()
}

#[tokio::test]
async fn a_receiver_that_fails_in_any_way_is_tried_again_and_holds_back_only_what_follows() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    receiver.script("failing", [Answer::status(500), Answer::status(503), Answer::status(500)]);
    receiver.script("cut", [Answer::status(200), Answer::cut()]);
    receiver.script("moved", [Answer::redirect(receiver.url("elsewhere"))]);
    receiver.always("large", Answer::large(10_000_000));
    receiver.script("slow", [Answer::status(204).after(Duration::from_secs(4))]);
    let mut sids = Vec::new();
    for room_id in ["failing", "cut", "moved", "large", "slow"] {
        sids.push((room_id, short(&server, &receiver, room_id).await));
    }
    let whole = told([("room_created", None, 0), ("session_ended", None, 0), ("room_finished", None, 0)]);
    for (room_id, sid) in &sids {
        for path in [room_id, EVERYWHERE] {
            receiver.finished(path, sid).await;
            assert_eq!(told_at(&receiver, path, sid), whole, "{room_id} at {path}");
        }
    }
    server.stack.settled().await;
    let expected: [(_, &[_], &[_]); 4] = [
        ("failing", &[(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (3, 1)], &[4, 1, 1]),
        ("cut", &[(1, 1), (2, 1), (2, 2), (3, 1)], &[1, 2, 1]),
        ("moved", &[(1, 1), (1, 2), (2, 1), (3, 1)], &[2, 1, 1]),
        ("large", &[(1, 1), (2, 1), (3, 1)], &[1, 1, 1]),
    ];
    for ((path, numbers, attempts), (_, sid)) in expected.into_iter().zip(&sids) {
        assert_eq!(sent(&receiver, path, sid), numbers, "{path}");
        let noted = noted(&server, path, sid, &receiver.url(path)).await;
        assert!(noted.iter().all(|delivery| delivery.status == DeliveryStatus::Delivered), "{noted:?}");
        assert_eq!(noted.iter().map(|delivery| delivery.attempts).collect::<Vec<_>>(), attempts, "{path}");
        assert_eq!(noted[2].body.as_bytes(), receiver.attempts(path, sid).last().expect("one").body);
    }
    let failing = receiver.attempts("failing", &sids[0].1);
    let signatures: BTreeSet<_> = failing[..4].iter().map(|hook| hook.header("authorization")).collect();
    assert!(signatures.len() > 1, "signed anew, with pauses of seconds between");
    assert!(receiver.received().iter().all(|hook| hook.path != "elsewhere"), "no redirect is followed");
    server.stop().await;
}

#[tokio::test]
async fn a_url_that_is_gone_is_told_no_more_of_that_session() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let url = receiver.url("own");
    receiver.script("own", [Answer::status(200), Answer::status(410)]);
    let sid = create(&server, "gone", Some(&url), json!({})).await;
    join(&server, "gone", "ann").await;
    end(&server, "gone").await;
    receiver.finished(EVERYWHERE, &sid).await;
    server.stack.settled().await;
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid).len(), 6, "the other URL is told everything");
    assert_eq!(sent(&receiver, "own", &sid), [(1, 1), (2, 1)]);
    let noted = noted(&server, "gone", &sid, &url).await;
    let statuses: Vec<_> = noted.iter().map(|delivery| delivery.status).collect();
    assert_eq!(statuses, [DeliveryStatus::Delivered, DeliveryStatus::Gone]);

    let next = create(&server, "gone", Some(&url), json!({})).await;
    end(&server, "gone").await;
    receiver.finished("own", &next).await;
    assert_eq!(sent(&receiver, "own", &next), [(1, 1), (2, 1), (3, 1)], "the next session is another matter");
    server.stop().await;
}

#[tokio::test]
async fn a_private_target_is_never_called_where_the_deployment_does_not_allow_it() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |options| {
        options.overrides.push(("WebhookAllowPrivateNetworks".to_owned(), "false".to_owned()));
    })
    .await;
    let by_name = receiver.url("own").replace("127.0.0.1", "localhost");
    let sid = create(&server, "private", Some(&by_name), json!({})).await;
    end(&server, "private").await;
    server.stack.settled().await;
    for url in [&by_name, &receiver.url(EVERYWHERE)] {
        let noted = noted(&server, "private", &sid, url).await;
        let outcomes: Vec<_> = noted
            .iter()
            .map(|delivery| {
                let outcome: Value = serde_json::from_str(&delivery.outcome).expect("JSON");
                (delivery.number, delivery.status, delivery.attempts, outcome["outcome"].clone())
            })
            .collect();
        let refused = |number| (number, DeliveryStatus::Refused, 1, json!("refused"));
        assert_eq!(outcomes, [refused(1), refused(2), refused(3)], "{url}");
    }
    assert_eq!(receiver.received().len(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_delays_nobody_else() {
    let receiver = Receiver::start();
    let server = Server::start(|_| {}).await;
    receiver.always("slow", Answer::held());
    let url = |path: &str| Some(receiver.url(path));
    let mut slow = Vec::new();
    for number in 0..3 {
        let room_id = format!("slow-{number}");
        slow.push(create(&server, &room_id, url("slow").as_deref(), json!({})).await);
        end(&server, &room_id).await;
    }
    let is_slow = |hook: &&Received| hook.path == "slow";
    receiver.until("three that wait", |received| received.iter().filter(is_slow).count() >= 3).await;
    for number in 0..10 {
        let room_id = format!("quick-{number}");
        let sid = create(&server, &room_id, url("quick").as_deref(), json!({})).await;
        join(&server, &room_id, "ann").await;
        end(&server, &room_id).await;
        receiver.finished("quick", &sid).await;
    }
    for sid in &slow {
        let so_far = receiver.attempts("slow", sid);
        assert!(so_far.iter().all(|hook| hook.sequence() == 1 && hook.answered.is_none()), "{so_far:#?}");
    }
    receiver.release();
    for sid in &slow {
        receiver.finished("slow", sid).await;
        assert_eq!(told_at(&receiver, "slow", sid).len(), 3);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_was_away_gets_everything_of_hundreds_of_sessions_in_order() {
    const SESSIONS: usize = 160;
    let down = Down::new();
    let server = Arc::new(start(down.url(EVERYWHERE), |_| {}).await);
    let at_a_time = Arc::new(Semaphore::new(8));
    let mut sessions = JoinSet::new();
    for number in 0..SESSIONS {
        let (server, at_a_time) = (Arc::clone(&server), Arc::clone(&at_a_time));
        sessions.spawn(async move {
            let _turn = at_a_time.acquire().await;
            let room_id = format!("room-{number}");
            let sid = create(&server, &room_id, None, json!({})).await;
            // Some are joined, and of those some are over while nobody is there to hear it.
            if number % 4 == 0 {
                join(&server, &room_id, "ann").await;
            }
            if number % 8 < 6 {
                end(&server, &room_id).await;
            }
            (number, sid)
        });
    }
    let sessions = sessions.join_all().await;
    let receiver = down.up();
    for (number, _) in sessions.iter().filter(|(number, _)| number % 8 >= 6) {
        end(&server, &format!("room-{number}")).await;
    }
    for (number, sid) in &sessions {
        receiver.finished(EVERYWHERE, sid).await;
        let expected = if number % 4 == 0 { 6 } else { 3 };
        assert_eq!(told_at(&receiver, EVERYWHERE, sid).len(), expected, "{number}");
    }
    let all = receiver.received();
    let ids: BTreeSet<_> = all.iter().map(|hook| hook.header("x-vestibule-delivery")).collect();
    assert_eq!(ids.len(), SESSIONS * 3 + SESSIONS / 4 * 3, "nothing beside");
    Arc::into_inner(server).expect("all sessions are over").stop().await;
}
