//! What follows the end of a session: its people are read once more, it is remembered, and what belonged to it goes.

use std::collections::HashMap;
use std::time::Duration;

use models::relay::Over;
use models::transition::PersonTransition;
use models::{Connection, Metadata, Participant, Room, RoomKey, Sid, Standing, TokenId, UserId};

use crate::commit::Outcome;
use crate::items::{
    FORMER_PREFIX, Key, METADATA_PREFIX, ParticipantItem, PastItem, RoomDocument, Session, decode_text,
};
use crate::read::together;
use crate::step::{Step, n};
use crate::{Store, StoreError};

/// People in one call: DynamoDB takes a hundred keys, and somebody may have two records.
const BATCH: usize = 50;

impl Store {
    /// The records of these people in a session of the room: the present one, or one that is over.
    pub async fn people_of(
        &self,
        room: &RoomKey,
        sid: Sid,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Participant>, StoreError> {
        let batches = users.chunks(BATCH).map(async |users| {
            let keys: Vec<_> = users
                .iter()
                .flat_map(|user| [Key::participant(room, user), Key::former(room, sid, user)])
                .collect();
            self.batch_get(keys.iter()).await
        });
        let items = together(batches.collect()).await?.concat();
        let people = items.into_iter().map(ParticipantItem::decode).collect::<Result<Vec<_>, _>>()?;
        let mut people: Vec<_> = people.into_iter().filter(|person| person.sid == sid).collect();
        self.bring_metadata(room, &mut people).await?;
        Ok(people.into_iter().map(|person| (person.user.clone(), person)).collect())
    }

    /// Who had a seat when the session ended, in the order in which they came.
    pub async fn present_at_end(&self, room: &RoomKey, sid: Sid) -> Result<Vec<Participant>, StoreError> {
        let mut people = Box::pin(self.participants(room)).await?;
        let former = format!("{FORMER_PREFIX}{sid}#");
        for item in Box::pin(self.query(&Key::room_partition(room), &former)).await? {
            people.push(ParticipantItem::decode(item)?);
        }
        people.retain(|person| person.sid == sid && person.standing == Standing::Active);
        people.sort_by_key(|person| (person.joined_at, person.id));
        self.bring_metadata(room, &mut people).await?;
        Ok(people)
    }

    /// The connections of those who had a seat, or waited, when the session ended. Of whom the room's next session has
    /// a record already, the stream tells.
    pub async fn connected_at_end(&self, room: &RoomKey, sid: Sid) -> Result<Vec<Connection>, StoreError> {
        let mut people = Box::pin(self.participants(room)).await?;
        people.retain(|person| {
            person.sid == sid && matches!(person.standing, Standing::Active | Standing::Waiting)
        });
        Ok(people.into_iter().filter_map(|person| person.connection).collect())
    }

    /// Puts metadata that is kept apart in its place.
    async fn bring_metadata(&self, room: &RoomKey, people: &mut [Participant]) -> Result<(), StoreError> {
        let key = |person: &Participant| match person.metadata {
            Some(Metadata::Apart { token }) => {
                Some(Key::metadata(room, TokenId { sid: person.sid, id: token }))
            }
            _ => None,
        };
        let keys: Vec<_> = people.iter().filter_map(key).collect();
        let batches = keys.chunks(BATCH).map(|keys| self.found(keys)).collect();
        let mut found: HashMap<_, _> = together(batches).await?.into_iter().flatten().collect();
        for person in people {
            if let Some(item) = key(person).and_then(|key| found.remove(&key)) {
                person.metadata = Some(Metadata::Text(decode_text(&item)?));
            }
        }
        Ok(())
    }

    /// Notes that so many seats were taken at a time. The most is kept; it may be said in any order, and twice.
    pub async fn note_crowd(&self, room: &RoomKey, sid: Sid, seats: u32) -> Result<(), StoreError> {
        let key = Key::crowd(room, sid);
        let values = vec![("seats", n(seats))];
        let fewer = "attribute_not_exists(#seats) OR #seats < :seats";
        self.commit_one(&Step::update(key, "SET #seats = :seats", fewer, values)).await?;
        Ok(())
    }

    /// Whether a session has been archived already, which is after all its webhooks were on their way.
    pub async fn is_archived(&self, room: &Room) -> Result<bool, StoreError> {
        let past = self.get(&Key::past(&room.key, room.created_at, room.sid)).await?;
        Ok(past.is_some_and(|item| item.contains_key("peak")))
    }

    /// What is known of the metadata of a session once it is over and cleared: its title, and where its webhooks went.
    pub async fn remembered_document(&self, room: &Room) -> Result<Option<RoomDocument>, StoreError> {
        let past = self.get(&Key::past(&room.key, room.created_at, room.sid)).await?;
        let Some(past) = past.map(PastItem::decode).transpose()? else { return Ok(None) };
        Ok(Some(RoomDocument {
            sid: past.sid,
            title: past.title,
            webhook_url: past.webhook_url,
            host_name: None,
            host_avatar_url: None,
            waiting_message: None,
            metadata: "{}".to_owned(),
        }))
    }

    /// Remembers a session that is over with the most seats that were ever taken. Whoever ended it has remembered the
    /// rest; nobody has of one that TTL removed.
    pub async fn archive(
        &self,
        over: &Over,
        document: Option<&RoomDocument>,
        kept: Duration,
    ) -> Result<(), StoreError> {
        let Over { room, ended_at, reason } = over;
        let crowd = self.get(&Key::crowd(&room.key, room.sid)).await?;
        let noted = crowd.and_then(|item| item.get("seats")?.as_n().ok()?.parse().ok()).unwrap_or(0);
        let peak = room.seats.max(noted);
        let key = Key::past(&room.key, room.created_at, room.sid);
        let condition = "attribute_exists(#pk) AND attribute_not_exists(#peak)";
        let known = Step::update(key.clone(), "SET #peak = :peak", condition, vec![("peak", n(peak))]);
        if let Outcome::Committed(_) = self.commit_one(&known).await? {
            return Ok(());
        }
        let session = Session { peak: Some(peak), ..Session::of(room, document, *ended_at) };
        let item = PastItem::encode(&session, (*ended_at, *reason), ended_at.plus(kept));
        self.commit_one(&Step::put(key, item, "attribute_not_exists(#pk)", vec![])).await?;
        Ok(())
    }

    /// Removes what belonged to a session that is over: its people and their tokens, its metadata. Bans of a room by code
    /// outlive it. May be repeated.
    pub async fn clear_session(&self, room: &Room) -> Result<(), StoreError> {
        let (partition, sid) = (Key::room_partition(&room.key), room.sid);
        let people = self.participants(&room.key).await?;
        let stays = |person: &Participant| room.by_code.is_some() && person.standing == Standing::Banned;
        let people = people.into_iter().filter(|person| person.sid == sid && !stays(person));
        let mut steps: Vec<_> = people
            .map(|person| {
                Step::of_person(&room.key, &person.user, &PersonTransition::forget(sid, self.now()))
            })
            .collect();
        for prefix in [format!("{FORMER_PREFIX}{sid}#"), format!("{METADATA_PREFIX}{sid}")] {
            let items = self.query(&partition, &prefix).await?;
            steps.extend(items.iter().filter_map(Key::of).map(|key| Step::delete(key, "", vec![])));
        }
        if room.by_code.is_none() {
            steps.push(Step::delete(Key::document(room), "", vec![]));
        }
        steps.push(Step::delete(Key::crowd(&room.key, sid), "", vec![]));
        together(steps.iter().map(|step| self.commit_one(step)).collect()).await?;
        Ok(())
    }
}
