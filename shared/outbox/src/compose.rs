//! The webhooks of a session, as messages for each URL that wants them.

use std::collections::HashMap;

use api::server::{participant_metadata, room_metadata};
use api::{ConfigError, Env};
use models::relay::{News, Told};
use models::{Participant, ParticipantId, Room, Standing, Timestamp, UserId};
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
    let who = |user: &UserId, seated_at: fn(&Participant, Timestamp) -> Timestamp| match people.get(user) {
        Some(person) => {
            let person = seated(person, seated_at(person, told.at));
            payload::Participant::of(&person, Some(participant_metadata(&person, room)))
        }
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

/// He as he was on the seat that he took at `joined_at`: who presented is told to have left as the presenter, whether he
/// went by himself or with everybody at the end.
fn seated(person: &Participant, joined_at: Timestamp) -> Participant {
    Participant { standing: Standing::Active, joined_at: Some(joined_at), ..person.clone() }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use models::{Features, Locks, Presenter, Profile, Role, Sid, Status, Words};
    use serde_json::Value;

    use super::*;

    const SID: Sid = Sid(Uuid::from_u128(7));
    const JOINED_AT: Timestamp = Timestamp::from_seconds(1_800_000_010);
    const LEFT_AT: Timestamp = Timestamp::from_seconds(1_800_000_020);

    fn ann() -> UserId {
        "ann".try_into().expect("an id")
    }

    fn room() -> Room {
        Room {
            key: "main/demo".parse().expect("a key"),
            sid: SID,
            status: Status::Open,
            locked: false,
            seats: 0,
            joined: 1,
            max_participants: None,
            seq: 3,
            hooks: 4,
            presenter: Some(Presenter { user: Some(ann()), since: JOINED_AT }),
            created_at: Timestamp::from_seconds(1_800_000_000),
            started_at: Some(JOINED_AT),
            ended_at: None,
            duration: None,
            empty_timeout: Duration::from_mins(30),
            due_at: Timestamp::NEVER,
            revoked_before: Timestamp::default(),
            waiting_room: false,
            auto_gen_user_id: false,
            features: Features::default(),
            default_locks: Locks::from([("lock_whiteboard".to_owned(), true)]),
            said: Words::new(),
            api_key: None,
            by_code: None,
            expires_at: Timestamp::NEVER,
        }
    }

    fn person(standing: Standing) -> Participant {
        Participant {
            profile: Profile { name: "Ann".to_owned(), avatar_url: None },
            role: Role::Moderator,
            joined_at: Some(JOINED_AT),
            ..Participant::new(SID, ann(), standing)
        }
    }

    /// The participant of the one webhook of this.
    fn told_of(person: Option<Participant>, news: News, at: Timestamp) -> Value {
        let composer = Composer { everywhere: Some("https://example.org".to_owned()) };
        let people = person.map(|person| (ann(), person)).into_iter().collect();
        let told = [Told { number: 3, at, seats: 0, news }];
        let messages = composer.messages(&room(), None, &told, &people);
        let [message] = messages.as_slice() else { panic!("one URL, one webhook") };
        let body: Value = serde_json::from_str(&message.body).expect("JSON");
        body["participant"].clone()
    }

    #[test]
    fn who_presented_is_told_to_have_left_as_he_came_whatever_he_is_by_now() {
        let came = told_of(Some(person(Standing::Active)), News::ParticipantJoined(ann()), JOINED_AT);
        let metadata: Value = serde_json::from_str(came["metadata"].as_str().expect("a text")).expect("JSON");
        assert_eq!(metadata["is_presenter"], true);
        assert_eq!(metadata["lock_settings"], serde_json::json!({}));
        for standing in [Standing::Active, Standing::Left, Standing::Banned, Standing::Waiting] {
            let left = told_of(Some(person(standing)), News::ParticipantLeft(ann()), LEFT_AT);
            for same in ["sid", "identity", "name", "joined_at", "metadata"] {
                assert_eq!(left[same], came[same], "{same}, {standing:?}");
            }
            let late = told_of(Some(person(standing)), News::ParticipantJoined(ann()), JOINED_AT);
            assert_eq!(late, came, "{standing:?}");
        }
    }

    #[test]
    fn who_came_again_is_told_to_have_left_the_seat_before_and_presents_no_more() {
        let again = Participant {
            joined_at: Some(LEFT_AT.plus(Duration::from_secs(5))),
            joined_before: Some(JOINED_AT),
            ..person(Standing::Active)
        };
        let left = told_of(Some(again.clone()), News::ParticipantLeft(ann()), LEFT_AT);
        assert_eq!(left["joined_at"], JOINED_AT.seconds().to_string());
        assert!(
            left["metadata"].as_str().is_some_and(|text| text.contains("\"is_presenter\":true")),
            "{left}"
        );
        let came = told_of(Some(again), News::ParticipantJoined(ann()), LEFT_AT.plus(Duration::from_secs(5)));
        assert!(
            came["metadata"].as_str().is_some_and(|text| text.contains("\"is_presenter\":false")),
            "{came}"
        );
    }

    #[test]
    fn of_whom_no_record_is_left_his_name_is_told() {
        let left = told_of(None, News::ParticipantLeft(ann()), LEFT_AT);
        assert_eq!((&left["identity"], &left["state"]), (&"ann".into(), &"DISCONNECTED".into()));
        assert!(left.get("metadata").is_none(), "{left}");
    }
}
