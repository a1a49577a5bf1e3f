//! Tests of the pool with scripts in place of functions; where one is to answer, the test speaks to the Runtime API in
//! its stead.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use testing::Client;

use super::*;

/// The time of the function that overruns it.
const TOO_SHORT: Duration = Duration::from_millis(300);

/// A function whose binary is this shell script.
struct Scripted {
    functions: Functions,
    console: Console,
    script: PathBuf,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.script);
    }
}

async fn scripted(name: &str, script: &str, reserved_concurrency: Option<u32>) -> Scripted {
    let path = std::env::temp_dir().join(format!("vestibule-{}-{name}", std::process::id()));
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("made executable");
    let function = Function {
        logical_id: "F".to_owned(),
        name: "local-F".to_owned(),
        binary: name.to_owned(),
        memory_mb: 128,
        timeout: if name == "slow" { TOO_SHORT } else { Duration::from_secs(20) },
        reserved_concurrency,
        environment: BTreeMap::from([("OWN".to_owned(), "mine".to_owned())]),
        grants: vec![],
        routes: vec![],
        streams: vec![],
        queues: vec![],
        schedules: vec![],
        async_retries: 2,
    };
    let settings = Settings {
        binaries: HashMap::from([(name.to_owned(), path.clone())]),
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        most_processes: 4,
        has_roles: false,
    };
    let console = Console::memory();
    let functions = Functions::start(&[function], &settings, &console).await.expect("starts");
    Scripted { functions, console, script: path }
}

/// Asks for the next call as the process at the first desk, and gives the call's id and event.
async fn next(functions: &Functions) -> (String, Bytes) {
    let url = format!("{}/2018-06-01/runtime/invocation/next", functions.api.address_of(0));
    let answered = loop {
        let answered = Client::new().send("GET", &url, &[], vec![]).await;
        if answered.status().is_success() {
            break answered;
        }
        // The process has no desk yet.
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let id = answered.headers()["lambda-runtime-aws-request-id"].to_str().expect("text").to_owned();
    assert!(answered.headers().contains_key("lambda-runtime-deadline-ms"));
    (id, answered.into_body())
}

async fn reply(functions: &Functions, id: &str, kind: &str, body: &str) -> u16 {
    let url = format!("{}/2018-06-01/runtime/invocation/{id}/{kind}", functions.api.address_of(0));
    Client::new().send("POST", &url, &[], body.into()).await.status().as_u16()
}

#[tokio::test]
async fn a_call_is_taken_and_answered_over_the_runtime_api() {
    let stack = scripted("answers", "exec sleep 60", None).await;
    let working = async {
        let (id, event) = next(&stack.functions).await;
        assert_eq!(event, "{\"n\":1}");
        assert_eq!(reply(&stack.functions, "another", "response", "1").await, 400, "not the call at work");
        assert_eq!(reply(&stack.functions, &id, "response", "{\"ok\":true}").await, 202);
        assert_eq!(reply(&stack.functions, &id, "response", "{}").await, 400, "answered before");
        let (id, _) = next(&stack.functions).await;
        assert_eq!(reply(&stack.functions, &id, "error", "{\"errorMessage\":\"no\"}").await, 202);
    };
    let calling = async {
        let first = stack.functions.invoke("F", Bytes::from("{\"n\":1}")).await.expect("answered");
        assert_eq!(first.payload, "{\"ok\":true}");
        assert!(first.init.is_some(), "its process was started for it");
        let second = stack.functions.invoke("F", Bytes::from("{}")).await;
        let failed = InvokeError::Failed("{\"errorMessage\":\"no\"}".to_owned());
        assert_eq!(second.expect_err("it failed"), failed);
    };
    tokio::join!(working, calling);
    assert_eq!(
        stack.functions.processes().len(),
        1,
        "a failure that is reported leaves the process in order"
    );
    stack.functions.stop().await;
    assert!(stack.functions.processes().is_empty());
}

#[tokio::test]
async fn a_function_that_overruns_its_time_is_killed() {
    let stack = scripted("slow", "exec sleep 60", None).await;
    let (_, called) = tokio::join!(next(&stack.functions), stack.functions.invoke("F", Bytes::from("{}")));
    assert_eq!(called.expect_err("too slow"), InvokeError::TimedOut(TOO_SHORT));
    assert!(stack.functions.processes().is_empty(), "its process is gone");
}

#[tokio::test]
async fn a_process_that_ends_at_its_start_is_a_crash_with_what_it_said_in_the_log() {
    let stack = scripted("broken", "echo \"cannot start, $OWN\" >&2; exit 3", None).await;
    let Err(InvokeError::Crashed(reason)) = stack.functions.invoke("F", Bytes::from("{}")).await else {
        panic!("a crash");
    };
    assert!(reason.contains("exit status: 3"), "{reason}");
    let lines = stack.console.kept();
    assert!(lines.iter().any(|line| line == "broken | cannot start, mine"), "{lines:?}");
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_call_is_answered_at_once() {
    let stack = scripted("dying", "exec sleep 60", None).await;
    let killing = async {
        next(&stack.functions).await;
        let process = stack.functions.processes()[0].1.to_string();
        std::process::Command::new("kill").args(["-9", &process]).status().expect("kill runs");
    };
    let (called, ()) = tokio::join!(stack.functions.invoke("F", Bytes::from("{}")), killing);
    assert!(matches!(called, Err(InvokeError::Crashed(reason)) if reason.contains("signal: 9")));
}

#[tokio::test]
async fn a_reserved_concurrency_is_a_limit_at_once() {
    let stack = scripted("reserved", "exec sleep 60", Some(1)).await;
    let first = stack.functions.invoke("F", Bytes::from("{}"));
    let second = async {
        let (id, _) = next(&stack.functions).await;
        let refused = stack.functions.invoke("F", Bytes::from("{}")).await;
        assert_eq!(refused.expect_err("busy"), InvokeError::Throttled(1));
        reply(&stack.functions, &id, "response", "{}").await;
    };
    let (first, ()) = tokio::join!(first, second);
    assert!(first.is_ok());
    stack.functions.stop().await;
}

#[tokio::test]
async fn a_call_begins_where_it_is_made() {
    let stack = scripted("prompt", "exec sleep 60", None).await;
    let mut call = std::pin::pin!(stack.functions.invoke("F", Bytes::from("{}")));
    assert!(futures_util::poll!(call.as_mut()).is_pending());
    // No other task has had its turn since.
    assert_eq!(stack.functions.processes().len(), 1, "its process was started");
    stack.functions.stop().await;
}
