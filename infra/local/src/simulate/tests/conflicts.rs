//! Calls that overlap, as the SDK sees them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{CancellationReason, Get, TransactGetItem};
use tokio::task::{JoinHandle, JoinSet};

use super::{Gate, SEED, TABLE, client, count, database, increment, key, simulation};
use crate::simulate::Profile;

type Written = Result<TransactWriteItemsOutput, TransactWriteItemsError>;
type Updated = Result<UpdateItemOutput, UpdateItemError>;

/// A simulation in front of a database that holds its calls.
async fn gated() -> (Gate, Client) {
    let gate = Gate::start().await;
    let client = client(&simulation(&gate.address, Profile::Aws, SEED).await);
    (gate, client)
}

async fn write(client: Client, items: &[&str], token: Option<&str>) -> Written {
    let items = items.iter().map(|item| increment(item)).collect();
    let request = client.transact_write_items().set_transact_items(Some(items));
    let sent = request.set_client_request_token(token.map(str::to_owned)).send().await;
    sent.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error)
}

async fn update(client: Client, item: &str) -> Updated {
    let request = client.update_item().table_name(TABLE).set_key(Some(key(item)));
    let sent = request.update_expression("REMOVE locked").send().await;
    sent.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error)
}

fn begin_write(client: &Client, items: &'static [&str], token: Option<&'static str>) -> JoinHandle<Written> {
    tokio::spawn(write(client.clone(), items, token))
}

fn begin_update(client: &Client, item: &'static str) -> JoinHandle<Updated> {
    tokio::spawn(update(client.clone(), item))
}

fn codes(reasons: &[CancellationReason]) -> Vec<&str> {
    reasons.iter().map(|reason| reason.code().unwrap()).collect()
}

#[track_caller]
fn assert_cancelled(written: Written, expected: &[&str]) {
    let error = written.unwrap_err();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error}") };
    assert_eq!(codes(cancelled.cancellation_reasons()), expected);
}

#[tokio::test]
async fn of_two_overlapping_transactions_the_first_wins_and_the_second_learns_which_item() {
    let (mut gate, client) = gated().await;
    let first = begin_write(&client, &["a", "b"], None);
    gate.arrival().await;
    let second = write(client.clone(), &["c", "b"], None).await;
    assert_cancelled(second, &["None", "TransactionConflict"]);
    gate.let_go(1);
    first.await.unwrap().unwrap();
    assert_eq!(gate.bodies().len(), 1, "the second never reached the database");
}

#[tokio::test]
async fn after_its_answer_a_transaction_is_in_nobodys_way() {
    let (gate, client) = gated().await;
    gate.let_go(20);
    for _ in 0..10 {
        write(client.clone(), &["a"], None).await.unwrap();
        update(client.clone(), "a").await.unwrap();
    }
}

#[tokio::test]
async fn transactions_on_other_items_go_beside_each_other() {
    let (mut gate, client) = gated().await;
    let first = begin_write(&client, &["a", "b"], None);
    let second = begin_write(&client, &["c", "d"], None);
    gate.arrival().await;
    gate.arrival().await;
    gate.let_go(2);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_plain_write_meets_a_transaction() {
    let (mut gate, client) = gated().await;
    let transaction = begin_write(&client, &["a"], None);
    gate.arrival().await;
    let error = update(client.clone(), "a").await.unwrap_err();
    assert!(error.is_transaction_conflict_exception(), "{error}");
    assert_eq!(error.meta().message(), Some("Transaction is ongoing for the item"));
    gate.let_go(1);
    transaction.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_transaction_meets_a_plain_write() {
    let (mut gate, client) = gated().await;
    let plain = begin_update(&client, "a");
    gate.arrival().await;
    assert_cancelled(write(client.clone(), &["a"], None).await, &["TransactionConflict"]);
    gate.let_go(1);
    plain.await.unwrap().unwrap();
}

#[tokio::test]
async fn plain_writes_on_one_item_all_reach_the_database() {
    let (mut gate, client) = gated().await;
    let first = begin_update(&client, "a");
    let second = begin_update(&client, "a");
    gate.arrival().await;
    gate.arrival().await;
    gate.let_go(2);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_read_goes_on_beside_a_transaction_and_a_transaction_of_reads_does_not() {
    let (mut gate, client) = gated().await;
    let transaction = begin_write(&client, &["a"], None);
    gate.arrival().await;
    let read = client.get_item().table_name(TABLE).set_key(Some(key("a"))).send();
    let reads = |item| {
        let get = Get::builder().table_name(TABLE).set_key(Some(key(item))).build().unwrap();
        client.transact_get_items().transact_items(TransactGetItem::builder().get(get).build()).send()
    };
    let error = reads("a").await.unwrap_err().into_service_error();
    let TransactGetItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error}") };
    assert_eq!(codes(cancelled.cancellation_reasons()), ["TransactionConflict"]);
    gate.let_go(3);
    read.await.unwrap();
    transaction.await.unwrap().unwrap();
    reads("a").await.unwrap();
}

#[tokio::test]
async fn a_write_during_a_transaction_of_reads_cancels_the_reads() {
    let (mut gate, client) = gated().await;
    let get = Get::builder().table_name(TABLE).set_key(Some(key("a"))).build().unwrap();
    let reads = client.transact_get_items().transact_items(TransactGetItem::builder().get(get).build());
    let reads = tokio::spawn(reads.send());
    gate.arrival().await;
    let write = begin_update(&client, "a");
    gate.arrival().await;
    gate.let_go(2);
    write.await.unwrap().unwrap();
    let error = reads.await.unwrap().unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error}");
}

#[tokio::test]
async fn a_token_in_flight_is_in_progress() {
    let (mut gate, client) = gated().await;
    let first = begin_write(&client, &["a"], Some("token"));
    gate.arrival().await;
    let error = write(client.clone(), &["a"], Some("token")).await.unwrap_err();
    assert!(error.is_transaction_in_progress_exception(), "{error}");
    gate.let_go(2);
    first.await.unwrap().unwrap();
    write(client.clone(), &["a"], Some("token")).await.unwrap();
}

#[tokio::test]
async fn a_call_whose_client_has_left_stays_in_flight() {
    let (mut gate, client) = gated().await;
    let left = begin_write(&client, &["a"], None);
    gate.arrival().await;
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    assert_cancelled(write(client.clone(), &["a"], None).await, &["TransactionConflict"]);
}

#[tokio::test]
async fn every_transaction_of_a_race_is_either_counted_or_cancelled() {
    let database = database().await;
    let simulated = client(&simulation(&database, Profile::Aws, SEED).await);
    let mut race = JoinSet::new();
    for _ in 0..40 {
        race.spawn(write(simulated.clone(), &["a"], None));
    }
    let outcomes = race.join_all().await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let cancelled = outcomes.iter().filter(|outcome| {
        outcome.as_ref().is_err_and(TransactWriteItemsError::is_transaction_canceled_exception)
    });
    assert_eq!(won + cancelled.count(), 40);
    assert!(won >= 1);
    assert_eq!(count(&client(&database), "a").await, won);
}

#[tokio::test]
async fn racing_plain_updates_of_one_item_all_count() {
    let database = database().await;
    let simulated = client(&simulation(&database, Profile::Aws, SEED).await);
    let mut race = JoinSet::new();
    for _ in 0..40 {
        let request = simulated.update_item().table_name(TABLE).set_key(Some(key("a")));
        let one = aws_sdk_dynamodb::types::AttributeValue::N("1".into());
        let request = request.update_expression("ADD #count :one").expression_attribute_values(":one", one);
        race.spawn(request.expression_attribute_names("#count", "count").send());
    }
    assert!(race.join_all().await.iter().all(Result::is_ok));
    assert_eq!(count(&client(&database), "a").await, 40);
}
