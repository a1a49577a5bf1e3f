use models::Role;
use store::{NewRoom, NewToken};
use testing::rooms::{new_room, new_token};

use super::*;

const NOT_MODERATOR: (u16, &str) = (403, "Only a moderator can do this");

#[tokio::test]
async fn who_has_no_rights_or_is_seen_by_nobody_mutes_nobody() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, _, _) = room_of_two(&table).await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let cid = rooms.seat(&key, "cid").await;
    let before = table.items().await;
    for token in [rooms.session_text(&cid), rooms.session_text(&hidden)] {
        for user in ["adm", "bob", "cid", "nobody", "all"] {
            assert_eq!(mute(&app, &token, user).await.refusal(), NOT_MODERATOR, "{user}");
        }
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_is_not_in_or_is_seen_by_nobody_cannot_be_muted() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let adm = rooms.session_text(&rooms.moderator(&room.key, "adm").await);
    let left = rooms.moderator(&room.key, "left").await;
    rooms.leave(&left).await;
    rooms.seat(&room.key, "waits").await;
    rooms.mint(&room.key, "invited").await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for user in ["left", "waits", "invited", "hid", "nobody", &"ü".repeat(128)] {
        assert_eq!(mute(&app, &adm, user).await.refusal(), (404, "Participant not found"), "{user}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_moderator_who_is_out_mutes_nobody() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (key, adm, _) = room_of_two(&table).await;
    let ask = async |token: &str| vec![mute(&app, token, "bob").await, mute(&app, token, "all").await];
    checks::moderators_who_are_out(&table, &key, &table.rooms().session_text(&adm), ask).await;
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::post(PATH, &json!({"user_id": "bob"}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (_, adm, _) = room_of_two(&table).await;
    let adm = rooms.session_text(&adm);
    let before = table.items().await;
    let number: Value = json!({"user_id": 1});
    for (body, status, message) in [
        (json!({}), 400, "user_id: value is required"),
        (json!({"user_id": ""}), 400, "user_id: value is required"),
        (number, 400, "user_id: must be a string, it is a number"),
        (json!({"user_id": "bob", "room_id": "other"}), 401, "Invalid token"),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).bearer(&adm)).await;
        assert_eq!(reply.refusal(), (status, message), "{body}");
    }
    assert_eq!(table.items().await, before);
    let own = json!({"userId": "bob", "roomId": "room-1", "other": 1});
    assert_eq!(ask(&app, Call::post(PATH, &own).bearer(&adm)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (_, adm, _) = room_of_two(&table).await;
    let adm = rooms.session_text(&adm);
    checks::bodies(400, async |body| ask(&app, Call::new("POST", PATH).raw(body).bearer(&adm)).await).await;
}
