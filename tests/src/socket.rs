//! A WebSocket client of plain JSON, for tests. Whatever it gets is held to the `AsyncAPI` document.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::asyncapi;

/// How long something is waited for that is to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection. What comes while something else is waited for is kept.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    events: VecDeque<Value>,
    asked: u32,
}

impl Socket {
    /// Connects; `query` is what comes after the stage, such as `?token=…`.
    pub async fn connect(url: &str, query: &str) -> Self {
        Self::try_connect(url, query, &[]).await.expect("the connection stands")
    }

    /// The same with headers, where it may be refused with a status.
    pub async fn try_connect(url: &str, query: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = format!("{url}/live{query}").into_client_request().expect("a URL");
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, events: VecDeque::new(), asked: 0 }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a text as it is.
    pub async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("it is sent");
    }

    /// The same, where the server may have closed.
    pub async fn try_send(&mut self, text: &str) -> Result<(), Error> {
        self.stream.send(Message::text(text)).await
    }

    /// Sends a text in frames of 16 KB: larger ones than 32 KB the gateway does not take.
    pub async fn send_in_frames(&mut self, text: &str) {
        let parts: Vec<_> = text.as_bytes().chunks(16 * 1024).collect();
        for (place, part) in parts.iter().enumerate() {
            let kind = OpCode::Data(if place == 0 { Data::Text } else { Data::Continue });
            let frame = Frame::message(part.to_vec(), kind, place + 1 == parts.len());
            self.stream.send(Message::Frame(frame)).await.expect("it is sent");
        }
    }

    /// Sends a request that wants no answer.
    pub async fn emit(&mut self, event: &str, data: Value) {
        self.send(&json!({"event": event, "data": data}).to_string()).await;
    }

    /// Asks, and waits for the answer: its data, or that of the error.
    pub async fn ask(&mut self, event: &str, data: Value) -> Result<Value, Value> {
        self.asked += 1;
        let id = format!("ask-{}", self.asked);
        self.send(&json!({"event": event, "id": id, "data": data}).to_string()).await;
        let answer = self.find(|message| message["id"] == *id).await;
        let mut answer = answer.unwrap_or_else(|| panic!("no answer to {event}"));
        let data = answer["data"].take();
        if answer["event"] == "error" { Err(data) } else { Ok(data) }
    }

    /// The same, of what must not be refused.
    pub async fn done(&mut self, event: &str, data: Value) -> Value {
        self.ask(event, data).await.unwrap_or_else(|error| panic!("{event}: {error}"))
    }

    /// The status and the sentence of a refusal.
    pub async fn refused(&mut self, event: &str, data: Value) -> (u64, String) {
        let error = self.ask(event, data).await.expect_err("it is refused");
        let message = error["message"].as_str().expect("a sentence").to_owned();
        (error["statusCode"].as_u64().expect("a status"), message)
    }

    /// Waits for an event of this name, and gives its data; those of other names are kept.
    pub async fn event(&mut self, name: &str) -> Value {
        self.message(name).await["data"].take()
    }

    /// The same with all that is around the data.
    pub async fn message(&mut self, name: &str) -> Value {
        let found = self.find(|message| message["event"] == name).await;
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    /// Whether an event of this name has come, or comes within this time; what comes is kept.
    pub async fn hears(&mut self, name: &str, within: Duration) -> bool {
        let is_it = |message: &Value| message["event"] == name;
        if self.events.iter().any(is_it) {
            return true;
        }
        let wait = async {
            while let Some(message) = self.next().await {
                let found = is_it(&message);
                self.events.push_back(message);
                if found {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(within, wait).await.unwrap_or(false)
    }

    /// Forgets what has come and was not waited for.
    pub fn forget(&mut self) {
        self.events.clear();
    }

    /// Waits until the server closes, and gives what came before.
    pub async fn closed(&mut self) -> Vec<Value> {
        let rest = async {
            let mut rest: Vec<_> = self.events.drain(..).collect();
            while let Some(message) = self.next().await {
                rest.push(message);
            }
            rest
        };
        tokio::time::timeout(PATIENCE, rest).await.expect("the server closes")
    }

    /// Says goodbye as a client does.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
        while let Some(Ok(_)) = self.stream.next().await {}
    }

    /// Is gone, without a word.
    pub fn cut(self) {
        drop(self);
    }

    async fn find(&mut self, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(place) = self.events.iter().position(&is_it) {
            return self.events.remove(place);
        }
        let wait = async {
            while let Some(message) = self.next().await {
                if is_it(&message) {
                    return Some(message);
                }
                self.events.push_back(message);
            }
            None
        };
        tokio::time::timeout(PATIENCE, wait).await.ok().flatten()
    }

    /// The next message; none when the connection is closed.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => {
                    let message = serde_json::from_str(&text).expect("JSON");
                    asyncapi::check(&message);
                    return Some(message);
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
