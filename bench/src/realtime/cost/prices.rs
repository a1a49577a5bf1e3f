//! What AWS takes for what a session uses, in us-east-1 in autumn 2026.

use std::ops::Add;

use super::super::tally::Tally;

/// Dollars a million requests of an HTTP API (<https://aws.amazon.com/api-gateway/pricing/>).
const HTTP_REQUESTS: f64 = 1.00;
/// Dollars a million messages of a WebSocket API, either way, each begun 32 KB of one; posts to connections are such.
const MESSAGES: f64 = 1.00;
/// Dollars a million minutes of its connections.
const MINUTES: f64 = 0.25;
/// Dollars a million invocations of functions (<https://aws.amazon.com/lambda/pricing/>).
const INVOCATIONS: f64 = 0.20;
/// Dollars a million GB-seconds of them, on arm64.
const GB_SECONDS: f64 = 13.333_4;
/// Dollars a million units of DynamoDB on demand (<https://aws.amazon.com/dynamodb/pricing/on-demand/>). What Lambda reads
/// of its streams is free.
const READS: f64 = 0.125;
const WRITES: f64 = 0.625;
/// Dollars a million requests of SQS, for the two kinds of queues (<https://aws.amazon.com/sqs/pricing/>).
const STANDARD: f64 = 0.40;
const FIFO: f64 = 0.50;
/// Dollars a million bytes of logs, taken in (<https://aws.amazon.com/cloudwatch/pricing/>): $0.50 a GB.
const LOGS: f64 = 0.000_5;

/// Bytes that are counted with each line.
const OF_A_LINE: f64 = 26.0;

/// One message of a WebSocket API has so many bytes at most, for its price.
const MESSAGE: usize = 32 * 1_024;

/// How many messages of the price list one of so many bytes is.
pub(super) const fn metered(bytes: usize) -> usize {
    if bytes == 0 { 1 } else { bytes.div_ceil(MESSAGE) }
}

/// What is paid for, in the order in which it is shown.
pub(super) const ITEMS: [&str; 9] = [
    "HTTP requests",
    "messages",
    "connection minutes",
    "invocations",
    "GB-seconds",
    "read units",
    "write units",
    "SQS requests",
    "KB of logs",
];

/// How much of all that is used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    pub(super) http_requests: f64,
    pub(super) messages: f64,
    pub(super) minutes: f64,
    pub(super) invocations: f64,
    pub(super) gb_seconds: f64,
    pub(super) reads: f64,
    pub(super) writes: f64,
    pub(super) standard: f64,
    pub(super) fifo: f64,
    pub(super) log_bytes: f64,
}

impl Used {
    /// What functions used, each of which has so many MB of memory. A message of a queue takes one request before it is
    /// received, which sends it or puts it off, and each batch two, to receive and to delete it. That Lambda asks queues in
    /// vain costs the same however many sessions there are, and is not in it.
    pub(super) fn by(tally: &Tally, memory_mb: impl Fn(&str) -> f64) -> Self {
        let all = tally.all();
        let mut used = Self {
            http_requests: all.requests,
            invocations: all.calls,
            reads: all.read_units,
            writes: all.write_units,
            log_bytes: all.log_bytes + all.calls * OF_A_LINE,
            ..Self::default()
        };
        for (name, work) in &tally.functions {
            used.gb_seconds += work.billed_ms / 1_000.0 * memory_mb(name) / 1_024.0;
        }
        for (name, received) in &tally.queues {
            let requests = received.messages + 2.0 * received.batches;
            *if name.strip_suffix(".fifo").is_some() { &mut used.fifo } else { &mut used.standard } +=
                requests;
        }
        used
    }

    /// The amounts of [`ITEMS`].
    pub(super) fn amounts(&self) -> [f64; 9] {
        [
            self.http_requests,
            self.messages,
            self.minutes,
            self.invocations,
            self.gb_seconds,
            self.reads,
            self.writes,
            self.standard + self.fifo,
            self.log_bytes / 1_000.0,
        ]
    }

    /// What a million times each of them costs, in dollars.
    pub(super) fn dollars(&self) -> [f64; 9] {
        [
            self.http_requests * HTTP_REQUESTS,
            self.messages * MESSAGES,
            self.minutes * MINUTES,
            self.invocations * INVOCATIONS,
            self.gb_seconds * GB_SECONDS,
            self.reads * READS,
            self.writes * WRITES,
            self.standard * STANDARD + self.fifo * FIFO,
            self.log_bytes * LOGS,
        ]
    }

    /// What a million times all of it costs.
    pub(super) fn price(&self) -> f64 {
        self.dollars().iter().sum()
    }

    /// So many times that.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            http_requests: self.http_requests * factor,
            messages: self.messages * factor,
            minutes: self.minutes * factor,
            invocations: self.invocations * factor,
            gb_seconds: self.gb_seconds * factor,
            reads: self.reads * factor,
            writes: self.writes * factor,
            standard: self.standard * factor,
            fifo: self.fifo * factor,
            log_bytes: self.log_bytes * factor,
        }
    }
}

impl Add for Used {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            http_requests: self.http_requests + other.http_requests,
            messages: self.messages + other.messages,
            minutes: self.minutes + other.minutes,
            invocations: self.invocations + other.invocations,
            gb_seconds: self.gb_seconds + other.gb_seconds,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            standard: self.standard + other.standard,
            fifo: self.fifo + other.fifo,
            log_bytes: self.log_bytes + other.log_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_paid_for_by_the_begun_32_kb() {
        assert_eq!([0, 1, MESSAGE, MESSAGE + 1].map(metered), [1, 1, 1, 2]);
    }

    #[test]
    fn amounts_are_priced_each_by_its_own() {
        let used = Used { messages: 2.0, writes: 4.0, fifo: 2.0, log_bytes: 1_000.0, ..Used::default() };
        assert!((used.price() - (2.0 + 2.5 + 1.0 + 0.5)).abs() < 1e-9, "{}", used.price());
        assert!((used + used.times(-1.0)).price().abs() < 1e-9);
        assert_eq!(used.amounts().len(), ITEMS.len());
    }
}
