//! What `?dryRun=true` says. It takes nothing, whatever it says.

use super::*;

/// A dry run: `call` with the query.
fn dry(code: impl ToString) -> Call {
    let code = code.to_string();
    Call::new("POST", &format!("/rooms/{code}/join?dryRun=true")).parameter("code", code)
}

fn dry_as(table: &TestTable, code: impl ToString, sub: &str) -> Call {
    dry(code).bearer(&table.user_token(sub, sub))
}

/// Asks, checks that nothing was written, and gives the reason.
async fn reason(table: &TestTable, app: &App<Config>, call: Call) -> Option<String> {
    let before = table.items().await;
    let reply = ask(app, call).await;
    assert_eq!(table.items().await, before, "a dry run takes nothing");
    assert_eq!(reply.status, 200);
    let reason = reply.body["reason"].as_str().map(str::to_owned);
    assert_eq!(reply.body["canJoin"], reason.is_none());
    assert_eq!(reply.body["message"].is_null(), reason.is_none());
    reason
}

#[tokio::test]
async fn it_says_yes_to_guests_without_a_name_and_to_users() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let reply = ask(&app, dry(code(&room))).await;
    assert_json_snapshot!(reply.body, @r#"
    {
      "canJoin": true,
      "message": null,
      "reason": null,
      "waitingRoom": false
    }
    "#);
    for _ in 0..3 {
        assert_eq!(reason(&table, &app, dry_as(&table, code(&room), "ann")).await, None);
    }
    for absent in [json!({}), json!({"guestName": null})] {
        assert_eq!(reason(&table, &app, dry(code(&room)).raw(absent.to_string())).await, None, "{absent}");
    }
    assert!(!rooms.state(&room.key).await.is_open(table.now()), "no session was started");
}

#[tokio::test]
async fn it_names_the_reason_with_the_message_of_the_refusal() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let (code, key) = (code(&room), &room.key);
    for user in ["ann", "bob"] {
        rooms.join(key, user).await.expect("a seat");
    }
    let full = ask(&app, dry(&code)).await;
    assert_json_snapshot!(full.body, @r#"
    {
      "canJoin": false,
      "message": "Room is full",
      "reason": "ROOM_FULL",
      "waitingRoom": false
    }
    "#);

    let asked = async |call: Call| reason(&table, &app, call).await;
    assert_eq!(asked(dry(&code)).await.as_deref(), Some("ROOM_FULL"));
    assert_eq!(asked(dry_as(&table, &code, "ann")).await, None, "she is in");
    rooms.lock(key, true).await;
    assert_eq!(asked(dry(&code)).await.as_deref(), Some("ROOM_LOCKED"));
    assert_eq!(asked(dry_as(&table, &code, HOST)).await.as_deref(), Some("ROOM_LOCKED"));
    rooms.ban(&rooms.join(key, "bob").await.expect("his own seat")).await;
    assert_eq!(asked(dry_as(&table, &code, "bob")).await.as_deref(), Some("BANNED"));
    rooms.set(key, |settings| settings.allow_guest_access = false).await;
    assert_eq!(asked(dry(&code)).await.as_deref(), Some("GUESTS_NOT_ALLOWED"));
    rooms.end_room(key).await;
    assert_eq!(asked(dry(&code)).await.as_deref(), Some("ROOM_NOT_ACTIVE"));
    for unknown in ["abc-def-ghi", "no-code", "ABC"] {
        assert_eq!(asked(dry(unknown)).await.as_deref(), Some("ROOM_NOT_FOUND"), "{unknown}");
    }
}

#[tokio::test]
async fn it_tells_who_would_wait() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    for (call, waits) in [
        (dry(code(&room)), true),
        (dry_as(&table, code(&room), "ann"), true),
        (dry_as(&table, code(&room), HOST), false),
    ] {
        let reply = ask(&app, call).await;
        assert_eq!((&reply.body["canJoin"], &reply.body["waitingRoom"]), (&json!(true), &json!(waits)));
    }
}

#[tokio::test]
async fn a_bad_credential_and_a_malformed_body_are_refused_as_ever() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    checks::user_tokens(&table, async |call| ask(&app, call).await, &dry(code(&room))).await;
    checks::bodies(400, async |body| ask(&app, dry(code(&room)).raw(body)).await).await;
    checks::bodies(400, async |body| ask(&app, dry("no-code").raw(body)).await).await;
    assert_eq!(ask(&app, dry(code(&room)).raw(r#"{"guestName":""}"#)).await.status, 400);
}

#[tokio::test]
async fn only_the_word_true_makes_a_dry_run() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let code = code(&room).to_string();
    let call = Call::new("POST", &format!("/rooms/{code}/join?dryRun=false"))
        .parameter("code", code)
        .raw(json!({"guestName": "Ann"}).to_string());
    assert_eq!(ask(&app, call).await.status, 201);
}
