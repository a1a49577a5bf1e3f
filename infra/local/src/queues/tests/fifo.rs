//! FIFO queues.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn fifo() -> template::Queue {
    let settings = queue("q.fifo");
    template::Queue { fifo: Some(Fifo { by_content: true, by_group: false }), ..settings }
}

fn draft(group: &str, body: &str) -> Draft {
    Draft::new(body).in_group(group)
}

#[test]
fn a_group_waits_while_one_of_its_messages_is_in_flight() {
    let bench = Bench::of(&[fifo()]);
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
        bench.send(draft(group, body));
    }
    let first = bench.receive(1);
    assert_eq!(bodies(&first), ["a1"]);
    let second = bench.receive(10);
    assert_eq!(bodies(&second), ["b1"], "the group a waits");
    bench.delete(&first[0]);
    let third = bench.receive(10);
    assert_eq!(bodies(&third), ["a2", "a3"]);
    bench.delete(&third[0]);
    bench.send(draft("a", "a4"));
    assert!(bench.receive(10).is_empty(), "a3 is in flight");
    bench.advance(30);
    assert_eq!(bench.bodies(10), ["b1", "a3", "a4"]);
}

#[test]
fn several_groups_can_be_in_one_batch() {
    let bench = Bench::of(&[fifo()]);
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("c", "c1")] {
        bench.send(draft(group, body));
    }
    assert_eq!(bench.bodies(3), ["a1", "b1", "a2"]);
    assert_eq!(bench.bodies(3), ["c1"]);
}

#[test]
fn a_message_is_known_for_five_minutes_whatever_became_of_it() {
    let bench = Bench::of(&[queue("q.fifo")]);
    let send = || bench.send(draft("a", "1").once_as("x"));
    let first = send();
    assert_eq!(send(), first);
    let received = bench.receive(10);
    assert_eq!(received.len(), 1);
    bench.delete(&received[0]);
    bench.advance(299);
    assert_eq!(send(), first);
    assert!(bench.receive(10).is_empty());
    bench.advance(1);
    let again = send();
    assert!(again.id != first.id && again.sequence_number > first.sequence_number);
    assert_eq!(bench.receive(10).len(), 1);
}

#[test]
fn ids_count_for_the_queue_or_for_the_group() {
    for (by_group, expected) in [(false, 1), (true, 2)] {
        let bench =
            Bench::of(&[template::Queue { fifo: Some(Fifo { by_content: false, by_group }), ..fifo() }]);
        bench.send(draft("a", "1").once_as("x"));
        bench.send(draft("b", "2").once_as("x"));
        assert_eq!(bench.receive(10).len(), expected);
    }
}

#[test]
fn what_has_no_id_of_its_own_is_known_by_its_content() {
    let bench = Bench::of(&[fifo()]);
    bench.send(draft("a", "1"));
    bench.send(draft("a", "1"));
    bench.send(draft("a", "2"));
    assert_eq!(bench.bodies(10), ["1", "2"]);
}

#[test]
fn what_a_fifo_queue_does_not_take_is_refused() {
    let bench = Bench::of(&[queue("q.fifo")]);
    let refused = |draft: Draft| bench.queues.send(QueueId(0), draft).expect_err("refused").code();
    assert_eq!(refused(Draft::new("1").once_as("x")), "MissingParameter");
    assert_eq!(refused(draft("a", "1")), "InvalidParameterValue", "no deduplication");
    let delayed = Draft { delay: Some(Duration::from_secs(1)), ..draft("a", "1").once_as("x") };
    assert_eq!(refused(delayed), "InvalidParameterValue");
    assert_eq!(refused(draft("a b", "1").once_as("x")), "InvalidParameterValue");
    assert_eq!(refused(draft("", "1").once_as("x")), "InvalidParameterValue");
}

#[test]
fn the_delay_of_the_queue_delays_all() {
    let bench = Bench::of(&[template::Queue { delay: Duration::from_secs(5), ..fifo() }]);
    bench.send(draft("a", "1"));
    assert!(bench.receive(10).is_empty());
    bench.advance(5);
    bench.send(draft("a", "2"));
    assert_eq!(bench.bodies(10), ["1"]);
}

#[test]
fn a_receipt_is_over_with_the_visibility_timeout() {
    let bench = Bench::of(&[fifo()]);
    bench.send(draft("a", "1"));
    let received = bench.receive(1).remove(0);
    bench.advance(30);
    let deleted = bench.queues.delete(QueueId(0), &received.receipt);
    assert!(matches!(deleted, Err(Refusal::InvalidParameter(_))));
    let received = bench.receive(1).remove(0);
    bench.delete(&received);
    bench.delete(&received);
}

#[test]
fn a_dead_letter_lets_the_next_of_its_group_pass() {
    let bench = Bench::of(&[redriven("q.fifo", "dead.fifo", 1), queue("dead.fifo")]);
    bench.send(draft("a", "1").once_as("1"));
    bench.send(draft("a", "2").once_as("2"));
    assert_eq!(bench.bodies(1), ["1"]);
    bench.advance(30);
    assert_eq!(bench.bodies(1), ["2"]);
    let [dead] = bench.queues.messages(QueueId(1)).try_into().expect("one message");
    assert_eq!(
        (dead.body.as_str(), dead.group.as_deref(), dead.deduplication.as_deref()),
        ("1", Some("a"), Some("1"))
    );
}

#[derive(Clone, Debug)]
enum Step {
    Send { group: u8 },
    Receive { most: usize, delete: usize },
    Back,
    Advance { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8).prop_map(|group| Step::Send { group }),
        4 => (1..=10_usize, 0..=10_usize).prop_map(|(most, delete)| Step::Receive { most, delete }),
        1 => Just(Step::Back),
        2 => (1..40_u64).prop_map(|seconds| Step::Advance { seconds }),
    ]
}

proptest! {
    /// Whatever happens: of each group the oldest messages come first, nobody gets one while another is in flight,
    /// and all that were sent are deleted, dead or there.
    #[test]
    fn groups_keep_their_order_and_nothing_is_lost(steps in prop::collection::vec(step(), 1..80)) {
        let bench = Bench::of(&[redriven("q.fifo", "dead.fifo", 3), queue("dead.fifo")]);
        let mut left: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        let (mut sent, mut deleted) = (0, 0);
        let mut held: Vec<Received> = Vec::new();
        for step in steps {
            match step {
                Step::Send { group } => {
                    sent += 1;
                    let group = format!("g{group}");
                    bench.send(draft(&group, "x").once_as(sent.to_string()));
                    let places = bench.queues.messages(QueueId(0));
                    let place = places.last().expect("just sent").sequence;
                    left.entry(group).or_default().insert(place);
                }
                Step::Receive { most, delete } => {
                    let now = bench.clock.now();
                    let busy: BTreeSet<String> = bench.queues.messages(QueueId(0)).iter()
                        .filter(|message| message.is_in_flight(now))
                        .filter_map(|message| message.group.clone())
                        .collect();
                    let received = bench.receive(most);
                    let there: BTreeSet<u64> = bench.queues.messages(QueueId(0)).iter().map(|m| m.sequence).collect();
                    for places in left.values_mut() {
                        places.retain(|place| there.contains(place));
                    }
                    let mut places: BTreeMap<String, Vec<u64>> = BTreeMap::new();
                    for Received { message, .. } in &received {
                        let group = message.group.clone().expect("a group");
                        prop_assert!(!busy.contains(&group));
                        places.entry(group).or_default().push(message.sequence);
                    }
                    for (group, places) in places {
                        let oldest: Vec<u64> = left[&group].iter().copied().take(places.len()).collect();
                        prop_assert_eq!(places, oldest);
                    }
                    for received in received.iter().take(delete) {
                        bench.delete(received);
                        deleted += 1;
                        let group = received.message.group.as_ref().expect("a group");
                        left.get_mut(group).expect("known").remove(&received.message.sequence);
                    }
                    held.extend(received.into_iter().skip(delete));
                }
                // What is no longer in flight cannot be given back, which is an answer too.
                Step::Back => if let Some(received) = held.pop() {
                    let _ = bench.queues.change_visibility(QueueId(0), &received.receipt, Duration::ZERO);
                },
                Step::Advance { seconds } => bench.advance(seconds),
            }
            let (there, dead) = (bench.queues.messages(QueueId(0)).len(), bench.queues.messages(QueueId(1)).len());
            prop_assert_eq!(there + dead + deleted, sent);
        }
    }
}
