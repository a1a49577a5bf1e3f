//! One call through the simulation, from its arrival to its answer.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::header::ACCEPT_ENCODING;
use hyper::{Request, StatusCode};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until};

use super::answer::{self, Answer};
use super::batch;
use super::call::{self, Operation};
use super::consumption;
use super::draws::{Draw, Draws, Failure, Fault};
use super::ledger::{Held, Ledger, Verdict};
use super::upstream::Upstream;
use super::{Cut, Profile};

/// A call on items.
struct Call {
    operation: Operation,
    /// The request's body; `null` if it is not JSON, so that it names no items and the database refuses it.
    body: Value,
    request: Request<Bytes>,
    arrived: Instant,
    draw: Draw,
}

/// The simulation in front of one database.
pub(super) struct Proxy {
    upstream: Upstream,
    draws: Mutex<Draws>,
    ledger: Ledger,
}

impl Proxy {
    pub(super) fn new(upstream: Upstream, profile: Profile, seed: u64) -> Self {
        Self { upstream, draws: Mutex::new(Draws::new(profile, seed)), ledger: Ledger::default() }
    }

    /// Answers one request.
    ///
    /// The call runs in a task of its own: when its client gives up, hyper drops this future, but a call that
    /// AWS has begun takes its effect all the same.
    pub(super) async fn receive(self: Arc<Self>, request: Request<Bytes>) -> Result<Answer, Cut> {
        tokio::spawn(async move { self.answer(request).await }).await.map_err(|_| Cut)?
    }

    async fn answer(&self, request: Request<Bytes>) -> Result<Answer, Cut> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some(operation) = target.and_then(Operation::of) {
            return self.simulate(operation, request).await;
        }
        let deletes_table = target.is_some_and(|target| target.ends_with(".DeleteTable"));
        let answer = self.forward(request).await;
        if deletes_table {
            // The next table of this name may have another key.
            self.upstream.forget_keys();
        }
        Ok(answer)
    }

    async fn simulate(&self, operation: Operation, mut request: Request<Bytes>) -> Result<Answer, Cut> {
        let draw = self.draws.lock().unwrap_or_else(PoisonError::into_inner).next();
        let arrived = Instant::now();
        // Answers are read on their way, and some are changed.
        request.headers_mut().remove(ACCEPT_ENCODING);
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        let call = Call { operation, body, request, arrived, draw };
        let Some(Fault { failure, takes_effect }) = draw.fault else { return Ok(self.carry_out(call).await) };
        tracing::debug!(
            call = draw.arrival,
            ?operation,
            ?failure,
            takes_effect,
            "the simulation lets a call fail"
        );
        let answer = call.fail(failure);
        if takes_effect {
            self.carry_out(call).await;
        } else {
            sleep_until(arrived + draw.latency).await;
        }
        answer
    }

    /// Admits a call or refuses it, and answers in its time.
    ///
    /// Its items are in flight until just before the answer goes out, so a caller never meets its own last
    /// call.
    async fn carry_out(&self, call: Call) -> Answer {
        let Draw { arrival, latency, effect_after, .. } = call.draw;
        let (operation, arrived) = (call.operation, call.arrived);
        let tables = call::tables(operation, &call.body);
        let keys = self.upstream.keys(&tables, call.request.headers()).await;
        let touches = call::touches(operation, &call.body, &keys);
        let token = call.body["ClientRequestToken"].as_str();
        let Ok((verdicts, held)) = self.ledger.admit(Instant::now(), operation, touches, token) else {
            sleep_until(arrived + latency).await;
            return answer::in_progress(arrival);
        };
        let answer = if let Some(refusal) = call.refusal(&verdicts) {
            tracing::debug!(call = arrival, ?operation, ?verdicts, "the simulation refuses a call");
            refusal
        } else {
            sleep_until(arrived + effect_after).await;
            self.take_effect(call, &verdicts, &held).await
        };
        sleep_until(arrived + latency).await;
        if operation == Operation::TransactGet && answer.status().is_success() {
            let verdicts = held.review(verdicts.len());
            if verdicts.contains(&Verdict::Conflict) {
                return answer::cancelled(&verdicts, arrival);
            }
        }
        answer
    }

    /// Sends an admitted call on, what is admitted of a batch, and learns from the answer.
    async fn take_effect(&self, call: Call, verdicts: &[Verdict], held: &Held) -> Answer {
        let Call { operation, mut body, mut request, draw, .. } = call;
        let refused = match operation {
            Operation::BatchGet | Operation::BatchWrite => batch::split(&mut body, verdicts),
            _ => Map::new(),
        };
        let hidden = operation.changes_items() && consumption::ask(&mut body);
        let altered = hidden || !refused.is_empty();
        if altered {
            *request.body_mut() = body.to_string().into();
        }
        let answer = if !refused.is_empty() && batch::is_empty(&body) {
            let nothing = if operation.is_read() { json!({"Responses": {}}) } else { json!({}) };
            answer::of_body(StatusCode::OK, &nothing, draw.arrival)
        } else {
            self.forward(request).await
        };
        if !answer.status().is_success() || (operation.is_read() && !altered) {
            return answer;
        }
        let Ok(mut told) = serde_json::from_slice(answer.body()) else { return answer };
        if let Some(consumed) = consumption::told(&told) {
            held.settle(&consumed);
        }
        if !altered {
            return answer;
        }
        if hidden {
            consumption::hide(&mut told);
        }
        if !refused.is_empty() {
            batch::add_unprocessed(&mut told, operation, refused);
        }
        answer::with_body(answer, &told)
    }

    async fn forward(&self, request: Request<Bytes>) -> Answer {
        self.upstream.send(request).await.unwrap_or_else(|error| {
            tracing::warn!(error, "the DynamoDB behind the simulation does not answer");
            answer::internal_error("The DynamoDB behind the simulation does not answer", 0)
        })
    }
}

impl Call {
    /// The answer to a call that fails by chance.
    fn fail(&self, failure: Failure) -> Result<Answer, Cut> {
        let arrival = self.draw.arrival;
        match failure {
            Failure::Internal => Ok(answer::internal_error("Internal server error", arrival)),
            Failure::Cut => Err(Cut),
            Failure::Throttled => {
                let mut verdicts = vec![Verdict::Admitted; call::tables(self.operation, &self.body).len()];
                // One of the actions is to blame; which one is left to the arrival number.
                let blamed = usize::try_from(arrival).unwrap_or_default() % verdicts.len().max(1);
                if let Some(verdict) = verdicts.get_mut(blamed) {
                    *verdict = Verdict::Throttled;
                }
                Ok(self.cancelled_or_throttled(&verdicts))
            }
        }
    }

    /// The answer to a call of which nothing is carried out, if that is the verdict. Of a batch, what is not
    /// admitted is left unprocessed; only if all of it is throttled, the batch is.
    fn refusal(&self, verdicts: &[Verdict]) -> Option<Answer> {
        let is = |wanted| move |verdict: &Verdict| *verdict == wanted;
        if verdicts.iter().all(is(Verdict::Admitted)) {
            None
        } else if self.operation.is_transaction() || verdicts.iter().all(is(Verdict::Throttled)) {
            Some(self.cancelled_or_throttled(verdicts))
        } else if self.operation.is_batch() {
            None
        } else {
            Some(answer::conflict(self.draw.arrival))
        }
    }

    fn cancelled_or_throttled(&self, verdicts: &[Verdict]) -> Answer {
        if self.operation.is_transaction() && !verdicts.is_empty() {
            return answer::cancelled(verdicts, self.draw.arrival);
        }
        let table = call::tables(self.operation, &self.body).first().copied().unwrap_or_default();
        answer::throttled(table, !self.operation.is_read(), self.draw.arrival)
    }
}
