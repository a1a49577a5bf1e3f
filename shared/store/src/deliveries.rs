//! Webhooks on their way: what was sent to whom, how it went, and who wants no more.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::{RoomKey, Sid, Timestamp};
use serde::{Deserialize, Serialize};

use crate::items::{Item, Key, decode, deflate, encode, inflate};
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

const KIND: &str = "HOOK";

/// How long a webhook and its outcome are kept after its event, in seconds: seven days. As far back reaches a replay.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It was taken.
    Delivered,
    /// It failed and is tried again.
    Retrying,
    /// It failed for a day and is given up; a replay sends it again.
    Failed,
    /// Its target is not allowed, and was not called.
    Refused,
    /// Its receiver wants no more webhooks of this session.
    Gone,
}

/// A webhook for one URL, as it was tried last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number in the session.
    pub number: u32,
    /// Where it goes.
    pub url: String,
    /// Its body, a JSON text; stored deflated.
    #[serde(skip)]
    pub body: String,
    /// When its event happened.
    pub occurred_at: Timestamp,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// What came of the last attempt, a JSON text.
    pub outcome: String,
    /// When it was tried last.
    pub attempted_at: Timestamp,
    /// When it is tried again, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
}

/// A part of a session's deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryPage {
    /// In the order of their numbers, and those of a number in that of their URLs.
    pub deliveries: Vec<Delivery>,
    /// The number with which the next part begins, if there is one.
    pub next: Option<u32>,
}

/// What is known of a webhook before an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryState {
    /// The attempts before.
    pub known: Option<Delivery>,
    /// Whether the URL wants no more webhooks of this session.
    pub stopped: bool,
}

impl Store {
    /// What is known of a webhook.
    pub async fn delivery(
        &self,
        room: &RoomKey,
        sid: Sid,
        number: u32,
        url: &str,
    ) -> Result<DeliveryState, StoreError> {
        let (delivery, stop) = (Key::delivery(room, sid, number, url), Key::stopped_url(room, sid, url));
        let mut state = DeliveryState::default();
        for item in self.batch_get([&delivery, &stop].into_iter()).await? {
            if stop.is_of(&item) {
                state.stopped = true;
            } else {
                state.known = Some(decode_delivery(item)?);
            }
        }
        Ok(state)
    }

    /// Notes how a webhook stands.
    pub async fn note_delivery(
        &self,
        room: &RoomKey,
        sid: Sid,
        delivery: &Delivery,
    ) -> Result<(), StoreError> {
        let mut item = encode(delivery);
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(deflate(delivery.body.as_bytes()))));
        item.insert("expires_at".to_owned(), n(delivery.occurred_at.seconds() + KEPT_SECONDS));
        let key = Key::delivery(room, sid, delivery.number, &delivery.url);
        self.commit_one(&Step::put(key, item, "", vec![])).await?;
        Ok(())
    }

    /// Notes that a URL wants no more webhooks of a session.
    pub async fn stop_url(&self, room: &RoomKey, sid: Sid, url: &str) -> Result<(), StoreError> {
        let item = Item::from([("expires_at".to_owned(), n(self.now().seconds() + KEPT_SECONDS))]);
        self.commit_one(&Step::put(Key::stopped_url(room, sid, url), item, "", vec![])).await?;
        Ok(())
    }

    /// The webhooks of a session that have been tried, from this number on: `limit` of them, from 1, and the rest of the
    /// last one's number, so that a page ends between two numbers.
    pub async fn deliveries(
        &self,
        room: &RoomKey,
        sid: Sid,
        from: u32,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError> {
        let mut deliveries: Vec<Delivery> = vec![];
        let mut cursor = None;
        loop {
            let query = self
                .dynamo
                .query()
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :last")
                .expression_attribute_values(":pk", s(Key::delivery_partition(room, sid)))
                .expression_attribute_values(":from", s(Key::first_delivery(from)))
                .expression_attribute_values(":last", s(Key::LAST_DELIVERY))
                .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
            let (items, next) = self.page(query, cursor).await?;
            for item in items {
                let delivery = decode_delivery(item)?;
                let is_another = deliveries.last().is_some_and(|last| last.number != delivery.number);
                if is_another && deliveries.len() >= limit {
                    return Ok(DeliveryPage { deliveries, next: Some(delivery.number) });
                }
                deliveries.push(delivery);
            }
            cursor = next;
            if cursor.is_none() {
                return Ok(DeliveryPage { deliveries, next: None });
            }
        }
    }
}

fn decode_delivery(mut item: Item) -> Result<Delivery, StoreError> {
    let Some(AttributeValue::B(body)) = item.remove("body") else {
        return Err(StoreError::Corrupt(KIND, "body".to_owned()));
    };
    let body = String::from_utf8(inflate(KIND, body.as_ref())?)
        .map_err(|_| StoreError::Corrupt(KIND, "body".to_owned()))?;
    Ok(Delivery { body, ..decode(KIND, item)? })
}
