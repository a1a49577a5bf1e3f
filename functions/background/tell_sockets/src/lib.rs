//! What the stream has to say to connections: a lock, settings, what the server API said, and that a connection is not
//! somebody's any more. In order within a session, at least once. Who is there is read as it is told: whoever came since
//! has found it in what he was answered, and hears it again.

mod session;

use std::collections::HashMap;
use std::time::Duration;

use api::{Batch, ConfigError, Env, Error, Halt, Sessions, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use outbox::Queue;
use realtime::{Notice, RoomLockedOut, Sockets, What};
use socket::ServerEvent;

use crate::session::Session;

/// When what could not be told is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What this function is configured with.
pub struct Config {
    sockets: Sockets,
    sessions: Sessions,
    notices: Queue,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            sockets: Sockets::connect(env)?,
            sessions: Sessions::load(env).await?,
            notices: Queue::connect(env, "NOTICES_QUEUE_URL")?,
        })
    }
}

/// Works on a batch: the notices of a session one after the other, those of different sessions together.
pub async fn handle(worker: &Worker<Config>, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut sessions: HashMap<_, Vec<&SqsMessage>> = HashMap::new();
    for message in &event.records {
        sessions.entry(message.attributes.get("MessageGroupId")).or_default().push(message);
    }
    let done = join_all(sessions.into_values().map(|messages| tell_in_order(worker, messages))).await;
    let mut batch = Batch::of("notice");
    let mut again = vec![];
    for (message, done) in done.into_iter().flatten() {
        if !batch.note(message, done) {
            again.extend(message.receipt_handle.as_deref());
        }
    }
    // Not as long as the queue would: those in the room would hear of nothing.
    worker.config.notices.hide_all(again, RETRY_PAUSE).await?;
    Ok(batch.answer())
}

/// Tells the notices of a session. What comes after one that failed comes again with it.
async fn tell_in_order<'a>(
    worker: &Worker<Config>,
    messages: Vec<&'a SqsMessage>,
) -> Vec<(&'a SqsMessage, Result<bool, Error>)> {
    let mut done = Vec::with_capacity(messages.len());
    let mut goes_on = true;
    for message in messages {
        let told = if goes_on { tell(worker, message).await.map(|()| true) } else { Ok(false) };
        goes_on = told.is_ok() && goes_on;
        done.push((message, told));
    }
    done
}

async fn tell(worker: &Worker<Config>, message: &SqsMessage) -> Result<(), Error> {
    let Notice { room, sid, what } = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
    let session = Session { worker, room: &room, sid };
    let told = match what {
        What::Dropped { user, connection, why, message } => {
            session.dismiss(&user, &connection, (why, message.as_deref())).await
        }
        What::Waiting { user, sent_back } => session.waiting(&user, sent_back).await,
        What::Admitted { user } => session.admitted(&user).await,
        What::Muted { user, connection, by } => session.muted(&user, &connection, by).await,
        What::Locked { locked, seq } => {
            session.everybody(ServerEvent::RoomLocked, &RoomLockedOut { locked, seq }).await
        }
        What::Updated { seq } => session.updated(seq).await,
        What::WaitingMessage => session.waiting_message().await,
        What::Broadcast { id, at } => session.broadcast(id, at).await,
    };
    told.map_err(Halt::into_failure)
}

#[cfg(test)]
mod tests;
