//! A client of the WebSocket API that notes when what came. The tests' own holds every message to the AsyncAPI document,
//! which takes longer than what is measured here.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use models::Client as Kind;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use testing::Server;
use tokio::net::TcpStream;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long something is waited for that is to come.
const PATIENCE: Duration = Duration::from_mins(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Sink = Arc<AsyncMutex<SplitSink<Socket, Frame>>>;

/// Something that the server said.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// When it was there, before it was read.
    pub(super) at: Instant,
    /// Its event; of Socket.IO's own packets what they are: `open`, `connected`, `ping`, `answer`.
    pub(super) event: String,
    /// Of an answer, the number of what is answered.
    id: Option<u64>,
    /// Its data.
    pub(super) data: Box<RawValue>,
    /// All of it, in bytes.
    pub(super) bytes: usize,
}

impl Message {
    /// Whether it answers something that was asked.
    pub(super) const fn is_answer(&self) -> bool {
        self.id.is_some()
    }

    /// Its data as it is needed; null where that is something else.
    pub(super) fn read<T: for<'a> Deserialize<'a>>(&self) -> T {
        serde_json::from_str(self.data.get()).expect("data of this event")
    }
}

/// What has come so far.
#[derive(Default)]
struct Inbox {
    messages: Mutex<Vec<Message>>,
    count: watch::Sender<usize>,
}

impl Inbox {
    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection.
pub(super) struct Client {
    kind: Kind,
    sink: Sink,
    inbox: Arc<Inbox>,
    asked: AtomicU64,
    sent: AtomicUsize,
}

impl Client {
    /// Connects, and with Socket.IO is greeted.
    pub(super) async fn connect(server: &Server, kind: Kind, token: Option<&str>) -> Self {
        let mut query = vec![];
        query.extend((kind == Kind::SocketIo).then(|| "EIO=4&transport=websocket".to_owned()));
        query.extend(token.map(|token| format!("token={token}")));
        let url = format!("{}/live?{}", server.stack.addresses.ws, query.join("&"));
        let (socket, _) = connect_async(url).await.expect("the connection stands");
        let (sink, stream) = socket.split();
        let (sink, inbox) = (Arc::new(AsyncMutex::new(sink)), Arc::<Inbox>::default());
        tokio::spawn(listen(kind, stream, Arc::clone(&sink), Arc::clone(&inbox)));
        let client = Self { kind, sink, inbox, asked: AtomicU64::new(0), sent: AtomicUsize::new(0) };
        if kind == Kind::SocketIo {
            client.wait(0, |message| message.event == "open").await;
            client.send("40".to_owned()).await;
            client.wait(0, |message| message.event == "connected").await;
        }
        client
    }

    async fn send(&self, text: String) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.sink.lock().await.send(Frame::text(text)).await.expect("it is sent");
    }

    /// Asks, and waits for the answer. It must not be an error.
    pub(super) async fn ask(&self, event: &str, data: &Value) -> Message {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let from = self.inbox.messages().len();
        self.send(match self.kind {
            Kind::Plain => json!({"event": event, "id": id, "data": data}).to_string(),
            Kind::SocketIo => format!("42{id}{}", json!([event, data])),
        })
        .await;
        let answer = self.wait(from, |message| message.id == Some(id)).await;
        let is_error = answer.event == "error" || answer.data.get().starts_with("{\"statusCode\":");
        assert!(!is_error, "{event}: {}", answer.data.get());
        answer
    }

    /// Waits for a message, the first of those from this place on.
    async fn wait(&self, from: usize, is_it: impl Fn(&Message) -> bool) -> Message {
        let (mut count, mut next) = (self.inbox.count.subscribe(), from);
        let found = async {
            loop {
                count.mark_unchanged();
                {
                    let messages = self.inbox.messages();
                    if let Some(message) = messages[next..].iter().find(|message| is_it(message)) {
                        return message.clone();
                    }
                    next = messages.len();
                }
                count.changed().await.expect("the inbox is there");
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("what is waited for comes")
    }

    /// Looks at all that has come from this place on.
    pub(super) fn look<T>(&self, from: usize, look: impl FnOnce(&[Message]) -> T) -> T {
        look(&self.inbox.messages()[from..])
    }

    /// How many messages it has sent, but for what answers pings.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Says goodbye.
    pub(super) async fn close(&self) {
        let _ = self.sink.lock().await.close().await;
    }
}

/// Notes what comes until the connection ends, and answers Socket.IO's pings.
async fn listen(kind: Kind, mut stream: SplitStream<Socket>, sink: Sink, inbox: Arc<Inbox>) {
    while let Some(Ok(frame)) = stream.next().await {
        let at = Instant::now();
        let Frame::Text(text) = frame else { continue };
        let Some((event, id, data)) = understood(kind, &text) else { panic!("not understood: {text}") };
        if event == "ping" {
            let _ = sink.lock().await.send(Frame::text("3")).await;
        }
        inbox.messages().push(Message { at, event, id, data, bytes: text.len() });
        inbox.count.send_modify(|count| *count += 1);
    }
}

/// The event, the number and the data of a text.
fn understood(kind: Kind, text: &str) -> Option<(String, Option<u64>, Box<RawValue>)> {
    #[derive(Deserialize)]
    struct Plain<'a> {
        event: String,
        id: Option<u64>,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let own = |event: &str| Some((event.to_owned(), None, to_raw_value(&()).ok()?));
    if kind == Kind::Plain {
        let Plain { event, id, data } = serde_json::from_str(text).ok()?;
        return Some((event, id, data.to_owned()));
    }
    if let Some(event) = text.strip_prefix("42") {
        let (event, data): (String, &RawValue) = serde_json::from_str(event).ok()?;
        return Some((event, None, data.to_owned()));
    }
    if let Some(ack) = text.strip_prefix("43") {
        let (id, data) = ack.split_at(ack.find('[')?);
        let (data,): (&RawValue,) = serde_json::from_str(data).ok()?;
        return Some(("answer".to_owned(), id.parse().ok(), data.to_owned()));
    }
    match (text.as_bytes().first()?, text.as_bytes().get(1)) {
        (b'0', _) => own("open"),
        (b'2', _) => own("ping"),
        (b'4', Some(b'0')) => own("connected"),
        (b'4', Some(b'1')) => own("disconnected"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_texts_say_the_same() {
        for (kind, text) in [
            (Kind::Plain, r#"{"event":"presence","data":{"seq":1}}"#),
            (Kind::SocketIo, r#"42["presence",{"seq":1}]"#),
        ] {
            let (event, id, data) = understood(kind, text).expect("understood");
            assert_eq!((event.as_str(), id, data.get()), ("presence", None, r#"{"seq":1}"#));
        }
        for (kind, text) in
            [(Kind::Plain, r#"{"event":"sync","id":7,"data":{}}"#), (Kind::SocketIo, "437[{}]")]
        {
            let (_, id, data) = understood(kind, text).expect("understood");
            assert_eq!((id, data.get()), (Some(7), "{}"));
        }
    }

    #[test]
    fn packets_of_the_protocol_are_told_apart() {
        for (text, event) in
            [("0{}", "open"), ("40{\"sid\":\"a\"}", "connected"), ("2", "ping"), ("41", "disconnected")]
        {
            assert_eq!(understood(Kind::SocketIo, text).map(|(event, ..)| event).as_deref(), Some(event));
        }
        assert!(understood(Kind::SocketIo, "what").is_none());
    }
}
