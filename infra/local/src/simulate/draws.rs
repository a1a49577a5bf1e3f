//! The dice: what chance decides about a call, drawn from the seed.

use std::time::Duration;

use super::Profile;

/// Half of the calls take less.
const MEDIAN_MS: f64 = 4.0;
/// The spread of the logarithm that puts the 99th percentile at 15 ms: ln(15 / 4) / 2.3263.
const SIGMA: f64 = 0.568_17;

/// Of all calls, those that fail before anything has happened; as many fail after they took effect.
const FAILED_BEFORE: f64 = 0.10;
const FAILED: f64 = 0.20;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// HTTP 500 `InternalServerError`.
    Internal,
    /// Throttling; a transaction is cancelled with `ThrottlingError`.
    Throttled,
    /// The connection closes without an answer.
    Cut,
}

/// A failure, and on which side of its effect it falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) failure: Failure,
    /// Whether the database has done as it was told, so that only the answer is lost. Never with throttling:
    /// what AWS throttles it has not done, and a caller may rely on that.
    pub(super) takes_effect: bool,
}

/// What chance decides about one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Draw {
    /// The call's arrival number, from 0.
    pub(super) arrival: u64,
    /// From arrival to answer.
    pub(super) latency: Duration,
    /// From arrival to the moment at which the call takes effect; at most `latency`.
    pub(super) effect_after: Duration,
    /// How it fails, if it does.
    pub(super) fault: Option<Fault>,
}

/// The draws of one run, in the order of arrival.
#[derive(Debug)]
pub(super) struct Draws {
    generator: fastrand::Rng,
    profile: Profile,
    arrivals: u64,
}

impl Draws {
    pub(super) fn new(profile: Profile, seed: u64) -> Self {
        Self { generator: fastrand::Rng::with_seed(seed), profile, arrivals: 0 }
    }

    /// The draw of the next call.
    ///
    /// Every call takes the same count of numbers from the generator, whatever comes of them. So a call's draw
    /// depends on its arrival number alone, and its latency is the same under both profiles.
    pub(super) fn next(&mut self) -> Draw {
        let arrival = self.arrivals;
        self.arrivals += 1;
        let latency = latency(self.generator.f64(), self.generator.f64());
        let effect_after = latency.mul_f64(self.generator.f64());
        let fault = fault(self.generator.f64(), self.generator.f64());
        Draw { arrival, latency, effect_after, fault: fault.filter(|_| self.profile == Profile::Faults) }
    }
}

/// A log-normal latency from two even draws of [0, 1), by the Box-Muller transform.
///
/// The shape is that of most measured network services: never near zero, a long tail to the right.
fn latency(radius: f64, angle: f64) -> Duration {
    // 1 - radius is in (0, 1], where the logarithm is finite.
    let normal = (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
    Duration::from_secs_f64(MEDIAN_MS / 1_000.0 * (SIGMA * normal).exp())
}

/// The fault from two even draws of [0, 1): whether and when, and which.
///
/// Each failure makes up a third of the faults. Because throttling comes before the effect only, it takes two
/// thirds there, and the other two share the rest.
fn fault(when: f64, which: f64) -> Option<Fault> {
    let takes_effect = when >= FAILED_BEFORE;
    let throttled = if takes_effect { 0.0 } else { 2.0 / 3.0 };
    let failure = match which {
        _ if when >= FAILED => return None,
        which if which < throttled => Failure::Throttled,
        which if which < f64::midpoint(throttled, 1.0) => Failure::Internal,
        _ => Failure::Cut,
    };
    Some(Fault { failure, takes_effect })
}
