//! Batches, of which AWS carries out what it can.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use serde_json::{Value, json};

use super::{Gate, SEED, TABLE, client, database, increment, key, simulation};
use crate::simulate::Profile;
use crate::simulate::batch;
use crate::simulate::call::Operation;
use crate::simulate::ledger::Verdict::{Admitted, Conflict, Throttled};

fn put(item: &str) -> WriteRequest {
    WriteRequest::builder()
        .put_request(PutRequest::builder().set_item(Some(key(item))).build().unwrap())
        .build()
}

async fn write(client: &Client, items: &[&str]) -> BatchWriteItemOutput {
    let requests = items.iter().map(|item| put(item)).collect();
    client.batch_write_item().request_items(TABLE, requests).send().await.unwrap()
}

#[tokio::test]
async fn a_batch_whose_only_entry_meets_a_transaction_is_all_unprocessed() {
    let mut gate = Gate::start().await;
    let client = client(&simulation(&gate.address, Profile::Aws, SEED).await);
    let transaction = tokio::spawn(client.transact_write_items().transact_items(increment("b")).send());
    gate.arrival().await;
    assert_eq!(write(&client, &["b"]).await.unprocessed_items().unwrap()[TABLE], [put("b")]);
    gate.let_go(1);
    transaction.await.unwrap().unwrap();
    assert_eq!(gate.bodies().len(), 1, "an empty batch would be refused by the database");
}

#[tokio::test]
async fn the_rest_of_a_batch_is_carried_out() {
    let mut gate = Gate::start().await;
    let client = client(&simulation(&gate.address, Profile::Aws, SEED).await);
    let transaction = tokio::spawn(client.transact_write_items().transact_items(increment("b")).send());
    gate.arrival().await;
    let batch = tokio::spawn({
        let client = client.clone();
        async move { write(&client, &["a", "b", "c"]).await }
    });
    assert_eq!(gate.arrival().await, "BatchWriteItem");
    gate.let_go(2);
    assert_eq!(batch.await.unwrap().unprocessed_items().unwrap()[TABLE], [put("b")]);
    transaction.await.unwrap().unwrap();
    let sent = &gate.bodies()[1]["RequestItems"][TABLE];
    let items: Vec<_> =
        sent.as_array().unwrap().iter().map(|put| &put["PutRequest"]["Item"]["pk"]["S"]).collect();
    assert_eq!(items, ["a", "c"]);
}

#[tokio::test]
async fn batches_that_meet_nothing_pass_whole() {
    let client = client(&simulation(&database().await, Profile::Aws, SEED).await);
    let written = write(&client, &["a", "b"]).await;
    assert!(written.unprocessed_items().is_none_or(std::collections::HashMap::is_empty));
    let keys = KeysAndAttributes::builder().keys(key("a")).keys(key("b")).build().unwrap();
    let read = client.batch_get_item().request_items(TABLE, keys).send().await.unwrap();
    assert_eq!(read.responses().unwrap()[TABLE].len(), 2);
}

#[tokio::test]
async fn a_batch_of_hot_items_only_is_throttled() {
    let gate = Gate::answering(json!({"ConsumedCapacity": {"TableName": TABLE, "CapacityUnits": 1e8}})).await;
    gate.let_go(1);
    let client = client(&simulation(&gate.address, Profile::Aws, SEED).await);
    client.update_item().table_name(TABLE).set_key(Some(key("a"))).send().await.unwrap();
    let error = client.batch_write_item().request_items(TABLE, vec![put("a")]).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
}

fn reads() -> Value {
    json!({"RequestItems": {
        "a": {"Keys": [{"pk": {"S": "1"}}, {"pk": {"S": "2"}}], "ConsistentRead": true},
        "b": {"Keys": [{"pk": {"S": "3"}}]},
    }})
}

#[test]
fn keys_that_are_not_read_keep_the_options_of_their_table() {
    let mut body = reads();
    let refused = batch::split(&mut body, &[Admitted, Throttled, Throttled]);
    assert_eq!(body, json!({"RequestItems": {"a": {"Keys": [{"pk": {"S": "1"}}], "ConsistentRead": true}}}));
    let expected = json!({
        "a": {"Keys": [{"pk": {"S": "2"}}], "ConsistentRead": true},
        "b": {"Keys": [{"pk": {"S": "3"}}]},
    });
    assert_eq!(json!(refused), expected);
    assert!(!batch::is_empty(&body));
}

#[test]
fn a_batch_with_nothing_left_is_empty() {
    let mut body = reads();
    batch::split(&mut body, &[Conflict, Conflict, Conflict]);
    assert!(batch::is_empty(&body));
}

#[test]
fn what_the_database_left_unprocessed_itself_stays_named() {
    let mut answer = json!({"UnprocessedKeys": {"a": {"Keys": [{"pk": {"S": "1"}}]}}});
    let mut body = reads();
    let refused = batch::split(&mut body, &[Admitted, Throttled, Throttled]);
    batch::add_unprocessed(&mut answer, Operation::BatchGet, refused);
    assert_eq!(answer["UnprocessedKeys"]["a"]["Keys"].as_array().unwrap().len(), 2);
    assert_eq!(answer["UnprocessedKeys"]["b"]["Keys"].as_array().unwrap().len(), 1);
}
