//! A client of Socket.IO as far as tests need one: the packets are written and read by hand, so that what the codec says
//! is not checked by the codec. CI also runs the real one.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a packet is waited for that is to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection. What comes while something else is waited for is kept.
pub struct SocketIo {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    packets: VecDeque<String>,
    asked: u32,
}

impl SocketIo {
    /// Connects, waits to be greeted, and sends CONNECT with this `auth`: gives what that is answered.
    pub async fn connect(url: &str, auth: &Value) -> (Self, String) {
        let url = format!("{url}/live/?EIO=4&transport=websocket");
        let (stream, _) = tokio_tungstenite::connect_async(url).await.expect("the connection stands");
        let mut socket = Self { stream, packets: VecDeque::new(), asked: 0 };
        let open = socket.packet("0").await;
        assert!(open.contains("\"pingInterval\":300000"), "{open}");
        socket.send(&format!("40{auth}")).await;
        let answer = socket.packet("4").await;
        (socket, answer)
    }

    /// Sends a packet as it is.
    pub async fn send(&mut self, packet: &str) {
        self.stream.send(Message::text(packet)).await.expect("it is sent");
    }

    /// Emits with an ack, and waits for it.
    pub async fn ask(&mut self, event: &str, data: Value) -> Value {
        self.asked += 1;
        let number = self.asked;
        self.send(&format!("42{number}{}", json!([event, data]))).await;
        let ack = self.packet(&format!("43{number}[")).await;
        let mut answer: Value = serde_json::from_str(&ack[format!("43{number}").len()..]).expect("JSON");
        answer[0].take()
    }

    /// Waits for a packet that begins so; those that begin otherwise are kept.
    pub async fn packet(&mut self, start: &str) -> String {
        if let Some(place) = self.packets.iter().position(|packet| packet.starts_with(start)) {
            return self.packets.remove(place).expect("it is there");
        }
        let wait = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) if text.starts_with(start) => return text.to_string(),
                    Some(Ok(Message::Text(text))) => self.packets.push_back(text.to_string()),
                    Some(Ok(_)) => {}
                    _ => panic!("closed before {start}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {start}"))
    }

    /// Waits until the server closes, and gives the last packet before.
    pub async fn closed(&mut self) -> Option<String> {
        let wait = async {
            let mut last = self.packets.pop_back();
            while let Some(Ok(message)) = self.stream.next().await {
                if let Message::Text(text) = message {
                    last = Some(text.to_string());
                }
            }
            last
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the server closes")
    }
}
