//! Who is connected to a place, and what he shows of himself.

use serde::{Deserialize, Serialize};

use crate::ConnectionId;

/// What speaks at the other end of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// JSON messages.
    Plain,
    /// Socket.IO packets.
    SocketIo,
}

impl Client {
    /// The word for it, as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::SocketIo => "socket_io",
        }
    }
}

/// A WebSocket, with all that one must know to say something to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// What speaks there.
    pub client: Client,
}

/// What somebody shows of himself, as he says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches")]
pub struct Media {
    /// His microphone is on.
    pub audio: bool,
    /// His camera is on.
    pub video: bool,
    /// He shares his screen.
    pub screen: bool,
    /// He raises his hand.
    pub hand: bool,
}

/// What somebody shows from now on; what is none stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MediaChange {
    /// His microphone.
    pub audio: Option<bool>,
    /// His camera.
    pub video: Option<bool>,
    /// His screen.
    pub screen: Option<bool>,
    /// His hand.
    pub hand: Option<bool>,
}

impl MediaChange {
    /// He is muted.
    pub const MUTED: Self = Self { audio: Some(false), video: None, screen: None, hand: None };

    /// He shows nothing any more.
    pub const OFF: Self =
        Self { audio: Some(false), video: Some(false), screen: Some(false), hand: Some(false) };

    /// What he shows then.
    #[must_use]
    pub fn of(self, media: Media) -> Media {
        Media {
            audio: self.audio.unwrap_or(media.audio),
            video: self.video.unwrap_or(media.video),
            screen: self.screen.unwrap_or(media.screen),
            hand: self.hand.unwrap_or(media.hand),
        }
    }

    /// What is turned on or off, by the names of [`Media`]'s fields.
    pub fn switches(self) -> impl Iterator<Item = (&'static str, bool)> {
        let all =
            [("audio", self.audio), ("video", self.video), ("screen", self.screen), ("hand", self.hand)];
        all.into_iter().filter_map(|(name, on)| Some((name, on?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_stored_as_its_word() {
        for client in [Client::Plain, Client::SocketIo] {
            assert_eq!(serde_json::to_value(client).expect("serialises"), client.word());
        }
    }

    #[test]
    fn what_is_not_changed_stays() {
        let shown = Media { audio: true, hand: true, ..Media::default() };
        assert_eq!(MediaChange::default().of(shown), shown);
        assert_eq!(MediaChange::MUTED.of(shown), Media { audio: false, ..shown });
        assert_eq!(MediaChange::OFF.of(shown), Media::default());
        let switches: Vec<_> = MediaChange { video: Some(true), ..MediaChange::MUTED }.switches().collect();
        assert_eq!(switches, [("audio", false), ("video", true)]);
    }
}
