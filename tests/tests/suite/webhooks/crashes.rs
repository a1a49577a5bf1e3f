//! Processes that end in the middle of their work: what they had begun comes again, at least once and in its order.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use testing::Server;
use testing::receiver::{Answer, Received, Receiver};
use tokio::task::JoinSet;

use super::{EVERYWHERE, create, end, join, leave, start_changed, told, told_at};

/// What works on changes behind everybody's back.
const BACKGROUND: [&str; 3] = ["relay_events", "deliver_webhook", "finish_session"];

/// A stack whose functions may take six seconds, after which what they had begun is there again: at AWS, where nobody waits
/// for it, it is minutes.
async fn start_impatiently(receiver: &Receiver) -> Server {
    let changes = [
        ("WebhooksQueue", "VisibilityTimeout: 60", "VisibilityTimeout: 6"),
        ("DeliverWebhookFunction", "Timeout: 30", "Timeout: 6"),
        ("SessionEndsQueue", "VisibilityTimeout: 300", "VisibilityTimeout: 6"),
        ("FinishSessionFunction", "Timeout: 290", "Timeout: 6"),
    ];
    start_changed(receiver.url(EVERYWHERE), &changes).await
}

/// Kills all processes of these functions; says how many there were.
pub(crate) fn kill(server: &Server, functions: &[&str]) -> usize {
    let all = server.stack.processes();
    let ids: Vec<_> = all
        .iter()
        .filter(|(name, _)| functions.contains(&name.as_str()))
        .map(|(_, process)| process.to_string())
        .collect();
    if !ids.is_empty() {
        // One that has ended by itself meanwhile is no failure.
        Command::new("kill").arg("-9").args(&ids).output().expect("kill runs");
    }
    ids.len()
}

#[tokio::test]
async fn a_webhook_that_is_cut_off_between_post_and_acknowledgement_comes_again_as_the_same_delivery() {
    let receiver = Receiver::start();
    let server = start_impatiently(&receiver).await;
    receiver.script("own", [Answer::status(200), Answer::held()]);
    let sid = create(&server, "cut-off", Some(&receiver.url("own")), json!({})).await;
    join(&server, "cut-off", "ann").await;
    let is_held = |hook: &Received| hook.path == "own" && hook.sequence() == 2;
    receiver.until("the second at its receiver", |received| received.iter().any(is_held)).await;
    assert_eq!(kill(&server, &["deliver_webhook"]).min(1), 1, "somebody was at work");
    end(&server, "cut-off").await;
    for path in ["own", EVERYWHERE] {
        receiver.finished(path, &sid).await;
        let expected = told([
            ("room_created", None, 0),
            ("room_started", None, 1),
            ("participant_joined", Some("ann"), 1),
            ("participant_left", Some("ann"), 0),
            ("session_ended", None, 0),
            ("room_finished", None, 0),
        ]);
        assert_eq!(told_at(&receiver, path, &sid), expected, "{path}");
    }
    let own = receiver.attempts("own", &sid);
    let twice: Vec<_> = own.iter().filter(|hook| hook.sequence() == 2).collect();
    assert_eq!(twice.len(), 2, "{own:#?}");
    assert_eq!((twice[0].answered, twice[1].answered), (None, Some(200)));
    assert_eq!(twice[0].header("x-vestibule-delivery"), twice[1].header("x-vestibule-delivery"));
    server.stop().await;
}

/// A session with three people, one of whom leaves.
async fn run_session(server: Arc<Server>, number: u64) -> String {
    let room_id = format!("room-{number}");
    let pause = || tokio::time::sleep(Duration::from_millis(100 + 70 * (number % 5)));
    let sid = create(&server, &room_id, None, json!({})).await;
    pause().await;
    let ann = join(&server, &room_id, "ann").await;
    for user in ["bob", "cyd"] {
        pause().await;
        join(&server, &room_id, user).await;
    }
    leave(&server, &ann).await;
    pause().await;
    end(&server, &room_id).await;
    sid
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_told_whole_and_in_order_however_often_relay_and_delivery_crash() {
    let receiver = Receiver::start();
    let server = Arc::new(start_impatiently(&receiver).await);
    // So that somebody is between post and acknowledgement more often than not.
    receiver.always(EVERYWHERE, Answer::status(200).after(Duration::from_millis(200)));
    let mut sessions: JoinSet<_> = (0..10).map(|number| run_session(Arc::clone(&server), number)).collect();
    let mut killed = 0;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(350)).await;
        killed += kill(&server, &BACKGROUND);
    }
    let mut sids = BTreeSet::new();
    while let Some(sid) = sessions.join_next().await {
        sids.insert(sid.expect("the session ran"));
    }
    assert!(killed >= 5, "{killed} processes were killed");
    for sid in &sids {
        receiver.finished(EVERYWHERE, sid).await;
        let expected = told([
            ("room_created", None, 0),
            ("room_started", None, 1),
            ("participant_joined", Some("ann"), 1),
            ("participant_joined", Some("bob"), 2),
            ("participant_joined", Some("cyd"), 3),
            ("participant_left", Some("ann"), 2),
            ("participant_left", Some("bob"), 1),
            ("participant_left", Some("cyd"), 0),
            ("session_ended", None, 0),
            ("room_finished", None, 0),
        ]);
        assert_eq!(told_at(&receiver, EVERYWHERE, sid), expected);
    }
    server.stack.settled().await;
    for queue in ["DeadJobsQueue", "DeadWebhooksQueue"] {
        assert_eq!(server.stack.queue_messages(queue).expect("the queue").len(), 0, "{queue}");
    }
    Arc::into_inner(server).expect("all sessions are over").stop().await;
}
