//! What connections are told of themselves, of their room, and by the server API: the data of events (`rules.md` 5).

use api::rooms::{RoomOut, WaiterOut, settings};
use models::{Denial, EndReason, ParticipantId, Room, Settings, Timestamp, Tone};
use serde::Serialize;
use store::{RoomDocument, Why};

/// The data of `force-disconnect`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ForceDisconnectOut<'a> {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> ForceDisconnectOut<'a> {
    /// For this reason, with what whoever put him out has said; none where whoever is disconnected was not forced to be.
    pub const fn of(why: Why, message: Option<&'a str>) -> Option<Self> {
        let reason = match why {
            Why::Duplicate => "duplicate",
            Why::Removed => "removed",
            Why::Banned => "banned",
            Why::Left | Why::Denied(_) | Why::Over => return None,
        };
        Some(Self { reason, message })
    }
}

/// The data of `denied`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DeniedOut {
    reason: &'static str,
}

impl DeniedOut {
    /// For this reason.
    pub const fn of(why: Denial) -> Self {
        Self { reason: why.word() }
    }
}

/// The data of `participant-waiting`.
#[derive(Clone, Debug, Serialize)]
pub struct ParticipantWaitingOut {
    /// Who.
    pub participant: WaiterOut,
    /// How many wait, with him.
    pub count: usize,
}

/// The data of `mute`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteOut {
    /// The moderator.
    pub sender_id: ParticipantId,
}

/// The data of `room-ended`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoomEndedOut {
    reason: &'static str,
}

impl RoomEndedOut {
    /// A session that ended for this reason.
    pub const fn of(reason: EndReason) -> Self {
        Self { reason: reason.word() }
    }
}

/// The data of `room-locked`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoomLockedOut {
    /// Whether the room is locked now.
    pub locked: bool,
    /// The change of the session.
    pub seq: u64,
}

/// The data of `room-updated`.
#[derive(Clone, Debug, Serialize)]
pub struct RoomUpdatedOut {
    room: RoomOut,
    settings: Settings,
    seq: u64,
}

impl RoomUpdatedOut {
    /// The room as it stands at `now`, which is no older than `seq`.
    pub fn of(room: &Room, document: &RoomDocument, seq: u64, now: Timestamp) -> Self {
        Self { room: RoomOut::of(room, document, now), settings: settings(room), seq }
    }
}

/// The data of `chat-message`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessageOut {
    /// The message's id.
    pub id: String,
    /// Who said it; none of the server API.
    pub sender_id: Option<ParticipantId>,
    /// His name.
    pub sender_name: Option<String>,
    /// What was said.
    pub content: String,
    /// To whom alone.
    pub to: Option<ParticipantId>,
    /// When.
    pub sent_at: String,
}

/// The data of `notification`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationOut {
    /// How it is meant.
    #[serde(rename = "type")]
    pub tone: Tone,
    /// Its text.
    pub text: String,
    /// Whether it is heard, too.
    pub with_sound: bool,
}
