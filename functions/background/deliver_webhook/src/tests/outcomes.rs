//! What receivers do, and what comes of it.

use std::sync::Arc;

use testing::receiver::Down;
use webhook::{SystemResolver, Target};

use super::*;

#[tokio::test]
async fn whatever_goes_wrong_is_noted_and_tried_again_after_a_pause() {
    let table = TestTable::new().await;
    let client = Client::with(Policy::new(true), Duration::from_millis(300), Arc::new(SystemResolver));
    let load = async |env: &Env| Ok(Config { client: client.clone(), ..Config::load(env).await? });
    let worker = table.worker("deliver_webhook", load).await;
    let (receiver, down) = (receiver(&table), Down::new());
    let room = table.rooms().open("room-1", None).await;
    receiver.script("bad", [Answer::status(400)]);
    receiver.script("broken", [Answer::status(503)]);
    receiver.script("moved", [Answer::redirect(receiver.url("elsewhere"))]);
    receiver.script("slow", [Answer::status(200).after(Duration::from_mins(1))]);
    receiver.script("cut", [Answer::cut()]);
    let cases = [
        (receiver.url("bad"), json!({"outcome": "rejected", "http_status": 400})),
        (receiver.url("broken"), json!({"outcome": "rejected", "http_status": 503})),
        (receiver.url("moved"), json!({"outcome": "rejected", "http_status": 307})),
        (receiver.url("slow"), json!({"outcome": "timed_out"})),
        (receiver.url("cut"), json!({"outcome": "unreachable", "why": "cut_off"})),
        (down.url("away"), json!({"outcome": "unreachable", "why": "connect"})),
    ];
    for (number, (url, outcome)) in (1..).zip(cases) {
        let message = webhook(&table, &room, number, &url);
        assert!(!deliver_new(&table, &worker, &message).await, "{url}");
        assert_eq!(stands(&table, &message).await, (DeliveryStatus::Retrying, 1, outcome), "{url}");
        let next = noted(&table, &message).await.expect("noted").next_attempt_at;
        assert_eq!(next, Some(table.now().plus(Duration::from_secs(1))), "{url}");
    }
    assert_eq!(sent(&receiver, "elsewhere"), [], "no redirect is followed");
    let queued = table.messages(QUEUE);
    assert!(queued.iter().all(|message| message.visible_at == table.now().plus(Duration::from_secs(1))));
    table.clock.advance(Duration::from_secs(1));
    let _ = deliver(&worker, table.receive(QUEUE)).await;
    assert_eq!(sent(&receiver, "bad"), [(1, 1), (1, 2)]);
}

#[tokio::test]
async fn a_receiver_that_stays_away_is_given_up_after_a_day_and_all_of_it_is_a_dead_letter() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    receiver.always("hook", Answer::status(500));
    send(&table, &[&message]);
    let (mut pauses, mut last) = (vec![], table.now());
    while !deliver_one(&table, &worker).await {
        let pause = hidden_for(&table);
        assert_eq!(
            noted(&table, &message).await.expect("noted").next_attempt_at,
            Some(table.now().plus(pause))
        );
        pauses.push(pause.as_secs());
        last = table.now();
        table.clock.advance(pause);
        assert_eq!(table.queued(DEAD).len(), 0);
    }
    assert_eq!(pauses[..12], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    assert!(pauses[10..].iter().all(|pause| *pause == 600), "{pauses:?}");
    let day = Duration::from_hours(24);
    assert!(table.now().since(message.occurred_at) <= day);
    assert!(last.since(message.occurred_at) > day.saturating_sub(Duration::from_mins(20)));

    let delivery = noted(&table, &message).await.expect("noted");
    let attempts = u32::try_from(pauses.len() + 1).expect("few");
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Failed, attempts));
    assert_eq!((delivery.next_attempt_at, &delivery.body), (None, &message.body));
    assert_eq!(receiver.received().len(), pauses.len() + 1);
    let letters = table.messages(DEAD);
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.body, serde_json::to_string(&message).expect("text"), "the whole webhook");
    assert_eq!(letter.group, Some(message.group_id()));
}

#[tokio::test]
async fn what_was_held_back_for_longer_than_a_day_is_tried_once() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let [taken, failed] = ["taken", "failed"].map(|path| webhook(&table, &room, 2, &receiver.url(path)));
    receiver.always("failed", Answer::status(500));
    table.clock.advance(Duration::from_hours(30));
    assert!(deliver_new(&table, &worker, &taken).await);
    assert!(deliver_new(&table, &worker, &failed).await, "given up at once");
    assert_eq!(stands(&table, &taken).await.0, DeliveryStatus::Delivered);
    assert_eq!(stands(&table, &failed).await.0, DeliveryStatus::Failed);
    assert_eq!(sent(&receiver, "failed"), [(2, 1)]);
    assert_eq!(table.queued(DEAD).len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_no_more_of_that_session_but_what_is_replayed() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let (room, next) = (table.rooms().open("room-1", None).await, table.rooms().open("room-2", None).await);
    receiver.script("hook", [Answer::status(410)]);
    let url = receiver.url("hook");
    let [first, second] = [1, 2].map(|number| webhook(&table, &room, number, &url));
    assert!(deliver_new(&table, &worker, &first).await);
    assert_eq!(stands(&table, &first).await, (DeliveryStatus::Gone, 1, json!({"outcome": "gone"})));
    assert!(deliver_new(&table, &worker, &second).await, "done with, and not tried");
    assert_eq!(noted(&table, &second).await, None);
    let elsewhere = webhook(&table, &room, 2, &receiver.url("other"));
    let of_next = webhook(&table, &next, 1, &url);
    let replay = Message { replay: Some(worker.random.uuid()), ..first.clone() };
    for message in [&elsewhere, &of_next, &replay] {
        assert!(deliver_new(&table, &worker, message).await);
        assert_eq!(stands(&table, message).await.0, DeliveryStatus::Delivered);
    }
    assert_eq!(sent(&receiver, "hook"), [(1, 1), (1, 1), (1, 2)]);
    assert_eq!(table.queued(DEAD).len(), 0);
}

#[tokio::test]
async fn a_target_that_is_not_allowed_is_refused_once_and_for_all() {
    let table = TestTable::new().await;
    let env = table.env_with("deliver_webhook", &[("WEBHOOK_ALLOW_PRIVATE_NETWORKS", "false")]);
    let worker = table.worker_in(env, Config::load).await;
    let receiver = receiver(&table);
    let room = table.rooms().open("room-1", None).await;
    let by_name = receiver.url("hook").replace("127.0.0.1", "localhost");
    for url in [receiver.url("hook").as_str(), &by_name, "http://169.254.169.254/latest/meta-data/"] {
        assert!(Target::parse(url).is_ok(), "{url}");
        let message = webhook(&table, &room, 1, url);
        assert!(deliver_new(&table, &worker, &message).await, "{url}");
        let outcome = json!({"outcome": "refused", "why": "forbidden_address"});
        assert_eq!(stands(&table, &message).await, (DeliveryStatus::Refused, 1, outcome), "{url}");
    }
    assert_eq!(receiver.received().len(), 0);
    assert_eq!(table.queued(DEAD).len(), 0, "nobody could replay it");
}
