use std::sync::{Arc, Mutex};

use api::{Dialect, respond};
use serde_json::{Value, json};
use testing::{API_KEY, API_SECRET, Call, Reply, TestTable, checks};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const PATH: &str = "/auth/webhook/test";

async fn app(table: &TestTable) -> App<Config> {
    table.app("test_webhook", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn test(app: &App<Config>, url: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({ "url": url })).signed()).await
}

/// Answers each request with a status, and remembers them, head and body.
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let request = serve(stream, status).await;
                heard.lock().expect("nobody panicked").push(request);
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("nobody panicked").clone()
    }
}

/// Reads one request, whose body is one JSON object, and answers.
async fn serve(mut stream: TcpStream, status: u16) -> String {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    while !request.ends_with('}') {
        let length = stream.read(&mut buffer).await.expect("readable");
        request.push_str(std::str::from_utf8(&buffer[..length]).expect("ASCII"));
    }
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.expect("writable");
    request
}

#[tokio::test]
async fn one_event_is_sent_signed_by_the_callers_key() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let receiver = Receiver::start(204).await;
    let before = table.items().await;
    let reply = test(&app, &receiver.url).await;
    let requests = receiver.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let (head, body) = request.split_once("\r\n\r\n").expect("a head and a body");
    let event: Value = serde_json::from_str(body).expect("JSON");
    let id: Uuid = event["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let created_at = table.now().seconds().to_string();
    assert_eq!(event, json!({"event": "webhook_test", "id": id, "created_at": created_at}));
    let told = json!({
        "status": true, "msg": "success", "status_code": "SUCCESS",
        "delivery_id": delivery_id(id, &receiver.url), "outcome": "delivered", "http_status": 204,
    });
    assert_eq!((reply.status, &reply.body), (200, &told));

    let key = API_KEY.try_into().expect("an id");
    let signer = Signer { key: &key, secret: API_SECRET.as_bytes() };
    let signature = signer.sign(body.as_bytes(), table.now());
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    assert_eq!(header("authorization"), Some(signature.as_str()));
    assert_eq!(header("x-vestibule-delivery"), Some(reply.text("delivery_id")));
    assert_eq!((header("x-vestibule-attempt"), header("x-vestibule-sequence")), (Some("1"), None));
    assert_eq!(table.items().await, before, "nothing is kept of it");
}

#[tokio::test]
async fn what_came_of_it_is_told_and_it_is_not_tried_again() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (status, outcome) in [(200, "delivered"), (302, "rejected"), (500, "rejected")] {
        let receiver = Receiver::start(status).await;
        let reply = test(&app, &receiver.url).await;
        let told = (reply.text("msg"), reply.text("outcome"), reply.body["http_status"].as_u64());
        assert_eq!(told, ("success", outcome, Some(status.into())));
        assert_eq!(receiver.requests().len(), 1);
    }
    let gone = Receiver::start(410).await;
    let reply = test(&app, &gone.url).await;
    assert_eq!((reply.text("outcome"), &reply.body["http_status"]), ("gone", &Value::Null));

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = format!("http://{}/", listener.local_addr().expect("bound"));
    drop(listener);
    let reply = test(&app, &nobody).await;
    assert_eq!((reply.text("outcome"), reply.text("why")), ("unreachable", "connect"));
}

#[tokio::test]
async fn private_networks_are_not_reached_unless_they_are_open() {
    let table = TestTable::new().await;
    let load =
        async |env: &Env| Ok(Config { keys: KeyRing::new(env), client: Client::new(Policy::PublicOnly) });
    let app = table.app("test_webhook", Dialect::Server, load).await;
    let receiver = Receiver::start(200).await;
    for url in [receiver.url.as_str(), "http://localhost:1/", "http://169.254.169.254/latest/meta-data/"] {
        let reply = test(&app, url).await;
        assert_eq!((reply.text("outcome"), reply.text("why")), ("refused", "forbidden_address"), "{url}");
    }
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn what_can_never_be_posted_to_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let long = format!("https://example.org/{}", "x".repeat(255));
    for (body, msg) in [
        (json!({}), "validation error: url: value is required"),
        (json!({"url": ""}), "validation error: url: value is required"),
        (json!({"url": 5}), "url: must be a string, it is a number"),
        (json!({"url": "example.org"}), "validation error: url: is not a URL"),
        (json!({"url": "ftp://example.org/"}), "validation error: url: must begin with http:// or https://"),
        (
            json!({"url": "https://a:b@example.org/"}),
            "validation error: url: must not have a user or a password in it",
        ),
        (json!({"url": long}), "validation error: url: is longer than 255 characters"),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).signed()).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    checks::bodies(200, async |body| ask(&app, Call::new("POST", PATH).raw(body).signed()).await).await;
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let receiver = Receiver::start(200).await;
    let body = json!({ "url": receiver.url });
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body).await;
    assert_eq!(receiver.requests().len(), 2, "for those who were known");
}
