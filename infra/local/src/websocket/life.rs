//! A connection from its first frame to its last.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};

use super::Gateway;
use super::connections::{Connection, Outgoing, Parting};
use super::limits::Limits;

type Socket = TokioIo<Upgraded>;
type Reader = SplitStream<WebSocketStream<Socket>>;
type Writer = SplitSink<WebSocketStream<Socket>, Message>;

/// What the last close frame says where the client sends none, or one that says nothing.
const NO_STATUS: (u16, &str) = (1005, "Client-side close frame status not set");
/// When the client is gone without a word.
const LOST: (u16, &str) = (1006, "Connection Closed Abnormally");
/// When a time is over.
const GOING_AWAY: (u16, &str) = (1001, "Going away");

/// Who ended a connection.
enum End {
    /// The client, with a close frame that has to be answered.
    Client(Parting),
    /// The gateway, with a close frame that has to be sent.
    Gateway(Parting),
    /// Nobody knows.
    Lost,
}

/// Reads what a client sends and sends what is for him, until one of both has enough. Says how it ended.
pub(super) async fn live(
    gateway: &Arc<Gateway>,
    connection: &Arc<Connection>,
    socket: Socket,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
) -> Parting {
    let limits = &gateway.limits;
    let config =
        WebSocketConfig::default().max_message_size(Some(limits.message)).max_frame_size(Some(limits.frame));
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await;
    let (mut writer, mut reader) = socket.split();
    let end = until_the_end(gateway, connection, &mut reader, &mut writer, outgoing).await;
    // From now on whoever posts to it is told that it is gone.
    gateway.connections.remove(connection);
    match end {
        End::Client(parting) => {
            // Reading sends the answer to the client's close frame.
            let answered = async { while let Some(Ok(_)) = reader.next().await {} };
            let _ = tokio::time::timeout(limits.parting, answered).await;
            parting
        }
        End::Gateway(parting) => {
            let _ = tokio::time::timeout(limits.parting, say_goodbye(reader, writer, &parting)).await;
            parting
        }
        End::Lost => Parting::new(LOST.0, LOST.1),
    }
}

async fn until_the_end(
    gateway: &Arc<Gateway>,
    connection: &Arc<Connection>,
    reader: &mut Reader,
    writer: &mut Writer,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
) -> End {
    let limits = &gateway.limits;
    let mut sending = pin!(send_all(writer, outgoing, connection, limits));
    let mut overdue = pin!(connection.is_overdue(limits.parting));
    let mut grown_old = pin!(tokio::time::sleep(limits.age));
    loop {
        let frame = tokio::select! {
            frame = reader.next() => frame,
            end = &mut sending => return end,
            parting = &mut overdue => return End::Gateway(parting),
            () = connection.is_idle_for(limits.idle) => return End::Gateway(going_away()),
            () = &mut grown_old => return End::Gateway(going_away()),
            () = gateway.is_stopping() => return End::Gateway(going_away()),
        };
        let Some(frame) = frame else { return End::Lost };
        connection.touch();
        match frame {
            Ok(Message::Text(text)) => gateway.receive(connection, text.as_str()).await,
            // The gateway does not show functions these; a ping has been answered.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Binary(_)) => return End::Gateway(Parting::new(1003, "Binary is not supported")),
            Ok(Message::Close(frame)) => return End::Client(said(frame)),
            Err(error) => return broken(&error),
        }
    }
}

/// Sends what waits, in its order, until the last thing is to be said or nothing can be.
async fn send_all(
    writer: &mut Writer,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
    connection: &Connection,
    limits: &Limits,
) -> End {
    while let Some(next) = outgoing.recv().await {
        // The room is free again at the end of the block, when the operating system has the text.
        let (text, _room) = match next {
            Outgoing::Text(text, room) => (text, room),
            Outgoing::Close(parting) => return End::Gateway(parting),
        };
        for frame in frames(&text, limits.frame) {
            if writer.send(Message::Frame(frame)).await.is_err() {
                return End::Lost;
            }
        }
        connection.touch();
    }
    End::Lost
}

/// A text in frames of at most this many bytes.
fn frames(text: &Bytes, most: usize) -> impl Iterator<Item = Frame> {
    let starts = (0..text.len().max(1)).step_by(most);
    starts.map(move |start| {
        let end = text.len().min(start + most);
        let kind = if start == 0 { Data::Text } else { Data::Continue };
        Frame::message(text.slice(start..end), OpCode::Data(kind), end == text.len())
    })
}

/// Tells the client, and waits until he has heard it.
async fn say_goodbye(mut reader: Reader, mut writer: Writer, parting: &Parting) {
    let frame = CloseFrame { code: parting.code.into(), reason: parting.reason.as_str().into() };
    if writer.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    while let Some(Ok(_)) = reader.next().await {}
    let Ok(socket) = reader.reunite(writer) else { return };
    let mut socket = socket.into_inner();
    // What he still sends is thrown away: to leave it unread would break the connection before he has read the goodbye.
    if socket.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
    }
}

/// What a client's close frame says.
fn said(frame: Option<CloseFrame>) -> Parting {
    match frame {
        Some(frame) => Parting::new(frame.code.into(), frame.reason.as_str()),
        None => Parting::new(NO_STATUS.0, NO_STATUS.1),
    }
}

fn going_away() -> Parting {
    Parting::new(GOING_AWAY.0, GOING_AWAY.1)
}

/// What becomes of a connection that cannot be read.
fn broken(error: &Error) -> End {
    let (code, reason) = match error {
        Error::Capacity(_) => (1009, "Message too big"),
        Error::Utf8(_) => (1007, "Invalid UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return End::Lost,
        Error::Protocol(_) => (1002, "Protocol error"),
        _ => return End::Lost,
    };
    End::Gateway(Parting::new(code, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_frames() {
        let split = |text: &'static str| {
            let text = Bytes::from_static(text.as_bytes());
            let frames = frames(&text, 4).map(|frame| {
                let header = frame.header();
                (header.opcode, header.is_final, String::from_utf8_lossy(frame.payload()).into_owned())
            });
            frames.collect::<Vec<_>>()
        };
        let frame = |kind, is_final, text: &str| (OpCode::Data(kind), is_final, text.to_owned());
        assert_eq!(split(""), [frame(Data::Text, true, "")]);
        assert_eq!(split("abcd"), [frame(Data::Text, true, "abcd")]);
        assert_eq!(
            split("abcdefghi"),
            [
                frame(Data::Text, false, "abcd"),
                frame(Data::Continue, false, "efgh"),
                frame(Data::Continue, true, "i")
            ]
        );
    }
}
