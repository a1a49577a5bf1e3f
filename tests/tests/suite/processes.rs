//! The functions' processes: started when needed, kept, replaced, and gone in the end.

use std::collections::HashSet;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use testing::Server;
use tokio::task::JoinSet;

fn kill(process: u32) {
    let killed = Command::new("kill").args(["-9", &process.to_string()]).status().expect("kill runs");
    assert!(killed.success());
}

fn is_running(process: u32) -> bool {
    std::path::Path::new(&format!("/proc/{process}")).exists()
}

#[tokio::test]
async fn a_process_starts_at_the_first_call_and_is_kept_warm() {
    let server = Server::start(|_| {}).await;
    assert!(server.stack.processes().is_empty());
    for _ in 0..3 {
        assert_eq!(server.call("GET", "/version", None, None).await.status, 200);
    }
    let processes = server.stack.processes();
    assert_eq!(processes.len(), 1, "{processes:?}");
    assert_eq!(processes[0].0, "version");
    let process = processes[0].1;
    server.stop().await;
    assert!(!is_running(process), "no process is left");
}

#[tokio::test]
async fn an_ended_process_is_replaced() {
    let server = Server::start(|_| {}).await;
    assert_eq!(server.call("GET", "/version", None, None).await.status, 200);
    let first = server.stack.processes()[0].1;
    kill(first);
    // Until the stack has noticed, a call may still be given to it: then it is answered as a crash, and once.
    let mut crashed = 0;
    while server.call("GET", "/version", None, None).await.status != 200 {
        crashed += 1;
    }
    assert!(crashed <= 1, "{crashed}");
    let second = server.stack.processes()[0].1;
    assert_ne!(first, second);
    server.stop().await;
    assert!(!is_running(second));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_calls_get_processes_of_their_own_up_to_the_limit() {
    let server = std::sync::Arc::new(
        Server::start(|options| {
            options.processes = 3;
            // So that calls take long enough to overlap.
            options.simulate = Some(local::simulate::Profile::Aws);
        })
        .await,
    );
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let server = std::sync::Arc::clone(&server);
        calls.spawn(async move { server.call("GET", "/health", None, None).await.status });
    }
    let statuses: HashSet<u16> = calls.join_all().await.into_iter().collect();
    assert_eq!(statuses, HashSet::from([200]), "who finds all busy waits");
    let processes = server.stack.processes();
    assert!((2..=3).contains(&processes.len()), "{processes:?}");
    std::sync::Arc::into_inner(server).expect("all calls are over").stop().await;
}

#[tokio::test]
async fn data_and_session_tokens_outlive_a_restart_with_a_data_directory() {
    let directory = std::env::temp_dir().join(format!("vestibule-{}", std::process::id()));
    let choose = |options: &mut local::Options| options.data_dir = Some(directory.clone());
    let server = Server::start(choose).await;
    server.create_room("kept", None).await;
    let seated = server.redeem(&server.mint("kept", "alice").await).await;
    let session = seated.body["session"]["token"].as_str().expect("a session token").to_owned();
    server.stop().await;

    let server = Server::start(choose).await;
    let active = server.signed("/auth/room/isRoomActive", &json!({"room_id": "kept"})).await;
    assert_eq!(active.body["is_active"], true);
    let resumed = server.call("POST", "/api/resume", Some(&session), None).await;
    assert_eq!(resumed.status, 200, "{:?}", resumed.body);
    server.stop().await;
    std::fs::remove_dir_all(&directory).expect("the directory is there");
}

#[tokio::test]
async fn a_template_parameter_is_overridden() {
    let server = Server::start(|options| {
        options.overrides.push(("TokenValiditySeconds".to_owned(), "1".to_owned()));
    })
    .await;
    server.create_room("brief", None).await;
    let token = server.mint("brief", "alice").await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let refused = server.redeem(&token).await;
    assert_eq!((refused.status, &refused.body["message"]), (401, &json!("Token has expired")));
    server.stop().await;
}
