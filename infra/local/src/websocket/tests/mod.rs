//! A WebSocket API with a script in place of functions, real clients, and the AWS SDK.

mod connecting;
mod ending;
mod limits;
mod management;
mod messages;
mod whole;

use std::future::Future;
use std::pin::Pin;

use aws_sdk_apigatewaymanagement::Client as Management;
use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Region};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Request as HttpRequest;
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest as _};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::*;
use crate::runtime::{InvokeError, Invoked};
use crate::secrets;
use crate::sources::Calling;
use crate::template::{WebSocketApi, WebSocketRoute};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Answering = Pin<Box<dyn Future<Output = Result<Value, InvokeError>> + Send>>;

/// A test that waits longer than this waits in vain.
const VAIN: Duration = Duration::from_secs(30);

/// Functions that a test writes, all in one: it gets the event.
struct Script {
    answer: Box<dyn Fn(Value) -> Answering + Send + Sync>,
    events: Mutex<Vec<Value>>,
}

impl Script {
    fn new<F>(answer: impl Fn(Value) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<Value, InvokeError>> + Send + 'static,
    {
        Arc::new(Self { answer: Box::new(move |event| Box::pin(answer(event))), events: Mutex::default() })
    }

    /// One that takes everything.
    fn willing() -> Arc<Self> {
        Self::new(|_| async { Ok(json!({"statusCode": 200})) })
    }

    /// The events so far whose route is this one.
    fn events(&self, route: &str) -> Vec<Value> {
        let events = self.events.lock().expect("no panic while it is held");
        events.iter().filter(|event| event["requestContext"]["routeKey"] == route).cloned().collect()
    }

    /// The only event of this route, once it is there.
    async fn event(&self, route: &str) -> Value {
        until(route, || !self.events(route).is_empty()).await;
        let events = self.events(route);
        assert_eq!(events.len(), 1, "{route}");
        events[0].clone()
    }
}

impl Invoke for Script {
    fn invoke<'a>(&'a self, logical_id: &'a str, event: Bytes) -> Calling<'a> {
        assert_eq!(logical_id, "F");
        Box::pin(async move {
            let event: Value = serde_json::from_slice(&event).expect("JSON");
            self.events.lock().expect("no panic while it is held").push(event.clone());
            let payload = Bytes::from((self.answer)(event).await?.to_string());
            Ok(Invoked { payload, duration: Duration::ZERO, init: None })
        })
    }
}

/// An API that runs.
struct Rig {
    sockets: WebSockets,
    address: String,
    script: Arc<Script>,
    console: Console,
}

/// The API with all routes.
async fn start(script: &Arc<Script>) -> Rig {
    start_with(script, Limits::default(), &["$connect", "$disconnect", "$default", "ping", "join-room"]).await
}

async fn start_with(script: &Arc<Script>, limits: Limits, routes: &[&str]) -> Rig {
    let template = Template {
        websocket_api: Some(WebSocketApi {
            logical_id: "Live".to_owned(),
            api_id: "live".to_owned(),
            stage: "prod".to_owned(),
            route_field: "event".to_owned(),
        }),
        websocket_routes: routes.iter().map(route).collect(),
        ..Template::default()
    };
    start_from(&template, script, limits).await
}

async fn start_from(template: &Template, script: &Arc<Script>, limits: Limits) -> Rig {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let console = Console::memory();
    let functions = Arc::<Script>::clone(script);
    let permissions = Arc::new(Permissions::of(template, console.clone()));
    let functions = (functions as Arc<dyn Invoke>, permissions);
    let sockets = WebSockets::start(listener, template, functions, limits, console.clone()).expect("starts");
    Rig { sockets, address, script: Arc::clone(script), console }
}

/// A route to the script.
fn route(key: &&str) -> WebSocketRoute {
    WebSocketRoute {
        key: (*key).to_owned(),
        function: "F".to_owned(),
        timeout: Duration::from_secs(29),
        line: 1,
    }
}

impl Rig {
    fn request(&self, target: &str) -> HttpRequest<()> {
        format!("ws://{}{target}", self.address).into_client_request().expect("a request")
    }

    /// A client with his connection.
    async fn connect(&self) -> Socket {
        let (socket, _) =
            tokio_tungstenite::connect_async(self.request("/prod")).await.expect("the connection stands");
        socket
    }

    /// The status and the body of a refusal.
    async fn refused(&self, request: HttpRequest<()>) -> (u16, Value) {
        match tokio_tungstenite::connect_async(request).await {
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                (response.status().as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
            }
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("the connection stands"),
        }
    }

    /// The only client so far, by the id of his connection.
    async fn id(&self) -> String {
        let event = self.script.event("$connect").await;
        connection_id(&event)
    }

    /// What the functions have.
    fn management(&self) -> Management {
        management(&self.address)
    }
}

/// The SDK as functions use it.
fn management(address: &str) -> Management {
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(crate::stack::REGION))
        .credentials_provider(secrets::aws_credentials())
        .retry_config(aws_sdk_apigatewaymanagement::config::retry::RetryConfig::disabled())
        .endpoint_url(format!("http://{address}/prod"));
    Management::from_conf(config.build())
}

fn connection_id(event: &Value) -> String {
    event["requestContext"]["connectionId"].as_str().expect("an id").to_owned()
}

async fn send(socket: &mut Socket, message: &Value) {
    socket.send(Message::text(message.to_string())).await.expect("sent");
}

/// The next text that a client gets.
async fn next(socket: &mut Socket) -> String {
    match tokio::time::timeout(VAIN, socket.next()).await.expect("something comes") {
        Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
        other => panic!("no text: {other:?}"),
    }
}

/// The code with which a client's connection is closed, after whatever else comes.
async fn closed(socket: &mut Socket) -> u16 {
    let code = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    };
    tokio::time::timeout(VAIN, code).await.expect("it is closed")
}

/// Waits until it is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(VAIN, waiting).await.is_ok(), "{what}");
}

fn failure() -> InvokeError {
    InvokeError::Failed("{\"errorMessage\":\"no\"}".to_owned())
}
