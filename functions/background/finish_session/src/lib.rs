//! What follows the end of a session: who was in is told to have left, the session is archived, whoever is still connected
//! to it hears that it is over and is disconnected, and what belonged to it is removed. In this order, so that a job that
//! is cut off anywhere can be done again from its beginning, and no webhook waits for a client that does not read.

use std::collections::HashMap;
use std::time::Duration;

use api::{Batch, ConfigError, Env, Error, Halt, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use models::relay::Over;
use outbox::{Composer, Entry, Queue};
use realtime::{RoomEndedOut, Sockets};
use socket::ServerEvent;
use store::{Binding, RoomDocument, session_of_end_job};

/// What this function is configured with.
pub struct Config {
    composer: Composer,
    webhooks: Queue,
    past_rooms: Duration,
    sockets: Sockets,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            composer: Composer::load(env)?,
            webhooks: Queue::connect(env, "WEBHOOKS_QUEUE_URL")?,
            past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")?,
            sockets: Sockets::connect(env)?,
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
    dismiss(worker, &over).await.map_err(Halt::into_failure)?;
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

/// Tells whoever is connected to the session that it is over, and closes.
async fn dismiss(worker: &Worker<Config>, Over { room, reason, .. }: &Over) -> Result<(), Halt> {
    let connections = worker.store.connected_at_end(&room.key, room.sid).await?;
    let is_of_it = |bound: &Binding| bound.room == room.key && bound.sid == room.sid;
    let ended = (ServerEvent::RoomEnded, &RoomEndedOut::of(*reason));
    worker.config.sockets.dismiss_from(&worker.store, is_of_it, &connections, ended).await
}

#[cfg(test)]
mod tests;
