//! Tells those in a room who came, went and changed. A message of the queue says only that there is something to tell; a
//! round tells all there is, and the messages of what it has told find nothing left.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{Batch, ConfigError, Env, Error, Halt, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use models::{Participant, RoomKey, Sid};
use outbox::Queue;
use realtime::Sockets;
use realtime::people::Whole;
use realtime::presence::{PresenceOut, Round, RoundDue, pause_after};
use socket::ServerEvent;
use tracing::info;

/// What this function is configured with.
pub struct Config {
    sockets: Sockets,
    rounds: Queue,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { sockets: Sockets::connect(env)?, rounds: Queue::connect(env, "ROUNDS_QUEUE_URL")? })
    }
}

/// What is due in a session.
struct Due<'a> {
    room: RoomKey,
    sid: Sid,
    /// Up to which change at least.
    seq: u64,
    messages: Vec<&'a SqsMessage>,
}

/// What came of a round.
enum Done {
    /// What was due is told.
    Told,
    /// The last round was too large for another one so soon after it.
    NotYet(Duration),
}

/// Works on a batch; what is not told comes again.
pub async fn handle(worker: &Worker<Config>, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut batch = Batch::of("round of presence");
    let mut rooms = BTreeMap::<Sid, Due<'_>>::new();
    for message in &event.records {
        match serde_json::from_str::<RoundDue>(message.body.as_deref().unwrap_or_default()) {
            Ok(RoundDue { room, sid, seq }) => {
                let due = rooms.entry(sid).or_insert_with(|| Due { room, sid, seq, messages: vec![] });
                due.seq = due.seq.max(seq);
                due.messages.push(message);
            }
            Err(failure) => {
                batch.note(message, Err(failure.into()));
            }
        }
    }
    let rounds = rooms
        .into_values()
        .map(|due| async move { (tell(worker, &due).await.map_err(Halt::into_failure), due.messages) });
    for (done, messages) in join_all(rounds).await {
        let mut failure = None;
        let is_told = match done {
            Ok(Done::Told) => true,
            Ok(Done::NotYet(pause)) => {
                hide(worker, &messages, pause).await?;
                false
            }
            Err(failed) => {
                // Not as long as the queue would: presence would stand still.
                hide(worker, &messages, Duration::ZERO).await?;
                failure = Some(failed);
                false
            }
        };
        for message in messages {
            batch.note(message, failure.take().map_or(Ok(is_told), Err));
        }
    }
    Ok(batch.answer())
}

/// Puts messages off. All of them: those of a session come in their order, so one that is late holds up the others.
async fn hide(worker: &Worker<Config>, messages: &[&SqsMessage], pause: Duration) -> Result<(), Error> {
    // SQS counts in whole seconds.
    let pause = Duration::from_secs(pause.as_secs() + 1);
    let receipts = messages.iter().filter_map(|message| message.receipt_handle.as_deref());
    Ok(worker.config.rounds.hide_all(receipts, pause).await?)
}

/// Tells what there is to tell in a session, up to this change at least.
async fn tell(worker: &Worker<Config>, due: &Due<'_>) -> Result<Done, Halt> {
    let store = &worker.store;
    let before = store.last_round(&due.room).await?.filter(|before| before.sid == due.sid);
    if let Some(before) = &before {
        if before.seq >= due.seq {
            return Ok(Done::Told);
        }
        let next = before.at.plus(pause_after(before.posts));
        let left = next.since(worker.clock.now());
        if !left.is_zero() && before.posts > 0 {
            return Ok(Done::NotYet(left));
        }
    }
    let whole = Whole::read_of(store, (&due.room, due.sid), &*worker.clock).await?;
    let Some(whole) = whole else { return Ok(Done::Told) };
    let round = Round::of(&whole, before.as_ref());
    let mut posts = 0;
    if !round.is_empty() {
        store.begin_round(&due.room, due.sid, whole.room.seq).await?;
        let (alike, apart) = round.receivers();
        if let Some(viewer) = alike.first() {
            posts += say(worker, &alike, &round.shown_to(viewer)).await;
        }
        let apart = apart.into_iter();
        let own = apart.filter_map(|viewer| Some((viewer.connection.as_ref()?, round.shown_to(viewer))));
        posts += worker.config.sockets.tell_each(store, ServerEvent::Presence, own).await;
    }
    let posts = u32::try_from(posts).unwrap_or(u32::MAX);
    info!(room = %due.room, seq = whole.room.seq, posts, "presence");
    store.note_round(&due.room, &round.into_last(posts)).await?;
    Ok(Done::Told)
}

/// Tells these people the same; says how many posts that took.
async fn say(worker: &Worker<Config>, to: &[&Participant], messages: &[PresenceOut]) -> usize {
    let mut posts = 0;
    for message in messages {
        let connections: Vec<_> = to.iter().filter_map(|person| person.connection.as_ref()).collect();
        let Config { sockets, .. } = &worker.config;
        posts += sockets.tell(&worker.store, connections, ServerEvent::Presence, message).await;
    }
    posts
}

#[cfg(test)]
mod tests;
