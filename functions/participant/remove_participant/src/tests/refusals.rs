use super::*;

const NOT_MODERATOR: (u16, &str) = (403, "Only a moderator can do this");

#[tokio::test]
async fn who_has_no_rights_or_is_seen_by_nobody_puts_nobody_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, _, bob) = room_of_two(&table).await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for token in [rooms.session_text(&bob), rooms.session_text(&hidden)] {
        for user in ["adm", "bob", "hid", "nobody"] {
            let reply = remove(&app, &token, json!({"user_id": user, "block_user": true})).await;
            assert_eq!(reply.refusal(), NOT_MODERATOR, "{user}");
            assert_eq!(reply.body["error"], "Forbidden");
        }
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_is_not_in_cannot_be_put_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, bob) = room_of_two(&table).await;
    rooms.leave(&bob).await;
    let invited = rooms.mint(&key, "cid").await;
    let before = table.items().await;
    for user in ["bob", "cid", "nobody", "auth0|x", &"ü".repeat(128)] {
        let reply = remove(&app, &adm, json!({"user_id": user, "block_user": false})).await;
        assert_eq!(reply.refusal(), (404, "Participant not found"), "{user}");
        assert_eq!(reply.body["error"], "Not Found");
    }
    assert_eq!(table.items().await, before);
    rooms.redeem(&invited).await.expect("his invitation is as good as before");
}

#[tokio::test]
async fn a_moderator_who_is_out_moderates_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.seat(&key, "bob").await;
    let [left, banned, stays] = ["left", "banned", "stays"];
    let left = rooms.moderator(&key, left).await;
    let banned = rooms.moderator(&key, banned).await;
    let stays = rooms.session_text(&rooms.moderator(&key, stays).await);
    rooms.leave(&left).await;
    rooms.ban(&banned).await;
    let ask = async |token: &str| remove(&app, token, json!({"user_id": "bob"})).await;
    assert_eq!(ask(&rooms.session_text(&left)).await.refusal(), (401, "Invalid token"));
    assert_eq!(ask(&rooms.session_text(&banned)).await.refusal(), (403, "You are blocked from this room"));
    rooms.end_session(&key).await;
    assert_eq!(ask(&stays).await.refusal(), (400, "Room is no longer active"));
    rooms.open("room-1", None).await;
    rooms.seat(&key, "bob").await;
    assert_eq!(ask(&stays).await.refusal(), (400, "Room is no longer active"), "of an earlier session");
    assert_eq!(rooms.state(&key).await.seats, 1);
}

#[tokio::test]
async fn a_sitting_before_the_live_one_is_good_for_resume_alone() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, _, _) = room_of_two(&table).await;
    let adm = rooms.moderator(&key, "eve").await;
    let newer = rooms.resume(&session_of(&adm)).await;
    let old = remove(&app, &rooms.session_text(&adm), json!({"user_id": "bob"})).await;
    assert_eq!(old.refusal(), (401, "Invalid token"));
    assert_eq!(remove(&app, &rooms.text_of(&newer), json!({"user_id": "bob"})).await.status, 200);
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let call = Call::post(PATH, &json!({"user_id": "bob"}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
    let (key, _, _) = room_of_two(&table).await;
    let join = rooms.join_text(&rooms.mint(&key, "adm").await);
    assert_eq!(ask(&app, call.bearer(&join)).await.refusal(), (401, "Invalid token"));
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm, _) = room_of_two(&table).await;
    let before = table.items().await;
    let long = "m".repeat(501);
    for (body, status, message) in [
        (json!({}), 400, "user_id: value is required"),
        (json!({"user_id": ""}), 400, "user_id: value is required"),
        (
            json!({"user_id": null, "msg": long}),
            400,
            "user_id: value is required; msg: must be at most 500 characters",
        ),
        (json!({"user_id": 5}), 400, "user_id: must be a string, it is a number"),
        (json!({"user_id": "u".repeat(129)}), 400, "user_id: must be at most 128 characters"),
        (json!({"user_id": "a\u{7}"}), 400, "user_id: has characters that are not allowed"),
        (
            json!({"user_id": "bob", "block_user": "yes"}),
            400,
            "block_user: must be true or false, it is a string",
        ),
        (json!({"user_id": "bob", "msg": []}), 400, "msg: must be a string, it is an array"),
        (json!({"user_id": "bob", "userId": "bob"}), 400, "user_id: is there twice, in two spellings"),
        (json!({"user_id": "bob", "room_id": "other"}), 401, "Invalid token"),
        (json!({"user_id": "bob", "roomId": "other"}), 401, "Invalid token"),
        (json!({"user_id": "bob", "room_id": 5}), 400, "room_id: must be a string, it is a number"),
    ] {
        assert_eq!(remove(&app, &adm, body.clone()).await.refusal(), (status, message), "{body}");
    }
    assert_eq!(table.items().await, before);
    let longest = json!({"user_id": "bob", "msg": "ü".repeat(500), "other": 1});
    assert_eq!(remove(&app, &adm, longest).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm, _) = room_of_two(&table).await;
    checks::bodies(400, async |body| ask(&app, Call::new("POST", PATH).raw(body).bearer(&adm)).await).await;
}
