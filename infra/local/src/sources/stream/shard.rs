//! Reading one shard: page after page, record after record into the lanes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::DisplayErrorContext;
use aws_sdk_dynamodbstreams::operation::get_records::{GetRecordsError, GetRecordsOutput};
use aws_sdk_dynamodbstreams::operation::get_shard_iterator::GetShardIteratorError;
use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::Mapping;
use super::lane::Lane;
use super::positions::{Position, Positions};
use super::progress::Progress;
use super::record::{self, Record};
use crate::sources::Stop;

/// How often it is looked for records where there was none. AWS does so four times a second.
const LOOK: Duration = Duration::from_millis(100);
/// How long it waits after a failure of the server.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Most records of one page, and most that may be under way before the next one is read.
const MOST_RECORDS: i32 = 1000;

/// Where reading begins.
pub(super) enum Start {
    At(Position),
    /// With the record that comes next; the server alone knows which that is.
    Latest,
}

/// A shard that is read.
pub(super) struct Shard {
    pub(super) id: String,
    stream: String,
    mapping: Arc<Mapping>,
    positions: Arc<Positions>,
    progress: Progress,
    /// The number of the last question whether all is read, and of the last one that was answered so.
    asked: AtomicU64,
    answered: watch::Sender<u64>,
    hurry: Notify,
}

/// Why there is no page.
enum Trouble {
    /// What is asked for is not kept any more.
    TooOld,
    /// An iterator is good for some minutes only.
    Expired,
    /// What the server says.
    Server(String),
}

impl Shard {
    pub(super) fn new(id: String, stream: String, mapping: Arc<Mapping>, positions: Arc<Positions>) -> Self {
        Self {
            id,
            stream,
            mapping,
            positions,
            progress: Progress::new(),
            asked: AtomicU64::default(),
            answered: watch::Sender::new(0),
            hurry: Notify::new(),
        }
    }

    /// Keeps a position.
    pub(super) fn keep(&self, position: &Position) {
        let key = [self.mapping.key.as_str(), &self.stream, &self.id];
        if let Err(error) = self.positions.set(key, position) {
            let text = format!("stream of {}: its position is not kept: {error}", self.mapping.table);
            self.mapping.caller.notice(&text);
        }
    }

    /// Notes that these records have come to their end.
    pub(super) fn finish(&self, records: &[Record]) {
        self.finish_numbers(records.iter().map(|record| record.number));
    }

    fn finish_numbers(&self, numbers: impl IntoIterator<Item = u64>) {
        if let Some(sequence) = self.progress.finish(numbers) {
            self.keep(&Position::After(sequence));
        }
        self.progress.tell();
    }

    /// Waits until all that was written before this call is read and done.
    pub(super) async fn caught_up(&self) {
        let question = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.hurry.notify_one();
        // The sender is here, so the wait ends only with its answer.
        let _ = self.answered.subscribe().wait_for(|answered| *answered >= question).await;
        self.progress.at_most(0).await;
    }

    /// Whether all of it was read and is done.
    pub(super) fn has_ended(&self) -> bool {
        *self.answered.borrow() == u64::MAX
    }

    /// How many records were begun and finished so far.
    pub(super) fn moves(&self) -> u64 {
        self.progress.moves()
    }

    /// Reads it to its end, or until it is to stop; in both cases waits for what is under way.
    pub(super) async fn read(self: Arc<Self>, client: Client, start: Start, stop: Stop) {
        let mut lanes = JoinSet::new();
        let inboxes: Vec<_> = (0..self.mapping.source.lanes)
            .map(|_| {
                let (inbox, records) = mpsc::unbounded_channel();
                let lane =
                    Lane { mapping: Arc::clone(&self.mapping), shard: Arc::clone(&self), stop: stop.clone() };
                lanes.spawn(lane.run(records));
                inbox
            })
            .collect();
        let is_read = tokio::select! {
            () = self.read_pages(&client, start, &inboxes) => true,
            () = stop.is_due() => false,
        };
        drop(inboxes);
        while lanes.join_next().await.is_some() {}
        if is_read && !stop.is_set() {
            self.keep(&Position::End);
        }
        // There is nothing more to come.
        self.answered.send_replace(u64::MAX);
    }

    async fn read_pages(
        &self,
        client: &Client,
        start: Start,
        inboxes: &[mpsc::UnboundedSender<Vec<Record>>],
    ) {
        let mut start = start;
        let mut iterator = None;
        loop {
            self.progress.at_most(MOST_RECORDS.unsigned_abs() as usize).await;
            let question = self.asked.load(Ordering::SeqCst);
            let page = match self.page(client, &start, &mut iterator).await {
                Ok(page) => page,
                Err(trouble) => {
                    // Where the server alone knows where reading began, its iterator is all there is.
                    let keep = matches!((&trouble, &start), (Trouble::Server(_), Start::Latest));
                    iterator.take_if(|_| !keep);
                    match trouble {
                        Trouble::TooOld => start = Start::At(Position::Start),
                        Trouble::Expired => {}
                        Trouble::Server(error) => {
                            let text = format!("stream of {}: {error}", self.mapping.table);
                            self.mapping.caller.notice(&text);
                            tokio::time::sleep(AFTER_FAILURE).await;
                        }
                    }
                    continue;
                }
            };
            let records = page.records.unwrap_or_default();
            if let Some(last) = records.last().and_then(|record| record.dynamodb()?.sequence_number()) {
                start = Start::At(Position::After(last.to_owned()));
            }
            let is_empty = records.is_empty();
            self.hand_out(records, inboxes);
            iterator = page.next_shard_iterator;
            if iterator.is_none() {
                return;
            }
            if is_empty {
                self.answered.send_if_modified(|answered| {
                    let is_new = *answered < question;
                    *answered = question.max(*answered);
                    is_new
                });
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = self.hurry.notified() => {}
                }
            }
        }
    }

    /// Puts records into their lanes, but those that the function does not get.
    fn hand_out(
        &self,
        records: Vec<aws_sdk_dynamodbstreams::types::Record>,
        inboxes: &[mpsc::UnboundedSender<Vec<Record>>],
    ) {
        let mut pages = vec![Vec::new(); inboxes.len()];
        let mut passed = Vec::new();
        for read in records {
            let Some(sequence) = read.dynamodb().and_then(|change| change.sequence_number()) else {
                continue;
            };
            let number = self.progress.begin(sequence);
            let mut record = Record::new(&read, sequence.to_owned(), &self.mapping.source.arn);
            record.number = number;
            if record::is_idle(&read) || !self.mapping.source.filters.pass(&record.event) {
                passed.push(number);
            } else {
                pages[record::lane(&read, inboxes.len())].push(record);
            }
        }
        if !passed.is_empty() {
            self.finish_numbers(passed);
        }
        for (inbox, page) in inboxes.iter().zip(pages).filter(|(_, page)| !page.is_empty()) {
            // A lane that has stopped takes no more: its records are read again at the next start.
            let _ = inbox.send(page);
        }
    }

    /// The next page, by the iterator; where there is none, by one that begins where reading goes on.
    async fn page(
        &self,
        client: &Client,
        start: &Start,
        iterator: &mut Option<String>,
    ) -> Result<GetRecordsOutput, Trouble> {
        let current = match iterator {
            Some(iterator) => iterator.clone(),
            None => iterator.insert(self.iterator(client, start).await?).clone(),
        };
        let page = client.get_records().shard_iterator(current).limit(MOST_RECORDS).send().await;
        page.map_err(|error| match error.as_service_error() {
            Some(GetRecordsError::TrimmedDataAccessException(_)) => Trouble::TooOld,
            Some(GetRecordsError::ExpiredIteratorException(_)) => Trouble::Expired,
            _ => Trouble::Server(DisplayErrorContext(error).to_string()),
        })
    }

    async fn iterator(&self, client: &Client, start: &Start) -> Result<String, Trouble> {
        let (kind, sequence) = match start {
            Start::Latest => (ShardIteratorType::Latest, None),
            Start::At(Position::After(sequence)) => {
                (ShardIteratorType::AfterSequenceNumber, Some(sequence.clone()))
            }
            Start::At(Position::Start | Position::End) => (ShardIteratorType::TrimHorizon, None),
        };
        let found = client
            .get_shard_iterator()
            .stream_arn(&self.stream)
            .shard_id(&self.id)
            .shard_iterator_type(kind)
            .set_sequence_number(sequence)
            .send()
            .await;
        let found = found.map_err(|error| match error.as_service_error() {
            Some(GetShardIteratorError::TrimmedDataAccessException(_)) => Trouble::TooOld,
            _ => Trouble::Server(DisplayErrorContext(error).to_string()),
        })?;
        found.shard_iterator.ok_or_else(|| Trouble::Server("it gave no iterator".to_owned()))
    }
}
