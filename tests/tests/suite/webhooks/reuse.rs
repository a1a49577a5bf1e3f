//! A room's id is used again before the end of its last session has been followed up: each session is told as itself.

use local::queues::Draft;
use models::{EndReason, Tenant};
use serde_json::{Value, json};
use store::Page;
use testing::Server;
use testing::receiver::Receiver;

use super::{EVERYWHERE, create, end, leave, start, text, told, told_at};

const ROOM: &str = "again";

/// A stack whose end jobs go nowhere until the test hands them on.
async fn start_without_ends(receiver: &Receiver) -> Server {
    start(receiver.url(EVERYWHERE), |options| {
        // Whatever host it is on, the stack's SQS is asked for it.
        let elsewhere = "http://localhost/000000000000/local-DeadJobsQueue".to_owned();
        options.overrides.push(("SESSION_ENDS_QUEUE_URL".to_owned(), elsewhere));
    })
    .await
}

/// Hands an end job on that waits.
fn follow_up(server: &Server, sid: &str) {
    let waiting = server.stack.queue_messages("DeadJobsQueue").expect("the queue");
    let job = waiting.iter().find(|job| job.body.contains(sid)).expect("the job of the session");
    server.stack.send("SessionEndsQueue", Draft::new(job.body.clone())).expect("sent");
}

async fn join_as(server: &Server, user: &str, name: &str) -> String {
    let info = json!({"user_id": user, "name": name, "user_metadata": {"extra_data": {"says": name}}});
    let body = json!({"room_id": ROOM, "user_info": info});
    let minted = server.signed("/auth/room/getJoinToken", &body).await;
    let seated = server.redeem(&text(&minted.body["token"])).await;
    assert_eq!(seated.status, 201, "{:?}", seated.body);
    text(&seated.body["session"]["token"])
}

fn titled(title: &str) -> Value {
    json!({"metadata": {"room_title": title}})
}

/// Every webhook of the session has its own title, URL and people.
fn assert_own(receiver: &Receiver, path: &str, sid: &str, title: &str, version: &str) {
    for hook in receiver.attempts(path, sid) {
        let metadata: Value = serde_json::from_str(&text(&hook.json["room"]["metadata"])).expect("JSON");
        assert_eq!(metadata["room_title"], title, "{hook:?}");
        if let Some(person) = hook.json.get("participant") {
            let name = text(&person["name"]);
            assert!(name.ends_with(version), "{name}: {hook:?}");
            let metadata: Value = serde_json::from_str(&text(&person["metadata"])).expect("JSON");
            assert_eq!(metadata["extra_data"]["says"], name, "{hook:?}");
        }
    }
}

#[tokio::test]
async fn a_session_whose_id_is_in_use_again_still_tells_who_left_and_shares_nothing_with_the_next() {
    let receiver = Receiver::start();
    let server = start_without_ends(&receiver).await;
    let first = create(&server, ROOM, Some(&receiver.url("first")), titled("First")).await;
    for user in ["ann", "bob", "cyd", "dan"] {
        join_as(&server, user, &format!("{user} 1")).await;
    }
    end(&server, ROOM).await;

    let second = create(&server, ROOM, Some(&receiver.url("second")), titled("Second")).await;
    // One is back, one comes and goes, one gets a token only, and one is not seen any more.
    join_as(&server, "ann", "ann 2").await;
    let brief = join_as(&server, "bob", "bob 2").await;
    leave(&server, &brief).await;
    server.mint(ROOM, "cyd").await;
    server.stack.settled().await;
    let expected_first = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("ann"), 1),
        ("participant_joined", Some("bob"), 2),
        ("participant_joined", Some("cyd"), 3),
        ("participant_joined", Some("dan"), 4),
        ("participant_left", Some("ann"), 3),
        ("participant_left", Some("bob"), 2),
        ("participant_left", Some("cyd"), 1),
        ("participant_left", Some("dan"), 0),
        ("session_ended", None, 0),
        ("room_finished", None, 0),
    ]);
    let expected_second = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("ann"), 1),
        ("participant_joined", Some("bob"), 2),
        ("participant_left", Some("bob"), 1),
        ("participant_left", Some("ann"), 0),
        ("session_ended", None, 0),
        ("room_finished", None, 0),
    ]);
    assert_eq!(told_at(&receiver, "first", &first), expected_first[..6], "its end is not followed up yet");
    assert_eq!(told_at(&receiver, "second", &second), expected_second[..5]);

    // The job comes twice, as a standard queue's messages may, and a third time when all is done.
    follow_up(&server, &first);
    follow_up(&server, &first);
    server.stack.settled().await;
    follow_up(&server, &first);
    server.stack.settled().await;
    for path in ["first", EVERYWHERE] {
        assert_eq!(told_at(&receiver, path, &first), expected_first, "{path}");
        assert_own(&receiver, path, &first, "First", " 1");
    }
    let info = server.signed("/auth/room/getActiveRoomInfo", &json!({"room_id": ROOM})).await;
    assert_eq!(info.body["room"]["room_info"]["sid"], second, "the next session goes on");
    assert_eq!(info.body["room"]["room_info"]["joined_participants"], "1");

    end(&server, ROOM).await;
    server.stack.settled().await;
    follow_up(&server, &second);
    server.stack.settled().await;
    for path in ["second", EVERYWHERE] {
        assert_eq!(told_at(&receiver, path, &second), expected_second, "{path}");
        assert_own(&receiver, path, &second, "Second", " 2");
    }
    let paths = |sid: &str| receiver.received().iter().filter(|hook| hook.sid() == sid).count();
    assert_eq!((paths(&first), paths(&second)), (24, 16), "each once at its own URL and everywhere");
    assert_remembered(&server, [&first, &second]).await;
    server.stop().await;
}

/// Both sessions are in the past with their peaks, and nothing else of them is left.
async fn assert_remembered(server: &Server, [first, second]: [&str; 2]) {
    let page = Page { from: 0, limit: 10, ascending: true };
    let past = server.store().history(&Tenant::main(), page).await.expect("readable").sessions;
    let past: Vec<_> =
        past.iter().map(|past| (past.sid.to_string(), past.reason, past.joined, past.peak)).collect();
    let api = Some(EndReason::Api);
    assert_eq!(past, [(first.to_owned(), api, 4, Some(4)), (second.to_owned(), api, 2, Some(2))]);
    let left: Vec<_> = server
        .items()
        .await
        .iter()
        .filter(|item| item["pk"]["S"] == format!("ROOM#main/{ROOM}"))
        .map(|item| text(&item["sk"]["S"]))
        .collect();
    assert_eq!(left, ["STATE"], "people, tokens and metadata are gone");
}
