//! A storm in slow motion: its clock runs slower than the machine's, so that a busy machine can keep up with it.
//!
//! A thousand callers and the service that they call share this machine's cores, where in truth each has its own. In real
//! time a storm measures how fast this machine runs the SDK. With the clock slowed down enough what is left is what was
//! drawn: latencies, pauses, and what an item takes in a second.

use std::time::Duration;

use testing::TestTable;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::crowd::{Outcome, Storm};

/// Tokio's timers know nothing finer.
const TICK: Duration = Duration::from_millis(1);

/// Runs the storm with its clock `factor` times slower than the machine's.
pub(super) async fn run(storm: Storm, factor: u32) -> Outcome {
    // Only a runtime of a single thread has a clock that can be held.
    let running = tokio::task::spawn_blocking(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let table = TestTable::simulated(storm.profile, storm.seed).await;
            let crowd = storm.gather(&table).await;
            let _motion = begin(factor);
            storm.run(&table, crowd).await
        })
    });
    running.await.expect("it does not panic")
}

/// Holds the clock, and moves it by a millisecond in every `factor` of them, until the result is dropped.
fn begin(factor: u32) -> JoinSet<()> {
    // A tick that finds the one before still waiting is left out: then the machine has not kept up with `factor` either.
    let (tick, mut ticks) = mpsc::channel(1);
    // A held clock jumps to the next timer when there is nothing to do, as there is while a socket is waited for. It does
    // not as long as a blocking task runs.
    tokio::task::spawn_blocking(move || {
        while !matches!(tick.try_send(()), Err(mpsc::error::TrySendError::Closed(()))) {
            std::thread::sleep(TICK * factor);
        }
    });
    tokio::time::pause();
    let mut conductor = JoinSet::new();
    conductor.spawn(async move {
        while ticks.recv().await.is_some() {
            tokio::time::advance(TICK).await;
        }
    });
    conductor
}
