//! What of a shard has been read and what is done: the position is before the first record that is not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The records of one shard that are under way.
#[derive(Debug)]
pub(super) struct Progress {
    window: Mutex<Window>,
    /// How many records are under way.
    under_way: watch::Sender<usize>,
    /// How many were begun and finished so far.
    moves: AtomicU64,
}

#[derive(Debug, Default)]
struct Window {
    /// The number of the first record here.
    first: u64,
    /// Sequence numbers in the order of the shard, and whether the record is done.
    records: VecDeque<(String, bool)>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { window: Mutex::default(), under_way: watch::Sender::new(0), moves: AtomicU64::default() }
    }

    /// Notes a record that was read, and gives its number.
    pub(super) fn begin(&self, sequence: &str) -> u64 {
        self.moves.fetch_add(1, Ordering::SeqCst);
        let mut window = self.lock();
        window.records.push_back((sequence.to_owned(), false));
        self.under_way.send_replace(window.records.len());
        window.first + window.records.len() as u64 - 1
    }

    /// Notes that records are done. Gives the sequence number of the last one before which nothing is left to do, if that
    /// is another one now.
    pub(super) fn finish(&self, numbers: impl IntoIterator<Item = u64>) -> Option<String> {
        let mut window = self.lock();
        for number in numbers {
            let place = number.checked_sub(window.first).and_then(|place| usize::try_from(place).ok());
            if let Some((_, is_done)) = place.and_then(|place| window.records.get_mut(place)) {
                *is_done = true;
                self.moves.fetch_add(1, Ordering::SeqCst);
            }
        }
        let mut last = None;
        while let Some((sequence, _)) = window.records.pop_front_if(|(_, is_done)| *is_done) {
            window.first += 1;
            last = Some(sequence);
        }
        last
    }

    /// Says how many are under way, after what is done has been kept.
    pub(super) fn tell(&self) {
        let under_way = self.lock().records.len();
        self.under_way.send_replace(under_way);
    }

    /// Waits until at most so many records are under way.
    pub(super) async fn at_most(&self, most: usize) {
        // The sender is here, so the wait ends only with its answer.
        let _ = self.under_way.subscribe().wait_for(|under_way| *under_way <= most).await;
    }

    pub(super) fn moves(&self) -> u64 {
        self.moves.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_never_passes_a_record_that_is_not_done() {
        let progress = Progress::new();
        let numbers = ["a", "b", "c", "d"].map(|sequence| progress.begin(sequence));
        assert_eq!(progress.finish([numbers[1]]), None);
        assert_eq!(progress.finish([numbers[2]]), None);
        assert_eq!(progress.finish([numbers[0]]), Some("c".to_owned()));
        assert_eq!(progress.finish([numbers[0], numbers[1]]), None, "done before");
        let last = progress.begin("e");
        assert_eq!(progress.finish([last]), None);
        assert_eq!(progress.finish([numbers[3]]), Some("e".to_owned()));
        assert_eq!(progress.begin("f"), 5);
    }
}
