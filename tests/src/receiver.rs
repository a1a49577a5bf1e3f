//! A receiver of webhooks on this machine, that does with each what a test wants: answers well or badly, late or not at
//! all. It remembers everything it was sent, and verifies it as LiveKit's receivers do.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use models::{Clock, SystemClock, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{API_KEY, API_SECRET, opened};

/// How long a test waits for webhooks before it gives up: what is waited for comes much sooner on an idle machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pause: Duration,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Status(u16),
    Redirect(String),
    Large(usize),
    Cut,
    Held,
}

impl Answer {
    /// This status, without a body.
    pub const fn status(status: u16) -> Self {
        Self { pause: Duration::ZERO, kind: Kind::Status(status) }
    }

    /// A redirect to this URL.
    pub fn redirect(url: impl Into<String>) -> Self {
        Self { pause: Duration::ZERO, kind: Kind::Redirect(url.into()) }
    }

    /// 200, and a body of so many bytes.
    pub const fn large(bytes: usize) -> Self {
        Self { pause: Duration::ZERO, kind: Kind::Large(bytes) }
    }

    /// The end of the connection instead of an answer.
    pub const fn cut() -> Self {
        Self { pause: Duration::ZERO, kind: Kind::Cut }
    }

    /// 200, but only once the test lets it go by [`Receiver::release`].
    pub const fn held() -> Self {
        Self { pause: Duration::ZERO, kind: Kind::Held }
    }

    /// The same, after a pause.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// One request.
#[derive(Clone)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// The path of the URL, without the slash in front.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The very bytes that are signed.
    pub body: Bytes,
    /// The same, read.
    pub json: Value,
    /// What was answered; none when nothing was, or not yet.
    pub answered: Option<u16>,
}

impl Received {
    /// The text of a header.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.headers));
        value.to_str().expect("text")
    }

    /// A header that is a number.
    pub fn number(&self, name: &str) -> u32 {
        self.header(name).parse().expect("a number")
    }

    /// The event's place among its session's.
    pub fn sequence(&self) -> u32 {
        self.number("x-vestibule-sequence")
    }

    /// The session that it is about.
    pub fn sid(&self) -> &str {
        self.json["room"]["sid"].as_str().expect("a session")
    }

    /// What it is about.
    pub fn event(&self) -> &str {
        self.json["event"].as_str().expect("an event")
    }

    /// Whether it was answered with success.
    pub fn is_taken(&self) -> bool {
        self.answered.is_some_and(|status| (200..300).contains(&status))
    }
}

/// In a line, as a failed test shows it.
impl fmt::Debug for Received {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, json, answered, .. } = self;
        let (number, attempt) = (self.sequence(), self.number("x-vestibule-attempt"));
        let (event, user) = (&json["event"], &json["participant"]["identity"]);
        write!(formatter, "/{path} {number} {event} {user} (attempt {attempt}, answered {answered:?})")
    }
}

/// A receiver that is not up yet: connections to its port are refused.
pub struct Down {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Down {
    /// A port for it.
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let address = socket.local_addr().expect("bound");
        Self { socket, address }
    }

    /// The URL of a path of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// It comes up.
    pub fn up(self) -> Receiver {
        self.up_with(Arc::new(SystemClock))
    }

    fn up_with(self, clock: Arc<dyn Clock>) -> Receiver {
        let listener = self.socket.listen(BACKLOG).expect("it listens");
        let (changes, release) = (watch::Sender::new(0), watch::Sender::new(false));
        let shared = Arc::new(Shared { state: Mutex::default(), changes, release, clock });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Receiver { address: self.address, shared, _tasks: tasks }
    }
}

impl Default for Down {
    fn default() -> Self {
        Self::new()
    }
}

/// A receiver on a port of its own, as long as the test runs. A path that nothing was said about takes everything.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    state: Mutex<State>,
    /// How often something has happened.
    changes: watch::Sender<u64>,
    release: watch::Sender<bool>,
    /// What it judges signatures by.
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// Keys beside [`API_KEY`] with their secrets.
    keys: HashMap<String, String>,
    /// Why what was received is not genuine.
    forged: Vec<String>,
    scripts: HashMap<String, VecDeque<Answer>>,
    always: HashMap<String, Answer>,
}

impl Receiver {
    /// One that is up.
    pub fn start() -> Self {
        Down::new().up()
    }

    /// One that is up, and for which it is as late as this clock says.
    pub fn by(clock: Arc<dyn Clock>) -> Self {
        Down::new().up_with(clock)
    }

    /// The URL of a path of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Makes a key known to it beside [`API_KEY`].
    pub fn trust(&self, key: &str, secret: &str) {
        self.shared.state().keys.insert(key.to_owned(), secret.to_owned());
    }

    /// What it answers to the next requests at a path, one after the other.
    pub fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.shared.state().scripts.entry(path.to_owned()).or_default().extend(answers);
    }

    /// What it answers at a path to whatever it has no other answer for.
    pub fn always(&self, path: &str, answer: Answer) {
        self.shared.state().always.insert(path.to_owned(), answer);
    }

    /// Lets go what it holds, and holds nothing any more.
    pub fn release(&self) {
        self.shared.release.send_replace(true);
    }

    /// Everything that it was sent, in the order in which it came, at whatever path. All of it was genuine.
    pub fn received(&self) -> Vec<Received> {
        self.those(|_| true)
    }

    /// What it was sent at a path of a session, repetitions too.
    pub fn attempts(&self, path: &str, sid: &str) -> Vec<Received> {
        self.those(|hook| hook.path == path && hook.sid() == sid)
    }

    fn those(&self, are: impl Fn(&Received) -> bool) -> Vec<Received> {
        let state = self.shared.state();
        assert!(state.forged.is_empty(), "{:?}", state.forged);
        state.received.iter().filter(|hook| are(hook)).cloned().collect()
    }

    /// Waits until this holds of what it was sent.
    pub async fn until(&self, what: &str, holds: impl Fn(&[Received]) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                changes.mark_unchanged();
                if holds(&self.shared.state().received) {
                    return;
                }
                // The sender is in `self`: there is always one.
                let _ = changes.changed().await;
            }
        });
        assert!(waited.await.is_ok(), "{what}: it does not come; so far: {:#?}", self.received());
    }

    /// Waits until it has taken the last webhook of a session at a path.
    pub async fn finished(&self, path: &str, sid: &str) {
        let is_last =
            |hook: &Received| hook.path == path && hook.event() == "room_finished" && hook.sid() == sid;
        self.until(&format!("the end of {sid} at /{path}"), |received| {
            received.iter().any(|hook| hook.is_taken() && is_last(hook))
        })
        .await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Takes a request; none is the end of the connection.
    async fn answer(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        // What is cut off before its end was not received.
        let body = body.collect().await.ok()?.to_bytes();
        let path = head.uri.path().trim_start_matches('/').to_owned();
        let (method, headers) = (head.method, head.headers);
        let json = serde_json::from_slice(&body).unwrap_or_default();
        let received = Received { method, path, headers, body, json, answered: None };
        let (place, Answer { pause, kind }) = self.note(received);
        tokio::time::sleep(pause).await;
        let answer = Response::builder();
        let (answer, body) = match kind {
            Kind::Status(status) => (answer.status(status), Bytes::new()),
            Kind::Redirect(url) => {
                (answer.status(StatusCode::TEMPORARY_REDIRECT).header(header::LOCATION, url), Bytes::new())
            }
            Kind::Large(bytes) => (answer, vec![b'x'; bytes].into()),
            Kind::Cut => return None,
            Kind::Held => {
                // The sender is in `self`: there is always one.
                let _ = self.release.subscribe().wait_for(|release| *release).await;
                (answer, Bytes::new())
            }
        };
        let answer = answer.body(Full::new(body)).expect("a well-formed answer");
        self.state().received[place].answered = Some(answer.status().as_u16());
        self.tell();
        Some(answer)
    }

    /// Remembers a request; gives its place and what is to be done.
    fn note(&self, received: Received) -> (usize, Answer) {
        let mut state = self.state();
        if let Err(why) = verify(&received.headers, &received.body, &state.keys, self.clock.now()) {
            state.forged.push(why);
        }
        let script = state.scripts.get_mut(&received.path).and_then(VecDeque::pop_front);
        let answer = script.or_else(|| state.always.get(&received.path).cloned());
        state.received.push(received);
        let place = state.received.len() - 1;
        drop(state);
        self.tell();
        (place, answer.unwrap_or(Answer::status(200)))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        // Without an answer the server closes the connection.
        async move { shared.answer(request).await.ok_or(io::Error::from(io::ErrorKind::ConnectionAborted)) }
    });
    // Whether the other side has hung up is told by what it sends again.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// What LiveKit's receivers do: find the secret by the issuer, verify the token and its times, hash the body, compare.
fn verify(
    headers: &HeaderMap,
    body: &[u8],
    keys: &HashMap<String, String>,
    now: Timestamp,
) -> Result<(), String> {
    let text = |name: &str| {
        let value = headers.get(name).ok_or_else(|| format!("no {name}"))?;
        value.to_str().map_err(|error| format!("{name}: {error}"))
    };
    let token = text("authorization")?;
    if text("hash-token")? != token {
        return Err("Hash-Token is another one".to_owned());
    }
    let issuer = opened(token)["claims"]["iss"].as_str().unwrap_or_default().to_owned();
    let known = (issuer == API_KEY).then_some(API_SECRET);
    let secret = known.or_else(|| keys.get(&issuer).map(String::as_str)).ok_or("its key is unknown")?;
    let mut validation = Validation::new(Algorithm::HS256);
    // The library looks at the machine's clock.
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(secret.as_bytes());
    let claims = decode::<Value>(token, &key, &validation).map_err(|error| error.to_string())?.claims;
    let time = |name: &str| claims[name].as_i64().ok_or_else(|| format!("no {name}: {claims}"));
    if !(time("nbf")?..time("exp")?).contains(&now.seconds()) {
        return Err(format!("it is not good at {now:?}: {claims}"));
    }
    let hash = claims["sha256"].as_str().and_then(|hash| BASE64_STANDARD.decode(hash).ok());
    if hash.is_none_or(|hash| hash != Sha256::digest(body).as_slice()) {
        return Err(format!("another body was signed: {claims}"));
    }
    Ok(())
}
