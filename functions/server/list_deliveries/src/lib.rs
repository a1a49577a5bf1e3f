//! `POST /auth/webhook/deliveries`: what came of a session's webhooks, at each of the URLs that they went to.
//!
//! Their bodies are not shown: they hold people's names and metadata, and a hundred of them are more than an answer may be.

#[cfg(test)]
mod tests;

use api::server::{Common, With};
use api::{Answer, App, Halt, KeyRing, Request};
use models::{Permission, Refusal, Sid, Timestamp, relay};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Delivery, DeliveryStatus, StoreError};
use uuid::Uuid;
use webhook::{Outcome, delivery_id, event_id, payload};
use wire::Message;

/// Deliveries of a page, where the caller does not say.
const LIMIT: u32 = 20;

/// Most deliveries of a page; who wants more gets these.
const MOST: u32 = 100;

/// What this function is configured with.
pub type Config = KeyRing;

/// Which deliveries are meant; the forms of the ids are not checked.
struct ListDeliveriesIn {
    room_id: String,
    /// Empty for the present session, or the last one.
    sid: String,
    from: u32,
    limit: u32,
}

impl ListDeliveriesIn {
    fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let message = Message::root(body);
        Ok(Self {
            room_id: message.required_string("room_id")?,
            sid: message.string("sid")?,
            from: message.uint32("from")?.unwrap_or_default(),
            limit: message.uint32("limit")?.filter(|limit| *limit > 0).unwrap_or(LIMIT).min(MOST),
        })
    }
}

#[derive(Serialize)]
struct DeliveriesOut {
    sid: String,
    /// The last number that the session has given out; only of the room's present or last session is it known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sequence: Option<u32>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_sequence: Option<u32>,
    deliveries: Vec<DeliveryOut>,
}

#[derive(Serialize)]
struct DeliveryOut {
    sequence: u32,
    url: String,
    delivery_id: Uuid,
    event: String,
    status: DeliveryStatus,
    attempts: u32,
    /// What came of the last attempt; nothing where there was no key to sign it with.
    #[serde(flatten)]
    outcome: Option<Outcome>,
    occurred_at: String,
    attempted_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
}

impl DeliveryOut {
    fn of(sid: Sid, delivery: Delivery) -> Result<Self, StoreError> {
        let corrupt = |field: &str| StoreError::Corrupt("HOOK", field.to_owned());
        Ok(Self {
            sequence: delivery.number,
            delivery_id: delivery_id(event_id(sid, delivery.number), &delivery.url),
            url: delivery.url,
            event: payload::event_name(&delivery.body).ok_or_else(|| corrupt("body"))?,
            status: delivery.status,
            attempts: delivery.attempts,
            outcome: serde_json::from_str(&delivery.outcome).map_err(|_| corrupt("outcome"))?,
            occurred_at: delivery.occurred_at.rfc3339(),
            attempted_at: delivery.attempted_at.rfc3339(),
            next_attempt_at: delivery.next_attempt_at.map(Timestamp::rfc3339),
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let ListDeliveriesIn { room_id, sid, from, limit } = ListDeliveriesIn::read(request.object()?)?;
    let Some(key) = caller.room(&room_id) else { return Ok(none()) };
    let room = app.store.room(&key).await?;
    let wanted = if sid.is_empty() { room.as_ref().map(|room| room.sid) } else { sid.parse().ok() };
    let Some(sid) = wanted else { return Ok(none()) };
    let page = app.store.deliveries(&key, sid, from, limit as usize).await?;
    if page.deliveries.is_empty() {
        return Ok(none());
    }
    let room = room.filter(|room| room.sid == sid);
    let deliveries = page.deliveries.into_iter().map(|delivery| DeliveryOut::of(sid, delivery));
    let out = DeliveriesOut {
        sid: sid.to_string(),
        last_sequence: room.map(|room| relay::last_number(&room, app.clock.now())),
        next_sequence: page.next,
        deliveries: deliveries.collect::<Result<_, _>>()?,
    };
    Ok(With::new(Common::success(), out).answer())
}

fn none() -> Answer {
    Common::failure("no delivery found", "NOT_FOUND").answer()
}
