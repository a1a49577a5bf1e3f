//! Functions that run by the clock: the scheduled events of `EventBridge`, brought to Lambda as asynchronous calls.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use models::Clock;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Stop;
use super::call::Caller;
use crate::stack::{ACCOUNT_ID, REGION};
use crate::template::Schedule;

/// How long it is to the first repetition of a call that failed; to the second it is twice as long. At AWS these are
/// minutes.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A function on a schedule.
pub(super) struct Scheduled {
    pub(super) source: Schedule,
    pub(super) every: Duration,
    /// The name of the rule or the schedule.
    pub(super) rule: String,
    pub(super) retries: u32,
    pub(super) caller: Caller,
    pub(super) clock: Arc<dyn Clock>,
}

impl Scheduled {
    /// Calls it at its rate, the first time after one period, until it is to stop. Then it waits for the calls that run.
    pub(super) async fn run(self: Arc<Self>, stop: Stop) {
        let mut ticks = interval_at(Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.is_due() => break,
            }
            // One that takes longer than the period does not keep the next one waiting.
            let schedule = Arc::clone(&self);
            calls.spawn(async move { schedule.call().await });
            while calls.try_join_next().is_some() {}
        }
        while calls.join_next().await.is_some() {}
    }

    /// Calls it, and again if it fails.
    pub(super) async fn call(&self) {
        let event = Bytes::from(self.event());
        let what = format!("schedule {}", self.source.name);
        for attempt in 0..=self.retries {
            if self.caller.call(&what, event.clone()).await.is_ok() {
                return;
            }
            if attempt < self.retries {
                tokio::time::sleep(RETRY_AFTER * (attempt + 1)).await;
            }
        }
        let calls = match self.retries {
            0 => "one call".to_owned(),
            retries => format!("{} calls", retries + 1),
        };
        self.caller.notice(&format!("{what}: given up after {calls}"));
    }

    fn event(&self) -> String {
        if let Some(input) = &self.source.input {
            return input.clone();
        }
        let (source, resource, detail) = if self.source.by_scheduler {
            (
                "aws.scheduler",
                format!("scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{}", self.rule),
                json!("{}"),
            )
        } else {
            ("aws.events", format!("events:{REGION}:{ACCOUNT_ID}:rule/{}", self.rule), json!({}))
        };
        json!({
            "version": "0",
            "id": super::request_id(),
            "detail-type": "Scheduled Event",
            "source": source,
            "account": ACCOUNT_ID,
            "time": self.clock.now().rfc3339(),
            "region": REGION,
            "resources": [format!("arn:aws:{resource}")],
            "detail": detail,
        })
        .to_string()
    }
}
