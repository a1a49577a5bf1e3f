//! The answer to `CloudFormation`: a JSON document, put where the event says.

use std::time::Duration;

use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde::Serialize;
use tracing::warn;

use crate::Event;

/// `CloudFormation` takes 4 KB in all.
const LONGEST_REASON: usize = 1000;

const ATTEMPTS: u32 = 3;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// What `CloudFormation` is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Reply {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

/// Why `CloudFormation` could not be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The event names no address that a request could go to.
    #[error("the event's ResponseURL is no address")]
    Address,
    /// There was no good answer, however often it was sent.
    #[error("CloudFormation could not be reached: {0}")]
    Unreachable(String),
}

impl Reply {
    /// The answer to this event. The id of the resource never changes: another one would mean that it was replaced.
    pub(crate) fn to(event: &Event, done: Result<(), String>) -> Self {
        let id = event.physical_resource_id.as_ref().unwrap_or(&event.logical_resource_id);
        Self {
            status: if done.is_ok() { "SUCCESS" } else { "FAILED" },
            reason: done.err().map(|reason| reason.chars().take(LONGEST_REASON).collect()),
            physical_resource_id: id.clone(),
            stack_id: event.stack_id.clone(),
            request_id: event.request_id.clone(),
            logical_resource_id: event.logical_resource_id.clone(),
        }
    }
}

/// Puts the reply where `CloudFormation` waits for it. The address is signed, so it stands in no log and no error.
pub(crate) async fn send(url: &str, reply: &Reply) -> Result<(), SendError> {
    let body = serde_json::json!(reply).to_string();
    // The one that the AWS SDK brings: another HTTP client would be another TLS stack in the binary.
    let connector = default_connector(&HttpConnectorSettings::default(), None)
        .ok_or_else(|| SendError::Unreachable("no HTTPS client".to_owned()))?;
    let mut failure = String::new();
    for attempt in 1..=ATTEMPTS {
        match put(&connector, url, body.as_bytes()).await? {
            Ok(()) => return Ok(()),
            Err(reason) => {
                warn!(attempt, reason, "reply to CloudFormation");
                failure = reason;
                tokio::time::sleep(Duration::from_millis(250) * attempt).await;
            }
        }
    }
    Err(SendError::Unreachable(failure))
}

/// One attempt. It has no content type: the address is signed for a request without one.
async fn put(
    connector: &SharedHttpConnector,
    url: &str,
    body: &[u8],
) -> Result<Result<(), String>, SendError> {
    let request = http::Request::put(url).body(SdkBody::from(body)).map_err(|_| SendError::Address)?;
    let request = HttpRequest::try_from(request).map_err(|_| SendError::Address)?;
    Ok(match tokio::time::timeout(ATTEMPT_TIMEOUT, connector.call(request)).await {
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(format!("status {}", answer.status().as_u16())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    })
}
