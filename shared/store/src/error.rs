//! What can go wrong with the table itself. A refusal by a rule is no error: it is in the results.

use std::error::Error;

use models::Refusal;
use tracing::error;

use crate::StoredAnswer;

/// Why the table gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Conflicts or throttling until the deadline: nothing was changed, the request may be sent again.
    #[error("the room was busy until the deadline: {0}")]
    Busy(String),
    /// A place cannot be taken by this connection as it was seen: it is gone, or has joined something meanwhile.
    #[error("the connection is gone, or has joined something meanwhile")]
    Rebound,
    /// The table could not be reached, or failed, until the deadline.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// The table refused a request as wrong: a bug of ours.
    #[error("the table refused a request: {0}")]
    Rejected(String),
    /// A stored item is not what we write.
    #[error("stored item {0}: {1}")]
    Corrupt(&'static str, String),
}

impl StoreError {
    /// `what` was another one at each write than at the look before it.
    pub(crate) fn kept_changing(what: &str) -> Self {
        Self::Busy(format!("{what} kept changing"))
    }

    /// Says in the log that `work` failed by it. Of an item that is not as we write it only its kind, and the field that it
    /// lacks: other words about it may quote what is in it.
    pub fn log(&self, work: &'static str) {
        match self {
            Self::Corrupt(kind, reason) => {
                let missing = reason.strip_prefix("missing field ");
                error!(work, kind, missing, "stored item");
            }
            failure => error!(work, error = %failure, "store"),
        }
    }
}

/// The public face of a failure: nothing of the inside shows.
impl From<&StoreError> for Refusal {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Busy(_) | StoreError::Rebound | StoreError::Unavailable(_) => Self::Busy,
            StoreError::Rejected(_) | StoreError::Corrupt(..) => Self::Internal,
        }
    }
}

/// Why an operation stops short of its success.
#[derive(Debug)]
pub enum Halt {
    /// A rule says no.
    Refused(Refusal),
    /// The request was answered before; this is that answer.
    Kept(StoredAnswer),
    /// The table failed.
    Failed(StoreError),
}

impl Halt {
    /// As the failure of work that nobody waits for an answer of.
    pub fn into_failure(self) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::Refused(refusal) => refusal.into(),
            Self::Kept(_) => "answered before".into(),
            Self::Failed(failure) => failure.into(),
        }
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}
