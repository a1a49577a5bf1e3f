//! How much an item takes per second.

use tokio::time::Instant;

/// What an item takes in a second, and at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    per_second: f64,
    burst: f64,
}

impl Rate {
    /// A partition's limit at AWS, and so an item's: 1,000 write units a second.
    pub(super) const WRITE: Self = Self::with_short_burst(1_000.0);
    /// The same for reads: 3,000 read units a second.
    pub(super) const READ: Self = Self::with_short_burst(3_000.0);

    /// A tenth of a second's worth is taken at once.
    ///
    /// AWS promises no burst above a partition's limit; now and then it grants seconds of it. With none at all
    /// two calls in one millisecond would be refused, which no partition does; with more, a test of a few
    /// seconds would pass on the burst. In any span of t seconds an item thus takes at most (t + 0.1) * 1,000.
    const fn with_short_burst(per_second: f64) -> Self {
        Self { per_second, burst: per_second / 10.0 }
    }
}

/// A token bucket. Time comes in with each call, so that a test can set it.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    units: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, units: rate.burst, at: now }
    }

    /// Takes `units` out if they are there.
    ///
    /// More units than the bucket can ever hold (an item of 400 KB in a transaction is 800) are given by a
    /// full bucket, and leave a debt that the following calls wait for.
    pub(super) fn take(&mut self, now: Instant, units: f64) -> bool {
        self.refill(now);
        let enough = self.units >= units.min(self.rate.burst);
        if enough {
            self.units -= units;
        }
        enough
    }

    /// Corrects an estimate afterwards: `units` more were consumed than taken, or fewer if negative.
    pub(super) fn settle(&mut self, units: f64) {
        self.units = (self.units - units).min(self.rate.burst);
    }

    /// Whether it is as good as new, so that it can be forgotten.
    pub(super) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.units >= self.rate.burst
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.units = (self.units + passed * self.rate.per_second).min(self.rate.burst);
        self.at = self.at.max(now);
    }
}
