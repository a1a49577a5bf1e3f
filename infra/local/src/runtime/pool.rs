//! The processes of one function.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::api::RuntimeApi;
use super::process::{Launch, Process};
use super::{InvokeError, Invoked, Settings};
use crate::console::Console;
use crate::template::Function;

/// A real account runs 1,000 calls at once; this machine runs far fewer, so a call waits this long for its turn before it
/// is told what Lambda tells the one too many.
const WAIT_FOR_TURN: Duration = Duration::from_secs(20);

/// The processes of one function.
pub(super) struct Pool {
    launch: Launch,
    timeout: Duration,
    limit: usize,
    /// The function has a limit of its own in the template: then nobody waits.
    reserved: bool,
    turns: Semaphore,
    idle: Mutex<Vec<Process>>,
    api: Arc<RuntimeApi>,
    console: Console,
}

impl Pool {
    pub(super) fn new(
        function: &Function,
        settings: &Settings,
        api: Arc<RuntimeApi>,
        console: Console,
    ) -> Self {
        let reserved = function.reserved_concurrency.map(|limit| limit as usize);
        let limit = reserved.unwrap_or(settings.most_processes);
        Self {
            launch: Launch::new(function, settings),
            timeout: function.timeout,
            limit,
            reserved: reserved.is_some(),
            turns: Semaphore::new(limit),
            idle: Mutex::default(),
            api,
            console,
        }
    }

    /// Calls the function once.
    pub(super) async fn invoke(&self, event: Bytes) -> Result<Invoked, InvokeError> {
        let _turn = self.turn().await?;
        let (process, init) = match self.warm() {
            Some(process) => (process, None),
            None => self.cold().await?,
        };
        let started = Instant::now();
        let payload = process.call(event, self.timeout).await;
        let duration = started.elapsed();
        match payload {
            // A failure that the function reports leaves its process in order.
            Ok(_) | Err(InvokeError::Failed(_)) => self.idle().push(process),
            Err(_) => process.end().await,
        }
        Ok(Invoked { payload: payload?, duration, init })
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, InvokeError> {
        let throttled = || InvokeError::Throttled(self.limit);
        if self.reserved {
            return self.turns.try_acquire().map_err(|_| throttled());
        }
        let turn = tokio::time::timeout(WAIT_FOR_TURN, self.turns.acquire()).await;
        turn.map_err(|_| throttled())?.map_err(|_| throttled())
    }

    /// The process that was used last, of those that are idle and have not ended meanwhile.
    fn warm(&self) -> Option<Process> {
        let mut idle = self.idle();
        std::iter::from_fn(|| idle.pop()).find(Process::is_alive)
    }

    async fn cold(&self) -> Result<(Process, Option<Duration>), InvokeError> {
        let started = Instant::now();
        let process = Process::start(&self.launch, &self.api, &self.console).await?;
        Ok((process, Some(started.elapsed())))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
