//! Faults against a real database: what the client is told, and what happened.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};

use super::{SEED, TABLE, client, database, increment, key, simulation};
use crate::simulate::Profile;
use crate::simulate::draws::{Draws, Failure, Fault};

const CALLS: usize = 150;

/// What the client of a call sees.
fn seen(outcome: &Result<PutItemOutput, SdkError<PutItemError>>) -> Option<Failure> {
    let Err(error) = outcome else { return None };
    Some(match error.code() {
        Some("InternalServerError") => Failure::Internal,
        Some("ThrottlingException") => Failure::Throttled,
        None if matches!(error, SdkError::DispatchFailure(_)) => Failure::Cut,
        _ => panic!("{error:?}"),
    })
}

/// Puts `CALLS` items one after the other; for each, what the client saw and whether the item is there.
async fn run(seed: u64) -> Vec<(Option<Failure>, bool)> {
    let database = database().await;
    let simulated = client(&simulation(&database, Profile::Faults, seed).await);
    let direct = client(&database);
    let mut outcomes = Vec::new();
    for call in 0..CALLS {
        let item = key(&call.to_string());
        let put = simulated.put_item().table_name(TABLE).set_item(Some(item.clone())).send().await;
        let got = direct.get_item().table_name(TABLE).set_key(Some(item)).send().await.unwrap();
        outcomes.push((seen(&put), got.item().is_some()));
    }
    outcomes
}

#[tokio::test]
async fn calls_fail_as_drawn_and_what_takes_effect_is_stored_although_its_answer_is_lost() {
    let mut draws = Draws::new(Profile::Faults, SEED);
    let expected: Vec<_> = (0..CALLS)
        .map(|_| match draws.next().fault {
            Some(Fault { failure, takes_effect }) => (Some(failure), takes_effect),
            None => (None, true),
        })
        .collect();
    // Each kind is among them, or the test would show little.
    for failure in [Failure::Internal, Failure::Cut] {
        assert!(expected.contains(&(Some(failure), true)) && expected.contains(&(Some(failure), false)));
    }
    assert!(expected.contains(&(Some(Failure::Throttled), false)));
    assert_eq!(run(SEED).await, expected);
}

#[tokio::test]
async fn a_retried_transaction_with_one_token_takes_effect_once() {
    let database = database().await;
    let simulated = client(&simulation(&database, Profile::Faults, SEED).await);
    for number in 0..40 {
        let token = format!("token-{number}");
        let send =
            || simulated.transact_write_items().transact_items(increment("a")).client_request_token(&token);
        while send().send().await.is_err() {}
    }
    assert_eq!(super::count(&client(&database), "a").await, 40);
}

#[tokio::test]
async fn a_transaction_throttled_by_chance_is_cancelled_with_a_reason() {
    let simulated = client(&simulation(&database().await, Profile::Faults, SEED).await);
    let mut codes = Vec::new();
    for _ in 0..CALLS {
        let transaction = simulated.transact_write_items().transact_items(increment("a"));
        let Err(error) = transaction.transact_items(increment("b")).send().await else { continue };
        let error = error.into_service_error();
        if let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError
            ::TransactionCanceledException(cancelled) = error
        {
            codes.push(cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap().to_owned()).collect());
        }
    }
    let one_to_blame: [Vec<&str>; 2] = [vec!["ThrottlingError", "None"], vec!["None", "ThrottlingError"]];
    assert!(!codes.is_empty());
    assert!(codes.iter().all(|codes: &Vec<String>| one_to_blame.iter().any(|expected| codes == expected)));
}
