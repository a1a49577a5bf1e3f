//! Who does not get in, and why.

use testing::rooms::{CODE_RETENTION, PAST_ROOMS};

use super::*;

#[tokio::test]
async fn a_code_that_is_none_or_unknown_is_no_room() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let before = table.items().await;
    for code in ["abc-def-ghi", "abc-def-gh", "ABC-DEF-GHI", "abcdefghi", "abc-def-gh1", "a", "code"] {
        assert_eq!(ask(&app, as_guest(code, "Ann")).await.refusal(), NOT_FOUND, "{code}");
        assert_eq!(ask(&app, as_user(&table, code, "ann")).await.refusal(), NOT_FOUND, "{code}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn the_id_of_a_room_of_the_server_api_is_no_code() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    // Not even when somebody made a room under the id that the code stands for.
    let code = RoomCode::try_from("abc-def-ghi").expect("a code");
    for room_id in [code.as_str(), code.room_id().as_str()] {
        rooms.open(room_id, None).await;
        let before = table.items().await;
        assert_eq!(ask(&app, as_guest(&code, "Ann")).await.refusal(), NOT_FOUND);
        assert_eq!(ask(&app, as_user(&table, &code, "ann")).await.refusal(), NOT_FOUND);
        assert_eq!(table.items().await, before);
    }
}

#[tokio::test]
async fn an_ended_room_takes_nobody_and_is_forgotten_in_the_end() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.end_room(&room.key).await;
    let before = table.items().await;
    assert_eq!(ask(&app, as_guest(code(&room), "Ann")).await.refusal(), NOT_ACTIVE);
    assert_eq!(ask(&app, as_user(&table, code(&room), HOST)).await.refusal(), NOT_ACTIVE);
    assert_eq!(table.items().await, before);
    table.clock.advance(PAST_ROOMS);
    assert_eq!(ask(&app, as_guest(code(&room), "Ann")).await.refusal(), NOT_FOUND);
}

#[tokio::test]
async fn a_room_that_nobody_used_for_a_year_is_forgotten() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    table.clock.advance(CODE_RETENTION);
    assert_eq!(ask(&app, as_guest(code(&room), "Ann")).await.refusal(), NOT_FOUND);
}

#[tokio::test]
async fn a_locked_room_takes_nobody_who_is_not_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.lock(&room.key, true).await;
    let before = table.items().await;
    for call in [as_guest(code(&room), "Ann"), as_user(&table, code(&room), HOST)] {
        assert_eq!(ask(&app, call).await.refusal(), LOCKED);
    }
    assert_eq!(table.items().await, before, "the lock also keeps an idle room from starting");
}

#[tokio::test]
async fn a_full_room_takes_nobody_until_somebody_leaves() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.join(&room.key, "bob").await.expect("a seat");
    let before = table.items().await;
    for call in [as_guest(code(&room), "Cid"), as_user(&table, code(&room), HOST)] {
        assert_eq!(ask(&app, call).await.refusal(), FULL);
    }
    assert_eq!(table.items().await, before);
    rooms.leave(&ann).await;
    assert_eq!(ask(&app, as_guest(code(&room), "Cid")).await.status, 201);
}

#[tokio::test]
async fn guests_stay_out_where_only_users_may_come() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.set(&room.key, |settings| settings.allow_guest_access = false).await;
    let reply = ask(&app, as_guest(code(&room), "Ann")).await;
    assert_eq!(reply.refusal(), (403, "Guest access is not allowed"));
    assert_eq!(ask(&app, as_user(&table, code(&room), "ann")).await.status, 201);
}

#[tokio::test]
async fn of_many_reasons_the_first_in_the_order_is_given() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let (code, key) = (code(&room), &room.key);
    let banned = rooms.join(key, "eve").await.expect("a seat");
    for user in ["ann", "bob"] {
        rooms.leave(&banned).await;
        rooms.join(key, user).await.expect("a seat");
    }
    rooms.ban(&banned).await;
    rooms.lock(key, true).await;
    rooms.set(key, |settings| settings.allow_guest_access = false).await;
    let blocked = (403, "You are blocked from this room");

    let nameless = call(&code).bearer("garbage").raw("[]");
    assert_eq!(ask(&app, nameless).await.refusal(), (401, "Invalid token"));
    let malformed = (400, "guestName: must be 1 to 50 characters");
    assert_eq!(ask(&app, as_guest("no-code", " ")).await.refusal(), malformed);
    assert_eq!(ask(&app, as_guest("abc-def-ghi", " ")).await.refusal(), malformed);
    assert_eq!(ask(&app, as_guest(&code, "")).await.refusal(), malformed);
    let no_guests = (403, "Guest access is not allowed");
    assert_eq!(ask(&app, as_guest(&code, "Ann")).await.refusal(), no_guests);
    assert_eq!(ask(&app, as_user(&table, &code, "eve")).await.refusal(), blocked);
    assert_eq!(ask(&app, as_user(&table, &code, "cid")).await.refusal(), LOCKED);
    rooms.lock(key, false).await;
    assert_eq!(ask(&app, as_user(&table, &code, "eve")).await.refusal(), blocked);
    assert_eq!(ask(&app, as_user(&table, &code, "cid")).await.refusal(), FULL);
    assert_eq!(ask(&app, as_user(&table, &code, "ann")).await.status, 201, "she is in");
    rooms.end_room(key).await;
    for call in [as_guest(&code, "Ann"), as_user(&table, &code, "eve")] {
        assert_eq!(ask(&app, call).await.refusal(), NOT_ACTIVE);
    }
}

#[tokio::test]
async fn a_ban_outlives_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let eve = rooms.join(&room.key, "eve").await.expect("a seat");
    rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.ban(&eve).await;
    rooms.end_session(&room.key).await;
    let before = table.items().await;
    let reply = ask(&app, as_user(&table, code(&room), "eve")).await;
    assert_eq!(reply.refusal(), (403, "You are blocked from this room"));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_guests_name_has_1_to_50_characters_and_no_control_characters() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(100).await;
    let before = table.items().await;
    let length = "guestName: must be 1 to 50 characters";
    let control = "guestName: must not contain control characters";
    for (body, message) in [
        (String::new(), length),
        ("{}".to_owned(), length),
        (json!({"guestName": null}).to_string(), length),
        (json!({"guestName": ""}).to_string(), length),
        (json!({"guestName": " \t\u{3000}"}).to_string(), length),
        (json!({"guestName": "n".repeat(51)}).to_string(), length),
        (json!({"guestName": "é".repeat(51)}).to_string(), length),
        (json!({"guestName": "a\nb"}).to_string(), control),
        (json!({"guestName": "a\u{0}b"}).to_string(), control),
        (json!({"guestName": "\u{1b}[31mred"}).to_string(), control),
        (json!({"guestName": 5}).to_string(), "guestName: must be a string, it is 5"),
        (json!({"guestName": ["Ann"]}).to_string(), "guestName: must be a string, it is an array"),
        (json!({"guest_name": "Ann"}).to_string(), length),
    ] {
        let reply = ask(&app, call(code(&room)).raw(body.clone())).await;
        assert_eq!(reply.refusal(), (400, message), "{body}");
    }
    assert_eq!(table.items().await, before);
    for name in ["n", &"é".repeat(50), &format!("  {}  ", "n".repeat(50)), "Ünï cödé 😀"] {
        let reply = ask(&app, as_guest(code(&room), name)).await;
        assert_eq!(reply.text("guestName"), name.trim());
    }
}

#[tokio::test]
async fn a_bad_token_is_never_taken_for_a_guest() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    checks::user_tokens(&table, async |call| ask(&app, call).await, &as_guest(code(&room), "Ann")).await;
    let session = rooms.session_text(&rooms.join(&room.key, "ann").await.expect("a seat"));
    let join = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    for token in [session, join] {
        let reply = ask(&app, as_guest(code(&room), "Ann").bearer(&token)).await;
        assert_eq!(reply.refusal(), (401, "Invalid token"));
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_nothing_stored() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let before = table.items().await;
    checks::bodies(400, async |body| ask(&app, call(code(&room)).raw(body)).await).await;
    checks::bodies(400, async |body| ask(&app, call("no-code").raw(body)).await).await;
    assert_eq!(table.items().await, before);
}
