//! Reads. All are consistent: what is decided on them must not be about the past.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use models::{Metadata, Participant, Room, RoomKey, TokenId, UserId};

use crate::items::{Item, Key, PARTICIPANT_PREFIX, ParticipantItem, RoomDocument, RoomItem, decode_text};
use crate::retry::{Cause, Retries};
use crate::step::s;
use crate::{Store, StoreError};

/// What is known of a room, and of a person in it where he was asked for.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The room's state.
    pub room: Option<Room>,
    /// Its metadata.
    pub document: Option<RoomDocument>,
    /// The person who was asked for.
    pub participant: Option<Participant>,
}

/// A room with all who are or were in it.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// The room's state.
    pub room: Option<Room>,
    /// Its metadata.
    pub document: Option<RoomDocument>,
    /// Everybody, in order of arrival; those of earlier sessions too.
    pub participants: Vec<Participant>,
}

/// How many calls of one request are under way at a time.
const AT_A_TIME: usize = 16;

/// Makes the calls, some at a time, and gives what they give in their order.
pub(crate) async fn together<T>(
    calls: Vec<impl Future<Output = Result<T, StoreError>>>,
) -> Result<Vec<T>, StoreError> {
    stream::iter(calls).buffered(AT_A_TIME).try_collect().await
}

impl Store {
    /// A room's state.
    pub async fn room(&self, key: &RoomKey) -> Result<Option<Room>, StoreError> {
        self.get(&Key::state(key)).await?.map(|item| RoomItem::decode(key, item)).transpose()
    }

    /// The metadata of a room, or of the session that it is a picture of.
    pub async fn document(&self, room: &Room) -> Result<Option<RoomDocument>, StoreError> {
        self.get(&Key::document(room)).await?.map(RoomDocument::decode).transpose()
    }

    /// A room's state and metadata.
    pub async fn room_with_document(&self, key: &RoomKey) -> Result<Seen, StoreError> {
        self.look(key, true, None).await
    }

    /// State, metadata and one person in one round trip; in a room of the server API the metadata is a second one, for its
    /// key is the session's.
    pub async fn look(
        &self,
        key: &RoomKey,
        document: bool,
        user: Option<&UserId>,
    ) -> Result<Seen, StoreError> {
        let state_key = Key::state(key);
        let document_key = document.then(|| Key::code_document(key));
        let user_key = user.map(|user| Key::participant(key, user));
        let keys = [Some(&state_key), document_key.as_ref(), user_key.as_ref()];
        let mut seen = Seen::default();
        for item in self.batch_get(keys.into_iter().flatten()).await? {
            if state_key.is_of(&item) {
                seen.room = Some(RoomItem::decode(key, item)?);
            } else if document_key.as_ref().is_some_and(|key| key.is_of(&item)) {
                seen.document = Some(RoomDocument::decode(item)?);
            } else {
                seen.participant = Some(ParticipantItem::decode(item)?);
            }
        }
        if document && let Some(room) = seen.room.as_ref().filter(|room| room.by_code.is_none()) {
            seen.document = self.document(room).await?;
        }
        Ok(seen)
    }

    /// Everything about a room, but what was said in it, by one query in as many pages as it takes; metadata that is kept apart is in its place.
    pub async fn whole_room(&self, key: &RoomKey) -> Result<Whole, StoreError> {
        let state_key = Key::state(key);
        let mut whole = Whole::default();
        let mut apart = HashMap::new();
        for item in self.query_between(&Key::room_partition(key), "META", "STATE").await? {
            if state_key.is_of(&item) {
                whole.room = Some(RoomItem::decode(key, item)?);
            } else if is_under(PARTICIPANT_PREFIX, &item) {
                whole.participants.push(ParticipantItem::decode(item)?);
            } else {
                apart.extend(Key::of(&item).map(|key| (key, item)));
            }
        }
        if let Some(room) = &whole.room {
            whole.document = apart.remove(&Key::document(room)).map(RoomDocument::decode).transpose()?;
        }
        for person in &mut whole.participants {
            if let Some(Metadata::Apart { token }) = person.metadata
                && let Some(item) = apart.get(&Key::metadata(key, TokenId { sid: person.sid, id: token }))
            {
                person.metadata = Some(Metadata::Text(decode_text(item)?));
            }
        }
        whole.participants.sort_by_key(|person| (person.joined_at, person.id));
        Ok(whole)
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let mut retries = Retries::new(&*self.clock, &*self.random);
        loop {
            let sent = self
                .dynamo
                .get_item()
                .table_name(&self.table)
                .set_key(Some(key.attributes().into_iter().collect()))
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match sent {
                Ok(found) => {
                    self.meter.read(found.consumed_capacity());
                    return Ok(found.item);
                }
                Err(error) => retries.pause(Cause::of(&error), &error).await?,
            }
        }
    }

    /// The items of these keys, a hundred at most, in any order.
    pub(crate) async fn batch_get<'a>(
        &self,
        keys: impl Iterator<Item = &'a Key>,
    ) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<_> = keys.map(|key| key.attributes().into_iter().collect()).collect();
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let mut wanted = KeysAndAttributes::builder()
            .consistent_read(true)
            .set_keys(Some(keys))
            .build()
            .map_err(|error| StoreError::Rejected(error.to_string()))?;
        let mut retries = Retries::new(&*self.clock, &*self.random);
        let mut items = Vec::new();
        loop {
            let sent = self
                .dynamo
                .batch_get_item()
                .request_items(&self.table, wanted.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match sent {
                Ok(mut found) => {
                    self.meter.read(found.consumed_capacity());
                    items.extend(
                        found
                            .responses
                            .take()
                            .and_then(|mut all| all.remove(&self.table))
                            .unwrap_or_default(),
                    );
                    match found.unprocessed_keys.take().and_then(|mut all| all.remove(&self.table)) {
                        Some(rest) => wanted = rest,
                        None => return Ok(items),
                    }
                    // Keys come back unprocessed when the table is throttled; that is no error and yet needs a pause.
                    retries.pause(Cause::Throttled, &StoreError::Busy("unprocessed keys".to_owned())).await?;
                }
                Err(error) => retries.pause(Cause::of(&error), &error).await?,
            }
        }
    }

    async fn query_room(&self, key: &RoomKey, prefix: &str) -> Result<Vec<Item>, StoreError> {
        self.query(&Key::room_partition(key), prefix).await
    }

    /// The items of a partition, those whose sort key begins with `prefix`, in its order.
    pub(crate) async fn query(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let query = self
            .dynamo
            .query()
            .consistent_read(true)
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
        let query = match prefix {
            "" => query.key_condition_expression("pk = :pk"),
            prefix => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
        };
        self.pages(query).await
    }

    /// The items of a partition whose sort keys are these, or between them.
    pub(crate) async fn query_between(
        &self,
        partition: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self
            .dynamo
            .query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(partition))
            .expression_attribute_values(":first", s(first))
            .expression_attribute_values(":last", s(last));
        self.pages(query).await
    }

    /// What an index holds in a partition: keys. A moment late, for indexes are.
    pub(crate) async fn query_index(
        &self,
        index: &str,
        attribute: &str,
        partition: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self
            .dynamo
            .query()
            .index_name(index)
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()));
        self.pages(query).await
    }

    /// All that a query finds, in as many pages as it takes.
    async fn pages(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let (page, next) = self.page(query.clone(), from).await?;
            items.extend(page);
            from = next;
            if from.is_none() {
                return Ok(items);
            }
        }
    }

    /// A page of what a query finds, and where the next one begins.
    pub(crate) async fn page(
        &self,
        query: QueryFluentBuilder,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let mut retries = Retries::new(&*self.clock, &*self.random);
        loop {
            let page = query
                .clone()
                .table_name(&self.table)
                .set_exclusive_start_key(from.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match page {
                Ok(page) => {
                    self.meter.read(page.consumed_capacity());
                    return Ok((page.items.unwrap_or_default(), page.last_evaluated_key));
                }
                Err(error) => retries.pause(Cause::of(&error), &error).await?,
            }
        }
    }

    /// Everybody who is or was in the room, in order of arrival; those of earlier sessions too.
    pub async fn participants(&self, key: &RoomKey) -> Result<Vec<Participant>, StoreError> {
        let items = self.query_room(key, PARTICIPANT_PREFIX).await?;
        let mut people = items.into_iter().map(ParticipantItem::decode).collect::<Result<Vec<_>, _>>()?;
        people.sort_by_key(|person| (person.joined_at, person.id));
        Ok(people)
    }
}

fn is_under(prefix: &str, item: &Item) -> bool {
    matches!(item.get("sk"), Some(AttributeValue::S(sk)) if sk.starts_with(prefix))
}
