//! `POST /auth/webhook/replay`: sends a session's webhooks once more, from a number on, to each URL that they went to,
//! whatever came of them before.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::{Common, With};
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request, Scope, idempotent};
use models::{ApiKeyId, Permission, Refusal, RoomKey, Sid, Timestamp};
use outbox::{Entry, Queue};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Delivery, StoreError};
use tracing::error;
use uuid::Uuid;
use wire::Message;

/// About as many webhooks are replayed by a call; who wants more calls again.
const MOST: usize = 1_000;

/// And for about so long: those for one URL go to the queue one after the other.
const LONGEST: Duration = Duration::from_secs(10);

/// Webhooks that are in memory at a time; with metadata, each may have some hundred kilobytes.
const AT_A_TIME: usize = 50;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    webhooks: Queue,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: KeyRing::new(env), webhooks: Queue::connect(env, "WEBHOOKS_QUEUE_URL")? })
    }
}

/// What is to be replayed; the forms of the ids are not checked.
struct ReplayWebhooksIn {
    room_id: String,
    sid: String,
    from_sequence: u32,
}

impl ReplayWebhooksIn {
    fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let message = Message::root(body);
        let mut violations = vec![];
        let room_id = message.needed_string("room_id", &mut violations)?;
        let sid = message.needed_string("sid", &mut violations)?;
        let from_sequence = message.uint32("from_sequence")?.unwrap_or_default();
        if violations.is_empty() {
            Ok(Self { room_id, sid, from_sequence })
        } else {
            Err(Refusal::Invalid(violations))
        }
    }
}

#[derive(Serialize)]
struct ReplayedOut {
    replayed: String,
    /// Where the next call goes on, if this one stopped before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_sequence: Option<u32>,
}

/// A replay of a session's webhooks.
struct Replay {
    id: Uuid,
    asked_at: Timestamp,
    room: RoomKey,
    sid: Sid,
    /// The key that made the room, where that is still known.
    api_key: Option<ApiKeyId>,
}

impl Replay {
    fn message(&self, delivery: Delivery) -> webhook::Message {
        webhook::Message {
            room: self.room.clone(),
            sid: self.sid,
            number: delivery.number,
            url: delivery.url,
            occurred_at: self.asked_at,
            body: delivery.body,
            api_key: self.api_key.clone(),
            replay: Some(self.id),
        }
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let ReplayWebhooksIn { room_id, sid, from_sequence } = ReplayWebhooksIn::read(request.object()?)?;
        let (Some(room), Ok(sid)) = (caller.room(&room_id), sid.parse()) else { return Ok(none()) };
        let state = app.store.room(&room).await?.filter(|state| state.sid == sid);
        let replay = Replay {
            // Sent again, a request under a key is the same replay: what it put on the queue before is there once.
            id: claim.map_or_else(|| app.random.uuid(), store::Claim::id),
            asked_at: app.clock.now(),
            room,
            sid,
            api_key: state.and_then(|state| state.api_key),
        };
        let (replayed, next_sequence) = send(app, &replay, from_sequence).await?;
        if replayed == 0 {
            return Ok(none());
        }
        let out = ReplayedOut { replayed: replayed.to_string(), next_sequence };
        Ok(With::new(Common::success(), out).answer())
    })
    .await
}

/// Puts the webhooks on the queue; says how many they were, and with which number it goes on.
async fn send(app: &App<Config>, replay: &Replay, from: u32) -> Result<(usize, Option<u32>), Halt> {
    let until = replay.asked_at.plus(LONGEST);
    let (mut replayed, mut next) = (0, Some(from));
    while let Some(from) = next
        && replayed < MOST
        && app.clock.now() < until
    {
        let limit = AT_A_TIME.min(MOST - replayed);
        let page = app.store.deliveries(&replay.room, replay.sid, from, limit).await?;
        replayed += page.deliveries.len();
        let messages = page.deliveries.into_iter().map(|delivery| replay.message(delivery));
        let entries = messages.map(|message| Entry::webhook(&message)).collect();
        app.config.webhooks.send(entries).await.map_err(|failure| {
            error!(error = %failure, "queue of webhooks");
            StoreError::Unavailable("the queue of webhooks".to_owned())
        })?;
        next = page.next;
    }
    Ok((replayed, next))
}

fn none() -> Answer {
    Common::failure("no delivery found", "NOT_FOUND").answer()
}
