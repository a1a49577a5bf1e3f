use store::NewRoom;
use testing::rooms::new_room;

use super::*;

const NOT_MODERATOR: (u16, &str) = (403, "Only a moderator can do this");

#[tokio::test]
async fn who_has_no_rights_or_is_seen_by_nobody_switches_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, _, bob) = room_of_two(&table).await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for token in [rooms.session_text(&bob), rooms.session_text(&hidden)] {
        for user in ["adm", "bob", "nobody"] {
            assert_eq!(switch(&app, &token, user, "PROMOTE").await.refusal(), NOT_MODERATOR, "{user}");
        }
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_is_not_in_or_is_seen_by_nobody_cannot_present() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let adm = rooms.session_text(&rooms.moderator(&room.key, "adm").await);
    let left = rooms.moderator(&room.key, "left").await;
    rooms.leave(&left).await;
    rooms.redeem(&rooms.mint(&room.key, "waits").await).await.expect("a place");
    rooms.mint(&room.key, "invited").await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for user in ["left", "waits", "invited", "hid", "nobody", &"ü".repeat(128)] {
        for task in ["PROMOTE", "DEMOTE"] {
            let reply = switch(&app, &adm, user, task).await;
            assert_eq!(reply.refusal(), (404, "Participant not found"), "{user}");
        }
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_moderator_who_is_out_switches_nothing() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (key, adm, _) = room_of_two(&table).await;
    let ask = async |token: &str| vec![switch(&app, token, "bob", "PROMOTE").await];
    checks::moderators_who_are_out(&table, &key, &adm, ask).await;
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::post(PATH, &json!({"user_id": "bob", "task": "PROMOTE"}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm, _) = room_of_two(&table).await;
    let before = table.items().await;
    let body = |user: Value, task: Value| json!({"user_id": user, "task": task});
    for (body, status, message) in [
        (json!({}), 400, "user_id: value is required; task: value is required"),
        (body(json!("bob"), json!("")), 400, "task: value is required"),
        (
            body(json!("u".repeat(129)), json!("promote")),
            400,
            "user_id: must be at most 128 characters; task: must be one of PROMOTE, DEMOTE",
        ),
        (body(json!("bob"), json!(0)), 400, "task: must be a string, it is a number"),
        (body(json!(5), json!("PROMOTE")), 400, "user_id: must be a string, it is a number"),
        (json!({"user_id": "bob", "task": "DEMOTE", "room_id": "other"}), 401, "Invalid token"),
        (
            json!({"user_id": "bob", "task": "DEMOTE", "room_id": 5}),
            400,
            "room_id: must be a string, it is a number",
        ),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).bearer(&adm)).await;
        assert_eq!(reply.refusal(), (status, message), "{body}");
    }
    assert_eq!(table.items().await, before);
    let own = json!({"userId": "bob", "task": "DEMOTE", "roomId": "room-1", "other": 1});
    assert_eq!(ask(&app, Call::post(PATH, &own).bearer(&adm)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm, _) = room_of_two(&table).await;
    checks::bodies(400, async |body| ask(&app, Call::new("POST", PATH).raw(body).bearer(&adm)).await).await;
}
