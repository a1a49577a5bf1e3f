//! Webhooks over the whole stack, as a back end looks after them: what came of each, once more, and a try.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use local::queues::Draft;
use local::secrets;
use models::{Clock as _, SystemClock};
use serde_json::{Value, json};
use testing::{API_KEY, API_SECRET, Server, opened};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a receiver was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    head: String,
    body: Value,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("no {name}: {self:?}")).1
    }

    fn path(&self) -> &str {
        self.head.split(' ').nth(1).expect("a path")
    }
}

/// A receiver that answers everybody with the status that it is set to. It ends when it is dropped.
pub(crate) struct Receiver {
    /// Where it listens, without a path.
    pub(crate) url: String,
    status: Arc<AtomicU16>,
    received: Arc<Mutex<Vec<Received>>>,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (status, received) = (Arc::new(AtomicU16::new(status)), Arc::<Mutex<Vec<_>>>::default());
        let (answers, heard) = (Arc::clone(&status), Arc::clone(&received));
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let request = read(&stream).await;
                heard.lock().expect("nobody panicked").push(request);
                answer(&stream, answers.load(Ordering::SeqCst)).await;
            }
        });
        Self { url, status, received, _server: server }
    }

    fn set(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What it was sent at this path from the last look on.
    fn take(&self, path: &str) -> Vec<Received> {
        let mut received = self.received.lock().expect("nobody panicked");
        received.extract_if(.., |one| one.path() == path).collect()
    }
}

/// Reads one request: a head, and one JSON object.
async fn read(stream: &TcpStream) -> Received {
    let mut request = vec![];
    loop {
        stream.readable().await.expect("open");
        let mut buffer = [0; 4096];
        // It may be a false alarm.
        if let Ok(length) = stream.try_read(&mut buffer) {
            assert_ne!(length, 0, "the whole request comes");
            request.extend_from_slice(&buffer[..length]);
        }
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return Received { head: head.to_owned(), body };
        }
    }
}

async fn answer(stream: &TcpStream, status: u16) {
    stream.writable().await.expect("open");
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!(stream.try_write(text.as_bytes()).expect("a free buffer"), text.len());
}

/// The deliveries of a session as they stand, when they stand as they are waited for.
async fn list(server: &Server, body: &Value, is_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..600 {
        let answered = server.signed("/auth/webhook/deliveries", body).await.body;
        let all = answered["deliveries"].as_array().cloned().unwrap_or_default();
        if is_right(&all) {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", server.signed("/auth/webhook/deliveries", body).await.body);
}

fn all_stand(status: &'static str, count: usize) -> impl Fn(&[Value]) -> bool {
    move |all| all.len() == count && all.iter().all(|one| one["status"] == status)
}

/// A webhook of a day ago, which the next failure gives up.
fn late(room_id: &str, sid: &str, url: &str) -> Draft {
    let yesterday = SystemClock.now().minus(Duration::from_hours(25));
    let body = json!({
        "room": format!("main/{room_id}"), "sid": sid, "number": 2, "url": url, "occurred_at": yesterday,
        "body": json!({"event": "room_started"}).to_string(),
    });
    Draft::new(body.to_string()).in_group("late").once_as("late")
}

#[tokio::test]
async fn what_a_receiver_missed_is_listed_and_sent_again() {
    let receiver = Receiver::start(500).await;
    let server = Server::start(|_| {}).await;
    let hook = format!("{}/hook", receiver.url);
    let body = json!({
        "room_id": "demo", "metadata": {"room_title": "Demo", "room_features": {}, "webhook_url": hook},
    });
    let created = server.signed("/auth/room/create", &body).await;
    let sid = created.body["room_info"]["sid"].as_str().expect("a session").to_owned();
    let named = json!({"room_id": "demo"});
    let is_retried = |all: &[Value]| all.first().is_some_and(|one| one["attempts"].as_u64() > Some(1));
    let failing = list(&server, &named, is_retried).await;
    let [first] = failing.as_slice() else { panic!("{failing:?}") };
    assert_eq!((&first["event"], &first["sequence"]), (&json!("room_created"), &json!(1)));
    assert_eq!((&first["status"], &first["outcome"]), (&json!("retrying"), &json!("rejected")));
    assert_eq!((&first["http_status"], &first["url"]), (&json!(500), &json!(hook)));
    assert!(first["next_attempt_at"].is_string(), "{first}");

    let other = format!("{}/late", receiver.url);
    server.stack.send("WebhooksQueue", late("demo", &sid, &other)).expect("sent");
    let is_given_up = |all: &[Value]| all.iter().any(|one| one["url"] == other && one["status"] == "failed");
    list(&server, &named, is_given_up).await;
    assert_eq!(server.stack.queue_messages("DeadWebhooksQueue").expect("a queue").len(), 1);

    receiver.set(200);
    let seated = server.redeem(&server.mint("demo", "ann").await).await;
    assert_eq!(seated.status, 201);
    server.signed("/auth/room/endRoom", &named).await;
    let is_over = |all: &[Value]| all.iter().filter(|one| one["status"] == "delivered").count() == 6;
    let told = list(&server, &named, is_over).await;
    let events: Vec<_> = told.iter().filter(|one| one["url"] == hook).map(|one| &one["event"]).collect();
    let expected =
        ["room_created", "room_started", "participant_joined", "participant_left", "session_ended"];
    assert_eq!(events, expected.iter().chain(&["room_finished"]).collect::<Vec<_>>());
    let answered = server.signed("/auth/webhook/deliveries", &named).await.body;
    assert_eq!((&answered["last_sequence"], &answered["next_sequence"]), (&json!(6), &Value::Null));

    receiver.take("/hook");
    receiver.take("/late");
    let replay = json!({"room_id": "demo", "sid": sid, "from_sequence": 1});
    let replayed = server.signed("/auth/webhook/replay", &replay).await;
    assert_eq!(replayed.body["replayed"], "7", "{:?}", replayed.body);
    server.stack.settled().await;
    let again = list(&server, &named, all_stand("delivered", 7)).await;
    let at_hook: Vec<_> = again.iter().filter(|one| one["url"] == hook).collect();
    let arrived = receiver.take("/hook");
    assert_eq!(arrived.len(), 6);
    for ((arrived, told), before) in
        arrived.iter().zip(&at_hook).zip(told.iter().filter(|one| one["url"] == hook))
    {
        assert_eq!(arrived.header("x-vestibule-sequence"), told["sequence"].to_string());
        assert_eq!(arrived.header("x-vestibule-delivery"), before["delivery_id"]);
        assert_eq!(arrived.header("x-vestibule-attempt"), told["attempts"].to_string());
        assert_eq!(told["attempts"].as_u64(), before["attempts"].as_u64().map(|attempts| attempts + 1));
        assert_eq!(arrived.body["event"], told["event"]);
        assert_eq!(told["occurred_at"], before["occurred_at"], "it happened when it happened");
        assert_signed(arrived);
    }
    assert_eq!(receiver.take("/late").len(), 1, "what was given up is sent again, too");
    server.stop().await;
}

#[tokio::test]
async fn a_test_event_arrives_signed() {
    let receiver = Receiver::start(201).await;
    let server = Server::start(|_| {}).await;
    let url = format!("{}/try", receiver.url);
    let tested = server.signed("/auth/webhook/test", &json!({ "url": url })).await;
    assert_eq!((tested.status, &tested.body["outcome"]), (200, &json!("delivered")), "{:?}", tested.body);
    assert_eq!(tested.body["http_status"], 201);
    let arrived = receiver.take("/try");
    let [arrived] = arrived.as_slice() else { panic!("{arrived:?}") };
    assert_eq!(arrived.body["event"], "webhook_test");
    assert_eq!(arrived.header("x-vestibule-delivery"), tested.body["delivery_id"]);
    assert_signed(arrived);
    server.stop().await;
}

/// Signed by [`API_KEY`].
fn assert_signed(received: &Received) {
    let token = received.header("authorization");
    assert_eq!(opened(token)["claims"]["iss"], API_KEY);
    let (said, signature) = token.rsplit_once('.').expect("a signature");
    let right = secrets::sign(API_SECRET.as_bytes(), said.as_bytes());
    let digits = right.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).expect("digits"));
    let right: Vec<_> = digits.map(|two| u8::from_str_radix(two, 16).expect("a byte")).collect();
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64"), right);
}
