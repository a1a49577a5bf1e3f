use super::*;

#[tokio::test]
async fn who_has_no_rights_admits_nobody() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm) = guarded(&table, 9).await;
    let waiting = waiters(&table, &key, &["bob", "cyd"]).await;
    approve(&app, &adm, "bob").await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for token in [&waiting[0], &waiting[1], &hidden].map(|person| rooms.session_text(person)) {
        for whom in ["all", "cyd", "nobody"] {
            let reply = approve(&app, &token, whom).await;
            assert_eq!(reply.refusal(), (403, "Only a moderator can do this"), "{whom}");
        }
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn the_lock_stops_admission() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    rooms.set(&key, |settings| settings.waiting_room = true).await;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    rooms.join(&key, "bob").await.expect("a place");
    rooms.lock(&key, true).await;
    for whom in ["bob", "all"] {
        assert_eq!(approve(&app, &host, whom).await.refusal(), (403, "Room is locked"), "{whom}");
    }
    rooms.lock(&key, false).await;
    assert_eq!(approve(&app, &host, "bob").await.status, 200);
}

#[tokio::test]
async fn who_does_not_wait_is_not_found() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm) = guarded(&table, 9).await;
    let bob = waiters(&table, &key, &["bob"]).await.remove(0);
    rooms.leave(&bob).await;
    rooms.mint(&key, "invited").await;
    for whom in ["bob", "invited", "nobody"] {
        assert_eq!(approve(&app, &adm, whom).await.refusal(), (404, "Participant not found"), "{whom}");
    }
    assert_eq!(approve(&app, &adm, "all").await.status, 200, "there is nobody to admit");
}

#[tokio::test]
async fn a_session_that_is_over_admits_nobody() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm) = guarded(&table, 9).await;
    waiters(&table, &key, &["bob"]).await;
    rooms.end_session(&key).await;
    for whom in ["bob", "all"] {
        assert_eq!(approve(&app, &adm, whom).await.refusal(), (400, "Room is no longer active"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_body_is_told_by_name() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm) = guarded(&table, 9).await;
    for (body, message) in [
        (json!({}), "user_id: value is required"),
        (json!({"user_id": 5}), "user_id: must be a string, it is a number"),
        (json!({"user_id": "ü".repeat(129)}), "user_id: must be at most 128 characters"),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).bearer(&adm)).await;
        assert_eq!(reply.refusal(), (400, message));
    }
    let call = Call::post(PATH, &json!({"user_id": "all"}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
}
