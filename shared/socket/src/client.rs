//! The two kinds of clients, and what is the same for both.

use models::{Client, Refusal};
use serde::Serialize;

use crate::{Heartbeat, Received, ServerEvent, plain, socket_io};

/// Most bytes of a text that is read, as of a body over HTTP. The gateway itself would take 128 KB; half of that can be
/// relayed with a few words more.
pub const MOST_RECEIVED: usize = 64 * 1024;

/// Most bytes of a text that the gateway sends, in frames of 32 KB
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
pub const MOST_SENT: usize = 128 * 1024;

/// Whether the gateway would send this text.
pub const fn fits(text: &str) -> bool {
    text.len() <= MOST_SENT
}

/// Who connects, by the upgrade's query parameter `EIO`: Engine.IO's version, of which there is 4 only (`rules.md` 5).
pub fn client_of_upgrade(eio: Option<&str>) -> Result<Client, Refusal> {
    match eio {
        None => Ok(Client::Plain),
        Some("4") => Ok(Client::SocketIo),
        Some(_) => Err(Refusal::malformed("EIO", "must be 4")),
    }
}

/// How one talks with a client, whichever it is.
pub trait Speak: Sized {
    /// What a text is that came over the connection, by whatever route. Takes time in proportion to its length.
    fn decode(self, text: &str) -> Received;

    /// The text that tells `data` unasked.
    fn event(self, event: ServerEvent, data: &impl Serialize) -> String;

    /// The text that must come first, as soon as the connection stands: before it Socket.IO's client says nothing.
    /// `sid` names the connection to the client, which does nothing with it.
    fn open(self, sid: &str, heartbeat: Heartbeat) -> Option<String>;

    /// The text that must come in every interval of its [`Heartbeat`]. Plain clients send pings themselves.
    fn ping(self) -> Option<&'static str>;

    /// The text that must come before the server closes: without Socket.IO's DISCONNECT its client connects again.
    fn before_close(self) -> Option<&'static str>;
}

impl Speak for Client {
    fn decode(self, text: &str) -> Received {
        match self {
            Self::Plain => plain::decode(text),
            Self::SocketIo => socket_io::decode(text),
        }
    }

    fn event(self, event: ServerEvent, data: &impl Serialize) -> String {
        match self {
            Self::Plain => plain::message(event.as_str(), None, data),
            Self::SocketIo => socket_io::event(event, data),
        }
    }

    fn open(self, sid: &str, heartbeat: Heartbeat) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::SocketIo => Some(socket_io::open(sid, heartbeat)),
        }
    }

    fn ping(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::SocketIo => Some("2"),
        }
    }

    fn before_close(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::SocketIo => Some("41"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_io_is_known_by_engine_ios_version_and_only_the_fourth_is_spoken() {
        assert_eq!(client_of_upgrade(None), Ok(Client::Plain));
        assert_eq!(client_of_upgrade(Some("4")), Ok(Client::SocketIo));
        for other in ["3", "5", "", "04", "4 "] {
            assert_eq!(
                client_of_upgrade(Some(other)),
                Err(Refusal::malformed("EIO", "must be 4")),
                "{other}"
            );
        }
    }

    #[test]
    fn only_socket_io_is_greeted_pinged_and_told_of_the_close() {
        assert_eq!(Client::Plain.open("sid", Heartbeat::default()), None);
        assert_eq!((Client::Plain.ping(), Client::Plain.before_close()), (None, None));
        assert_eq!((Client::SocketIo.ping(), Client::SocketIo.before_close()), (Some("2"), Some("41")));
    }

    #[test]
    fn what_fits_is_what_the_gateway_sends() {
        assert!(fits(&"a".repeat(MOST_SENT)));
        assert!(!fits(&"ü".repeat(MOST_SENT / 2 + 1)));
    }
}
