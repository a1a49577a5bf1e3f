//! What follows the end of a session: who was in is told to have left, the session is archived, and what belonged to it is
//! removed. In this order, so that a job that is cut off anywhere can be done again from its beginning.

use std::collections::HashMap;
use std::time::Duration;

use api::{Batch, ConfigError, Env, Error, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use models::relay::Over;
use outbox::{Composer, Entry, Queue};
use store::{RoomDocument, session_of_end_job};

/// What this function is configured with.
pub struct Config {
    composer: Composer,
    webhooks: Queue,
    past_rooms: Duration,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            composer: Composer::load(env)?,
            webhooks: Queue::connect(env, "WEBHOOKS_QUEUE_URL")?,
            past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")?,
        })
    }
}

/// Works on a batch; what cannot be done comes again.
pub async fn handle(worker: &Worker<Config>, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut batch = Batch::of("end of a session");
    for message in &event.records {
        batch.note(message, finish(worker, message).await.map(|()| true));
    }
    Ok(batch.answer())
}

async fn finish(worker: &Worker<Config>, message: &SqsMessage) -> Result<(), Error> {
    let (store, config) = (&worker.store, &worker.config);
    let over = session_of_end_job(message.body.as_deref().unwrap_or_default())?;
    let room = &over.room;
    if !store.is_archived(room).await? {
        let document = store.document(room).await?;
        if !config.composer.urls(document.as_ref()).is_empty() {
            tell(worker, &over, document.as_ref()).await?;
        }
        store.archive(&over, document.as_ref(), config.past_rooms).await?;
    }
    Ok(store.clear_session(room).await?)
}

/// Puts the session's last webhooks on their way.
async fn tell(worker: &Worker<Config>, over: &Over, document: Option<&RoomDocument>) -> Result<(), Error> {
    let Config { composer, webhooks, .. } = &worker.config;
    let people = worker.store.present_at_end(&over.room.key, over.room.sid).await?;
    let users: Vec<_> = people.iter().map(|person| person.user.clone()).collect();
    let people: HashMap<_, _> = people.into_iter().map(|person| (person.user.clone(), person)).collect();
    let messages = composer.messages(&over.room, document, &over.told(&users), &people);
    Ok(webhooks.send(messages.iter().map(Entry::webhook).collect()).await?)
}

#[cfg(test)]
mod tests;
