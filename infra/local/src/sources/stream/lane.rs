//! Batches of records on their way to a function: called, called again, split, and given up, as Lambda does
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use models::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Mapping;
use super::record::Record;
use super::shard::Shard;
use crate::runtime::InvokeError;
use crate::sources::queue::MOST_EVENT;
use crate::sources::{Stop, response};

/// How long it is to the first repetition; each time it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Takes some of a shard's records, in their order.
pub(super) struct Lane {
    pub(super) mapping: Arc<Mapping>,
    pub(super) shard: Arc<Shard>,
    pub(super) stop: Stop,
}

/// Records that are to be brought to the function together.
struct Batch {
    records: Vec<Record>,
    /// How often that failed.
    failures: u32,
}

/// What a call gave.
enum Outcome {
    Done,
    /// The records from this place on are to be brought again.
    FailedFrom(usize),
    /// The function could not be called: that is nobody's failure.
    Throttled,
}

impl Lane {
    /// Takes records until there are no more, or it is to stop.
    pub(super) async fn run(self, mut inbox: mpsc::UnboundedReceiver<Vec<Record>>) {
        let mut waiting = VecDeque::new();
        while let Some(records) = self.next_batch(&mut waiting, &mut inbox).await {
            self.bring(records).await;
            if self.stop.is_set() {
                return;
            }
        }
    }

    /// As many records as make a batch; where there are fewer, waits for more as long as the window is open.
    async fn next_batch(
        &self,
        waiting: &mut VecDeque<Record>,
        inbox: &mut mpsc::UnboundedReceiver<Vec<Record>>,
    ) -> Option<Vec<Record>> {
        let source = &self.mapping.source;
        if waiting.is_empty() {
            waiting.extend(inbox.recv().await?);
        }
        let closes = Instant::now() + source.window;
        while waiting.len() < source.batch {
            match inbox.try_recv() {
                Ok(records) => waiting.extend(records),
                Err(_) => match tokio::time::timeout_at(closes, inbox.recv()).await {
                    Ok(Some(records)) => waiting.extend(records),
                    Ok(None) | Err(_) => break,
                },
            }
        }
        let mut bytes = 0;
        let fitting = waiting.iter().take(source.batch).take_while(|record| {
            bytes += record.bytes;
            bytes <= MOST_EVENT
        });
        let most = fitting.count().max(1).min(waiting.len());
        Some(waiting.drain(..most).collect())
    }

    /// Brings records to their end: the function has them, or they are given up.
    async fn bring(&self, records: Vec<Record>) {
        // The next one is the last: what is split goes on with its first part.
        let mut batches = vec![Batch { records, failures: 0 }];
        while let Some(batch) = batches.pop() {
            if self.stop.is_set() {
                return;
            }
            let Some(batch) = self.without_old(batch) else { continue };
            match self.call(&batch.records).await {
                Outcome::Done => self.shard.finish(&batch.records),
                Outcome::Throttled => {
                    self.pause(0).await;
                    batches.push(batch);
                }
                Outcome::FailedFrom(place) => {
                    let after = self.after_failure(batch, place);
                    let failures = after.last().map_or(0, |batch| batch.failures);
                    batches.extend(after);
                    if failures > 0 {
                        self.pause(failures - 1).await;
                    }
                }
            }
        }
    }

    async fn call(&self, records: &[Record]) -> Outcome {
        let events: Vec<&Value> = records.iter().map(|record| &record.event).collect();
        let event = Bytes::from(json!({"Records": events}).to_string());
        let what = format!("stream of {}, {}", self.mapping.table, count(records.len()));
        let caller = &self.mapping.caller;
        let invoked = match caller.call(&what, event).await {
            Ok(invoked) => invoked,
            Err(InvokeError::Throttled(_)) => return Outcome::Throttled,
            Err(_) => return Outcome::FailedFrom(0),
        };
        if !self.mapping.source.partial {
            return Outcome::Done;
        }
        let place = |sequence: &str| records.iter().position(|record| record.sequence == sequence);
        match response::failures(&invoked.payload, |sequence| place(sequence).is_some()) {
            Ok(failed) => match failed.iter().filter_map(|sequence| place(sequence)).min() {
                None => Outcome::Done,
                Some(first) => {
                    caller.notice(&format!("{what}: failed from {} on", count_of(first)));
                    Outcome::FailedFrom(first)
                }
            },
            Err(why) => {
                caller.notice(&format!("{what}: its answer is not understood: {why}"));
                Outcome::FailedFrom(0)
            }
        }
    }

    /// What is to be brought next when the records from `place` on failed; the first part stands last.
    fn after_failure(&self, batch: Batch, place: usize) -> Vec<Batch> {
        let Batch { mut records, failures } = batch;
        let source = &self.mapping.source;
        let rest = records.split_off(place);
        self.shard.finish(&records);
        if source.bisect && (place > 0 || rest.len() > 1) {
            // Splitting counts as no repetition. The function may have said where.
            let middle = if place > 0 { 0 } else { rest.len().div_ceil(2) };
            let mut first = rest;
            let second = first.split_off(middle);
            let parts = [second, first].into_iter().filter(|records| !records.is_empty());
            return parts.map(|records| Batch { records, failures }).collect();
        }
        // What came further than before has failed once.
        let failures = if place > 0 { 1 } else { failures + 1 };
        if source.retries.is_some_and(|retries| failures > retries) {
            self.give_up(&rest, "RetryAttemptsExhausted", failures);
            return Vec::new();
        }
        vec![Batch { records: rest, failures }]
    }

    /// The batch without records that are too old, if anything is left of it.
    fn without_old(&self, batch: Batch) -> Option<Batch> {
        let now = self.mapping.clock.now();
        let is_old = |record: &Record| {
            self.mapping.source.most_age.is_some_and(|age| now.since(record.created_at) > age)
        };
        let (old, records): (Vec<_>, Vec<_>) = batch.records.into_iter().partition(is_old);
        if !old.is_empty() {
            self.give_up(&old, "RecordAgeExceeded", batch.failures);
        }
        (!records.is_empty()).then_some(Batch { records, failures: batch.failures })
    }

    fn give_up(&self, records: &[Record], condition: &str, calls: u32) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return };
        let caller = &self.mapping.caller;
        let text = format!(
            "stream of {}: {} given up ({condition}), {} to {}",
            self.mapping.table,
            count(records.len()),
            first.sequence,
            last.sequence
        );
        caller.notice(&text);
        let arrival = |at: Timestamp| at.to_string();
        self.mapping.tell_of_failure(&json!({
            "requestContext": {
                "requestId": crate::sources::request_id(),
                "functionArn": caller.arn(),
                "condition": condition,
                "approximateInvokeCount": calls,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": self.mapping.clock.now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": self.shard.id,
                "startSequenceNumber": first.sequence,
                "endSequenceNumber": last.sequence,
                "approximateArrivalOfFirstRecord": arrival(first.created_at),
                "approximateArrivalOfLastRecord": arrival(last.created_at),
                "batchSize": records.len(),
                "streamArn": self.mapping.source.arn,
            },
        }));
        self.shard.finish(records);
    }

    async fn pause(&self, times: u32) {
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.is_due() => {}
        }
    }
}

fn count(records: usize) -> String {
    format!("{records} record{}", if records == 1 { "" } else { "s" })
}

fn count_of(place: usize) -> String {
    format!("record {}", place + 1)
}
