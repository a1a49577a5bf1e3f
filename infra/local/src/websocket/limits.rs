//! What a connection may take, and for how long.

use std::time::Duration;

/// The quotas of
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>,
/// and what the real one does not tell. A test has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, in bytes, either way.
    pub message: usize,
    /// Largest frame, in bytes, either way.
    pub frame: usize,
    /// How many bytes may wait for a client that reads slowly, beside what the operating system takes. AWS does not say.
    pub waiting: usize,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long it may last.
    pub age: Duration,
    /// How long a client may take to answer that its connection is closed. AWS does not say.
    pub parting: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 128 * 1024,
            frame: 32 * 1024,
            waiting: 512 * 1024,
            idle: Duration::from_mins(10),
            age: Duration::from_hours(2),
            parting: Duration::from_secs(1),
        }
    }
}
