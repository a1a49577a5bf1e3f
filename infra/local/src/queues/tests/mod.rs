//! The rules by a clock that stands, and the protocol by the real SDK.

mod fifo;
mod kept;
mod protocol;
mod standard;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use models::{FixedClock, Timestamp};

use super::*;
use crate::template::{Fifo, Redrive};

/// A standard queue, or a FIFO queue if it is named so.
pub(crate) fn queue(name: &str) -> template::Queue {
    template::Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:{name}"),
        url: format!("http://127.0.0.1/000000000000/{name}"),
        fifo: name.strip_suffix(".fifo").map(|_| Fifo::default()),
        delay: Duration::ZERO,
        visibility: Duration::from_secs(30),
        retention: Duration::from_hours(96),
        wait: Duration::ZERO,
        most_bytes: 1_048_576,
        redrive: None,
        line: 1,
    }
}

fn redriven(name: &str, to: &str, most_receives: u32) -> template::Queue {
    let redrive = Redrive { dead_letter_arn: format!("arn:{to}"), most_receives };
    template::Queue { redrive: Some(redrive), ..queue(name) }
}

/// Queues with a clock that a test moves.
struct Bench {
    queues: Queues,
    clock: Arc<FixedClock>,
    console: Console,
}

impl Bench {
    fn of(settings: &[template::Queue]) -> Self {
        Self::kept(settings, None)
    }

    fn kept(settings: &[template::Queue], directory: Option<&Path>) -> Self {
        let clock = Arc::new(FixedClock::new(Timestamp::from_seconds(1_800_000_000)));
        let console = Console::memory();
        let given: Arc<dyn Clock> = Arc::<FixedClock>::clone(&clock);
        let queues = Queues::open(settings, directory, given, console.clone()).expect("opened");
        Self { queues, clock, console }
    }

    fn send(&self, draft: Draft) -> Sent {
        self.queues.send(QueueId(0), draft).expect("sent")
    }

    fn receive(&self, most: usize) -> Vec<Received> {
        self.queues.receive(QueueId(0), most, None).expect("received")
    }

    fn bodies(&self, most: usize) -> Vec<String> {
        bodies(&self.receive(most))
    }

    fn delete(&self, received: &Received) {
        self.queues.delete(QueueId(0), &received.receipt).expect("deleted");
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn bodies(received: &[Received]) -> Vec<String> {
    received.iter().map(|received| received.message.body.clone()).collect()
}
