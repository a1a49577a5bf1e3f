use super::*;

const NOT_MODERATOR: (u16, &str) = (403, "Only a moderator can do this");

#[tokio::test]
async fn who_has_no_rights_or_is_seen_by_nobody_locks_nobody() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, _, bob) = room_of_two(&table).await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for token in [rooms.session_text(&bob), rooms.session_text(&hidden)] {
        for user in ["adm", "bob", "nobody", "all"] {
            assert_eq!(say(&app, &token, user, "mic", "lock").await.refusal(), NOT_MODERATOR, "{user}");
        }
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_is_not_there_or_is_seen_by_nobody_cannot_be_locked() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let adm = rooms.session_text(&rooms.moderator(&room.key, "adm").await);
    let left = rooms.moderator(&room.key, "left").await;
    rooms.leave(&left).await;
    rooms.mint(&room.key, "invited").await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for user in ["left", "invited", "hid", "nobody", &"ü".repeat(128)] {
        let reply = say(&app, &adm, user, "mic", "lock").await;
        assert_eq!(reply.refusal(), (404, "Participant not found"), "{user}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_moderator_who_is_out_locks_nobody() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (key, adm, _) = room_of_two(&table).await;
    let ask = async |token: &str| vec![say(&app, token, "bob", "mic", "lock").await];
    checks::moderators_who_are_out(&table, &key, &adm, ask).await;
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::post(PATH, &json!({"user_id": "bob", "service": "mic", "direction": "lock"}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm, _) = room_of_two(&table).await;
    let before = table.items().await;
    let body = |service: Value, direction: Value| json!({"user_id": "bob", "service": service, "direction": direction});
    let services = "must be one of mic, webcam, screenShare, chat, sendChatMsg, chatFile, privateChat, whiteboard, \
                    sharedNotepad";
    let unknown = format!("service: {services}; direction: must be one of lock, unlock");
    for (body, status, message) in [
        (
            json!({}),
            400,
            "user_id: value is required; service: value is required; direction: value is required",
        ),
        (body(json!("nonsense"), json!("nonsense")), 400, unknown.as_str()),
        (body(json!("lock_chat"), json!("LOCK")), 400, unknown.as_str()),
        (body(json!(1), json!("lock")), 400, "service: must be a string, it is a number"),
        (body(json!("mic"), json!(true)), 400, "direction: must be a string, it is a boolean"),
        (
            json!({"user_id": "bob", "service": "mic", "direction": "lock", "room_id": "other"}),
            401,
            "Invalid token",
        ),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).bearer(&adm)).await;
        assert_eq!(reply.refusal(), (status, message), "{body}");
    }
    assert_eq!(table.items().await, before);
    let own = json!({"userId": "bob", "service": "mic", "direction": "lock", "roomId": "room-1", "other": 1});
    assert_eq!(ask(&app, Call::post(PATH, &own).bearer(&adm)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm, _) = room_of_two(&table).await;
    checks::bodies(400, async |body| ask(&app, Call::new("POST", PATH).raw(body).bearer(&adm)).await).await;
}

#[tokio::test]
async fn nothing_locks_host_and_moderators() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    rooms.join(&key, HOST).await.expect("a seat");
    let adm = rooms.session_text(&rooms.moderator(&key, "adm").await);
    let before = table.items().await;
    for user in [HOST, "adm"] {
        let expected = (400, "Host and moderators cannot be locked");
        assert_eq!(say(&app, &adm, user, "mic", "lock").await.refusal(), expected);
    }
    assert_eq!(table.items().await, before);
}
