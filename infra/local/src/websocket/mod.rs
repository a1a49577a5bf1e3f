//! The WebSocket API of the template on this machine: makes the events of `$connect`, `$disconnect` and the messages
//! between them, calls their functions, and gives functions `@connections` to answer with, within the limits of the real
//! one. What that is, and how it is known, is in `docs/decisions/0022`.

mod answer;
mod connections;
mod event;
mod handshake;
mod life;
mod limits;
mod management;
mod routes;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use hyper::header::USER_AGENT;
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use models::{Clock as _, SystemClock};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

pub use limits::Limits;

use crate::console::Console;
use crate::gateway::request::header_text;
use crate::permissions::Permissions;
use crate::sources::{GRACE, Invoke};
use crate::template::Template;
use answer::{Failure, Returned, notice, response};
use connections::{Client, Connection, Connections, Parting, new_id};
use event::{Event, Place};
use routes::{CONNECT, DISCONNECT, Route, Routes};

/// Longest path with its query.
const LONGEST_TARGET: usize = 4096;
/// When a client goes before his connection stands.
const NEVER_STOOD: (u16, &str) = (1006, "Connection Closed Abnormally");

/// The running WebSocket API of a stack. It ends when it is dropped; [`WebSockets::stop`] takes leave of the clients.
pub struct WebSockets {
    gateway: Arc<Gateway>,
    server: JoinSet<()>,
}

/// What all of its connections share.
struct Gateway {
    place: Place,
    routes: Routes,
    functions: Arc<dyn Invoke>,
    permissions: Arc<Permissions>,
    console: Console,
    limits: Limits,
    connections: Connections,
    stop: watch::Sender<bool>,
    /// Connections and calls, each a task.
    tasks: Mutex<JoinSet<()>>,
}

impl WebSockets {
    /// Serves the template's WebSocket API; without one, whoever comes is told so.
    pub fn start(
        listener: TcpListener,
        template: &Template,
        (functions, permissions): (Arc<dyn Invoke>, Arc<Permissions>),
        limits: Limits,
        console: Console,
    ) -> io::Result<Self> {
        let api = template.websocket_api.clone();
        let field = api.as_ref().map(|api| api.route_field.as_str()).unwrap_or_default();
        let gateway = Arc::new(Gateway {
            routes: Routes::new(field, template),
            place: Place {
                domain: listener.local_addr()?.to_string(),
                api_id: api.as_ref().map(|api| api.api_id.clone()).unwrap_or_default(),
                stage: api.as_ref().map(|api| api.stage.clone()).unwrap_or_default(),
            },
            functions,
            permissions,
            console,
            limits,
            connections: Connections::default(),
            stop: watch::Sender::new(false),
            tasks: Mutex::default(),
        });
        let router = match api {
            Some(_) => Router::new().fallback(receive).with_state(Arc::clone(&gateway)),
            None => Router::new().fallback(absent),
        };
        let mut server = JoinSet::new();
        server.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            if let Err(error) = axum::serve(listener, service).await {
                tracing::error!(%error, "the WebSocket API ended");
            }
        });
        Ok(Self { gateway, server })
    }

    /// Closes all connections, and lets the calls that run and those of `$disconnect` finish, if they do so soon.
    pub async fn stop(mut self) {
        self.gateway.stop.send_replace(true);
        let _ = tokio::time::timeout(GRACE, self.gateway.finished()).await;
        self.server.shutdown().await;
    }
}

impl Drop for WebSockets {
    fn drop(&mut self) {
        self.gateway.tasks().abort_all();
    }
}

impl Gateway {
    /// Waits until it is time to stop.
    async fn is_stopping(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits until there is no connection and no call.
    async fn finished(&self) {
        loop {
            let mut tasks = std::mem::take(&mut *self.tasks());
            if tasks.is_empty() {
                return;
            }
            while tasks.join_next().await.is_some() {}
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, mut request: Request<Body>, peer: SocketAddr) -> Response {
        if let Some(id) = management::target(request.uri().path(), &self.place.stage) {
            let (head, body) = request.into_parts();
            return management::answer(&self, &head, body, &id).await;
        }
        let upgrade = hyper::upgrade::on(&mut request);
        let (head, _) = request.into_parts();
        if let Err((status, message)) = self.check(&head) {
            self.log("gateway", &format!("upgrade {}", status.as_u16()), Instant::now(), message);
            return response(status, json!({ "message": message }).to_string());
        }
        let (answer, answered) = oneshot::channel();
        // By itself, for the function goes on when the client does not, and has to be told then.
        self.spawn(Arc::clone(&self).connect(head, upgrade, peer, answer));
        let gone = || response(StatusCode::SERVICE_UNAVAILABLE, String::new());
        answered.await.unwrap_or_else(|_| gone())
    }

    /// Whether a request is one for a connection here.
    fn check(&self, head: &Parts) -> Result<(), (StatusCode, &'static str)> {
        let path = head.uri.path().trim_matches('/');
        if !path.is_empty() && path != self.place.stage {
            return Err((StatusCode::FORBIDDEN, "Forbidden"));
        }
        if !handshake::is_wanted(head) {
            return Err((StatusCode::UPGRADE_REQUIRED, "Upgrade Required"));
        }
        if head.uri.to_string().len() > LONGEST_TARGET {
            return Err((StatusCode::URI_TOO_LONG, "URI Too Long"));
        }
        if *self.stop.borrow() {
            return Err((StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"));
        }
        handshake::check(head).map_err(|what| (StatusCode::BAD_REQUEST, what))
    }

    /// Asks `$connect`, answers the client, and sees the connection to its end.
    async fn connect(
        self: Arc<Self>,
        head: Parts,
        upgrade: OnUpgrade,
        peer: SocketAddr,
        answer: oneshot::Sender<Response>,
    ) {
        let client = Client {
            id: new_id(),
            connected_at: SystemClock.now(),
            source_ip: peer.ip().to_string(),
            user_agent: header_text(&head.headers, &USER_AGENT),
        };
        let accepted = match self.ask(&client, &head).await {
            Ok(accepted) => accepted,
            Err(refusal) => {
                let _ = answer.send(refusal);
                return;
            }
        };
        let (connection, outgoing) = Connection::new(client, &self.limits);
        let connection = Arc::new(connection);
        // Before the client knows, so that nobody whom he tells finds it gone.
        self.connections.add(&connection);
        let _ = answer.send(accepted);
        let parting = match upgrade.await {
            Ok(socket) => life::live(&self, &connection, TokioIo::new(socket), outgoing).await,
            Err(_) => Parting::new(NEVER_STOOD.0, NEVER_STOOD.1),
        };
        self.connections.remove(&connection);
        self.disconnect(&connection.client, &parting).await;
    }

    /// What a client who wants to connect is answered: yes, or a refusal.
    async fn ask(&self, client: &Client, head: &Parts) -> Result<Response, Response> {
        let Some(route) = self.routes.special(CONNECT) else { return Ok(handshake::accept(head, None)) };
        let event = event::connect(&self.place, client, head);
        let request = event.id.clone();
        let refuse =
            |status: StatusCode, message: &str| response(status, notice(message, &client.id, &request));
        match self.call(route, event).await {
            Ok(Returned { status, protocol }) if status.is_success() => Ok(handshake::accept(head, protocol)),
            Ok(Returned { status, .. }) => {
                Err(refuse(status, status.canonical_reason().unwrap_or("Forbidden")))
            }
            Err(failure) => Err(refuse(failure.status, failure.message)),
        }
    }

    /// A message has come. Its call has begun when this returns, so that those of a connection begin in their order.
    async fn receive(self: &Arc<Self>, connection: &Arc<Connection>, text: &str) {
        let Some(route) = self.routes.select(text) else {
            self.log("gateway", "no route 403", Instant::now(), "");
            tell(connection, "Forbidden", &new_id());
            return;
        };
        let event = event::message(&self.place, &connection.client, &route.key, text);
        let (gateway, connection, key) = (Arc::clone(self), Arc::clone(connection), route.key.clone());
        let mut call = Box::pin(async move {
            let Some(route) = gateway.routes.special(&key) else { return };
            let request = event.id.clone();
            if let Err(failure) = gateway.call(route, event).await {
                tell(&connection, failure.message, &request);
            }
        });
        if futures_util::poll!(call.as_mut()).is_pending() {
            self.spawn(call);
        }
    }

    /// A connection is gone. What the function says to that is of no interest to anybody.
    async fn disconnect(&self, client: &Client, parting: &Parting) {
        if let Some(route) = self.routes.special(DISCONNECT) {
            let _ = self.call(route, event::disconnect(&self.place, client, parting)).await;
        }
    }

    /// Calls the function of a route, and tells of it in a line.
    async fn call(&self, route: &Route, event: Event) -> Result<Returned, Failure> {
        let started = Instant::now();
        // The function goes on, as at AWS; nobody hears what it says.
        let invoked = self.functions.invoke(&route.function, event.json.to_string().into());
        let invoked = match tokio::time::timeout(route.timeout, invoked).await {
            Ok(invoked) => invoked.map_err(Failure::from),
            Err(_) => Err(Failure::too_slow(route.timeout)),
        };
        let init = invoked.as_ref().ok().and_then(|invoked| invoked.init);
        let returned = invoked.and_then(|invoked| answer::read(&invoked.payload));
        let (status, note) = match &returned {
            Ok(returned) => (returned.status, init.map(|init| format!("cold start {} ms", init.as_millis()))),
            Err(failure) => (failure.status, Some(failure.reason.clone())),
        };
        let what = format!("{} {}", route.key, status.as_u16());
        self.log(&route.binary, &what, started, &note.unwrap_or_default());
        returned
    }

    fn log(&self, name: &str, what: &str, started: Instant, note: &str) {
        let took: Duration = started.elapsed();
        self.console.call(name, &format!("ws {what}"), took, note);
    }
}

/// Tells a client what the gateway itself has to say. It goes behind what functions have sent him, and is lost where he
/// does not read that.
fn tell(connection: &Connection, message: &str, request: &str) {
    let _ = connection.post(notice(message, &connection.client.id, request).into());
}

async fn receive(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    gateway.answer(request, peer).await
}

async fn absent() -> Response {
    let message = json!({"message": "the template has no WebSocket API"});
    response(StatusCode::NOT_IMPLEMENTED, message.to_string() + "\n")
}
