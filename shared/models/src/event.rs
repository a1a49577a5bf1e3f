//! What happened to a room: the state item carries the latest of these beside its sequence number, and so is its own
//! outbox.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, UserId};

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// By the server API.
    Api,
    /// By the host of a room by code.
    Host,
    /// By a moderator.
    Moderator,
    /// Nobody joined within the room's `empty_timeout`.
    EmptyTimeout,
    /// The last one left and nobody came back.
    LastLeft,
    /// The room's duration was over.
    Duration,
}

impl EndReason {
    /// The word for it, as it is stored and told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Host => "host",
            Self::Moderator => "moderator",
            Self::EmptyTimeout => "empty_timeout",
            Self::LastLeft => "last_left",
            Self::Duration => "duration",
        }
    }
}

/// One change of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The session began.
    Created,
    /// Somebody took a seat.
    Joined {
        /// Who.
        user: UserId,
    },
    /// Somebody who is in came again and replaced his own sitting.
    Replaced {
        /// Who.
        user: UserId,
    },
    /// Somebody waits for admission.
    Waiting {
        /// Who.
        user: UserId,
    },
    /// Somebody who waited was admitted, and took a seat.
    Admitted {
        /// Who.
        user: UserId,
    },
    /// Somebody who waited was denied admission.
    Denied {
        /// Who.
        user: UserId,
    },
    /// Somebody who had a seat waits for admission again.
    SentBack {
        /// Who.
        user: UserId,
    },
    /// Somebody gave up his seat.
    Left {
        /// Who.
        user: UserId,
    },
    /// A moderator or the server API took his seat, or his place in the waiting room, from somebody.
    Removed {
        /// From whom.
        user: UserId,
        /// Whether he is barred, too.
        banned: bool,
    },
    /// Others see somebody who is in otherwise: he is away or back, shows himself or hides, or may do other things.
    Changed {
        /// Whom.
        user: UserId,
    },
    /// Join tokens were revoked, of one person or of everybody.
    Revoked,
    /// The lock was set or lifted.
    Locked {
        /// Whether the room is locked now.
        locked: bool,
    },
    /// A moderator made somebody the presenter, or emptied the place.
    Presents {
        /// Who presents from then on; nobody where the place is empty.
        user: Option<UserId>,
    },
    /// A moderator muted several people at once: others see those otherwise whom a moderator has muted.
    Muted,
    /// A moderator changed locks; what holds then follows from the room's state and everybody's record.
    Locks {
        /// Whose; everybody's where it is nobody.
        user: Option<UserId>,
    },
    /// Settings or capacity changed.
    Updated,
    /// A moderator says something else to those who wait.
    WaitingMessage,
    /// The server API speaks to people of the session.
    Broadcast {
        /// The item that says what, and to whom.
        id: Uuid,
    },
    /// The session ended.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

impl Event {
    /// Whether others may see somebody otherwise after it: who is in, and how.
    pub const fn is_about_people(&self) -> bool {
        matches!(
            self,
            Self::Joined { .. }
                | Self::Replaced { .. }
                | Self::Admitted { .. }
                | Self::SentBack { .. }
                | Self::Left { .. }
                | Self::Removed { .. }
                | Self::Changed { .. }
                | Self::Muted
        )
    }
}

/// An event with its moment, as the state item carries it. As JSON it stays under 200 bytes for ids of ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Happened {
    /// What.
    #[serde(flatten)]
    pub event: Event,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_as_its_type_and_what_it_is_about() {
        let user = UserId::try_from("ann").expect("an id");
        let json = serde_json::to_string(&Event::Joined { user }).expect("serialises");
        assert_eq!(json, r#"{"type":"joined","user":"ann"}"#);
        let json = serde_json::to_string(&Event::Ended { reason: EndReason::LastLeft }).expect("serialises");
        assert_eq!(json, r#"{"type":"ended","reason":"last_left"}"#);
        for reason in [
            EndReason::Api,
            EndReason::Host,
            EndReason::Moderator,
            EndReason::EmptyTimeout,
            EndReason::LastLeft,
            EndReason::Duration,
        ] {
            assert_eq!(serde_json::to_value(reason).expect("serialises"), reason.word());
        }
    }

    #[test]
    fn with_its_moment_it_comes_back_and_stays_under_200_bytes() {
        let user = UserId::try_from("u".repeat(128).as_str()).expect("an id");
        let at = Timestamp::from_millis(1_772_534_100_007);
        let happened = Happened { event: Event::Removed { user, banned: false }, at };
        let json = serde_json::to_string(&happened).expect("serialises");
        assert!(json.len() < 200, "{json}");
        assert_eq!(serde_json::from_str::<Happened>(&json).expect("reads"), happened);
    }
}
