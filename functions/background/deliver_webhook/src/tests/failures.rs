//! What is done halfway because a queue or the table does not answer: nothing is lost by it.

use testing::Verdict;

use super::*;

#[tokio::test]
async fn what_cannot_be_read_comes_again_and_the_rest_is_delivered() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    send(&table, &[&message]);
    let mut event = table.receive(QUEUE);
    let mut bad = event["Records"][0].clone();
    bad["messageId"] = json!("bad");
    bad["body"] = json!("{}");
    bad["attributes"]["MessageGroupId"] = json!("another");
    event["Records"].as_array_mut().expect("records").insert(0, bad);
    assert_eq!(deliver(&worker, event).await, ["bad"]);
    assert_eq!(sent(&receiver, "hook"), [(1, 1)]);
}

/// A function some of whose calls fail.
async fn failing(table: &TestTable, operation: &'static str) -> (testing::Between, Worker<Config>) {
    let between = table.between(
        move |asked| {
            if asked.operation == operation { Verdict::Fails } else { Verdict::Passes }
        },
    );
    let env = table.env_with("deliver_webhook", &between.variables());
    let worker = table.worker_in(env, Config::load).await;
    (between, worker)
}

#[tokio::test]
async fn nothing_is_given_up_before_it_is_among_the_dead_letters() {
    let table = TestTable::new().await;
    let (_between, failing) = failing(&table, "SendMessageBatch").await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    receiver.always("hook", Answer::status(500));
    table.clock.advance(Duration::from_hours(25));
    send(&table, &[&message]);
    assert!(!deliver_one(&table, &failing).await, "it comes again");
    assert_eq!(noted(&table, &message).await, None, "and counts as undecided");
    table.clock.advance(Duration::from_mins(1));
    assert!(deliver_one(&table, &worker).await);
    assert_eq!((stands(&table, &message).await.0, table.queued(DEAD).len()), (DeliveryStatus::Failed, 1));
}

#[tokio::test]
async fn a_webhook_is_not_posted_before_it_is_known_what_came_of_it_so_far() {
    let table = TestTable::new().await;
    let (_between, failing) = failing(&table, "BatchGetItem").await;
    let receiver = receiver(&table);
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    assert!(!deliver_new(&table, &failing, &message).await);
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn what_could_not_be_noted_is_sent_again_as_the_same_delivery_and_the_next_attempt() {
    let table = TestTable::new().await;
    let (_between, failing) = failing(&table, "PutItem").await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    assert!(!deliver_new(&table, &failing, &message).await);
    table.clock.advance(Duration::from_mins(1));
    assert!(deliver_one(&table, &worker).await);
    assert_eq!(sent(&receiver, "hook"), [(1, 1), (1, 2)]);
    let hooks = receiver.received();
    let [first, second] = hooks.as_slice() else { panic!("{hooks:?}") };
    assert_eq!(first.header("x-vestibule-delivery"), second.header("x-vestibule-delivery"));
    assert_eq!(stands(&table, &message).await.1, 2);
}

#[tokio::test]
async fn a_pause_that_the_queue_does_not_take_is_the_queues_own() {
    let table = TestTable::new().await;
    let (_between, failing) = failing(&table, "ChangeMessageVisibility").await;
    let receiver = receiver(&table);
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    receiver.script("hook", [Answer::status(500)]);
    assert!(!deliver_new(&table, &failing, &message).await);
    assert_eq!(hidden_for(&table), Duration::from_mins(1));
    table.clock.advance(Duration::from_mins(1));
    assert!(deliver_one(&table, &failing).await);
    assert_eq!(stands(&table, &message).await.0, DeliveryStatus::Delivered);
}
