//! What connections need from time to time. A new one of Socket.IO is greeted; one by which nobody has joined within a
//! minute is closed; Socket.IO's clients are pinged as long as they stand, or they would go. And for the rooms that the
//! sweep names the gateway is asked which connections stand: one that is gone unnoticed loses its place as by
//! `$disconnect`.

#[cfg(test)]
mod tests;

use api::{Batch, ConfigError, Env, Error, Halt, Worker, log};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use models::{Connection, RoomKey};
use outbox::{Entry, Queue};
use realtime::{JOINS_WITHIN, PINGED_EVERY, Said, Sockets, Tending};
use socket::{Heartbeat, Speak as _};
use store::{Connected, StoreError};

/// What this function is configured with.
pub struct Config {
    sockets: Sockets,
    connections: Queue,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            sockets: Sockets::connect(env)?,
            connections: Queue::connect(env, "CONNECTIONS_QUEUE_URL")?,
        })
    }
}

/// Works on a batch, all of it at once: a client that does not read keeps no other waiting.
pub async fn handle(worker: &Worker<Config>, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut batch = Batch::of("connection");
    let done = join_all(event.records.iter().map(|message| tend(worker, message))).await;
    for (message, done) in event.records.iter().zip(done) {
        batch.note(message, done.map(|()| true));
    }
    Ok(batch.answer())
}

async fn tend(worker: &Worker<Config>, message: &SqsMessage) -> Result<(), Error> {
    let next = match serde_json::from_str(message.body.as_deref().unwrap_or_default())? {
        Tending::Open(connection) => {
            let stands = open(worker, &connection).await;
            stands.map(|stands| stands.then_some((Tending::Check(connection), JOINS_WITHIN)))
        }
        Tending::Check(connection) => {
            let stands = check(worker, &connection).await;
            stands.map(|stands| stands.then_some((Tending::Check(connection), PINGED_EVERY)))
        }
        Tending::Rooms(rooms) => {
            check_rooms(worker, &rooms).await;
            Ok(None)
        }
    };
    if let Some((next, pause)) = next.map_err(Halt::into_failure)? {
        let entry = Entry::delayed(&serde_json::to_string(&next)?, pause);
        worker.config.connections.send(vec![entry]).await?;
    }
    Ok(())
}

/// Greets a new connection; says whether it stands.
async fn open(worker: &Worker<Config>, connection: &Connection) -> Result<bool, Halt> {
    let Some(text) = connection.client.open(connection.id.as_str(), Heartbeat::default()) else {
        return Ok(true);
    };
    match worker.config.sockets.greet(&worker.store, &connection.id, &text).await {
        Said::Taken => Ok(true),
        Said::Gone => Ok(false),
        // Without it the client waits in vain.
        Said::Lost => Err(StoreError::Unavailable("a connection was not greeted".to_owned()).into()),
    }
}

/// Looks after a connection; says whether it is to be looked after again.
async fn check(worker: &Worker<Config>, connection: &Connection) -> Result<bool, Halt> {
    let (store, sockets) = (&worker.store, &worker.config.sockets);
    let is_unused = match store.connection(&connection.id).await? {
        // Forgotten first: whoever joins by it just now is refused, and not put out.
        Some(Connected { bound: None, .. }) => store.forget_unused(&connection.id).await?,
        Some(_) => false,
        // It may stand all the same, where something broke off after it was forgotten.
        None => true,
    };
    if is_unused {
        sockets.close(store, connection).await?;
        return Ok(false);
    }
    match connection.client.ping() {
        Some(ping) => Ok(sockets.post(store, &connection.id, ping).await != Said::Gone),
        None => Ok(false),
    }
}

/// Asks for the connections of all who are in these rooms, or wait there. What fails is done by the next sweep; to have it
/// come again would only double that.
async fn check_rooms(worker: &Worker<Config>, rooms: &[RoomKey]) {
    for room in rooms {
        if let Err(halt) = check_room(worker, room).await {
            log::failure("looking after the connections of a room", &halt.into_failure());
        }
    }
}

async fn check_room(worker: &Worker<Config>, room: &RoomKey) -> Result<(), Halt> {
    let people = worker.store.participants(room).await?;
    worker.config.sockets.check(&worker.store, room, &people).await
}
