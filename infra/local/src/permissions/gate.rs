//! What functions meet before DynamoDB: a caller whom its policies do not allow a call goes no further. SSM is answered
//! here, too, for all there is of it on this machine are the secrets of API keys.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::needs::{self, Need};
use super::{Denied, Permissions};
use crate::simulate::{self, Cut, Upstream};

const DYNAMODB: &str = "DynamoDB_20120810.";
const SSM: &str = "AmazonSSM.";

/// SSM's parameters, by their names.
pub type Parameters = BTreeMap<String, String>;

/// The way to the DynamoDB at `upstream`.
struct Gate {
    upstream: Upstream,
    permissions: Arc<Permissions>,
    parameters: Parameters,
}

/// Serves the DynamoDB at `upstream`, an `http` address, on `listener` until the future is dropped.
///
/// # Errors
/// `InvalidInput` when `upstream` is not an `http` address with a host.
pub async fn serve(
    listener: TcpListener,
    upstream: Uri,
    permissions: Arc<Permissions>,
    parameters: Parameters,
) -> io::Result<()> {
    let gate = Arc::new(Gate { upstream: Upstream::new(&upstream)?, permissions, parameters });
    simulate::accept(listener, move |request| {
        let gate = Arc::clone(&gate);
        async move { gate.answer(request).await }
    })
    .await
}

impl Gate {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let target = target.unwrap_or_default();
        let body = || serde_json::from_slice::<Value>(request.body()).unwrap_or_default();
        if let Some(operation) = target.strip_prefix(SSM) {
            return Ok(self.parameter(operation, &request, &body()));
        }
        // Whoever is no function may do everything else: look at streams, make tables.
        let operation = target.strip_prefix(DYNAMODB).unwrap_or(target);
        if let Err(denied) = self.permissions.check(request.headers(), needs::of_dynamodb(operation, &body()))
        {
            return Ok(refuse(&denied));
        }
        // What cuts off the simulation behind it cuts off its client.
        self.upstream.send(request).await.map_err(|_| Cut)
    }

    fn parameter(&self, operation: &str, request: &Request<Bytes>, body: &Value) -> Response<Bytes> {
        let name = body["Name"].as_str().unwrap_or_default();
        let need = Need::of_parameter(operation, name);
        if let Err(denied) = self.permissions.check(request.headers(), vec![need]) {
            return refuse(&denied);
        }
        match (operation, self.parameters.get(name)) {
            ("GetParameter", Some(value)) => {
                let parameter = json!({"Name": name, "Type": "SecureString", "Value": value, "Version": 1});
                answer(StatusCode::OK, &json!({ "Parameter": parameter }))
            }
            ("GetParameter", None) => {
                answer(StatusCode::BAD_REQUEST, &json!({"__type": "ParameterNotFound"}))
            }
            _ => answer(StatusCode::BAD_REQUEST, &json!({"__type": "UnknownOperationException"})),
        }
    }
}

fn refuse(denied: &Denied) -> Response<Bytes> {
    let kind = "com.amazon.coral.service#AccessDeniedException";
    answer(StatusCode::BAD_REQUEST, &json!({"__type": kind, "Message": denied.to_string()}))
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
