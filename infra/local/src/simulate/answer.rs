//! The answers that the simulation gives itself, shaped as those of AWS.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::ledger::Verdict;

/// An HTTP answer whose body is whole.
pub(super) type Answer = Response<Bytes>;

/// The checksum of the body, which some SDKs verify.
pub(super) const CRC32: HeaderName = HeaderName::from_static("x-amz-crc32");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// What an on-demand table says of a hot item.
const THROUGHPUT: &str = "Throughput exceeds the current capacity of your table or index. DynamoDB is \
     automatically scaling your table or index so please try again shortly. If exceptions persist, check if you \
     have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";
const CONFLICT: &str = "Transaction is ongoing for the item";

/// An answer with the headers that DynamoDB gives. The request id shows who made it up, and for which call.
pub(super) fn of_body(status: StatusCode, body: &Value, arrival: u64) -> Answer {
    let mut answer = with_body(Response::new(Bytes::new()), body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = HeaderValue::try_from(format!("SIMULATED{arrival:043}")) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}

/// The database's answer with another body.
pub(super) fn with_body(answer: Answer, body: &Value) -> Answer {
    let body = Bytes::from(body.to_string());
    let checksum = HeaderValue::from(crc32fast::hash(&body));
    let mut answer = answer.map(|_| body);
    answer.headers_mut().insert(CRC32, checksum);
    answer
}

/// HTTP 500. The message is AWS's, or says what is wrong with the simulation itself.
pub(super) fn internal_error(message: &str, arrival: u64) -> Answer {
    let body = error("com.amazonaws.dynamodb.v20120810#InternalServerError", message);
    of_body(StatusCode::INTERNAL_SERVER_ERROR, &body, arrival)
}

/// A hot item, outside transactions. On-demand tables use this type; provisioned ones
/// `ProvisionedThroughputExceededException`.
pub(super) fn throttled(table: &str, write: bool, arrival: u64) -> Answer {
    let mut body = error("com.amazon.coral.availability#ThrottlingException", THROUGHPUT);
    let access = if write { "Write" } else { "Read" };
    body["throttlingReasons"] = json!([{
        "reason": format!("Table{access}KeyRangeThroughputExceeded"),
        "resource": format!("arn:aws:dynamodb:local:000000000000:table/{table}"),
    }]);
    of_body(StatusCode::BAD_REQUEST, &body, arrival)
}

/// A plain write that met a transaction.
pub(super) fn conflict(arrival: u64) -> Answer {
    let body = error("com.amazonaws.dynamodb.v20120810#TransactionConflictException", CONFLICT);
    of_body(StatusCode::BAD_REQUEST, &body, arrival)
}

/// A transaction whose token is in flight already.
pub(super) fn in_progress(arrival: u64) -> Answer {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionInProgressException",
        "Message": "The transaction with the given request token is already in progress.",
    });
    of_body(StatusCode::BAD_REQUEST, &body, arrival)
}

/// A transaction that is not carried out, with the reason for each action in their order. An action that is
/// not to blame has the string `None`.
pub(super) fn cancelled(verdicts: &[Verdict], arrival: u64) -> Answer {
    let reasons: Vec<_> = verdicts.iter().map(|verdict| reason(*verdict)).collect();
    let codes: Vec<_> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    });
    of_body(StatusCode::BAD_REQUEST, &body, arrival)
}

fn reason(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Admitted => json!({"Code": "None"}),
        Verdict::Conflict => json!({"Code": "TransactionConflict", "Message": CONFLICT}),
        Verdict::Throttled => json!({"Code": "ThrottlingError", "Message": THROUGHPUT}),
    }
}

fn error(kind: &str, message: &str) -> Value {
    json!({"__type": kind, "message": message})
}
