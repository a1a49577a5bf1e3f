//! What connections need from time to time. A new one of Socket.IO is greeted; one by which nobody has joined within a
//! minute is closed; all others are looked after as long as they stand: Socket.IO's clients by a ping, without which they
//! would go, plain ones by asking the gateway. One that is gone unnoticed loses its place as by `$disconnect`.

use api::{Batch, ConfigError, Env, Error, Halt, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use models::Connection;
use outbox::{Entry, Queue};
use realtime::{CHECKED_EVERY, JOINS_WITHIN, Said, Sockets, Tending, Turn};
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
    let Tending { connection, turn } = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
    let stands = match turn {
        Turn::Open => open(worker, &connection).await,
        Turn::Check => check(worker, &connection).await,
    };
    if stands.map_err(Halt::into_failure)? {
        let pause = if turn == Turn::Open { JOINS_WITHIN } else { CHECKED_EVERY };
        let next = serde_json::to_string(&Tending { connection, turn: Turn::Check })?;
        worker.config.connections.send(vec![Entry::delayed(&next, pause)]).await?;
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

/// Looks after a connection; says whether it stands.
async fn check(worker: &Worker<Config>, connection: &Connection) -> Result<bool, Halt> {
    let (store, sockets) = (&worker.store, &worker.config.sockets);
    let Some(Connected { bound, .. }) = store.connection(&connection.id).await? else { return Ok(false) };
    // Forgotten first: whoever joins by it just now is refused, and not put out.
    if bound.is_none() && store.forget_unused(&connection.id).await? {
        sockets.close(store, connection).await?;
        return Ok(false);
    }
    match connection.client.ping() {
        Some(ping) => Ok(sockets.post(store, &connection.id, ping).await != Said::Gone),
        None => sockets.stands(store, &connection.id).await,
    }
}
