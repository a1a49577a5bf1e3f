//! From the stream of a table to a function
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).
//!
//! [`StreamReader`] finds the shards, `shard.rs` reads each, `lane.rs` brings its records to the function, and
//! `progress.rs` knows how far that has come. A record may be brought twice, and is never skipped.

mod lane;
mod positions;
mod progress;
mod record;
mod shard;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodbstreams::config::{BehaviorVersion, Region};
use aws_sdk_dynamodbstreams::error::DisplayErrorContext;
use aws_sdk_dynamodbstreams::{Client, Config, types};
use models::Clock;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;

pub(crate) use positions::Positions;

use super::Stop;
use super::call::Caller;
use crate::queues::{Draft, Queues};
use crate::template::StreamSource;
use positions::Position;
use shard::{Shard, Start};

/// How often it is looked for new shards.
const LOOK_FOR_SHARDS: Duration = Duration::from_secs(10);

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The table has none.
    #[error("table {0} has no stream: it was made without one")]
    None(String),
    /// The server does not answer as it should.
    #[error("cannot read the stream of table {0}: {1}")]
    Server(String, String),
    /// The file of positions cannot be used.
    #[error("cannot keep positions in streams: {0}")]
    Positions(#[from] rusqlite::Error),
}

/// One stream, for one function.
pub(super) struct Mapping {
    pub(super) source: StreamSource,
    pub(super) table: String,
    /// Under which its positions are kept.
    pub(super) key: String,
    pub(super) caller: Caller,
    pub(super) queues: Arc<Queues>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Mapping {
    /// Tells of records that are given up, where somebody wants to hear of it.
    fn tell_of_failure(&self, message: &Value) {
        let Some(arn) = &self.source.on_failure else { return };
        let Some(queue) = self.queues.find(|queue| queue.arn == *arn) else { return };
        if let Err(error) = self.queues.send(queue, Draft::new(message.to_string())) {
            let name = &self.queues.settings(queue).name;
            self.caller.notice(&format!("{name} was not told of the failure: {error}"));
        }
    }
}

/// Reads the stream of one table for one function.
pub(super) struct StreamReader {
    mapping: Arc<Mapping>,
    client: Client,
    arn: String,
    positions: Arc<Positions>,
    /// The shards that are read or were.
    shards: Mutex<BTreeMap<String, Arc<Shard>>>,
    /// What the first look found, for [`StreamReader::run`].
    found: Mutex<Vec<(Arc<Shard>, Start)>>,
    shard_ended: Arc<Notify>,
    stop: Stop,
}

impl StreamReader {
    /// Finds the stream and where to begin.
    pub(super) async fn open(
        mapping: Mapping,
        (endpoint, region): (&str, &str),
        positions: Arc<Positions>,
        stop: Stop,
    ) -> Result<Arc<Self>, StreamError> {
        let client = client(endpoint, region);
        let table = mapping.table.clone();
        let listed = client.list_streams().table_name(&table).send().await;
        let listed = listed
            .map_err(|error| StreamError::Server(table.clone(), DisplayErrorContext(error).to_string()))?;
        // Of an earlier stream of the table there may be a rest; the label begins with the time.
        let newest = listed.streams().iter().max_by_key(|stream| stream.stream_label());
        let arn = newest.and_then(|stream| stream.stream_arn()).map(ToOwned::to_owned);
        let arn = arn.ok_or_else(|| StreamError::None(table.clone()))?;
        let reader = Self {
            mapping: Arc::new(mapping),
            client,
            arn,
            positions,
            shards: Mutex::default(),
            found: Mutex::default(),
            shard_ended: Arc::new(Notify::new()),
            stop,
        };
        let described = reader.describe().await.map_err(|error| StreamError::Server(table, error))?;
        let found = reader.begin(&described, true)?;
        *lock(&reader.found) = found;
        Ok(Arc::new(reader))
    }

    /// Reads all shards, each after the one that it continues, until it is to stop.
    pub(super) async fn run(self: Arc<Self>) {
        let mut reading = JoinSet::new();
        let mut found = std::mem::take(&mut *lock(&self.found));
        while !self.stop.is_set() {
            for (shard, start) in found.drain(..) {
                let (client, stop, ended) =
                    (self.client.clone(), self.stop.clone(), Arc::clone(&self.shard_ended));
                reading.spawn(async move {
                    shard.read(client, start, stop).await;
                    ended.notify_one();
                });
            }
            while reading.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(LOOK_FOR_SHARDS) => {}
                () = self.shard_ended.notified() => {}
                () = self.stop.is_due() => break,
            }
            let begun = match self.describe().await {
                Ok(described) => self.begin(&described, false).map_err(|error| error.to_string()),
                Err(error) => Err(error),
            };
            match begun {
                Ok(begun) => found = begun,
                Err(error) => {
                    self.mapping.caller.notice(&format!("stream of {}: {error}", self.mapping.table));
                }
            }
        }
        while reading.join_next().await.is_some() {}
    }

    /// Waits until all that was written before this call has come to its end.
    pub(super) async fn caught_up(&self) {
        let shards: Vec<_> = lock(&self.shards).values().cloned().collect();
        for shard in shards {
            shard.caught_up().await;
        }
    }

    pub(super) fn moves(&self) -> u64 {
        lock(&self.shards).values().map(|shard| shard.moves()).sum()
    }

    /// The shards that can be read now and are not yet, each with its beginning.
    fn begin(
        &self,
        described: &[types::Shard],
        is_first_look: bool,
    ) -> Result<Vec<(Arc<Shard>, Start)>, rusqlite::Error> {
        let mut begun = Vec::new();
        let mut shards = lock(&self.shards);
        let is_there = |id: &str| described.iter().any(|shard| shard.shard_id() == Some(id));
        for shard in described {
            let Some(id) = shard.shard_id() else { continue };
            if shards.contains_key(id) {
                continue;
            }
            let kept = self.kept(id)?;
            if kept == Some(Position::End) {
                continue;
            }
            // A shard that goes on with another one waits until all of that is read.
            if let Some(parent) = shard.parent_shard_id()
                && is_there(parent)
                && self.kept(parent)? != Some(Position::End)
                && !shards.get(parent).is_some_and(|parent| parent.has_ended())
            {
                continue;
            }
            let start = match kept {
                Some(position) => Start::At(position),
                None if is_first_look && !self.mapping.source.from_horizon => latest(shard),
                None => Start::At(Position::Start),
            };
            let reading = Shard::new(
                id.to_owned(),
                self.arn.clone(),
                Arc::clone(&self.mapping),
                Arc::clone(&self.positions),
            );
            if let Start::At(position) = &start {
                reading.keep(position);
            }
            let reading = Arc::new(reading);
            shards.insert(id.to_owned(), Arc::clone(&reading));
            begun.push((reading, start));
        }
        Ok(begun)
    }

    fn kept(&self, shard: &str) -> Result<Option<Position>, rusqlite::Error> {
        self.positions.get([&self.mapping.key, &self.arn, shard])
    }

    async fn describe(&self) -> Result<Vec<types::Shard>, String> {
        let (mut shards, mut last) = (Vec::new(), None);
        loop {
            let described = self
                .client
                .describe_stream()
                .stream_arn(&self.arn)
                .set_exclusive_start_shard_id(last)
                .send()
                .await
                .map_err(|error| DisplayErrorContext(error).to_string())?;
            let Some(stream) = described.stream_description else { return Ok(shards) };
            shards.extend(stream.shards.unwrap_or_default());
            last = stream.last_evaluated_shard_id;
            if last.is_none() {
                return Ok(shards);
            }
        }
    }
}

/// Behind what there is. Where the server does not tell what that is, it has to find it.
fn latest(shard: &types::Shard) -> Start {
    let range = shard.sequence_number_range();
    let first = range.and_then(|range| range.starting_sequence_number());
    match range.and_then(|range| range.ending_sequence_number()) {
        Some(last) => Start::At(Position::After(last.to_owned())),
        None if first.is_none() => Start::At(Position::Start),
        None => Start::Latest,
    }
}

/// Streams have an address of their own at AWS; elsewhere they are where the tables are.
fn client(endpoint: &str, region: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(crate::secrets::aws_credentials());
    let is_at_aws = endpoint.trim_end_matches('/').ends_with(".amazonaws.com");
    Client::from_conf(if is_at_aws { config } else { config.endpoint_url(endpoint) }.build())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
