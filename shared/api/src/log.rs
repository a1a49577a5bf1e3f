//! Logs, as Lambda's logging controls want them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>): the level from
//! `AWS_LAMBDA_LOG_LEVEL` (else `RUST_LOG`, else `INFO`), JSON when `AWS_LAMBDA_LOG_FORMAT` says so.
//!
//! The runtime's own subscriber does the same with directives per module, for which it brings a regex engine: half a
//! megabyte of every binary (`docs/decisions/0008`).

use std::cell::RefCell;

use models::RoomKey;
use store::StoreError;
use tracing::error;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;

tokio::task_local! {
    /// The room that the present request is about, as far as is known.
    static ROOM: RefCell<Option<RoomKey>>;
}

/// Says which room the present request is about, for its line in the log. The last one counts; outside a request nothing
/// is kept.
pub fn room(key: &RoomKey) {
    // An error means that there is no request.
    let _ = ROOM.try_with(|room| *room.borrow_mut() = Some(key.clone()));
}

/// Does the work of a request, and tells which room it was about.
pub(crate) async fn with_room<F: Future>(work: F) -> (F::Output, Option<RoomKey>) {
    let work = async {
        let done = work.await;
        (done, ROOM.with(RefCell::take))
    };
    ROOM.scope(RefCell::default(), work).await
}

/// Says what went wrong with the table. Of an item that is not as we write it only its kind, and the field that it lacks:
/// other words about it may quote what is in it.
pub(crate) fn failure(failure: &StoreError) {
    match failure {
        StoreError::Corrupt(kind, reason) => {
            let missing = reason.strip_prefix("missing field ");
            error!(kind, missing, "stored item");
        }
        failure => error!(error = %failure, "store"),
    }
}

/// Prints the process's events from here on.
pub fn init() {
    let variable = |name| std::env::var(name).ok();
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let json = variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    // Lambda stamps the lines itself, and keeps those of the log stream apart by function.
    let subscriber = fmt().with_max_level(level).with_target(false).with_ansi(false).without_time();
    if json {
        subscriber.json().init();
    } else {
        subscriber.init();
    }
}
