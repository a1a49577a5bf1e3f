//! What is told of a session from its creation to its end.

use serde_json::{Value, json};
use testing::receiver::{Received, Receiver};

use super::{EVERYWHERE, create, end, join, leave, start, text, told, told_at};

#[tokio::test]
async fn a_session_is_told_in_order_with_exact_counts_and_the_same_at_both_urls() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let more = json!({"max_participants": 3, "empty_timeout": 60});
    let sid = create(&server, "whole", Some(&receiver.url("own")), more).await;
    let ann = join(&server, "whole", "ann").await;
    join(&server, "whole", "bob").await;
    leave(&server, &ann).await;
    join(&server, "whole", "cyd").await;
    end(&server, "whole").await;
    for path in ["own", EVERYWHERE] {
        receiver.finished(path, &sid).await;
        let expected = told([
            ("room_created", None, 0),
            ("room_started", None, 1),
            ("participant_joined", Some("ann"), 1),
            ("participant_joined", Some("bob"), 2),
            ("participant_left", Some("ann"), 1),
            ("participant_joined", Some("cyd"), 2),
            ("participant_left", Some("bob"), 1),
            ("participant_left", Some("cyd"), 0),
            ("session_ended", None, 0),
            ("room_finished", None, 0),
        ]);
        assert_eq!(told_at(&receiver, path, &sid), expected, "{path}");
    }
    let [own, everywhere] = ["own", EVERYWHERE].map(|path| receiver.attempts(path, &sid));
    for (own, everywhere) in own.iter().zip(&everywhere) {
        assert_eq!(own.body, everywhere.body, "the same at both, its id too");
        let delivery = |hook: &Received| hook.header("x-vestibule-delivery").to_owned();
        assert_ne!(delivery(own), delivery(everywhere), "each URL has its own deliveries");
    }
    let room = &own[2].json["room"];
    assert_eq!((&room["room_id"], &room["max_participants"]), (&json!("whole"), &json!(3)));
    assert_eq!(room["empty_timeout"], 60);
    let metadata: Value = serde_json::from_str(&text(&room["metadata"])).expect("JSON");
    assert_eq!(metadata["room_title"], "Title of whole");
    let [joined, left] = [2, 4].map(|place: usize| &own[place].json["participant"]);
    assert_eq!((&joined["name"], &left["name"]), (&json!("ann"), &json!("ann")));
    for same in ["sid", "joined_at", "metadata"] {
        assert_eq!(joined[same], left[same], "{same}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_takes_no_seat_tells_nothing_and_a_session_that_nobody_joined_ends_with_two_and_three() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let sid = create(&server, "unused", None, json!({})).await;
    let again = create(&server, "unused", Some(&receiver.url("late")), json!({})).await;
    assert_eq!(again, sid, "an open session is left as it is");
    server.mint("unused", "ann").await;
    end(&server, "unused").await;

    let waiting = json!({"metadata": {"room_features": {"waiting_room_features": {"is_active": true}}}});
    let guarded = create(&server, "guarded", None, waiting).await;
    let waiter = join(&server, "guarded", "ann").await;
    leave(&server, &waiter).await;
    end(&server, "guarded").await;
    for sid in [&sid, &guarded] {
        receiver.finished(EVERYWHERE, sid).await;
        let expected =
            told([("room_created", None, 0), ("session_ended", None, 0), ("room_finished", None, 0)]);
        assert_eq!(told_at(&receiver, EVERYWHERE, sid), expected);
    }

    let sid = create(&server, "replaced", None, json!({})).await;
    join(&server, "replaced", "ann").await;
    let second = join(&server, "replaced", "ann").await;
    let resumed = server.call("POST", "/api/resume", Some(&second), None).await;
    assert_eq!(resumed.status, 200, "{:?}", resumed.body);
    end(&server, "replaced").await;
    receiver.finished(EVERYWHERE, &sid).await;
    let expected = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("ann"), 1),
        ("participant_left", Some("ann"), 0),
        ("session_ended", None, 0),
        ("room_finished", None, 0),
    ]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), expected);
    assert!(receiver.received().iter().all(|hook| hook.path == EVERYWHERE), "{:#?}", receiver.received());
    server.stop().await;
}

#[tokio::test]
async fn each_session_of_a_room_by_code_is_told_from_its_first_join_on() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let host = server.user_token("hanna", "Hanna");
    let made = server.call("POST", "/rooms", Some(&host), Some(&json!({"name": "Weekly"}))).await;
    let [id, code] = ["id", "code"].map(|key| text(&made.body[key]));
    server.stack.settled().await;
    assert_eq!(receiver.received().len(), 0, "it is idle");

    let join = format!("/rooms/{code}/join");
    let mut sids = Vec::new();
    for _ in 0..2 {
        let before = receiver.received().len();
        assert_eq!(server.call("POST", &join, Some(&host), None).await.status, 201);
        let guest = server.call("POST", &join, None, Some(&json!({"guestName": "Jane"}))).await;
        assert_eq!(guest.status, 201, "{:?}", guest.body);
        receiver.until("four webhooks", |received| received.len() == before + 4).await;
        let sid = receiver.received()[before].sid().to_owned();
        let jane = format!("guest-{}", text(&guest.body["id"]));
        end(&server, &id).await;
        receiver.finished(EVERYWHERE, &sid).await;
        let expected = told([
            ("room_created", None, 0),
            ("room_started", None, 1),
            ("participant_joined", Some("hanna"), 1),
            ("participant_joined", Some(&jane), 2),
            ("participant_left", Some("hanna"), 1),
            ("participant_left", Some(&jane), 0),
            ("session_ended", None, 0),
            ("room_finished", None, 0),
        ]);
        assert_eq!(told_at(&receiver, EVERYWHERE, &sid), expected);
        let names: Vec<_> = receiver.attempts(EVERYWHERE, &sid)[2..4]
            .iter()
            .map(|hook| hook.json["participant"]["name"].clone())
            .collect();
        assert_eq!(names, ["Hanna", "Jane"]);
        sids.push(sid);
    }
    assert_ne!(sids[0], sids[1], "each has its own id and its own numbers");
    server.stop().await;
}
