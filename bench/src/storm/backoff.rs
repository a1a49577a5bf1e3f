//! Pauses between attempts, as the store makes them, so that only the designs differ.

use std::time::Duration;

use models::{Random as _, SystemRandom};
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(8);
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// The pauses of one write: full jitter, doubling, under a deadline.
pub(super) struct Backoff {
    until: Instant,
    pause: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + DEADLINE, pause: FIRST_PAUSE }
    }

    /// Waits before the next attempt; false when there is no time for one.
    pub(super) async fn pause(&mut self) -> bool {
        let pause = self.pause.mul_f64(SystemRandom.fraction());
        if Instant::now() + pause >= self.until {
            return false;
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
        true
    }
}
