//! A running session with its people, in answers of the server API.

use models::{Participant, Room, Timestamp};
use serde::Serialize;
use store::RoomDocument;

use super::{ParticipantInfo, RoomInfo};

/// Most bytes of the rooms in an answer, as Lambda sends them on. Its limit is 6 MB for an answer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>); the rest is for what is around them.
pub const MOST_BYTES_OF_ROOMS: usize = 6 * 1024 * 1024 - 64 * 1024;

/// A running session and who is in it.
#[derive(Clone, Debug, Serialize)]
pub struct ActiveRoom {
    room_info: RoomInfo,
    participants_info: Vec<ParticipantInfo>,
}

impl ActiveRoom {
    /// The session with those of `people` who are in.
    pub fn of(room: &Room, document: &RoomDocument, people: &[Participant], now: Timestamp) -> Self {
        Self {
            room_info: RoomInfo::of(room, document, now),
            participants_info: ParticipantInfo::all(room, people),
        }
    }

    /// The same session without who is in it.
    #[must_use]
    pub fn without_people(self) -> Self {
        Self { participants_info: vec![], ..self }
    }

    /// The same session without its metadata.
    #[must_use]
    pub fn without_metadata(self) -> Self {
        Self { room_info: self.room_info.without_metadata(), ..self }
    }

    /// Its bytes in Lambda's answer, with a comma: the body is a text in a JSON of its own.
    pub fn size(&self) -> usize {
        let text = serde_json::to_vec(self).expect("our answers have text keys");
        text.len() + text.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 1
    }
}
