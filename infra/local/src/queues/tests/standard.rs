//! Standard queues.

use md5::Digest as _;

use super::*;

#[test]
fn a_message_is_received_once_and_deleted() {
    let bench = Bench::of(&[queue("q")]);
    bench.send(Draft::new("a"));
    bench.send(Draft::new("b"));
    let received = bench.receive(10);
    assert_eq!(bodies(&received), ["a", "b"]);
    assert!(bench.receive(10).is_empty(), "they are hidden");
    assert_eq!(bench.queues.depth(QueueId(0)), Depth { in_flight: 2, ..Depth::default() });
    for received in &received {
        bench.delete(received);
    }
    bench.advance(31);
    assert!(bench.receive(10).is_empty());
}

#[test]
fn what_is_not_deleted_comes_again_after_the_visibility_timeout() {
    let bench = Bench::of(&[queue("q")]);
    bench.send(Draft::new("a"));
    let first = bench.receive(1).remove(0);
    bench.advance(29);
    assert!(bench.receive(1).is_empty());
    bench.advance(1);
    let second = bench.receive(1).remove(0);
    assert_eq!((first.message.receives, second.message.receives), (1, 2));
    assert_eq!(first.message.first_received_at, second.message.first_received_at);
    bench.delete(&first);
    bench.advance(30);
    assert_eq!(bench.bodies(1), ["a"], "only the last receipt deletes");
    bench.delete(&second);
    bench.advance(30);
    assert_eq!(bench.bodies(1), ["a"]);
}

#[test]
fn a_delay_is_the_queues_unless_the_message_has_its_own() {
    let bench = Bench::of(&[template::Queue { delay: Duration::from_secs(10), ..queue("q") }]);
    bench.send(Draft::new("queue"));
    bench.send(Draft { delay: Some(Duration::from_mins(15)), ..Draft::new("own") });
    bench.send(Draft { delay: Some(Duration::ZERO), ..Draft::new("none") });
    assert_eq!(bench.queues.depth(QueueId(0)), Depth { visible: 1, delayed: 2, in_flight: 0 });
    assert_eq!(bench.bodies(10), ["none"]);
    bench.advance(10);
    assert_eq!(bench.bodies(10), ["queue"]);
    bench.advance(890);
    assert!(bench.bodies(10).contains(&"own".to_owned()));
}

#[test]
fn visibility_can_be_changed_while_the_message_is_in_flight() {
    let bench = Bench::of(&[queue("q")]);
    bench.send(Draft::new("a"));
    let received = bench.receive(1).remove(0);
    let change =
        |seconds| bench.queues.change_visibility(QueueId(0), &received.receipt, Duration::from_secs(seconds));
    change(100).expect("longer");
    bench.advance(99);
    assert!(bench.receive(1).is_empty());
    change(0).expect("at once");
    assert_eq!(change(10), Err(Refusal::NotInFlight));
    assert_eq!(bench.bodies(1), ["a"]);
    assert_eq!(change(10), Err(Refusal::NotInFlight), "an older receipt");
    bench.queues.purge(QueueId(0)).expect("purged");
    assert!(matches!(change(10), Err(Refusal::InvalidParameter(_))));
}

#[test]
fn a_message_that_is_received_too_often_is_a_dead_letter() {
    let bench = Bench::of(&[redriven("q", "dead", 2), queue("dead")]);
    let sent = bench.send(Draft::new("a"));
    for _ in 0..2 {
        assert_eq!(bench.bodies(1), ["a"]);
        bench.advance(30);
    }
    assert!(bench.receive(1).is_empty());
    let dead = QueueId(1);
    assert_eq!(bench.queues.depth(dead).visible, 1);
    let [message] = bench.queues.messages(dead).try_into().expect("one message");
    assert_eq!((message.id, message.receives), (sent.id.clone(), 2));
    assert_eq!(message.dead_letter_source.as_deref(), Some("arn:q"));
    let notice = format!("sqs | dead: message {} is here, given up by q (receive count 2)", sent.id);
    assert_eq!(bench.console.kept(), [notice]);
}

#[test]
fn a_message_is_kept_no_longer_than_the_queue_says_also_as_a_dead_letter() {
    let retention = Duration::from_mins(1);
    let dead = template::Queue { retention, ..queue("dead") };
    let bench = Bench::of(&[template::Queue { retention, ..redriven("q", "dead", 1) }, dead]);
    bench.send(Draft::new("a"));
    bench.send(Draft::new("b"));
    assert_eq!(bench.bodies(1), ["a"]);
    bench.advance(30);
    assert_eq!(bench.bodies(1), ["b"]);
    assert_eq!(bench.queues.depth(QueueId(1)).visible, 1);
    bench.advance(30);
    assert_eq!((bench.queues.depth(QueueId(0)), bench.queues.depth(QueueId(1))), Default::default());
    assert!(bench.receive(1).is_empty());
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let bench = Bench::of(&[template::Queue { most_bytes: 1024, ..queue("q") }]);
    let refused = |draft: Draft| bench.queues.send(QueueId(0), draft).expect_err("refused").code();
    let attribute = |kind: &str, text: Option<&str>| Attribute {
        data_type: kind.to_owned(),
        string_value: text.map(str::to_owned),
        binary_value: None,
    };
    let with =
        |attribute| Draft { attributes: Attributes::from([("a".to_owned(), attribute)]), ..Draft::new("x") };
    assert_eq!(refused(Draft::new("")), "MissingParameter");
    assert_eq!(refused(Draft::new("x".repeat(1025))), "InvalidParameterValue");
    assert_eq!(refused(Draft::new("\u{0}")), "InvalidMessageContents");
    assert_eq!(refused(with(attribute("Text", Some("a")))), "InvalidParameterValue");
    assert_eq!(refused(with(attribute("String", None))), "InvalidParameterValue");
    assert_eq!(refused(with(attribute("String", Some(&"x".repeat(1024))))), "InvalidParameterValue");
    assert_eq!(refused(Draft::new("x").once_as("a")), "InvalidParameterValue");
    assert_eq!(
        refused(Draft { delay: Some(Duration::from_secs(901)), ..Draft::new("x") }),
        "InvalidParameterValue"
    );
    bench.send(with(attribute("Number.int", Some("1"))));
    bench.send(Draft::new("x".repeat(1024)));
    bench.send(Draft::new("a group is a hint here").in_group("g"));
}

#[test]
fn a_receipt_of_another_queue_is_none() {
    let bench = Bench::of(&[queue("q"), queue("other")]);
    bench.send(Draft::new("a"));
    let received = bench.receive(1).remove(0);
    assert_eq!(bench.queues.delete(QueueId(1), &received.receipt), Err(Refusal::InvalidReceipt));
    assert_eq!(bench.queues.delete(QueueId(0), "?"), Err(Refusal::InvalidReceipt));
}

#[tokio::test]
async fn who_waits_gets_what_comes() {
    let bench = Bench::of(&[queue("q")]);
    let waiting = bench.queues.receive_within(QueueId(0), 1, None, Duration::from_secs(20));
    let sending = async {
        tokio::task::yield_now().await;
        bench.send(Draft::new("a"));
    };
    let (received, ()) = tokio::join!(waiting, sending);
    assert_eq!(bodies(&received.expect("received")), ["a"]);
    let nothing = bench.queues.receive_within(QueueId(0), 1, None, Duration::from_millis(1)).await;
    assert!(nothing.expect("received").is_empty());
}

#[test]
fn digests_are_those_of_sqs() {
    assert_eq!(md5_of("This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
    let attributes = Attributes::from([(
        "test_attribute_name_1".to_owned(),
        Attribute {
            data_type: "String".to_owned(),
            string_value: Some("test_attribute_value_1".to_owned()),
            binary_value: None,
        },
    )]);
    let by_hand = [
        &21_u32.to_be_bytes()[..],
        b"test_attribute_name_1",
        &6_u32.to_be_bytes(),
        b"String",
        &[1],
        &22_u32.to_be_bytes(),
        b"test_attribute_value_1",
    ]
    .concat();
    assert_eq!(md5_of_attributes(&attributes), Some(hex::encode(md5::Md5::digest(by_hand))));
    assert_eq!(md5_of_attributes(&Attributes::new()), None);
}
