//! A batch of messages of a queue, for SQS to be told which of them are to come again.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use lambda_http::Error;

use crate::log;

/// The answer to a batch, as its messages are worked on.
#[derive(Debug)]
pub struct Batch {
    work: &'static str,
    response: SqsBatchResponse,
}

impl Batch {
    /// The answer before any work; `work` names it in the log.
    pub fn of(work: &'static str) -> Self {
        Self { work, response: SqsBatchResponse::default() }
    }

    /// Notes what came of the work on a message, and says whether that is done: if not, or if it failed, the message comes
    /// again.
    pub fn note(&mut self, message: &SqsMessage, done: Result<bool, Error>) -> bool {
        let done = done.unwrap_or_else(|failure| {
            log::failure(self.work, &failure);
            false
        });
        if !done {
            self.response.add_failure(message.message_id.clone().unwrap_or_default());
        }
        done
    }

    /// What SQS is told.
    pub fn answer(self) -> SqsBatchResponse {
        self.response
    }
}
