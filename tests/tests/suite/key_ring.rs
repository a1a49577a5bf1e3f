//! What a process knows of API keys whose secrets are in SSM, while others send forgeries, rotate, or SSM is not there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Env, JoinTokenText, KeyRing, sign_join_token};
use models::{ApiKeyId, JoinToken, Lasts, Permission, Refusal, Role, Sid, Tenant, Timestamp, TokenId};
use serde_json::{Value, json};
use store::{ApiKey, Halt, StoreError};
use testing::rooms::user_id;
use testing::{Call, TestTable};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "acme-1";

/// How SSM answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Refusing,
    Silent,
}

/// An SSM of its own.
struct FakeSsm {
    endpoint: String,
    mood: Arc<Mutex<Mood>>,
    /// The names that it was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeSsm {
    /// One that says of the parameter `/x` that it is `secret of /x`.
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let (mood, asked) = (Arc::new(Mutex::new(Mood::Well)), Arc::<Mutex<Vec<String>>>::default());
        let (its_mood, its_asked) = (mood.clone(), asked.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a caller");
                tokio::spawn(serve(stream, its_mood.clone(), its_asked.clone()));
            }
        });
        Self { endpoint, mood, asked }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().expect("unpoisoned") = mood;
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("unpoisoned").clone()
    }
}

async fn serve(mut stream: TcpStream, mood: Arc<Mutex<Mood>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        if stream.read_buf(&mut request).await.expect("readable") == 0 {
            return;
        }
    }
    let text = String::from_utf8(request).expect("text");
    let (_, body) = text.split_once("\r\n\r\n").expect("a body");
    let name =
        serde_json::from_str::<Value>(body).expect("JSON")["Name"].as_str().expect("a name").to_owned();
    asked.lock().expect("unpoisoned").push(name.clone());
    let mood = *mood.lock().expect("unpoisoned");
    let (status, body) = match mood {
        Mood::Well => (200, json!({"Parameter": {"Value": secret(&name)}})),
        Mood::Refusing => (400, json!({"__type": "AccessDeniedException"})),
        Mood::Silent => return std::future::pending().await,
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.expect("writable");
}

fn secret(name: &str) -> String {
    format!("secret of {name}")
}

/// A process that knows no key yet.
struct Process {
    table: TestTable,
    ssm: FakeSsm,
    ring: KeyRing,
}

impl Process {
    async fn start() -> Self {
        let (table, ssm) = (TestTable::new().await, FakeSsm::start().await);
        let variables = [("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL_SSM", &ssm.endpoint)];
        let env = Env::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let process = Self { table, ssm, ring: KeyRing::new(&env) };
        process.put(&["/1"]).await;
        process
    }

    /// Writes the key with these secrets.
    async fn put(&self, names: &[&str]) {
        let tenant = Tenant::try_from("acme").expect("a tenant");
        let secrets = names.iter().map(|name| format!("ssm:{name}")).collect();
        let key = ApiKey { secrets, ..ApiKey::new(tenant, String::new(), self.table.now()) };
        assert!(self.table.store().put_api_key(&id(), &key, true).await.expect("stored"));
    }

    /// Calls with a signature by this secret, until `ends`.
    async fn call_until(&self, secret: &str, store: &store::Store, ends: Timestamp) -> Result<(), Halt> {
        let request = Call::new("POST", "/").signed_by(KEY, secret).request();
        let known = self.ring.authenticate(store, &*self.table.clock, &request, Permission::Read);
        store::until(ends, known).await.map(|_| ())
    }

    async fn call(&self, secret: &str) -> Result<(), Halt> {
        let ends = self.table.now().plus(Duration::from_secs(16));
        self.call_until(secret, &self.table.store(), ends).await
    }

    fn wait(&self, seconds: u64) {
        self.table.clock.advance(Duration::from_secs(seconds));
    }
}

fn id() -> ApiKeyId {
    ApiKeyId::try_from(KEY).expect("an id")
}

fn is_refused<T>(said: &Result<T, Halt>, refusal: &Refusal) -> bool {
    matches!(said, Err(Halt::Refused(why)) if why == refusal)
}

fn is_unavailable<T>(said: &Result<T, Halt>) -> bool {
    matches!(said, Err(Halt::Failed(StoreError::Unavailable(_))))
}

#[tokio::test]
async fn forgeries_ask_nothing_of_ssm_and_take_nothing_from_those_who_sign() {
    let process = Process::start().await;
    process.call(&secret("/1")).await.expect("good");
    process.ssm.set(Mood::Refusing);
    let forged = JoinToken {
        api_key: id(),
        room: "acme/demo".parse().expect("a room"),
        id: TokenId { sid: Sid(process.table.random().uuid()), id: process.table.random().uuid() },
        user: user_id("eve"),
        name: "Eve".to_owned(),
        role: Role::Host,
        lasts: Lasts::Unlimited,
    };
    for _ in 0..80 {
        process.wait(1);
        let now = process.table.now();
        let forgery = process.call("no secret").await;
        assert!(is_refused(&forgery, &Refusal::InvalidSignature), "{forgery:?}");
        let times = JoinTokenText {
            hidden: false,
            client_type: 0,
            minted_at: now,
            expires_at: now.plus(Duration::from_mins(1)),
        };
        let text = sign_join_token(&forged, times, b"no secret");
        let token = process.ring.join_token(&process.table.store(), now, &text).await;
        assert!(is_refused(&token, &Refusal::InvalidToken), "{token:?}");
        process.call(&secret("/1")).await.expect("good as ever");
    }
    assert_eq!(process.ssm.asked(), ["/1"]);
}

#[tokio::test]
async fn forgeries_read_the_table_once_a_second() {
    let process = Process::start().await;
    process.call(&secret("/1")).await.expect("good");
    process.wait(1);
    let store = process.table.store();
    let ends = process.table.now().plus(Duration::from_secs(16));
    for _ in 0..10 {
        assert!(process.call_until("no secret", &store, ends).await.is_err());
    }
    assert_eq!(store.usage().calls, 1);
}

#[tokio::test]
async fn without_ssm_the_known_secrets_go_on_and_a_new_one_is_told_to_come_later() {
    let process = Process::start().await;
    process.call(&secret("/1")).await.expect("good");
    process.put(&["/2", "/1"]).await;
    process.ssm.set(Mood::Refusing);
    for _ in 0..3 {
        process.wait(61);
        process.call(&secret("/1")).await.expect("known");
        let new = process.call(&secret("/2")).await;
        assert!(is_unavailable(&new), "nobody can say whether it is right: {new:?}");
    }
    process.ssm.set(Mood::Well);
    process.wait(1);
    process.call(&secret("/2")).await.expect("looked up");
    process.call(&secret("/1")).await.expect("in rotation");
    assert!(is_refused(&process.call("no secret").await, &Refusal::InvalidSignature));
}

#[tokio::test]
async fn a_key_that_could_not_be_looked_up_is_asked_for_once_a_second() {
    let process = Process::start().await;
    process.ssm.set(Mood::Refusing);
    for _ in 0..5 {
        assert!(is_unavailable(&process.call("no secret").await));
    }
    assert_eq!(process.ssm.asked().len(), 1);
    process.ssm.set(Mood::Well);
    process.wait(1);
    process.call(&secret("/1")).await.expect("looked up");
}

#[tokio::test]
async fn what_cannot_be_signed_now_is_not_said_to_have_no_key() {
    let process = Process::start().await;
    let tenant = Tenant::try_from("acme").expect("a tenant");
    let signer = async || {
        let (store, now) = (process.table.store(), process.table.now());
        process.ring.signer(&store, now, &tenant, Some(&id())).await
    };
    process.ssm.set(Mood::Refusing);
    assert!(is_unavailable(&signer().await));
    process.ssm.set(Mood::Well);
    process.wait(1);
    let (key, signing) = signer().await.expect("looked up").expect("there is one");
    assert_eq!((key, signing.text()), (id(), secret("/1").as_str()));
}

#[tokio::test]
async fn a_retired_secret_is_forgotten() {
    let process = Process::start().await;
    process.call(&secret("/1")).await.expect("good");
    process.put(&["/2"]).await;
    process.wait(1);
    process.call(&secret("/2")).await.expect("what does not fit makes the key be read again");
    assert!(is_refused(&process.call(&secret("/1")).await, &Refusal::InvalidSignature));
}

#[tokio::test]
async fn without_the_table_a_key_is_good_for_the_rest_of_its_minute() {
    let process = Process::start().await;
    process.call(&secret("/1")).await.expect("good");
    let nowhere = store_nowhere(&process.table);
    // A clock that stands still has no time for another attempt.
    let call = async |secret: &str| process.call_until(secret, &nowhere, process.table.now()).await;
    process.wait(59);
    assert!(is_unavailable(&call("no secret").await));
    call(&secret("/1")).await.expect("remembered");
    process.wait(1);
    assert!(is_unavailable(&call(&secret("/1")).await), "it may be disabled by now");
}

fn store_nowhere(table: &TestTable) -> store::Store {
    let variables = [
        ("TABLE_NAME", "none"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        // Nothing listens there.
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
    ];
    let env = Env::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env.store(table.parts()).expect("complete")
}

#[tokio::test]
async fn an_ssm_that_does_not_answer_is_waited_for_no_longer_than_the_request_has() {
    let process = Process::start().await;
    process.ssm.set(Mood::Silent);
    let started = std::time::Instant::now();
    let ends = process.table.now().plus(Duration::from_millis(300));
    let late = process.call_until(&secret("/1"), &process.table.store(), ends).await;
    assert!(is_unavailable(&late), "{late:?}");
    assert!(started.elapsed() < Duration::from_secs(3), "one attempt alone has more");
}
