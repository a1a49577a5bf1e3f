//! What a function returned, and what the gateway says when it returned nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::runtime::InvokeError;

/// An answer of a function. Of `$connect`'s the status and one header count, of others' nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
}

/// The same, understood.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) status: StatusCode,
    /// The `Sec-WebSocket-Protocol` that a `$connect` chooses.
    pub(super) protocol: Option<HeaderValue>,
}

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) struct Failure {
    /// What a client that wants to connect gets.
    pub(super) status: StatusCode,
    /// What any client is told.
    pub(super) message: &'static str,
    /// For the log.
    pub(super) reason: String,
}

impl Failure {
    pub(super) fn too_slow(timeout: Duration) -> Self {
        let reason = format!("no answer in {:.1} seconds", timeout.as_secs_f64());
        Self { status: StatusCode::GATEWAY_TIMEOUT, message: "Endpoint request timed out", reason }
    }

    fn internal(status: StatusCode, reason: String) -> Self {
        Self { status, message: "Internal server error", reason }
    }
}

impl From<InvokeError> for Failure {
    fn from(error: InvokeError) -> Self {
        let status = match error {
            InvokeError::Throttled(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::internal(status, error.to_string())
    }
}

/// Reads what a function returned. Without a status it is no answer, of a message's function either.
pub(super) fn read(payload: &Bytes) -> Result<Returned, Failure> {
    let malformed = |reason: String| Failure::internal(StatusCode::BAD_GATEWAY, reason);
    let payload: Payload =
        serde_json::from_slice(payload).map_err(|error| malformed(format!("no answer: {error}")))?;
    let status = StatusCode::from_u16(payload.status_code).map_err(|error| malformed(error.to_string()))?;
    let is_protocol = |name: &str| name.eq_ignore_ascii_case("sec-websocket-protocol");
    let single = payload.headers.unwrap_or_default();
    let multi = payload.multi_value_headers.unwrap_or_default();
    let single = single.iter().find(|(name, _)| is_protocol(name)).and_then(|(_, value)| value.as_str());
    let multi = multi.iter().find(|(name, _)| is_protocol(name)).and_then(|(_, values)| values.first());
    let protocol = single.or_else(|| multi.map(String::as_str)).map(HeaderValue::try_from);
    let protocol = protocol.transpose().map_err(|error| malformed(error.to_string()))?;
    Ok(Returned { status, protocol })
}

/// What the gateway itself tells a client.
pub(super) fn notice(message: &str, connection_id: &str, request_id: &str) -> String {
    json!({"message": message, "connectionId": connection_id, "requestId": request_id}).to_string()
}

/// A response with a body in JSON, or without one.
pub(super) fn response(status: StatusCode, body: String) -> Response {
    let is_empty = body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if !is_empty {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(value: &Value) -> Result<Returned, Failure> {
        read(&value.to_string().into())
    }

    #[test]
    fn an_answer_has_a_status_and_may_choose_a_protocol() {
        let plain = returned(&json!({"statusCode": 200})).expect("an answer");
        assert_eq!((plain.status.as_u16(), plain.protocol), (200, None));
        for with in [
            json!({"statusCode": 200, "headers": {"sec-websocket-protocol": "a"}}),
            json!({"statusCode": 200, "multiValueHeaders": {"Sec-WebSocket-Protocol": ["a"]}}),
        ] {
            assert_eq!(returned(&with).expect("an answer").protocol.expect("a protocol"), "a");
        }
    }

    #[test]
    fn what_has_no_status_is_no_answer() {
        for wrong in
            [json!(null), json!({}), json!("ok"), json!({"statusCode": "200"}), json!({"statusCode": 1})]
        {
            let failure = returned(&wrong).expect_err("no answer");
            assert_eq!((failure.status.as_u16(), failure.message), (502, "Internal server error"), "{wrong}");
        }
    }
}
