//! The gateway's `@connections`, as tests of handlers want it: it remembers what is said to which connection, and which
//! are closed.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// All connections that anybody speaks of, on a port of their own, as long as the test runs.
pub struct Connections {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    heard: Vec<(String, Option<String>)>,
    gone: HashSet<String>,
    together: Option<Arc<Barrier>>,
}

impl Connections {
    /// They stand.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (shared, mut tasks) = (Arc::<Mutex<Shared>>::default(), JoinSet::new());
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, _tasks: tasks }
    }

    /// The value of `CONNECTIONS_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// This one is gone from now on.
    pub fn lose(&self, id: &str) {
        lock(&self.shared).gone.insert(id.to_owned());
    }

    /// It stands again: a new one of the same name.
    pub fn restore(&self, id: &str) {
        lock(&self.shared).gone.remove(id);
    }

    /// From now on nobody takes anything before so many are told something at the same time.
    pub fn wait_for(&self, many: usize) {
        lock(&self.shared).together = Some(Arc::new(Barrier::new(many)));
    }

    /// Whom something was said to, and what, since this was last asked; nothing where a connection was closed.
    pub fn heard(&self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut lock(&self.shared).heard)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            // The client ends when the test does.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    shared: &Mutex<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let id = head.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    let said = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let together = lock(shared).together.clone().filter(|_| head.method == Method::POST);
    if let Some(together) = together {
        together.wait().await;
    }
    let mut shared = lock(shared);
    let status = if shared.gone.contains(&id) { StatusCode::GONE } else { StatusCode::OK };
    if status == StatusCode::OK && head.method != Method::GET {
        let said = (head.method == Method::POST).then(|| String::from_utf8_lossy(&said).into_owned());
        if said.is_none() {
            shared.gone.insert(id.clone());
        }
        shared.heard.push((id, said));
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if status == StatusCode::GONE {
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("GoneException"));
    }
    Ok(response)
}
