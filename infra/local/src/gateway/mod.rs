//! The HTTP API of the template on this machine: finds the route, makes the event of payload format 2.0, calls the
//! function, and turns what it returns into an HTTP answer, with the limits and the errors of the real one.

mod answer;
mod cors;
mod event;
pub(crate) mod request;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, StatusCode};
use tokio::net::TcpListener;

use crate::console::Console;
use crate::runtime::{Functions, InvokeError};
use crate::template::{Cors, Template};
use routes::Routes;

/// Largest request, in bytes.
const MOST_BODY: usize = 10 * 1024 * 1024;
/// Largest event that Lambda takes, in bytes.
const MOST_EVENT: usize = 6 * 1024 * 1024;
/// Most bytes of the request line and all headers together.
const MOST_HEADERS: usize = 10 * 1024;

/// How long the real one waits for a function, at most
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const MOST_WAITING: Duration = Duration::from_secs(30);

/// The HTTP API of one stack.
pub struct Gateway {
    /// Host and port.
    domain: String,
    cors: Option<Cors>,
    routes: Routes,
    functions: Arc<Functions>,
    console: Console,
    /// How long it waits for a function.
    patience: Duration,
}

/// An answer that the gateway makes itself.
struct GatewayError {
    status: StatusCode,
    message: &'static str,
    /// For the log.
    reason: String,
}

impl GatewayError {
    fn new(status: StatusCode, message: &'static str, reason: impl Into<String>) -> Self {
        Self { status, message, reason: reason.into() }
    }
}

/// What became of a request, for the log.
struct Outcome {
    function: String,
    response: Response,
    note: String,
}

impl Gateway {
    /// The template's HTTP API at `domain`, in front of its functions.
    pub fn new(domain: String, template: &Template, functions: Arc<Functions>, console: Console) -> Self {
        let cors = template.http_api.as_ref().and_then(|api| api.cors.clone());
        Self {
            domain,
            cors,
            routes: Routes::new(&template.functions),
            functions,
            console,
            patience: MOST_WAITING,
        }
    }

    /// Serves it on `listener` until the future is dropped.
    pub async fn serve(self, listener: TcpListener) {
        let router = Router::new().fallback(receive).with_state(Arc::new(self));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "the HTTP API ended");
        }
    }

    async fn answer(&self, request: Request<Body>, peer: SocketAddr) -> Response {
        let (started, line) = (Instant::now(), format!("{} {}", request.method(), request.uri().path()));
        let (head, body) = request.into_parts();
        let origin = head.headers.get("origin").cloned();
        let mut outcome = if cors::is_preflight(&head, self.cors.as_ref()) {
            let response = event_id(StatusCode::NO_CONTENT, Bytes::new());
            Outcome { function: "gateway".to_owned(), response, note: "preflight".to_owned() }
        } else {
            self.route(head, body, peer).await.unwrap_or_else(|error| Outcome {
                function: "gateway".to_owned(),
                response: message(error.status, error.message),
                note: error.reason,
            })
        };
        cors::apply(self.cors.as_ref(), origin.as_ref(), outcome.response.headers_mut());
        let status = outcome.response.status().as_u16();
        let took = started.elapsed();
        self.console.call(&outcome.function, &format!("{line} {status}"), took, &outcome.note);
        outcome.response
    }

    async fn route(
        &self,
        head: hyper::http::request::Parts,
        body: Body,
        peer: SocketAddr,
    ) -> Result<Outcome, GatewayError> {
        check_headers(&head.headers, head.uri.to_string().len())?;
        let body = Limited::new(body, MOST_BODY).collect().await.map_err(|error| {
            GatewayError::new(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large", error.to_string())
        })?;
        let body = body.to_bytes();
        let found = self
            .routes
            .find(head.method.as_str(), head.uri.path())
            .ok_or_else(|| GatewayError::new(StatusCode::NOT_FOUND, "Not Found", "no route"))?;
        let event = event::build(&head, &body, &found, &self.domain, peer);
        if event.len() > MOST_EVENT {
            let text = "Request Entity Too Large";
            return Err(GatewayError::new(StatusCode::PAYLOAD_TOO_LARGE, text, "over Lambda's 6 MB"));
        }
        // The function goes on, as at AWS; nobody hears what it says.
        let invoked = self.functions.invoke(found.function, event.into());
        let called = tokio::time::timeout(self.patience, invoked).await;
        let called = called.unwrap_or(Err(InvokeError::TimedOut(self.patience))).map_err(refused)?;
        let note = called.init.map_or_else(String::new, |init| format!("cold start {} ms", init.as_millis()));
        let response = answer::build(&called.payload).map_err(|reason| {
            GatewayError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", reason)
        })?;
        Ok(Outcome { function: found.binary.to_owned(), response, note })
    }
}

async fn receive(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    gateway.answer(request, peer).await
}

/// The answer to a call that gave nothing.
fn refused(error: InvokeError) -> GatewayError {
    let (status, message) = match error {
        InvokeError::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
        InvokeError::TimedOut(_) => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        InvokeError::Crashed(_) => (StatusCode::BAD_GATEWAY, "Internal Server Error"),
        InvokeError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    };
    GatewayError::new(status, message, error.to_string())
}

fn check_headers(headers: &HeaderMap, line: usize) -> Result<(), GatewayError> {
    let size =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + line;
    if size > MOST_HEADERS {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(GatewayError::new(status, "Request Header Fields Too Large", format!("{size} bytes")));
    }
    Ok(())
}

/// The gateway's own body: `{"message": "…"}`.
fn message(status: StatusCode, text: &str) -> Response {
    let body = serde_json::json!({ "message": text }).to_string();
    let mut response = event_id(status, body.into());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

fn event_id(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let id = HeaderValue::try_from(request::request_id()).expect("hexadecimal digits");
    response.headers_mut().insert(HeaderName::from_static("apigw-requestid"), id);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::runtime::Settings;
    use crate::template::{Function, Route};

    /// A function that never asks for its call.
    fn silent() -> Function {
        Function {
            logical_id: "F".to_owned(),
            name: "local-F".to_owned(),
            binary: "silent".to_owned(),
            memory_mb: 128,
            timeout: Duration::from_mins(15),
            reserved_concurrency: None,
            environment: BTreeMap::new(),
            grants: vec![],
            routes: vec![Route { method: None, path: "$default".to_owned(), line: 1 }],
            streams: vec![],
            queues: vec![],
            schedules: vec![],
            async_retries: 2,
        }
    }

    #[tokio::test]
    async fn nobody_waits_longer_for_a_function_than_the_gateway_does() {
        let template = Template { functions: vec![silent()], ..Template::default() };
        let script = std::env::temp_dir().join(format!("vestibule-silent-{}", std::process::id()));
        std::fs::write(&script, "#!/bin/sh\nexec sleep 60\n").expect("written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("made executable");
        let settings = Settings {
            binaries: HashMap::from([("silent".to_owned(), script.clone())]),
            environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            most_processes: 1,
            has_roles: false,
        };
        let console = Console::memory();
        let functions = Functions::start(&template.functions, &settings, &console).await.expect("starts");
        let functions = Arc::new(functions);
        let mut gateway = Gateway::new("localhost".to_owned(), &template, Arc::clone(&functions), console);
        assert_eq!(gateway.patience, Duration::from_secs(30));
        gateway.patience = Duration::from_millis(50);
        let request = Request::get("/").body(Body::empty()).expect("a request");
        let answered = gateway.answer(request, ([127, 0, 0, 1], 1).into()).await;
        assert_eq!(answered.status(), 503);
        let body = answered.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body, "{\"message\":\"Service Unavailable\"}");
        functions.stop().await;
        std::fs::remove_file(&script).expect("it is there");
    }
}
