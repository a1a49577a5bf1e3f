//! A receiver of webhooks that takes everything.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// What came: in all, the last, and each `participant_joined` by room and user.
#[derive(Default)]
pub(super) struct Received {
    pub(super) joined: HashMap<(String, String), Instant>,
    pub(super) count: usize,
    pub(super) last: Option<Instant>,
}

/// It answers until the program ends.
pub(super) struct Receiver {
    pub(super) url: String,
    received: Arc<Mutex<Received>>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let started = Self { url, received: Arc::default() };
        let received = started.received.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let received = received.clone();
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let received = received.clone();
                    async move {
                        let body = request.into_body().collect().await;
                        lock(&received)
                            .note(&body.map(http_body_util::Collected::to_bytes).unwrap_or_default());
                        Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
                    }
                });
                let serving = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(serving);
            }
        });
        started
    }

    pub(super) fn received(&self) -> MutexGuard<'_, Received> {
        lock(&self.received)
    }

    pub(super) fn count(&self) -> usize {
        self.received().count
    }
}

impl Received {
    fn note(&mut self, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        self.count += 1;
        self.last = Some(Instant::now());
        if body["event"] == "participant_joined" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let who = (text(&body["room"]["room_id"]), text(&body["participant"]["identity"]));
            self.joined.insert(who, Instant::now());
        }
    }
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}
