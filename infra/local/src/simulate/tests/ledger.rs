//! The rules of conflict and charge, without a network and under a clock of the test's own.

use std::time::Duration;

use tokio::time::Instant;

use crate::simulate::call::{Effect, Operation, Touch};
use crate::simulate::ledger::Verdict::{self, Admitted, Conflict, Throttled};
use crate::simulate::ledger::{Held, InProgress, Ledger};

const READ: Effect = Effect::Read { consistent: true };

fn touches<const N: usize>(items: [(&str, Effect); N]) -> Vec<Option<Touch>> {
    let touch = |(item, effect): (&str, _)| Touch { table: "rooms".into(), item: item.into(), effect };
    items.map(|item| Some(touch(item))).into()
}

fn admit(ledger: &Ledger, operation: Operation, items: &[&str], effect: Effect) -> (Vec<Verdict>, Held) {
    let touches = items.iter().flat_map(|item| touches([(item, effect)])).collect();
    ledger.admit(Instant::now(), operation, touches, None).ok().unwrap()
}

fn transaction(ledger: &Ledger, items: &[&str]) -> (Vec<Verdict>, Held) {
    admit(ledger, Operation::TransactWrite, items, Effect::Change)
}

#[test]
fn a_transaction_meets_one_in_flight_and_names_the_item() {
    let ledger = Ledger::default();
    let (first, held) = transaction(&ledger, &["a", "b"]);
    assert_eq!(first, [Admitted, Admitted]);
    assert_eq!(transaction(&ledger, &["c", "b", "d"]).0, [Admitted, Conflict, Admitted]);
    drop(held);
    assert_eq!(transaction(&ledger, &["c", "b", "d"]).0, [Admitted, Admitted, Admitted]);
}

#[test]
fn a_cancelled_transaction_holds_none_of_its_items() {
    let ledger = Ledger::default();
    let _first = transaction(&ledger, &["a"]);
    let _cancelled = transaction(&ledger, &["a", "b"]);
    assert_eq!(transaction(&ledger, &["b"]).0, [Admitted]);
}

#[test]
fn plain_writes_and_transactions_refuse_each_other_and_the_first_goes_on() {
    for plain in [Operation::Put, Operation::Update, Operation::Delete, Operation::BatchWrite] {
        let ledger = Ledger::default();
        let first = transaction(&ledger, &["a"]);
        assert_eq!(admit(&ledger, plain, &["a"], Effect::Change).0, [Conflict]);
        drop(first);
        let _first = admit(&ledger, plain, &["a"], Effect::Change);
        assert_eq!(transaction(&ledger, &["a"]).0, [Conflict]);
    }
}

#[test]
fn plain_writes_go_beside_each_other_and_a_transaction_waits_for_all() {
    let ledger = Ledger::default();
    let (verdicts, first) = admit(&ledger, Operation::Put, &["a"], Effect::Put(1));
    assert_eq!(verdicts, [Admitted]);
    let (verdicts, second) = admit(&ledger, Operation::Update, &["a"], Effect::Change);
    assert_eq!(verdicts, [Admitted]);
    drop(first);
    assert_eq!(transaction(&ledger, &["a"]).0, [Conflict]);
    drop(second);
    assert_eq!(transaction(&ledger, &["a"]).0, [Admitted]);
}

#[test]
fn reads_neither_wait_nor_stop_anything() {
    let ledger = Ledger::default();
    let _transaction = transaction(&ledger, &["a"]);
    for read in [Operation::Get, Operation::BatchGet] {
        assert_eq!(admit(&ledger, read, &["a"], READ).0, [Admitted]);
    }
    let _read = admit(&ledger, Operation::Get, &["b"], READ);
    assert_eq!(transaction(&ledger, &["b"]).0, [Admitted]);
}

#[test]
fn a_transaction_of_reads_meets_writes_in_flight() {
    let ledger = Ledger::default();
    let _write = admit(&ledger, Operation::Put, &["a"], Effect::Put(1));
    let _transaction = transaction(&ledger, &["b"]);
    let (verdicts, _) = admit(&ledger, Operation::TransactGet, &["a", "b", "c"], READ);
    assert_eq!(verdicts, [Conflict, Conflict, Admitted]);
}

#[test]
fn a_write_spoils_a_transaction_of_reads_in_flight_and_is_not_stopped_by_it() {
    let ledger = Ledger::default();
    let (_, reads) = admit(&ledger, Operation::TransactGet, &["a", "b"], READ);
    let (_, others) = admit(&ledger, Operation::TransactGet, &["a", "b"], READ);
    assert_eq!(others.review(2), [Admitted, Admitted]);
    assert_eq!(transaction(&ledger, &["b"]).0, [Admitted]);
    assert_eq!(reads.review(2), [Admitted, Conflict]);
}

#[test]
fn a_token_in_flight_is_in_progress_and_free_afterwards() {
    let ledger = Ledger::default();
    let send = |item| {
        let touches = touches([(item, Effect::Change)]);
        ledger.admit(Instant::now(), Operation::TransactWrite, touches, Some("token"))
    };
    let first = send("a").ok().unwrap();
    assert_eq!(send("a").err(), Some(InProgress));
    assert_eq!(send("b").err(), Some(InProgress));
    drop(first);
    assert_eq!(send("a").ok().unwrap().0, [Admitted]);
}

#[test]
fn a_cancelled_transaction_leaves_its_token_free() {
    let ledger = Ledger::default();
    let _first = transaction(&ledger, &["a"]);
    for _ in 0..2 {
        let touches = touches([("a", Effect::Change)]);
        let again = ledger.admit(Instant::now(), Operation::TransactWrite, touches, Some("token"));
        assert_eq!(again.ok().unwrap().0, [Conflict]);
    }
}

#[test]
fn an_action_that_names_no_item_is_left_to_the_database() {
    let ledger = Ledger::default();
    let touches = [vec![None], touches([("a", Effect::Change)])].concat();
    let (verdicts, _held) =
        ledger.admit(Instant::now(), Operation::TransactWrite, touches, None).ok().unwrap();
    assert_eq!(verdicts, [Admitted, Admitted]);
}

/// How many such calls one after the other an item takes at one moment.
fn taken(ledger: &Ledger, now: Instant, operation: Operation, effect: Effect) -> usize {
    let mut attempts =
        (0..10_000).map(|_| ledger.admit(now, operation, touches([("a", effect)]), None).ok().unwrap().0[0]);
    attempts.by_ref().take_while(|verdict| *verdict == Admitted).count()
}

#[test]
fn a_transaction_costs_double_and_large_items_a_unit_for_each_kilobyte() {
    let now = Instant::now();
    assert_eq!(taken(&Ledger::default(), now, Operation::Put, Effect::Put(1_024)), 100);
    assert_eq!(taken(&Ledger::default(), now, Operation::Put, Effect::Put(1_025)), 50);
    assert_eq!(taken(&Ledger::default(), now, Operation::TransactWrite, Effect::Put(1_024)), 50);
    assert_eq!(taken(&Ledger::default(), now, Operation::TransactWrite, Effect::Put(1_025)), 25);
    assert_eq!(taken(&Ledger::default(), now, Operation::Update, Effect::Change), 100);
    assert_eq!(taken(&Ledger::default(), now, Operation::Get, READ), 300);
    assert_eq!(taken(&Ledger::default(), now, Operation::Get, Effect::Read { consistent: false }), 600);
    assert_eq!(taken(&Ledger::default(), now, Operation::TransactGet, READ), 150);
}

#[test]
fn writes_and_reads_of_an_item_do_not_share_their_units() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    assert_eq!(taken(&ledger, now, Operation::Update, Effect::Change), 100);
    assert_eq!(taken(&ledger, now, Operation::Get, READ), 300);
}

#[test]
fn one_hot_item_throttles_a_transaction_and_names_itself() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    assert_eq!(taken(&ledger, now, Operation::Update, Effect::Change), 100);
    let touches = || touches([("b", Effect::Change), ("a", Effect::Change)]);
    let (verdicts, _) = ledger.admit(now, Operation::TransactWrite, touches(), None).ok().unwrap();
    assert_eq!(verdicts, [Admitted, Throttled]);
    let later = now + Duration::from_millis(3);
    let (verdicts, _) = ledger.admit(later, Operation::TransactWrite, touches(), None).ok().unwrap();
    assert_eq!(verdicts, [Admitted, Admitted]);
}

#[test]
fn an_attempt_that_conflicts_consumes_units() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let touches = || touches([("a", Effect::Change)]);
    let _first = ledger.admit(now, Operation::TransactWrite, touches(), None).ok().unwrap();
    let verdicts: Vec<_> = (0..60)
        .map(|_| ledger.admit(now, Operation::TransactWrite, touches(), None).ok().unwrap().0[0])
        .collect();
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Conflict).count(), 49);
    assert_eq!(verdicts.last(), Some(&Throttled));
}

#[test]
fn what_the_database_reports_corrects_the_size_of_a_changed_item() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    // A transaction of a put of 1 KB and a change: 10 units are 1 KB and 4 KB, twice.
    let touches = touches([("p", Effect::Put(900)), ("a", Effect::Change)]);
    let (_, held) = ledger.admit(now, Operation::TransactWrite, touches, None).ok().unwrap();
    held.settle(&[("rooms".to_owned(), 10.0)].into());
    drop(held);
    // 100 - 8 units are left, at 4 each.
    assert_eq!(taken(&ledger, now, Operation::Update, Effect::Change), 23);
}

#[test]
fn an_unexplained_report_goes_to_the_item_never_seen_before() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let update = |consumed| {
        let (_, held) =
            ledger.admit(now, Operation::Update, touches([("a", Effect::Change)]), None).ok().unwrap();
        held.settle(&[("rooms".to_owned(), consumed)].into());
    };
    update(1.0);
    let touches = touches([("a", Effect::Change), ("new", Effect::Change)]);
    let (_, held) = ledger.admit(now, Operation::TransactWrite, touches, None).ok().unwrap();
    held.settle(&[("rooms".to_owned(), 2.0 + 6.0)].into());
    drop(held);
    // The first update and the transaction took 3 units; "a" is still of 1 KB.
    assert_eq!(taken(&ledger, now, Operation::Update, Effect::Change), 97);
}
