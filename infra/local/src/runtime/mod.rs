//! Lambda on this machine: for each function a pool of processes that run its binary against a Runtime API.
//!
//! A process is started by the first call that finds none idle, takes one call at a time, and is kept warm. One that
//! ends, or overruns its function's timeout, is replaced by the next call.

mod api;
mod pool;
mod process;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::console::Console;
use crate::template::Function;
use api::RuntimeApi;
use pool::Pool;

/// What a call of a function gave.
#[derive(Clone)]
pub struct Invoked {
    /// What the function returned: JSON, as it came.
    pub payload: Bytes,
    /// How long the call took, without the start of its process.
    pub duration: Duration,
    /// How long its process took to start, when this call was its first.
    pub init: Option<Duration>,
}

/// Without the payload: there may be a token in it.
impl fmt::Debug for Invoked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Invoked").field("duration", &self.duration).finish_non_exhaustive()
    }
}

/// Why a call of a function gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// All processes that the function may have are busy.
    #[error("throttled: all {0} processes are busy")]
    Throttled(usize),
    /// The function did not answer in its time; its process was killed.
    #[error("task timed out after {:.2} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The process ended, or could not be started.
    #[error("the process ended: {0}")]
    Crashed(String),
    /// The function reported a failure of its own.
    #[error("the function failed: {0}")]
    Failed(String),
}

/// How the functions of a stack are run.
#[derive(Clone)]
pub struct Settings {
    /// The binaries by name.
    pub binaries: HashMap<String, PathBuf>,
    /// What every function finds in its environment, beside what the template gives it.
    pub environment: BTreeMap<String, String>,
    /// Most processes of one function that has no `ReservedConcurrentExecutions`.
    pub most_processes: usize,
    /// Whether each function has credentials of its own, by which it is known to be who it is.
    pub has_roles: bool,
}

/// The functions of a stack, ready to be called.
pub struct Functions {
    pools: HashMap<String, Arc<Pool>>,
    api: Arc<RuntimeApi>,
    _server: JoinSet<()>,
}

impl Functions {
    /// Starts the Runtime API; the functions' processes start when they are called.
    pub async fn start(functions: &[Function], settings: &Settings, console: &Console) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let api = Arc::new(RuntimeApi::new(listener.local_addr()?));
        let mut server = JoinSet::new();
        server.spawn(api::serve(listener, Arc::clone(&api)));
        let pools = functions
            .iter()
            .map(|function| {
                let pool = Pool::new(function, settings, Arc::clone(&api), console.clone());
                (function.logical_id.clone(), Arc::new(pool))
            })
            .collect();
        Ok(Self { pools, api, _server: server })
    }

    /// Calls the function of this logical id with `event`.
    ///
    /// The call goes on when its caller gives up, as on Lambda.
    pub async fn invoke(&self, logical_id: &str, event: Bytes) -> Result<Invoked, InvokeError> {
        let Some(pool) = self.pools.get(logical_id) else {
            return Err(InvokeError::Crashed(format!("there is no function {logical_id}")));
        };
        let pool = Arc::clone(pool);
        let mut call = Box::pin(async move { pool.invoke(event).await });
        // It begins here and not when its task is due, so that calls one after the other begin in this order.
        if let Poll::Ready(invoked) = futures_util::poll!(call.as_mut()) {
            return invoked;
        }
        tokio::spawn(call).await.unwrap_or_else(|error| Err(InvokeError::Crashed(error.to_string())))
    }

    /// The ids of the processes that run at the moment, by the name of their function.
    pub fn processes(&self) -> Vec<(String, u32)> {
        self.api.processes()
    }

    /// Ends all processes and waits until they have ended.
    pub async fn stop(&self) {
        self.api.end_processes().await;
    }
}
