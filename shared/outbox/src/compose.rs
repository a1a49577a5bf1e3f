//! The webhooks of a session, as messages for each URL that wants them.

use std::collections::HashMap;

use api::server::{participant_metadata, room_metadata};
use api::{ConfigError, Env};
use models::relay::{News, Told};
use models::{Participant, ParticipantId, Room, Timestamp, UserId};
use store::RoomDocument;
use uuid::Uuid;
use webhook::payload;
use webhook::{Message, Occurrence, Payload, event_id};

/// Makes messages of what is told.
#[derive(Clone, Debug)]
pub struct Composer {
    /// Where the webhooks of every room go, beside the room's own URL.
    everywhere: Option<String>,
}

impl Composer {
    /// Reads the environment.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { everywhere: env.optional("WEBHOOK_URL").map(str::to_owned) })
    }

    /// Where the webhooks of a session go: to the room's own URL and to the deployment's.
    pub fn urls<'a>(&'a self, document: Option<&'a RoomDocument>) -> Vec<&'a str> {
        let own = document.and_then(|document| document.webhook_url.as_deref());
        let mut urls: Vec<_> = own.into_iter().chain(self.everywhere.as_deref()).collect();
        urls.dedup();
        urls
    }

    /// The messages: for each URL all that is told, in its order. `people` are the records of those whom it is about.
    pub fn messages(
        &self,
        room: &Room,
        document: Option<&RoomDocument>,
        told: &[Told],
        people: &HashMap<UserId, Participant>,
    ) -> Vec<Message> {
        let metadata = document.map(|document| room_metadata(room, document));
        let payloads: Vec<_> =
            told.iter().map(|told| (told, payload(room, metadata.as_ref(), told, people).json())).collect();
        let message = |url: &str, told: &Told, body: &str| Message {
            room: room.key.clone(),
            sid: room.sid,
            number: told.number,
            url: url.to_owned(),
            occurred_at: told.at,
            body: body.to_owned(),
            api_key: room.api_key.clone(),
            replay: None,
        };
        let urls = self.urls(document);
        urls.iter().flat_map(|url| payloads.iter().map(|(told, body)| message(url, told, body))).collect()
    }
}

fn payload(
    room: &Room,
    metadata: Option<&String>,
    told: &Told,
    people: &HashMap<UserId, Participant>,
) -> Payload {
    let about = || payload::Room::of(room, metadata.cloned(), told.seats);
    let who = |user: &UserId, joined_at: fn(&Participant, Timestamp) -> Timestamp| match people.get(user) {
        Some(person) => payload::Participant {
            joined_at: joined_at(person, told.at),
            ..payload::Participant::of(person, Some(participant_metadata(person, room)))
        },
        // His record is gone: what is known of him by his name.
        None => payload::Participant {
            sid: participant_id(room, user),
            identity: user.clone(),
            name: String::new(),
            joined_at: told.at,
            metadata: None,
        },
    };
    let occurrence = match &told.news {
        News::RoomCreated => Occurrence::RoomCreated(about()),
        News::RoomStarted => Occurrence::RoomStarted(about()),
        News::ParticipantJoined(user) => Occurrence::ParticipantJoined(about(), who(user, |_, at| at)),
        News::ParticipantLeft(user) => Occurrence::ParticipantLeft(about(), who(user, took_seat_at)),
        News::SessionEnded => Occurrence::SessionEnded(about()),
        News::RoomFinished => Occurrence::RoomFinished(about()),
    };
    Payload { id: event_id(room.sid, told.number), created_at: told.at, occurrence }
}

/// When somebody who leaves at `at` took his seat: he may be back by now, on another one.
fn took_seat_at(person: &Participant, at: Timestamp) -> Timestamp {
    let seats = [person.joined_at, person.joined_before];
    seats.into_iter().flatten().find(|joined_at| *joined_at <= at).unwrap_or(at)
}

/// A participant's id by his name.
fn participant_id(room: &Room, user: &UserId) -> ParticipantId {
    let guest = user.as_str().strip_prefix("guest-").and_then(|id| Uuid::try_parse(id).ok());
    guest.map_or_else(|| ParticipantId::of(room.sid, user), ParticipantId)
}
