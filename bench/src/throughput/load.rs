//! Requests, one after the other on each of some connections.

use std::time::{Duration, Instant};

use crate::samples::Samples;

/// How much is sent.
pub(super) struct Load {
    pub(super) connections: usize,
    pub(super) time: Duration,
}

/// What came of it.
pub(super) struct Served {
    pub(super) times: Samples,
    pub(super) count: usize,
    pub(super) failed: usize,
    pub(super) took: Duration,
}

impl Load {
    /// Sends what `request` makes of a connection's number and the number of the request on it, until the time is over,
    /// or `request` has no more. It says whether the answer was right.
    pub(super) async fn send(&self, request: impl AsyncFn(usize, usize) -> Option<bool>) -> Served {
        let begun = Instant::now();
        let connections =
            (0..self.connections).map(|connection| self.connection(connection, begun, &request));
        let answers: Vec<_> = join_all(connections).await.into_iter().flatten().collect();
        Served {
            count: answers.len(),
            failed: answers.iter().filter(|(right, _)| !right).count(),
            took: begun.elapsed(),
            times: answers.into_iter().map(|(_, time)| time).collect(),
        }
    }

    async fn connection(
        &self,
        connection: usize,
        begun: Instant,
        request: &impl AsyncFn(usize, usize) -> Option<bool>,
    ) -> Vec<(bool, Duration)> {
        let mut answers = Vec::new();
        while begun.elapsed() < self.time {
            let sent = Instant::now();
            let Some(right) = request(connection, answers.len()).await else { break };
            answers.push((right, sent.elapsed()));
        }
        answers
    }
}

/// All of them at once, on the caller's task: it borrows what they share.
async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for (future, output) in &mut waiting {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, output)| output).collect()
}
