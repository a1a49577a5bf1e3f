//! The table's stream: what happened goes to the queues, as webhooks, as notices to connections, as leases that will lapse,
//! as ends to be followed up.
//!
//! A record may come twice, and records of one transaction in different batches; records of one item come in their order.
//! So nothing is decided here by what came before: every message follows from one record, and from what is read now of
//! those whom it is about. Whatever comes twice has the same deduplication id, and the same place in its session.

mod notices;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::{ConfigError, Env, Error, Worker, log};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures_util::future::join_all;
use models::relay::{News, Told};
use models::{Sid, Status};
use outbox::{Composer, Entry, Queue};
use realtime::presence::RoundDue;
use serde::Deserialize;
use store::{Lease, RoomChange, StreamChange, StreamRecord, end_job};

/// Sessions whose crowd a process remembers; of more it forgets all, and notes them again.
const MOST_REMEMBERED: usize = 10_000;

/// A second more than there is until a lease lapses, for SQS counts in whole ones.
const ROUNDING: Duration = Duration::from_secs(1);

/// A batch of the stream.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamEvent {
    /// Its records, those of one item in their order.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// What this function is configured with.
pub struct Config {
    composer: Composer,
    webhooks: Queue,
    leases: Queue,
    ends: Queue,
    rounds: Queue,
    notices: Queue,
    /// The most seats that this process has noted of a session.
    crowds: Mutex<HashMap<Sid, u32>>,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            composer: Composer::load(env)?,
            webhooks: Queue::connect(env, "WEBHOOKS_QUEUE_URL")?,
            leases: Queue::connect(env, "LEASES_QUEUE_URL")?,
            ends: Queue::connect(env, "SESSION_ENDS_QUEUE_URL")?,
            rounds: Queue::connect(env, "ROUNDS_QUEUE_URL")?,
            notices: Queue::connect(env, "NOTICES_QUEUE_URL")?,
            crowds: Mutex::default(),
        })
    }
}

/// Works on a batch. What cannot be done is reported: from the first such record on all of them come again.
pub async fn handle(worker: &Worker<Config>, event: StreamEvent) -> Result<DynamoDbEventResponse, Error> {
    // The records of a room one after the other, those of different rooms together.
    let mut rooms: HashMap<_, Vec<(usize, StreamRecord)>> = HashMap::new();
    let mut places = Vec::with_capacity(event.records.len());
    for (place, record) in event.records.into_iter().enumerate() {
        places.push(record.sequence_number().to_owned());
        rooms.entry(record.room()).or_default().push((place, record));
    }
    let failed = join_all(rooms.into_values().map(|records| relay_in_order(worker, records))).await;
    let mut response = DynamoDbEventResponse::default();
    if let Some(first) = failed.into_iter().flatten().min() {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(places[first].clone());
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// Relays the records of a room; says at which of them it stopped.
async fn relay_in_order(worker: &Worker<Config>, records: Vec<(usize, StreamRecord)>) -> Option<usize> {
    for (place, record) in records {
        if let Err(failure) = relay(worker, record).await {
            log::failure("record", &failure);
            return Some(place);
        }
    }
    None
}

async fn relay(worker: &Worker<Config>, record: StreamRecord) -> Result<(), Error> {
    let number = record.sequence_number().to_owned();
    let Some(change) = record.change()? else { return Ok(()) };
    notices::relay(&worker.config.notices, &number, &change).await?;
    match change {
        StreamChange::Room(change) => relay_room(worker, &change).await,
        StreamChange::Person(change) => match &change.lease {
            Some(lease) => relay_lease(worker, lease).await,
            None => Ok(()),
        },
    }
}

async fn relay_room(worker: &Worker<Config>, change: &RoomChange) -> Result<(), Error> {
    // What is over comes before what begins in its place.
    if let Some(over) = change.over() {
        worker.config.ends.send(vec![Entry::delayed(&end_job(&over), Duration::ZERO)]).await?;
    }
    note_crowd(worker, change).await?;
    relay_round(worker, change).await?;
    let told = change.told();
    let Some(room) = change.after.as_ref().filter(|_| !told.is_empty()) else { return Ok(()) };
    let document = match worker.store.document(room).await? {
        // What was given up may be relayed by hand when the session has been cleared.
        None => worker.store.remembered_document(room).await?,
        document => document,
    };
    if worker.config.composer.urls(document.as_ref()).is_empty() {
        return Ok(());
    }
    let users: Vec<_> = told.iter().filter_map(who).cloned().collect();
    let people = worker.store.people_of(&room.key, room.sid, &users).await?;
    let messages = worker.config.composer.messages(room, document.as_ref(), &told, &people);
    Ok(worker.config.webhooks.send(messages.iter().map(Entry::webhook).collect()).await?)
}

fn who(told: &Told) -> Option<&models::UserId> {
    match &told.news {
        News::ParticipantJoined(user) | News::ParticipantLeft(user) => Some(user),
        _ => None,
    }
}

/// Notes how many were in when somebody left: the most seats of a session are taken just before somebody leaves, or at its
/// end, which the job that follows it sees itself.
async fn note_crowd(worker: &Worker<Config>, change: &RoomChange) -> Result<(), Error> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return Ok(()) };
    if before.sid != after.sid || after.seats >= before.seats {
        return Ok(());
    }
    let crowds = || worker.config.crowds.lock().unwrap_or_else(PoisonError::into_inner);
    if crowds().get(&before.sid).is_some_and(|noted| *noted >= before.seats) {
        return Ok(());
    }
    worker.store.note_crowd(&before.key, before.sid, before.seats).await?;
    let mut crowds = crowds();
    if crowds.len() >= MOST_REMEMBERED {
        crowds.clear();
    }
    crowds.insert(before.sid, before.seats);
    Ok(())
}

/// Those in the room are told a moment later, with what else happens until then.
async fn relay_round(worker: &Worker<Config>, change: &RoomChange) -> Result<(), Error> {
    let Some(room) = change.after.as_ref().filter(|room| room.status == Status::Open) else { return Ok(()) };
    let is_new = change.before.as_ref().is_none_or(|before| (before.sid, before.seq) != (room.sid, room.seq));
    if !is_new || !change.happened.event.is_about_people() {
        return Ok(());
    }
    let due = RoundDue { room: room.key.clone(), sid: room.sid, seq: room.seq };
    let text = serde_json::to_string(&due)?;
    let entry = Entry::in_order(&text, room.sid.to_string(), due.deduplication_id());
    Ok(worker.config.rounds.send(vec![entry]).await?)
}

/// The lease comes back when it has lapsed.
async fn relay_lease(worker: &Worker<Config>, lease: &Lease) -> Result<(), Error> {
    let left = lease.due_at.since(worker.clock.now());
    let text = serde_json::to_string(lease)?;
    Ok(worker.config.leases.send(vec![Entry::delayed(&text, left + ROUNDING)]).await?)
}

#[cfg(test)]
mod tests;
