//! Randomness as a dependency.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, Uuid};

use crate::Timestamp;

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A random UUID (version 4).
    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A UUID that begins with the time (version 7), so that its age can be read from it.
    fn uuid_at(&self, now: Timestamp) -> Uuid {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        Builder::from_unix_timestamp_millis(u64::try_from(now.millis()).unwrap_or(0), &bytes).into_uuid()
    }

    /// A number in `0..bound`, each equally likely: draws that would favour the small ones are thrown away.
    fn below(&self, bound: u8) -> u8 {
        let fair = u8::MAX - (u8::MAX % bound + 1) % bound;
        loop {
            let mut byte = [0];
            self.fill(&mut byte);
            if byte[0] <= fair {
                return byte[0] % bound;
            }
        }
    }

    /// A number in `0..=1` with 53 random bits, for jitter.
    fn fraction(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let (drawn, whole) = ((u64::from_le_bytes(bytes) >> 11) as f64, (1_u64 << 53) as f64);
        drawn / whole
    }
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A repeatable generator for tests (SplitMix64); not for secrets.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// The generator that begins at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_drawn_equally_often_from_all_bytes() {
        // A generator that yields 0, 1, … 255 in turn: after the unfair tail is dropped each value comes equally often.
        struct Counting(AtomicU64);
        impl Random for Counting {
            fn fill(&self, bytes: &mut [u8]) {
                for byte in bytes {
                    *byte = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes()[0];
                }
            }
        }
        let random = Counting(AtomicU64::new(0));
        let mut counts = [0; 26];
        for _ in 0..26 * 9 * 10 {
            counts[usize::from(random.below(26))] += 1;
        }
        assert!(counts.iter().all(|&count| count == 90), "{counts:?}");
    }

    #[test]
    fn a_timed_uuid_holds_its_time() {
        let at = Timestamp::from_millis(1_772_534_100_007);
        let (seconds, nanos) = SeededRandom::new(1).uuid_at(at).get_timestamp().expect("version 7").to_unix();
        assert_eq!((seconds, nanos), (1_772_534_100, 7_000_000));
    }
}
