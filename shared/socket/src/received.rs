//! What has come from a client, and the way back for what it is answered.

use std::fmt;

use models::{Client, Refusal};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{ClientEvent, ServerEvent, plain, socket_io};

/// What a text from a client is.
#[derive(Clone, PartialEq, Eq)]
pub enum Received {
    /// Something to be done.
    Request(Request),
    /// An event that there is not, whatever its data: answered by a [`ReplyTo::error`] of 404.
    UnknownEvent {
        /// Its name, as it was sent.
        name: String,
        /// Where the error goes.
        reply_to: ReplyTo,
    },
    /// A ping, be it an event or Engine.IO's packet.
    Ping {
        /// What is sent back, and nothing else is done.
        pong: String,
        /// Where an error goes, if it is an event.
        reply_to: Option<ReplyTo>,
    },
    /// Socket.IO's CONNECT. It is answered by [`connected`](crate::connected) or by [`connect_error`](crate::connect_error),
    /// the latter also where its `auth` could not be read.
    Connect(Result<Auth, Refusal>),
    /// Socket.IO's CONNECT of a namespace other than `/`. This `CONNECT_ERROR` is sent back; the connection stays.
    OtherNamespace(String),
    /// The client goes: Socket.IO's DISCONNECT, or Engine.IO's close. The server closes the connection.
    Disconnect,
    /// What calls for nothing: acks, pongs, and what belongs to transports that there are not.
    Nothing,
    /// What cannot be understood: answered by [`ReplyTo::error`], and the connection stays.
    Refused {
        /// Why: `Malformed` (400), or `BodyTooLarge` (413).
        refusal: Refusal,
        /// Where the error goes: to the request, as far as that could be told.
        reply_to: ReplyTo,
    },
}

impl Received {
    /// What could not be understood.
    pub(crate) const fn refused(refusal: Refusal, reply_to: ReplyTo) -> Self {
        Self::Refused { refusal, reply_to }
    }

    /// What an event is; its data is read where that matters.
    pub(crate) fn of_event(
        name: String,
        data: impl FnOnce() -> Result<Map<String, Value>, Refusal>,
        reply_to: ReplyTo,
    ) -> Self {
        match ClientEvent::of(&name) {
            None => Self::UnknownEvent { name, reply_to },
            Some(ClientEvent::Ping) => Self::Ping { pong: reply_to.pong(), reply_to: Some(reply_to) },
            Some(event) => match data() {
                Ok(data) => Self::Request(Request { event, data, reply_to }),
                Err(refusal) => Self::refused(refusal, reply_to),
            },
        }
    }
}

/// Without what was sent, which is never logged.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => request.fmt(f),
            Self::UnknownEvent { reply_to, .. } => {
                f.debug_struct("UnknownEvent").field("reply_to", reply_to).finish_non_exhaustive()
            }
            Self::Ping { .. } => f.write_str("Ping"),
            Self::Connect(auth) => f.debug_tuple("Connect").field(auth).finish(),
            Self::OtherNamespace(_) => f.write_str("OtherNamespace"),
            Self::Disconnect => f.write_str("Disconnect"),
            Self::Nothing => f.write_str("Nothing"),
            Self::Refused { refusal, reply_to } => {
                f.debug_struct("Refused").field("refusal", refusal).field("reply_to", reply_to).finish()
            }
        }
    }
}

/// A request, whoever sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for; never `ping`, which is answered already.
    pub event: ClientEvent,
    /// With what: an object of at most 64 levels.
    pub data: Map<String, Value>,
    /// Where its answer goes.
    pub reply_to: ReplyTo,
}

impl Request {
    /// The text that answers it with `data`; nothing where no answer was asked for.
    pub fn answer(&self, data: &impl Serialize) -> Option<String> {
        let id = self.reply_to.id.as_deref()?;
        Some(match self.reply_to.client {
            Client::Plain => plain::message(self.event.as_str(), Some(id), data),
            Client::SocketIo => socket_io::ack(id, data),
        })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("event", &self.event)
            .field("reply_to", &self.reply_to)
            .finish_non_exhaustive()
    }
}

/// Where the answer to a request goes.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyTo {
    client: Client,
    /// Plain: the JSON text of `id`. Socket.IO: the digits of the ack. Kept as it came, and given back so.
    id: Option<String>,
}

impl ReplyTo {
    /// To a request of `client` that is known by `id`.
    pub(crate) const fn new(client: Client, id: Option<String>) -> Self {
        Self { client, id }
    }

    /// The text that refuses the request. Without an id, or an ack, it is an event.
    pub fn error(&self, error: &ErrorBody<'_>) -> String {
        self.reply(ServerEvent::Error, error)
    }

    /// The text that answers a ping, which is answered also where no answer was asked for.
    pub(crate) fn pong(&self) -> String {
        self.reply(ServerEvent::Pong, &json!({}))
    }

    fn reply(&self, event: ServerEvent, data: &impl Serialize) -> String {
        match (self.client, self.id.as_deref()) {
            (Client::Plain, id) => plain::message(event.as_str(), id, data),
            (Client::SocketIo, Some(id)) => socket_io::ack(id, data),
            (Client::SocketIo, None) => socket_io::event(event, data),
        }
    }
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTo")
            .field("client", &self.client)
            .field("is_answered", &self.id.is_some())
            .finish_non_exhaustive()
    }
}

/// Why a request is refused, as clients are told, in the form of the rooms API (`api.md` B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody<'a> {
    /// The status that it would have over HTTP, 400 to 599.
    pub status_code: u16,
    /// The reason as a sentence.
    pub message: &'a str,
    /// The status in words, such as `Bad Request`.
    pub error: &'a str,
}

/// What Socket.IO's client sends along as `auth` when it connects.
#[derive(Clone, PartialEq, Eq)]
pub struct Auth {
    /// `auth.token`, whatever it may be worth; none for guests.
    pub token: Option<String>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("has_token", &self.token.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Speak as _;

    #[test]
    fn nothing_that_was_sent_is_shown_for_the_log() {
        for (client, text) in [
            (Client::Plain, r#"{"event":"secret","id":"secret","data":{"secret":"secret"}}"#),
            (Client::Plain, r#"{"event":"ping","id":"secret"}"#),
            (Client::Plain, r#"{"event":"sync","id":"secret","data":["secret"]}"#),
            (Client::Plain, "secret"),
            (Client::SocketIo, r#"40{"token":"secret"}"#),
            (Client::SocketIo, r"40/secret,"),
            (Client::SocketIo, r#"421["secret",{"secret":1}]"#),
            (Client::SocketIo, "secret"),
        ] {
            let shown = format!("{:?}", client.decode(text));
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
