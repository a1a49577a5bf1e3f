//! The names of events, once (`api.md` C, `rules.md` 4 and 5).

use std::fmt;

/// Declares an enum of the words that it is written by.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$what])* $variant,)+
        }

        impl $name {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The exact word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The event of exactly this word.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|event| event.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What clients ask for. Each but `ping` is the key of a route of the gateway, which chooses by `$request.body.event`.
    ClientEvent {
        /// Take a seat, or ask for one.
        JoinRoom = "join-room",
        /// Give the seat up.
        LeaveRoom = "leave-room",
        /// Lock the room, or unlock it.
        LockRoom = "lock-room",
        /// Let people in who wait.
        AdmitParticipant = "admit-participant",
        /// Turn people away who wait.
        DenyParticipant = "deny-participant",
        /// Put somebody back into the waiting room.
        SendToWaiting = "send-to-waiting",
        /// Turn somebody's microphone off.
        MuteParticipant = "mute-participant",
        /// Put somebody out.
        RemoveParticipant = "remove-participant",
        /// Change what one person, or everybody, may do.
        UpdateLockSettings = "update-lock-settings",
        /// Say something in the chat.
        ChatMessage = "chat-message",
        /// WebRTC's offer, for one participant.
        Offer = "offer",
        /// WebRTC's answer, for one participant.
        Answer = "answer",
        /// WebRTC's candidate, for one participant.
        IceCandidate = "ice-candidate",
        /// Microphone on or off.
        ToggleAudio = "toggle-audio",
        /// Camera on or off.
        ToggleVideo = "toggle-video",
        /// The screen is shared.
        StartScreenShare = "start-screen-share",
        /// The screen is shared no longer.
        StopScreenShare = "stop-screen-share",
        /// Hand up or down.
        ToggleHandRaise = "toggle-hand-raise",
        /// Is writing a message.
        TypingStart = "typing-start",
        /// Is writing no longer.
        TypingStop = "typing-stop",
        /// Asks for the whole state again.
        Sync = "sync",
        /// Keeps the connection. [`Speak::decode`](crate::Speak::decode) answers it, so no request has this name.
        Ping = "ping",
    }
}

words! {
    /// What clients are told unasked, and the two answers that have a name of their own.
    ServerEvent {
        /// Who joined, left and changed in about a second.
        Presence = "presence",
        /// The room was locked, or unlocked.
        RoomLocked = "room-locked",
        /// The room's name, settings or capacity changed.
        RoomUpdated = "room-updated",
        /// The session is over.
        RoomEnded = "room-ended",
        /// Somebody waits; for those who may let him in.
        ParticipantWaiting = "participant-waiting",
        /// You are in; for whoever waited.
        Admitted = "admitted",
        /// You were turned away; for whoever waited.
        Denied = "denied",
        /// Somebody, or the server API, said something in the chat.
        ChatMessage = "chat-message",
        /// Somebody is writing, or no longer.
        UserTyping = "user-typing",
        /// WebRTC's offer of a participant.
        Offer = "offer",
        /// WebRTC's answer of a participant.
        Answer = "answer",
        /// WebRTC's candidate of a participant.
        IceCandidate = "ice-candidate",
        /// A participant's microphone.
        ToggleAudio = "toggle-audio",
        /// A participant's camera.
        ToggleVideo = "toggle-video",
        /// A participant shares his screen.
        StartScreenShare = "start-screen-share",
        /// A participant shares his screen no longer.
        StopScreenShare = "stop-screen-share",
        /// A participant's hand.
        ToggleHandRaise = "toggle-hand-raise",
        /// A moderator turned your microphone off.
        Mute = "mute",
        /// The server API has something to say.
        Notification = "notification",
        /// You are out, and must not come back by yourself.
        ForceDisconnect = "force-disconnect",
        /// A request was refused.
        Error = "error",
        /// The answer to `ping`.
        Pong = "pong",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_event_has_one_word_that_is_found_exactly() {
        let words: HashSet<&str> = ClientEvent::ALL.iter().map(|event| event.as_str()).collect();
        assert_eq!(words.len(), ClientEvent::ALL.len());
        for event in ClientEvent::ALL {
            assert_eq!(ClientEvent::of(event.as_str()), Some(*event));
        }
        for event in ServerEvent::ALL {
            assert_eq!(ServerEvent::of(event.as_str()), Some(*event));
        }
        for name in ["", "Join-Room", "join-room ", "join_room", "error"] {
            assert_eq!(ClientEvent::of(name), None, "{name}");
        }
    }

    #[test]
    fn no_server_event_has_a_name_that_socket_io_keeps_for_itself() {
        for event in ServerEvent::ALL {
            assert!(!crate::packet::RESERVED_EVENTS.contains(&event.as_str()), "{event}");
        }
    }
}
