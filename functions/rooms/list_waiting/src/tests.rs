use std::time::Duration;

use api::{Dialect, respond};
use models::{ParticipantId, Role, RoomKey};
use serde_json::json;
use store::NewToken;
use testing::rooms::{HOST, new_token};
use testing::{Call, Reply, TestTable, checks};

use super::*;

async fn app(table: &TestTable) -> App<Config> {
    table.app("list_waiting", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn waiting(room: &RoomKey) -> Call {
    Call::new("GET", &format!("/rooms/{}/waiting", room.room)).parameter("id", room.room.as_str())
}

/// A guarded room by code.
async fn guarded(table: &TestTable) -> RoomKey {
    let key = table.rooms().by_code(5).await.key;
    table.rooms().set(&key, |settings| settings.waiting_room = true).await;
    key
}

#[tokio::test]
async fn those_who_wait_are_listed_in_order_of_arrival() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = guarded(&table).await;
    let host = table.user_token(HOST, "Hanna");
    assert_eq!(ask(&app, waiting(&key).bearer(&host)).await.body, json!([]), "an idle room");
    let (zoe, since) = (rooms.join(&key, "zoe").await.expect("a place"), table.now().to_string());
    table.clock.advance(Duration::from_millis(1));
    let jane = rooms.join_as_guest(&key, "Jane").await.expect("a place");
    let reply = ask(&app, waiting(&key).bearer(&host)).await;
    assert_eq!(reply.status, 200);
    let waiter = |id: ParticipantId, name: &str, since: &str| json!({"id": id.to_string(), "displayName": name, "avatarUrl": null, "waitingSince": since});
    let (first, second) = (waiter(zoe.id, "Name of zoe", &since), table.now().to_string());
    assert_eq!(reply.body, json!([first, waiter(jane.id, "Jane", &second)]));

    // The host who is in, and moderators, ask by their session token.
    let seated = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    assert_eq!(ask(&app, waiting(&key).bearer(&seated)).await.body, reply.body);
    let new = NewToken { role: Role::Moderator, ..new_token("adm", table.now()) };
    let adm = rooms.redeem(&rooms.mint_as(&key, new).await).await.expect("a seat");
    assert_eq!(ask(&app, waiting(&key).bearer(&rooms.session_text(&adm))).await.body, reply.body);
    let adm = table.user_token("adm", "Adm");
    assert_eq!(ask(&app, waiting(&key).bearer(&adm)).await.body, reply.body);

    rooms.end_session(&key).await;
    assert_eq!(ask(&app, waiting(&key).bearer(&host)).await.body, json!([]), "nobody waits any more");
}

#[tokio::test]
async fn others_do_not_see_who_waits() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(5).await.key;
    let ann = rooms.join(&key, "ann").await.expect("a seat");
    rooms.set(&key, |settings| settings.waiting_room = true).await;
    let waiter = rooms.join(&key, "bob").await.expect("a place");
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("spy", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    for person in [&ann, &hidden] {
        let reply = ask(&app, waiting(&key).bearer(&rooms.session_text(person))).await;
        assert_eq!(reply.refusal(), (403, "Only a moderator can do this"));
    }
    let not_in = (403, "You are not in this room");
    let reply = ask(&app, waiting(&key).bearer(&rooms.session_text(&waiter))).await;
    assert_eq!(reply.refusal(), not_in);
    let reply = ask(&app, waiting(&key).bearer(&table.user_token("eve", "Eve"))).await;
    assert_eq!(reply.refusal(), not_in);
}

#[tokio::test]
async fn what_is_no_good_token_or_no_room_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let key = guarded(&table).await;
    assert_eq!(ask(&app, waiting(&key)).await.refusal(), (401, "Missing token"));
    checks::user_tokens(&table, async |call| ask(&app, call).await, &waiting(&key)).await;
    let never = Call::new("GET", "/rooms/never/waiting").parameter("id", "never");
    let reply = ask(&app, never.bearer(&table.user_token("ann", "Ann"))).await;
    assert_eq!(reply.refusal(), (404, "Room not found"));
}
