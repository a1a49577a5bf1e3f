//! The local stack as a process of its own, as `cargo dev` runs it, and a client for it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use local::{Options, binaries, secrets, stack};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a stack may take to start when Cargo has to wait for another build.
const PATIENCE: Duration = Duration::from_mins(10);

/// A running stack. Dropping it kills it; [`LocalStack::stop`] lets it end its functions itself.
pub(crate) struct LocalStack {
    child: Child,
    /// From its start to `ready`.
    pub(crate) started_in: Duration,
    /// Its process.
    pub(crate) pid: u32,
    /// A client for its HTTP API.
    pub(crate) client: Client,
}

/// Builds the stack's own binary, and the functions' as the stack will ask for them: optimised, they take longer than its
/// start is waited for.
pub(crate) async fn build(release: bool) -> PathBuf {
    let root = testing::root();
    let template = stack::load(&root.join("template.yaml"), &Options::on_free_ports(), "");
    let template = template.expect("the template is understood");
    let functions = template.functions.iter().map(|function| function.binary.as_str());
    binaries::build(root, functions, release).await.expect("the functions can be built");
    let built = binaries::build(root, ["local"], release).await.expect("the stack can be built");
    built.into_values().next().expect("it is asked for by name")
}

impl LocalStack {
    /// Starts the program (the stack's binary, or Cargo) with arguments before those of the stack, and waits for `ready`.
    pub(crate) async fn start(program: &Path, before: &[&str], arguments: &[&str]) -> Self {
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(before)
            .args(["--http-port", "0", "--ws-port", "0", "--dynamodb-port", "0"])
            .args(arguments)
            .current_dir(testing::root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the stack can be run");
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("the stack starts");
        let started_in = begun.elapsed();
        let first = first.expect("readable").unwrap_or_default();
        let http = first.split(' ').find_map(|word| word.strip_prefix("http=")).unwrap_or_else(|| {
            panic!("the stack ended, or said {first:?} first; run `cargo dev` to see why");
        });
        let client = Client { http: http.to_owned(), client: testing::Client::new() };
        // Whatever else it says is read, so that it need not wait for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let pid = child.id().expect("it runs");
        Self { child, started_in, pid, client }
    }

    /// Ends it as Ctrl-C does, and waits until it has ended.
    pub(crate) async fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.pid.to_string()]).status().await;
        if asked.is_ok_and(|status| status.success()) {
            let _ = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        }
    }
}

/// A client of the HTTP API, with the stack's own API key.
#[derive(Clone)]
pub(crate) struct Client {
    http: String,
    client: testing::Client,
}

/// What an answer says: the status, or 0 when there was no answer, and the body if it is JSON.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answered {
    /// Whether it is a success in either dialect: the server API says a failure with HTTP 200.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && self.body["status"] != false
    }
}

impl Client {
    /// A signed call of the server API.
    pub(crate) async fn signed(&self, path: &str, body: &Value) -> Answered {
        let body = body.to_string();
        let signature = secrets::sign(testing::API_SECRET.as_bytes(), body.as_bytes());
        self.post(path, vec![("api-key", testing::API_KEY.to_owned()), ("hash-signature", signature)], body)
            .await
    }

    /// Opens a room.
    pub(crate) async fn create(&self, room: &str, seats: Option<u32>) -> Answered {
        let mut body = json!({"room_id": room, "metadata": {"room_title": room, "room_features": {}}});
        if let Some(seats) = seats {
            body["max_participants"] = seats.into();
        }
        self.signed("/auth/room/create", &body).await
    }

    /// Asks for a join token; it is the answer's `token`.
    pub(crate) async fn mint(&self, room: &str, user: &str) -> Answered {
        let body = json!({"room_id": room, "user_info": {"user_id": user, "name": user}});
        self.signed("/auth/room/getJoinToken", &body).await
    }

    /// Trades a join token for a seat.
    pub(crate) async fn join(&self, token: &str) -> Answered {
        self.post("/api/joinRoom", vec![("authorization", format!("Bearer {token}"))], String::new()).await
    }

    async fn post(&self, path: &str, headers: Vec<(&'static str, String)>, body: String) -> Answered {
        let (client, url) = (self.client.clone(), format!("{}{path}", self.http));
        // In a task of its own: the tests' client panics when there is no answer, which to them is the end.
        let sent = tokio::spawn(async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.send("POST", &url, &headers, body.into_bytes()).await
        });
        let Ok(response) = sent.await else { return Answered::default() };
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        Answered { status: response.status().as_u16(), body }
    }
}
