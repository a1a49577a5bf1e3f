//! What stands between a function and AWS: it passes calls on, or fails them as a test wants it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::Client;

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What of: `TransactWriteItems`, `SendMessageBatch`.
    pub operation: String,
    /// With what.
    pub body: Value,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is made.
    Passes,
    /// It is refused without effect, for a reason that will not pass: nobody asks again.
    Fails,
    /// Of a `SendMessageBatch`: the entries at these places are not taken, the others are.
    Loses(Vec<usize>),
}

type Judge = Mutex<Box<dyn FnMut(&Asked) -> Verdict + Send>>;

/// It stands there until it is dropped.
pub struct Between {
    /// Where it answers, in place of the table and of the queues.
    pub url: String,
    _tasks: JoinSet<()>,
}

struct Shared {
    dynamodb: String,
    sqs: String,
    client: Client,
    judge: Judge,
}

impl Between {
    pub(crate) fn start(
        dynamodb: &str,
        sqs: &str,
        judge: impl FnMut(&Asked) -> Verdict + Send + 'static,
    ) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(64).expect("it listens");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let judge: Judge = Mutex::new(Box::new(judge));
        let (dynamodb, sqs) = (dynamodb.to_owned(), sqs.to_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::new(Shared { dynamodb, sqs, client: Client::new(), judge })));
        Self { url, _tasks: tasks }
    }

    /// The variables of a function that stands before it.
    pub fn variables(&self) -> [(&str, &str); 2] {
        ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"].map(|name| (name, self.url.as_str()))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(shared.receive(request).await) }
            });
            // Whether the function has hung up is its own affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Shared {
    async fn receive(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("the whole request").to_bytes();
        let headers: Vec<_> = ["x-amz-target", "x-amz-date", "content-type", "authorization"]
            .into_iter()
            .filter_map(|name| Some((name, head.headers.get(name)?.to_str().ok()?)))
            .collect();
        let target = head.headers["x-amz-target"].to_str().expect("text");
        let (service, operation) = target.split_once('.').expect("a service and an operation");
        let upstream = if service == "AmazonSQS" { &self.sqs } else { &self.dynamodb };
        let mut asked = Asked {
            operation: operation.to_owned(),
            body: serde_json::from_slice(&body).expect("a JSON body"),
        };
        let verdict = (self.judge.lock().unwrap_or_else(PoisonError::into_inner))(&asked);
        let lost = match verdict {
            Verdict::Fails => {
                let refusal = json!({"__type": "AccessDeniedException", "message": "so the test wants it"});
                let refused =
                    Response::builder().status(400).header("content-type", "application/x-amz-json-1.0");
                return refused.body(Full::new(refusal.to_string().into())).expect("well-formed");
            }
            Verdict::Loses(places) => take_out(&mut asked.body, &places),
            Verdict::Passes => vec![],
        };
        if asked.body["Entries"].as_array().is_some_and(Vec::is_empty) {
            return Response::new(Full::new(json!({"Successful": [], "Failed": lost}).to_string().into()));
        }
        let body = if lost.is_empty() { body.to_vec() } else { asked.body.to_string().into_bytes() };
        let answer = self.client.send("POST", upstream, &headers, body).await;
        if lost.is_empty() {
            return answer.map(Full::new);
        }
        let mut told: Value = serde_json::from_slice(answer.body()).expect("JSON");
        told["Failed"] = lost.into();
        Response::new(Full::new(told.to_string().into()))
    }
}

/// Takes entries out of a batch; gives what SQS says of those that it did not take.
fn take_out(batch: &mut Value, places: &[usize]) -> Vec<Value> {
    let entries = batch["Entries"].as_array_mut().expect("a batch");
    let mut place = 0..;
    let (lost, kept) = entries
        .drain(..)
        .partition::<Vec<_>, _>(|_| place.next().is_some_and(|place| places.contains(&place)));
    *entries = kept;
    let failed = |entry: Value| json!({"Id": entry["Id"], "Code": "InternalError", "SenderFault": false});
    lost.into_iter().map(failed).collect()
}
