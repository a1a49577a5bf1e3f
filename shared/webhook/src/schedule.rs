//! When a delivery that failed is tried again.

use std::time::Duration;

use models::Timestamp;

/// The longest pause between two attempts.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// For how long after the event a delivery is tried again.
pub const PATIENCE: Duration = Duration::from_hours(24);

/// The pause after so many failed attempts: 1, 2, 4 … up to 600 s. None before the first.
pub fn pause(failed: u32) -> Duration {
    match failed {
        0 => Duration::ZERO,
        // The eleventh would be 1024 s.
        1..=10 => Duration::from_secs(1 << (failed - 1)),
        _ => LONGEST_PAUSE,
    }
}

/// When a delivery is tried next after so many failed attempts, the last of which ended at `now`; never, if that would
/// be more than [`PATIENCE`] after the event.
///
/// Before the first attempt it is always `now`: an event that earlier ones held back for a day is tried at least once.
pub fn next_attempt(occurred_at: Timestamp, failed: u32, now: Timestamp) -> Option<Timestamp> {
    let next = now.plus(pause(failed));
    (failed == 0 || next <= occurred_at.plus(PATIENCE)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn pauses_double_from_a_second_to_ten_minutes() {
        let pauses: Vec<u64> = (0..13).map(|failed| pause(failed).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn a_delivery_is_given_up_a_day_after_the_event() {
        let (mut now, mut attempts) = (EVENT, 0);
        while let Some(next) = next_attempt(EVENT, attempts, now) {
            assert!(next.since(EVENT) <= PATIENCE);
            (now, attempts) = (next, attempts + 1);
        }
        // Ten doubling pauses are 1023 s, then it is six an hour.
        assert_eq!(attempts, 1 + 10 + (24 * 3600 - 1023) / 600);
        assert!(now.since(EVENT) > PATIENCE.saturating_sub(LONGEST_PAUSE));
    }

    #[test]
    fn the_last_attempt_may_come_exactly_at_the_end() {
        let last = EVENT.plus(PATIENCE);
        assert_eq!(next_attempt(EVENT, 1, last.minus(Duration::from_secs(1))), Some(last));
        assert_eq!(next_attempt(EVENT, 1, last.minus(Duration::from_millis(999))), None);
    }

    #[test]
    fn what_was_held_back_for_days_is_tried_once() {
        let late = EVENT.plus(Duration::from_hours(60));
        assert_eq!(next_attempt(EVENT, 0, late), Some(late));
        assert_eq!(next_attempt(EVENT, 1, late), None);
    }
}
