//! What the functions of a stack did, added up from what the stack's console says of them: each says in one line what it
//! asked of DynamoDB and how long it took.

use std::collections::BTreeMap;
use std::time::Duration;

use local::queues::Depth;
use testing::Server;

use crate::table::Table;

/// How often it is looked whether rounds are still to come.
const LOOK: Duration = Duration::from_millis(100);
/// How long a line takes at most from a process to the console.
const PRINTING: Duration = Duration::from_millis(300);

/// What a function did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Work {
    /// Invocations.
    pub(super) calls: f64,
    /// Those that the HTTP API made.
    pub(super) requests: f64,
    pub(super) round_trips: f64,
    pub(super) read_units: f64,
    /// Of the table and its indexes.
    pub(super) write_units: f64,
    /// How long it took, in milliseconds, each begun one counted as Lambda bills it.
    pub(super) billed_ms: f64,
    /// What it has logged of that.
    pub(super) log_bytes: f64,
}

/// What was received from queues.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Received {
    pub(super) batches: f64,
    pub(super) messages: f64,
}

/// What all functions did in a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) functions: BTreeMap<String, Work>,
    /// By the queue's name.
    pub(super) queues: BTreeMap<String, Received>,
    /// Posts of presence, and the rounds that they were made in.
    pub(super) presence_posts: f64,
    pub(super) rounds: f64,
}

/// Reads a stack's console, from time to time.
pub(super) struct Log<'a> {
    server: &'a Server,
    seen: usize,
}

impl<'a> Log<'a> {
    /// What is said from now on.
    pub(super) fn from_now(server: &'a Server) -> Self {
        Self { server, seen: server.console.kept().len() }
    }

    /// What was done since the last time, once there is nothing left to do.
    pub(super) async fn read(&mut self) -> Tally {
        loop {
            self.server.stack.settled().await;
            // Rounds are delayed, and put off after large ones; what is settled does not wait for them.
            let rounds = self.server.stack.queue_depth("RoundsQueue").expect("there is the queue");
            if rounds == Depth::default() {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(PRINTING).await;
        let lines = self.server.console.kept();
        let tally = Tally::of(&lines[self.seen..]);
        self.seen = lines.len();
        tally
    }
}

impl Tally {
    fn of(lines: &[String]) -> Self {
        let mut tally = Self::default();
        for line in lines {
            let Some((name, text)) = line.split_once(" | ") else { continue };
            tally.note(name.trim(), text);
        }
        tally
    }

    fn note(&mut self, name: &str, text: &str) {
        if let Some(round_trips) = number(text, "dynamodb_calls") {
            let field = |name| number(text, name).unwrap_or_default();
            let work = self.functions.entry(name.to_owned()).or_default();
            work.calls += 1.0;
            work.requests += f64::from(u8::from(number(text, "status").is_some()));
            work.round_trips += round_trips;
            work.read_units += field("read_units");
            work.write_units += field("write_units");
            work.billed_ms += field("duration_ms") + 1.0;
            work.log_bytes += f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
        } else if let Some(posts) = number(text, "posts") {
            self.presence_posts += posts;
            self.rounds += f64::from(u8::from(posts > 0.0));
        } else if let Some((queue, messages)) = of_a_queue(text) {
            let received = self.queues.entry(queue.to_owned()).or_default();
            received.batches += 1.0;
            received.messages += messages;
        }
    }

    /// What one function did.
    pub(super) fn of_function(&self, name: &str) -> Work {
        self.functions.get(name).copied().unwrap_or_default()
    }

    /// What all of them did.
    pub(super) fn all(&self) -> Work {
        self.functions.values().fold(Work::default(), Work::plus)
    }

    /// A row for each function.
    pub(super) fn table(&self) -> Table {
        let mut table =
            Table::new(["function", "calls", "round trips", "read units", "write units", "mean ms"]);
        let all = ("**all**".to_owned(), self.all());
        for (name, work) in self.functions.iter().map(|(name, work)| (name.clone(), *work)).chain([all]) {
            table.row([
                name,
                format!("{:.0}", work.calls),
                format!("{:.0}", work.round_trips),
                format!("{:.1}", work.read_units),
                format!("{:.0}", work.write_units),
                format!("{:.1}", work.billed_ms / work.calls.max(1.0)),
            ]);
        }
        table
    }
}

impl Work {
    /// Both together.
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            requests: self.requests + other.requests,
            round_trips: self.round_trips + other.round_trips,
            read_units: self.read_units + other.read_units,
            write_units: self.write_units + other.write_units,
            billed_ms: self.billed_ms + other.billed_ms,
            log_bytes: self.log_bytes + other.log_bytes,
        }
    }
}

/// The number of a field of a line, be it one of JSON or one of words.
fn number(text: &str, field: &str) -> Option<f64> {
    let begins = |(place, _): &(usize, &str)| {
        text[..*place].chars().next_back().is_none_or(|before| before == ' ' || before == '"')
    };
    let (place, _) = text.match_indices(field).find(begins)?;
    let value = text[place + field.len()..].trim_start_matches('"').strip_prefix(['=', ':'])?;
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    value[..end].parse().ok()
}

/// The queue and the number of messages in the line of a call for them.
fn of_a_queue(text: &str) -> Option<(&str, f64)> {
    let (queue, rest) = text.strip_prefix("queue ")?.split_once(", ")?;
    let (messages, rest) = rest.split_once(" message")?;
    // A notice of what failed begins alike.
    rest.contains(" ms").then_some((queue, messages.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_words_and_of_json_are_added_up() {
        let lines = [
            r#"on_sync |  INFO message route="sync" dynamodb_calls=3 read_units=4.5 write_units=1.0 duration_ms=12"#,
            r#"get_room | {"level":"INFO","fields":{"status":200,"dynamodb_calls":1,"read_units":1.0,"duration_ms":3}}"#,
            "tell_presence |  INFO presence room=main/r seq=3 posts=7",
            "tell_presence | queue local-RoundsQueue.fifo, 3 messages 9.0 ms",
            "tell_presence | queue local-RoundsQueue.fifo, 3 messages: 1 message failed and will be there again 60 s after receipt",
            "on_sync | ws sync 200 14.0 ms",
        ];
        let tally = Tally::of(&lines.map(str::to_owned));
        let sync = tally.of_function("on_sync");
        assert_eq!((sync.calls, sync.round_trips, sync.requests), (1.0, 3.0, 0.0));
        assert_eq!((sync.read_units, sync.write_units, sync.billed_ms), (4.5, 1.0, 13.0));
        assert!(tally.of_function("get_room").requests > 0.0);
        assert_eq!((tally.presence_posts, tally.rounds), (7.0, 1.0));
        let rounds = Received { batches: 1.0, messages: 3.0 };
        assert_eq!(
            tally.queues.into_iter().collect::<Vec<_>>(),
            [("local-RoundsQueue.fifo".to_owned(), rounds)]
        );
        assert_eq!(number("no_posts=3 posts=4", "posts"), Some(4.0));
    }
}
