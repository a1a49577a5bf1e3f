//! Closes the sessions whose time has come, frees the seats whose lease has lapsed, and has the connections of all others
//! looked after: `$disconnect` is best effort, and a seat whose connection stands has no lease.
//!
//! Everybody who reads or writes a session looks at its time himself; this is so that its end is told, too. Two may sweep at
//! once, and one that is cut off leaves nothing half done: each entry is one conditional transaction.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::{ConfigError, Env, Error, Worker, log};
use futures_util::{StreamExt as _, stream};
use outbox::{Entry, Queue};
use realtime::{ROOMS_AT_A_TIME, Tending};
use serde::{Deserialize, Serialize};
use store::{Due, Retention, Store, Swept};
use tracing::info;

/// Entries that are under way at a time.
const AT_A_TIME: usize = 16;

/// The schedule's event, of which nothing is needed: what is due is in the table.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Tick {}

/// What this function is configured with.
pub struct Config {
    departure: Duration,
    kept: Retention,
    connections: Queue,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            departure: env.seconds("DEPARTURE_TIMEOUT_SECONDS")?,
            kept: Retention {
                past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")?,
                code: env.days("CODE_RETENTION_DAYS")?,
            },
            connections: Queue::connect(env, "CONNECTIONS_QUEUE_URL")?,
        })
    }
}

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Sessions that were closed.
    pub closed: usize,
    /// Seats that were freed.
    pub freed: usize,
    /// Sessions that run, and whose connections are looked after now.
    pub running: usize,
    /// Entries that could not be dealt with; the next sweep finds them again.
    pub failed: usize,
}

/// Sweeps once. Where some entries could not be dealt with it fails when it has done the others, so that it is called
/// again, and that the alarm for sweeps that fail hears of what fails each time.
pub async fn handle(worker: &Worker<Config>, _tick: Tick) -> Result<Report, Error> {
    let mut report = Report::default();
    for shard in Store::due_shards() {
        let mut cursor = None;
        loop {
            let page = worker.store.due(&shard, cursor).await?;
            sweep(worker, page.due, &mut report).await;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    // After all that is due: it may wait, and it costs more.
    for shard in Store::due_shards() {
        report.running += look_after(worker, &shard).await?;
    }
    let Report { closed, freed, running, failed } = report;
    info!(closed, freed, running, failed, "swept");
    if report.failed > 0 {
        return Err(format!("entries that could not be dealt with: {}", report.failed).into());
    }
    Ok(report)
}

/// Has the connections of the sessions looked after that run; says how many those are.
async fn look_after(worker: &Worker<Config>, shard: &str) -> Result<usize, Error> {
    let (mut running, mut cursor) = (0, None);
    loop {
        let page = worker.store.not_due(shard, cursor).await?;
        running += page.rooms.len();
        let mut entries = vec![];
        for rooms in page.rooms.chunks(ROOMS_AT_A_TIME) {
            let message = serde_json::to_string(&Tending::Rooms(rooms.to_vec()))?;
            entries.push(Entry::delayed(&message, Duration::ZERO));
        }
        worker.config.connections.send(entries).await?;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(running);
        }
    }
}

async fn sweep(worker: &Worker<Config>, due: Vec<Due>, report: &mut Report) {
    let Config { departure, kept, .. } = &worker.config;
    let one = |due: Due| async move { worker.store.sweep(&due, *departure, *kept).await };
    let mut swept = stream::iter(due).map(one).buffer_unordered(AT_A_TIME);
    while let Some(done) = swept.next().await {
        match done {
            Ok(Swept::Closed) => report.closed += 1,
            Ok(Swept::Freed) => report.freed += 1,
            Ok(Swept::Nothing) => {}
            Err(halt) => {
                log::failure("due", &halt.into_failure());
                report.failed += 1;
            }
        }
    }
}
