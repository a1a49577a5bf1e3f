//! Logs, as Lambda's logging controls want them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>): the level from
//! `AWS_LAMBDA_LOG_LEVEL` (else `RUST_LOG`, else `INFO`), JSON when `AWS_LAMBDA_LOG_FORMAT` says so. `TRACE` says more than
//! `DEBUG` in debug builds alone.
//!
//! The runtime's own subscriber does the same with directives per module, for which it brings a regex engine: half a
//! megabyte of every binary (`docs/decisions/0008`).

use std::cell::RefCell;

use lambda_http::Error;
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
pub async fn with_room<F: Future>(work: F) -> (F::Output, Option<RoomKey>) {
    let work = async {
        let done = work.await;
        (done, ROOM.with(RefCell::take))
    };
    ROOM.scope(RefCell::default(), work).await
}

/// Says that `work` failed, in no words that may quote what was worked on.
pub fn failure(work: &'static str, failure: &Error) {
    if let Some(failure) = failure.downcast_ref::<StoreError>() {
        failure.log(work);
    } else if let Some(failure) = failure.downcast_ref::<serde_json::Error>() {
        error!(work, line = failure.line(), column = failure.column(), "not the JSON that it should be");
    } else {
        error!(work, error = %failure, "failed");
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use models::Refusal;
    use store::Halt;

    use super::*;

    /// Lines of a log.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the log says of a failure.
    fn said(of: &Error) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = fmt().with_ansi(false).without_time().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || failure("lease", of));
        let bytes = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("a text")
    }

    #[test]
    fn a_failure_is_told_without_what_was_worked_on() {
        let corrupt = || StoreError::Corrupt("STATE", "invalid type: string \"a secret\"".to_owned());
        let no_number = serde_json::from_str::<u32>("\"a secret\"").expect_err("no number");
        assert!(no_number.to_string().contains("a secret"), "{no_number}");
        for (failure, part) in [
            (Error::from(corrupt()), "kind=\"STATE\""),
            (Halt::Failed(corrupt()).into_failure(), "kind=\"STATE\""),
            (no_number.into(), "column=10"),
            (Halt::Refused(Refusal::RoomNotActive).into_failure(), "error="),
            (StoreError::Busy("for long".to_owned()).into(), "for long"),
        ] {
            let said = said(&failure);
            assert!(said.contains("work=\"lease\"") && said.contains(part), "{said}");
            assert!(!said.contains("a secret"), "{said}");
        }
    }

    #[test]
    fn of_an_item_that_lacks_a_field_the_field_is_told() {
        let said = said(&StoreError::Corrupt("STATE", "missing field `sid`".to_owned()).into());
        assert!(said.contains("sid"), "{said}");
    }
}
