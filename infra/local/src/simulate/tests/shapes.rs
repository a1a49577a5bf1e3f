//! The answers the simulation gives itself, byte by byte and as the SDK reads them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Gate, SEED, TABLE, client, database, increment, key, simulation, text};
use crate::simulate::Profile;
use crate::simulate::answer::{self, Answer};
use crate::simulate::ledger::Verdict::{Admitted, Conflict, Throttled};

fn body(answer: &Answer) -> Value {
    let checksum = answer.headers()["x-amz-crc32"].to_str().unwrap();
    assert_eq!(checksum, crc32fast::hash(answer.body()).to_string());
    assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.0");
    assert_eq!(answer.headers()["x-amzn-requestid"].len(), 52);
    serde_json::from_slice(answer.body()).unwrap()
}

#[test]
fn a_cancelled_transaction_gives_a_reason_for_each_action_in_order() {
    let cancelled = answer::cancelled(&[Admitted, Conflict], 0);
    assert_eq!(cancelled.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        body(&cancelled),
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [None, TransactionConflict]",
            "CancellationReasons": [
                {"Code": "None"},
                {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
            ],
        })
    );
    assert_eq!(
        body(&answer::cancelled(&[Throttled], 0))["CancellationReasons"][0]["Code"],
        "ThrottlingError"
    );
}

#[test]
fn other_refusals_are_typed_as_at_aws() {
    let refusals = [
        (answer::conflict(1), 400, "com.amazonaws.dynamodb.v20120810#TransactionConflictException"),
        (answer::in_progress(1), 400, "com.amazonaws.dynamodb.v20120810#TransactionInProgressException"),
        (answer::throttled(TABLE, true, 1), 400, "com.amazon.coral.availability#ThrottlingException"),
        (answer::internal_error("", 1), 500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
    ];
    for (refusal, status, kind) in refusals {
        assert_eq!((refusal.status().as_u16(), &body(&refusal)["__type"]), (status, &json!(kind)));
    }
}

/// A simulation in front of a database that reports, for every call, more consumption than an item has in a day.
async fn hot(operation_is_transaction: bool) -> (Gate, Client) {
    let consumed = json!({"TableName": TABLE, "CapacityUnits": 1e8});
    let consumed = if operation_is_transaction { json!([consumed]) } else { consumed };
    let gate = Gate::answering(json!({"ConsumedCapacity": consumed})).await;
    gate.let_go(1);
    let client = client(&simulation(&gate.address, Profile::Aws, SEED).await);
    (gate, client)
}

#[tokio::test]
async fn a_plain_write_to_a_hot_item_is_throttled_as_on_demand_tables_do() {
    let (_gate, client) = hot(false).await;
    let update = || client.update_item().table_name(TABLE).set_key(Some(key("a"))).send();
    update().await.unwrap();
    let error = update().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    assert!(error.message().unwrap().starts_with("Throughput exceeds the current capacity"));
    assert!(error.request_id().unwrap().starts_with("SIMULATED"));
    let error = error.into_service_error();
    let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ThrottlingException(throttled) = error
    else {
        panic!("{error}");
    };
    let reason = throttled.throttling_reasons()[0].reason();
    assert_eq!(reason, Some("TableWriteKeyRangeThroughputExceeded"));
}

#[tokio::test]
async fn a_transaction_with_a_hot_item_is_cancelled_and_names_it() {
    let (_gate, client) = hot(true).await;
    client.transact_write_items().transact_items(increment("a")).send().await.unwrap();
    let transaction =
        client.transact_write_items().transact_items(increment("b")).transact_items(increment("a"));
    let error = transaction.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error}") };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ThrottlingError"]);
    assert!(cancelled.cancellation_reasons()[1].message().unwrap().starts_with("Throughput exceeds"));
}

#[tokio::test]
async fn a_caller_is_told_its_consumption_only_if_it_asks() {
    let client = client(&simulation(&database().await, Profile::Aws, SEED).await);
    let transaction = || client.transact_write_items().transact_items(increment("a"));
    assert!(transaction().send().await.unwrap().consumed_capacity().is_empty());
    let asked = transaction().return_consumed_capacity("TOTAL".into()).send().await.unwrap();
    assert_eq!(asked.consumed_capacity()[0].capacity_units(), Some(2.0));
    let unasked = transaction().return_consumed_capacity("NONE".into()).send().await.unwrap();
    assert!(unasked.consumed_capacity().is_empty());
}

#[tokio::test]
async fn refusals_of_the_database_come_through_unchanged() {
    let upstream = database().await;
    let simulated = client(&simulation(&upstream, Profile::Aws, SEED).await);
    let direct = client(&upstream);
    for client in [&simulated, &direct] {
        let item = key("a").into_iter().chain([("name".to_owned(), text("x"))]).collect();
        let put = client.put_item().table_name(TABLE).set_item(Some(item));
        let error = put.condition_expression("attribute_exists(pk)").send().await.unwrap_err();
        assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
        let unknown =
            client.get_item().table_name("unknown").set_key(Some(key("a"))).send().await.unwrap_err();
        assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
        let twice =
            client.transact_write_items().transact_items(increment("a")).transact_items(increment("a"));
        assert_eq!(twice.send().await.unwrap_err().code(), Some("ValidationException"));
    }
}

#[tokio::test]
async fn operations_on_tables_never_fail() {
    let client = client(&simulation(&database().await, Profile::Faults, SEED).await);
    for _ in 0..100 {
        client.describe_table().table_name(TABLE).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_a_500() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client(&simulation(&format!("http://{nobody}"), Profile::Aws, SEED).await);
    let error = client.get_item().table_name(TABLE).set_key(Some(key("a"))).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InternalServerError"));
}

#[tokio::test]
async fn an_upstream_that_is_not_plain_http_is_refused_at_start() {
    for address in ["https://dynamodb.eu-west-1.amazonaws.com", "/nowhere"] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = crate::simulate::serve(listener, address.parse().unwrap(), Profile::Aws, SEED).await;
        assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    }
}
