//! What the SDK speaks with SQS: the protocol AWS JSON 1.0
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html>).

mod answers;
mod batch;
mod calls;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use models::{Random as _, SystemRandom};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{QueueId, Queues, Refusal};
use crate::permissions::{Denied, Need, Permissions};

/// What the header `x-amz-target` begins with.
const TARGET: &str = "AmazonSQS.";

/// A batch of 1 MiB may be twice as long in JSON, and binary attributes come in Base64.
const MOST_REQUEST: usize = 8 * 1024 * 1024;

/// Serves the queues on `listener` to whom the policies allow it, until the future is dropped.
pub async fn serve(listener: TcpListener, queues: Arc<Queues>, permissions: Arc<Permissions>) {
    let layer = DefaultBodyLimit::max(MOST_REQUEST);
    let router = Router::new().fallback(receive).layer(layer).with_state((queues, permissions));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "SQS ended");
    }
}

type Shared = (Arc<Queues>, Arc<Permissions>);

async fn receive(State((queues, permissions)): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let answered = match target.strip_prefix(TARGET) {
        Some(operation) => match check(&queues, &permissions, operation, &headers, &body) {
            Ok(()) => answer(&queues, operation, &body).await,
            Err(denied) => Err(Refusal::Denied(denied.to_string())),
        },
        None => Err(Refusal::UnknownOperation(target.to_owned())),
    };
    let (status, code, body) = match answered {
        Ok(body) => (StatusCode::OK, None, body),
        Err(refusal) => {
            let (status, side) = if matches!(refusal, Refusal::Denied(_)) {
                (StatusCode::FORBIDDEN, "Sender")
            } else if refusal.is_callers_fault() {
                (StatusCode::BAD_REQUEST, "Sender")
            } else {
                (StatusCode::INTERNAL_SERVER_ERROR, "Receiver")
            };
            let code = format!("{};{side}", refusal.code());
            (status, Some(code), answers::refusal(&refusal))
        }
    };
    let mut response =
        Response::new(Body::from(if body.is_null() { String::new() } else { body.to_string() }));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    let request = SystemRandom.uuid().to_string();
    for (name, value) in [("x-amzn-requestid", Some(request)), ("x-amzn-query-error", code)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

/// Whether the caller may do this with the queue that the request names.
fn check(
    queues: &Queues,
    permissions: &Permissions,
    operation: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Denied> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let queue = body["QueueUrl"].as_str().or(body["QueueName"].as_str()).unwrap_or_default();
    let arn = find(queues, queue).map(|queue| queues.settings(queue).arn.clone()).unwrap_or_default();
    permissions.check(headers, vec![Need::of_queue(operation, &arn)])
}

async fn answer(queues: &Queues, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
    match operation {
        "SendMessage" => calls::send(queues, read(body)?),
        "SendMessageBatch" => batch::send(queues, read(body)?),
        "ReceiveMessage" => calls::receive(queues, read(body)?).await,
        "DeleteMessage" => calls::delete(queues, read(body)?),
        "DeleteMessageBatch" => batch::delete(queues, read(body)?),
        "ChangeMessageVisibility" => calls::change_visibility(queues, read(body)?),
        "ChangeMessageVisibilityBatch" => batch::change_visibility(queues, read(body)?),
        "GetQueueUrl" => calls::queue_url(queues, read(body)?),
        "GetQueueAttributes" => calls::queue_attributes(queues, read(body)?),
        "ListQueues" => Ok(calls::list(queues, read(body)?)),
        "ListDeadLetterSourceQueues" => calls::list_sources(queues, read(body)?),
        "PurgeQueue" => calls::purge(queues, read(body)?),
        _ => Err(Refusal::UnknownOperation(operation.to_owned())),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))
}

/// The queue of an address. Only its end counts: kept data may come from a start on another port.
fn find(queues: &Queues, url: &str) -> Result<QueueId, Refusal> {
    let name = url.rsplit('/').next().unwrap_or_default();
    queues.find(|queue| queue.name == name).ok_or(Refusal::NoQueue)
}
