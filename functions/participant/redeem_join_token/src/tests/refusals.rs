//! What gives no seat.

use super::*;

#[tokio::test]
async fn a_token_expires_after_its_time() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let (in_time, late) = (rooms.mint(&room.key, "ann").await, rooms.mint(&room.key, "bob").await);
    let texts = [rooms.join_text(&in_time), rooms.join_text(&late)];
    table.clock.advance(just_before(TOKEN_VALIDITY));
    assert_eq!(ask(&app, call().bearer(&texts[0])).await.status, 201);
    table.clock.advance(Duration::from_millis(1));
    let before = table.items().await;
    assert_eq!(ask(&app, call().bearer(&texts[1])).await.refusal(), (401, "Token has expired"));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_is_no_good_join_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    let session = rooms.session_text(&rooms.seat(&room.key, "bob").await);
    assert_eq!(ask(&app, call()).await.refusal(), (401, "Missing token"));

    let good = rooms.join_text(&token);
    let by = |secret: &str, token: &JoinToken| {
        let now = table.now();
        let text = JoinTokenText {
            hidden: false,
            client_type: 0,
            minted_at: now,
            expires_at: now.plus(TOKEN_VALIDITY),
        };
        sign_join_token(token, text, secret.as_bytes())
    };
    let of_key = |id: &str| JoinToken { api_key: id.try_into().expect("an id"), ..token.clone() };
    let payload = good.split('.').nth(1).expect("a payload");
    let never_minted = JoinToken { user: user_id("eve"), ..token.clone() };
    let before = table.items().await;
    for (text, message) in [
        (String::new(), "Invalid token"),
        ("garbage".to_owned(), "Invalid token"),
        (format!("{good}x"), "Invalid token"),
        (format!("eyJhbGciOiJub25lIn0.{payload}."), "Invalid token"),
        (session, "Invalid token"),
        (table.user_token("ann", "Ann"), "Invalid token"),
        (by("another secret", &token), "Invalid token"),
        (by(API_SECRET, &of_key("other")), "Invalid token"),
        (by(API_SECRET, &of_key("nobody")), "Invalid token"),
        // Of another tenant's key: the room of this name is not there.
        (by(OTHER_API_SECRET, &of_key("other")), "Room not found"),
        // Signed by the key's owner, but not minted by us.
        (by(API_SECRET, &never_minted), "Invalid token"),
    ] {
        let reply = ask(&app, call().header("authorization", &format!("Bearer {text}"))).await;
        assert_eq!(reply.refusal().1, message, "{text}");
    }
    assert_eq!(table.items().await, before);
    assert_eq!(ask(&app, call().bearer(&good)).await.status, 201);
}

#[tokio::test]
async fn a_token_of_an_earlier_session_or_an_ended_one_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    rooms.end_session(&room.key).await;
    assert_eq!(redeem(&table, &app, &token).await.refusal(), NOT_ACTIVE);
    rooms.open("room-1", None).await;
    let before = table.items().await;
    assert_eq!(redeem(&table, &app, &token).await.refusal(), NOT_ACTIVE);
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_session_is_over_when_nobody_came_or_all_have_left() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { empty_timeout: Duration::from_mins(1), ..new_room("short") }).await;
    let token = rooms.mint(&room.key, "ann").await;
    let text = rooms.join_text(&token);
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(ask(&app, call().bearer(&text)).await.refusal(), NOT_ACTIVE);

    let room = rooms.open("room-1", None).await;
    rooms.leave(&rooms.seat(&room.key, "ann").await).await;
    let (back, late) = (rooms.mint(&room.key, "bob").await, rooms.mint(&room.key, "cid").await);
    table.clock.advance(just_before(DEPARTURE));
    let reply = redeem(&table, &app, &back).await;
    assert_eq!(reply.status, 201, "the pause in which somebody may come back");
    table.clock.advance(EMPTY_TIMEOUT);
    assert!(rooms.state(&room.key).await.is_open(table.now()), "somebody is in");
    let bob = rooms.seat(&room.key, "bob").await;
    rooms.leave(&bob).await;
    table.clock.advance(DEPARTURE);
    assert_eq!(redeem(&table, &app, &late).await.refusal(), NOT_ACTIVE);
}

#[tokio::test]
async fn a_session_with_a_duration_ends_so_long_after_its_first_join() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let new = NewRoom { duration: Some(Duration::from_mins(5)), ..new_room("room-1") };
    let room = rooms.create(&new).await;
    table.clock.advance(Duration::from_mins(20));
    let first = redeem(&table, &app, &rooms.mint(&room.key, "ann").await).await;
    assert_eq!(first.status, 201);
    let end = table.now().plus(Duration::from_mins(5));
    assert_eq!(rooms.state(&room.key).await.due_at, end);
    table.clock.advance(Duration::from_mins(4));
    let late = rooms.mint(&room.key, "bob").await;
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(redeem(&table, &app, &late).await.refusal(), NOT_ACTIVE);
}

#[tokio::test]
async fn a_full_room_takes_nobody_and_keeps_the_token_for_later() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", Some(1)).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let token = rooms.mint(&room.key, "bob").await;
    let before = table.items().await;
    assert_eq!(redeem(&table, &app, &token).await.refusal(), (400, "Room is full"));
    assert_eq!(table.items().await, before);
    rooms.leave(&ann).await;
    assert_eq!(redeem(&table, &app, &token).await.status, 201);
}

#[tokio::test]
async fn of_many_reasons_the_first_in_the_order_is_given() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let key = &room.key;
    rooms.join(key, "ann").await.expect("a seat");
    let bob = rooms.join(key, "bob").await.expect("a seat");
    let (used, banned) = (rooms.mint(key, "bob").await, rooms.mint(key, "bob").await);
    let newcomer = rooms.mint(key, "cid").await;
    assert_eq!(redeem(&table, &app, &used).await.status, 201, "he is in: full or not");
    rooms.lock(key, true).await;

    assert_eq!(redeem(&table, &app, &newcomer).await.refusal(), (403, "Room is locked"));
    rooms.lock(key, false).await;
    assert_eq!(redeem(&table, &app, &newcomer).await.refusal(), (400, "Room is full"));
    rooms.lock(key, true).await;
    assert_eq!(redeem(&table, &app, &used).await.refusal(), (401, "Token was already used"));
    rooms.ban(&bob).await;
    assert_eq!(redeem(&table, &app, &used).await.refusal(), (403, "You are blocked from this room"));
    assert_eq!(redeem(&table, &app, &banned).await.refusal(), (403, "You are blocked from this room"));
    rooms.end_room(key).await;
    assert_eq!(redeem(&table, &app, &banned).await.refusal(), NOT_ACTIVE);
    table.clock.advance(PAST_ROOMS);
    assert_eq!(redeem(&table, &app, &banned).await.refusal(), (404, "Room not found"));
}

#[tokio::test]
async fn the_lock_stops_moderators_and_the_host_too() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, "ann").await.expect("a seat");
    let now = table.now();
    let moderator = NewToken { role: Role::Moderator, ..new_token("mod", now) };
    let host = NewToken { role: Role::Host, ..new_token(HOST, now) };
    let tokens = [rooms.mint_as(&room.key, moderator).await, rooms.mint_as(&room.key, host).await];
    rooms.lock(&room.key, true).await;
    for token in &tokens {
        assert_eq!(redeem(&table, &app, token).await.refusal(), (403, "Room is locked"));
    }
    rooms.lock(&room.key, false).await;
    for (token, role, is_host) in [(&tokens[0], "moderator", false), (&tokens[1], "host", true)] {
        let reply = redeem(&table, &app, token).await;
        assert_eq!((reply.text("role"), &reply.body["isHost"]), (role, &json!(is_host)));
    }
}

#[tokio::test]
async fn tokens_of_a_disabled_key_are_dead() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let text = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    let key = store::ApiKey::new(models::Tenant::main(), API_SECRET.to_owned(), table.now());
    let key = store::ApiKey { status: store::KeyStatus::Disabled, ..key };
    let id = testing::API_KEY.try_into().expect("an id");
    table.store().put_api_key(&id, &key, true).await.expect("stored");
    assert_eq!(ask(&app, call().bearer(&text)).await.refusal(), INVALID);
}
