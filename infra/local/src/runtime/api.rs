//! The Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>), one desk for each process.
//!
//! All processes share one listener; the first segment of the path says which process is calling. A process asks its
//! desk for the next call and brings the answer there.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use hyper::StatusCode;
use models::{Random as _, SystemRandom};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Largest answer of a function.
const MOST_ANSWER: usize = 6 * 1024 * 1024;

/// A function's answer, or the report of its failure.
type Reply = Result<Bytes, String>;

/// A call on its way to a process.
pub(super) struct Call {
    pub(super) event: Bytes,
    /// When its time is over: milliseconds since the epoch.
    pub(super) deadline: i64,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// Where a process takes its calls and brings its answers.
pub(super) struct Desk {
    name: String,
    process: Mutex<Option<u32>>,
    inbox: mpsc::UnboundedSender<Call>,
    calls: tokio::sync::Mutex<mpsc::UnboundedReceiver<Call>>,
    /// The call that the process works on, by its request id.
    at_work: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
    attended: watch::Sender<bool>,
    dismissed: Notify,
}

impl Desk {
    fn new(name: &str) -> Self {
        let (inbox, calls) = mpsc::unbounded_channel();
        Self {
            name: name.to_owned(),
            process: Mutex::default(),
            inbox,
            calls: tokio::sync::Mutex::new(calls),
            at_work: Mutex::default(),
            attended: watch::Sender::new(false),
            dismissed: Notify::new(),
        }
    }

    /// Notes which process sits here.
    pub(super) fn employ(&self, process: Option<u32>) {
        *lock(&self.process) = process;
    }

    /// Waits until the process asks for its first call.
    pub(super) async fn is_attended(&self) {
        // The desk holds the sender itself, so the wait ends only with the process's first question.
        let _ = self.attended.subscribe().wait_for(|attended| *attended).await;
    }

    /// Puts a call there for the process to take.
    pub(super) fn hand_over(&self, call: Call) {
        // The desk holds the other end itself, so there is always somebody to take it.
        let _ = self.inbox.send(call);
    }

    /// Asks for the process's end.
    pub(super) fn dismiss(&self) {
        self.dismissed.notify_one();
    }

    /// Waits until the process's end is asked for.
    pub(super) async fn is_dismissed(&self) {
        self.dismissed.notified().await;
    }

    /// Drops the call that an ended process leaves behind.
    pub(super) fn close(&self) {
        lock(&self.process).take();
        lock(&self.at_work).take();
    }

    /// The next call, with the request id that its answer must name.
    async fn next(&self) -> Option<(String, Bytes, i64)> {
        self.attended.send_replace(true);
        let Call { event, deadline, reply } = self.calls.lock().await.recv().await?;
        let request = SystemRandom.uuid().to_string();
        *lock(&self.at_work) = Some((request.clone(), reply));
        Some((request, event, deadline))
    }

    /// Takes what the process brings; whether it was expected.
    fn reply(&self, request: &str, reply: Reply) -> bool {
        let mut at_work = lock(&self.at_work);
        if at_work.as_ref().is_none_or(|(id, _)| id != request) {
            return false;
        }
        // A caller whose time is over has left: the answer is late, not unexpected.
        let _ = at_work.take().map(|(_, caller)| caller.send(reply));
        true
    }
}

/// The desks of all processes.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    last: AtomicU64,
    desks: Mutex<HashMap<u64, Arc<Desk>>>,
    closed: AtomicBool,
    supervisions: Mutex<JoinSet<()>>,
}

impl RuntimeApi {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            last: AtomicU64::default(),
            desks: Mutex::default(),
            closed: AtomicBool::default(),
            supervisions: Mutex::default(),
        }
    }

    /// A desk for a new process of the function `name`, and the value of its `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn open_desk(&self, name: &str) -> (Arc<Desk>, u64) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let desk = Arc::new(Desk::new(name));
        // Whoever starts while the others are sent home goes with them.
        if self.closed.load(Ordering::SeqCst) {
            desk.dismiss();
        }
        lock(&self.desks).insert(number, Arc::clone(&desk));
        (desk, number)
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API` for the process at this desk.
    pub(super) fn address_of(&self, number: u64) -> String {
        format!("http://{}/{number}", self.address)
    }

    /// Takes charge of a process's supervision, which ends with the process; its desk goes with it.
    pub(super) fn adopt(
        self: &Arc<Self>,
        number: u64,
        supervision: impl Future<Output = ()> + Send + 'static,
    ) {
        let api = Arc::clone(self);
        let mut supervisions = lock(&self.supervisions);
        while supervisions.try_join_next().is_some() {}
        supervisions.spawn(async move {
            supervision.await;
            lock(&api.desks).remove(&number);
        });
    }

    /// The processes that run, by the name of their function.
    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        let desks = lock(&self.desks);
        let running = desks.values().filter_map(|desk| Some((desk.name.clone(), (*lock(&desk.process))?)));
        running.collect()
    }

    /// Ends all processes, and waits until they have ended.
    pub(super) async fn end_processes(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for desk in lock(&self.desks).values() {
            desk.dismiss();
        }
        let mut supervisions = std::mem::take(&mut *lock(&self.supervisions));
        while supervisions.join_next().await.is_some() {}
    }

    fn desk(&self, number: u64) -> Option<Arc<Desk>> {
        lock(&self.desks).get(&number).cloned()
    }
}

/// Serves the Runtime API until the future is dropped.
pub(super) async fn serve(listener: TcpListener, api: Arc<RuntimeApi>) {
    let routes = Router::new()
        .route("/{number}/2018-06-01/runtime/invocation/next", get(next))
        .route("/{number}/2018-06-01/runtime/invocation/{request}/response", post(response))
        .route("/{number}/2018-06-01/runtime/invocation/{request}/error", post(failure))
        .route("/{number}/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MOST_ANSWER))
        .with_state(api);
    if let Err(error) = axum::serve(listener, routes).await {
        tracing::error!(%error, "the Runtime API ended");
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>, Path(number): Path<u64>) -> Response {
    let Some(desk) = api.desk(number) else { return StatusCode::GONE.into_response() };
    let Some((request, event, deadline)) = desk.next().await else {
        return StatusCode::GONE.into_response();
    };
    let name = &desk.name;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", request),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{}:{}:function:{name}", crate::stack::REGION, crate::stack::ACCOUNT_ID),
        ),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(
    State(api): State<Arc<RuntimeApi>>,
    Path((number, request)): Path<(u64, String)>,
    payload: Bytes,
) -> StatusCode {
    accept(&api, number, &request, Ok(payload))
}

async fn failure(
    State(api): State<Arc<RuntimeApi>>,
    Path((number, request)): Path<(u64, String)>,
    report: Bytes,
) -> StatusCode {
    accept(&api, number, &request, Err(String::from_utf8_lossy(&report).into_owned()))
}

/// A process that cannot start says so here and ends; its end is what counts.
async fn init_error() -> StatusCode {
    StatusCode::ACCEPTED
}

fn accept(api: &RuntimeApi, number: u64, request: &str, reply: Reply) -> StatusCode {
    let expected = api.desk(number).is_some_and(|desk| desk.reply(request, reply));
    if expected { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
