//! The webhooks' queue: each is posted to its receiver until he takes it, for a day at most.
//!
//! The queue's groups keep a session's webhooks in order at each URL: while one waits to be tried again, those behind it
//! wait, too, and nobody else does. What came of the last attempt is kept in the table; so a webhook that comes twice is
//! sent once, unless the process ended between sending and noting it.

use std::collections::HashSet;

use api::{Batch, ConfigError, Env, Error, Halt, KeyRing, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use models::Timestamp;
use outbox::{Entry, Queue};
use store::{Delivery, DeliveryStatus};
use tracing::info;
use webhook::{Attempt, Client, Message, Outcome, Policy, Signer, schedule};

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    client: Client,
    webhooks: Queue,
    dead_letters: Queue,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: KeyRing::new(env),
            client: Client::new(Policy::new(env.switch("WEBHOOK_ALLOW_PRIVATE_NETWORKS")?)),
            webhooks: Queue::connect(env, "WEBHOOKS_QUEUE_URL")?,
            dead_letters: Queue::connect(env, "DEAD_WEBHOOKS_QUEUE_URL")?,
        })
    }
}

/// Works on a batch; what is to be tried again comes again when its pause is over, and what is behind it in its group.
pub async fn handle(worker: &Worker<Config>, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut batch = Batch::of("webhook");
    let mut waiting = HashSet::new();
    for message in &event.records {
        let group = message.attributes.get("MessageGroupId");
        let done = match group {
            Some(group) if waiting.contains(group) => Ok(false),
            _ => deliver(worker, message).await,
        };
        if !batch.note(message, done) {
            waiting.extend(group.cloned());
        }
    }
    Ok(batch.answer())
}

/// Makes one attempt; says whether the message is done with.
async fn deliver(worker: &Worker<Config>, received: &SqsMessage) -> Result<bool, Error> {
    let (store, config) = (&worker.store, &worker.config);
    let message: Message = serde_json::from_str(received.body.as_deref().unwrap_or_default())?;
    let before = store.delivery(&message.room, message.sid, message.number, &message.url).await?;
    let is_settled = before.known.as_ref().is_some_and(|known| known.status != DeliveryStatus::Retrying);
    if !message.is_replay() && (is_settled || before.stopped) {
        return Ok(true);
    }
    let count = received.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let count: u32 = count.unwrap_or(1);
    // A replay changes nothing about when it happened, and so nothing about how long it is kept.
    let occurred_at = before.known.as_ref().map_or(message.occurred_at, |known| known.occurred_at);
    let attempts = before.known.map_or(0, |known| known.attempts) + 1;
    let attempts = if message.is_replay() { attempts } else { attempts.max(count) };

    let outcome = post(worker, &message, attempts).await?;
    let now = worker.clock.now();
    let next = schedule::next_attempt(message.occurred_at, count, now);
    let status = status(outcome.as_ref(), next);
    let next = next.filter(|_| status == DeliveryStatus::Retrying);
    let delivery = Delivery {
        number: message.number,
        url: message.url.clone(),
        body: message.body.clone(),
        occurred_at,
        status,
        attempts,
        outcome: serde_json::to_string(&outcome)?,
        attempted_at: now,
        next_attempt_at: next,
    };
    log(&message, &delivery, now);
    if status == DeliveryStatus::Gone {
        store.stop_url(&message.room, message.sid, &message.url).await?;
    }
    if status == DeliveryStatus::Failed {
        config.dead_letters.send(vec![Entry::webhook(&message)]).await?;
    }
    store.note_delivery(&message.room, message.sid, &delivery).await?;
    let Some(next) = next else { return Ok(true) };
    if let Some(receipt) = &received.receipt_handle {
        config.webhooks.hide(receipt, next.since(now)).await?;
    }
    Ok(false)
}

/// Posts it, signed; nothing comes of that while the tenant has no key to sign with.
async fn post(worker: &Worker<Config>, message: &Message, attempts: u32) -> Result<Option<Outcome>, Error> {
    let now = worker.clock.now();
    let (tenant, made_by) = (&message.room.tenant, message.api_key.as_ref());
    let signer = worker.config.keys.signer(&worker.store, now, tenant, made_by).await;
    let Some((key, secret)) = signer.map_err(Halt::into_failure)? else { return Ok(None) };
    let attempt =
        Attempt { sequence: Some(message.number), delivery: message.delivery_id(), number: attempts };
    let signer = Signer { key: &key, secret: secret.as_bytes() };
    let headers = attempt.headers(message.body.as_bytes(), signer, now);
    Ok(Some(worker.config.client.post(&message.url, headers, message.body.clone()).await))
}

/// How a webhook stands after an attempt; `next` is when it could be tried again.
fn status(outcome: Option<&Outcome>, next: Option<Timestamp>) -> DeliveryStatus {
    match outcome {
        Some(Outcome::Delivered { .. }) => DeliveryStatus::Delivered,
        Some(Outcome::Gone) => DeliveryStatus::Gone,
        Some(Outcome::Refused { .. }) => DeliveryStatus::Refused,
        _ if next.is_some() => DeliveryStatus::Retrying,
        _ => DeliveryStatus::Failed,
    }
}

/// One line for each attempt. Not the URL: there may be a secret in its path.
fn log(message: &Message, delivery: &Delivery, now: Timestamp) {
    let host = message.url.parse::<http::Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    info!(
        room = %message.room,
        number = message.number,
        attempt = delivery.attempts,
        host = host.unwrap_or_default(),
        outcome = delivery.outcome,
        next_in_s = delivery.next_attempt_at.map(|next| next.since(now).as_secs()),
        "webhook"
    );
}

#[cfg(test)]
mod tests;
