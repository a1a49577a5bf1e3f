//! What makes no room.

use super::*;

#[tokio::test]
async fn the_id_of_a_room_by_code_is_taken() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let taken = (200, "room_id is the id of a room by code", "CONFLICT");
    assert_eq!(create(&app, small(room.key.room.as_str())).await.failure(), taken);
    rooms.end_room(&room.key).await;
    assert_eq!(create(&app, small(room.key.room.as_str())).await.failure(), taken);
}

#[tokio::test]
async fn violations_are_listed_in_the_order_of_the_fields() {
    const ID: &str = "room_id: room_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_";
    let table = TestTable::new().await;
    let app = app(&table).await;
    let titled = |title: &str| json!({"room_title": title, "room_features": {}});
    let with = |field: &str, value: serde_json::Value| {
        let mut body = small("room-1");
        body[field] = value;
        body
    };
    let in_metadata = |field: &str, value: &str| {
        let mut body = small("room-1");
        body["metadata"][field] = json!(value);
        body
    };
    let one = |text: &str| format!("validation error: {text}");
    let long_url = format!("https://example.org/{}", "a".repeat(255));
    for (body, msg) in [
        (with("room_id", json!(null)), one(ID)),
        (with("room_id", json!("a b")), one(ID)),
        (with("room_id", json!("комната")), one(ID)),
        (with("room_id", json!("a\n")), one(ID)),
        (with("room_id", json!("a".repeat(65))), one("room_id: must be at most 64 characters")),
        (with("empty_timeout", json!(0)), one("empty_timeout: must be greater than 0")),
        (with("max_participants", json!(0)), one("max_participants: must be greater than 0")),
        (with("metadata", json!(null)), one("metadata: value is required")),
        (with("metadata", titled("")), one("metadata.room_title: value is required")),
        (
            with("metadata", titled(&"é".repeat(256))),
            one("metadata.room_title: must be at most 255 characters"),
        ),
        (
            with("metadata", json!({"room_title": "T", "room_features": null})),
            one("metadata.room_features: value is required"),
        ),
        (
            in_metadata("webhook_url", ""),
            one("metadata.webhook_url: value is empty, which is not a valid URI"),
        ),
        (in_metadata("webhook_url", "/hook"), one("metadata.webhook_url: must be a valid URI")),
        (in_metadata("webhook_url", "javascript:x"), one("metadata.webhook_url: must be a valid URI")),
        (in_metadata("webhook_url", &long_url), one("metadata.webhook_url: must be at most 255 characters")),
        (in_metadata("logout_url", "ftp://a"), one("metadata.logout_url: must be a valid URI")),
        (in_metadata("logout_url", "no URL"), one("metadata.logout_url: must be a valid URI")),
        (
            json!({"empty_timeout": 0, "max_participants": 0, "metadata": {"webhook_url": "x"}}),
            format!(
                "validation errors:\n - {ID}\n - empty_timeout: must be greater than 0\
                 \n - max_participants: must be greater than 0\n - metadata.room_title: value is required\
                 \n - metadata.webhook_url: must be a valid URI\n - metadata.room_features: value is required"
            ),
        ),
    ] {
        let reply = create(&app, body.clone()).await;
        assert_eq!(reply.failure(), (200, msg.as_str(), "INVALID_PARAMETERS"), "{body}");
    }
    assert_eq!(create(&app, small(&"a".repeat(64))).await.text("msg"), "success");
    assert_eq!(create(&app, with("metadata", titled(&"é".repeat(255)))).await.text("msg"), "success");
}

#[tokio::test]
async fn ids_that_plugnmeet_keeps_for_itself_are_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (room_id, msg) in [
        ("a-FIELD_b", "RoomId cannot contain the reserved pattern '-FIELD_'"),
        ("user_a", "RoomId cannot start with the reserved pattern 'user_'"),
    ] {
        assert_eq!(create(&app, small(room_id)).await.failure(), (200, msg, "INVALID_PARAMETERS"));
    }
    for room_id in ["USER_a", "x-user_a", "a-field-b", "--__--"] {
        assert_eq!(create(&app, small(room_id)).await.text("msg"), "success", "{room_id}");
    }
}

#[tokio::test]
async fn a_field_of_another_type_is_named_by_its_path() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let titled = |metadata: serde_json::Value| {
        let mut body = json!({"room_id": "room-1", "metadata": {"room_title": "T", "room_features": {}}});
        body["metadata"]
            .as_object_mut()
            .expect("an object")
            .extend(metadata.as_object().cloned().expect("one"));
        body
    };
    let features = |features: serde_json::Value| titled(json!({"room_features": features}));
    for (body, msg) in [
        (json!({"room_id": 5}), "room_id: must be a string, it is a number"),
        (json!({"room_id": "a", "roomId": "a"}), "room_id: is there twice, in two spellings"),
        (
            json!({"room_id": "a", "empty_timeout": 300.5}),
            "empty_timeout: must be an integer from 0 to 4294967295, it is a number",
        ),
        (
            json!({"room_id": "a", "maxParticipants": true}),
            "max_participants: must be an integer from 0 to 4294967295, it is a boolean",
        ),
        (
            json!({"room_id": "a", "max_participants": " 5"}),
            "max_participants: must be an integer from 0 to 4294967295, it is a string",
        ),
        (json!({"room_id": "a", "metadata": "{}"}), "metadata: must be an object, it is a string"),
        (titled(json!({"room_title": 5})), "metadata.room_title: must be a string, it is a number"),
        (titled(json!({"roomTitle": "T"})), "metadata.room_title: is there twice, in two spellings"),
        (titled(json!({"webhook_url": []})), "metadata.webhook_url: must be a string, it is an array"),
        (titled(json!({"room_features": ""})), "metadata.room_features: must be an object, it is a string"),
        (
            features(json!({"auto_gen_user_id": "true"})),
            "metadata.room_features.auto_gen_user_id: must be true or false, it is a string",
        ),
        (
            features(json!({"roomDuration": -1})),
            "metadata.room_features.room_duration: must be an integer from 0 to 18446744073709551615, it is a \
             number",
        ),
        (
            features(json!({"waiting_room_features": {"is_active": 1}})),
            "metadata.room_features.waiting_room_features.is_active: must be true or false, it is a number",
        ),
        (
            titled(json!({"default_lock_settings": {"lock_chat": "true"}})),
            "metadata.default_lock_settings.lock_chat: must be true or false, it is a string",
        ),
    ] {
        let reply = create(&app, body.clone()).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_nothing_stored() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let before = table.items().await;
    checks::bodies(200, async |body| ask(&app, Call::new("POST", PATH).raw(body).signed()).await).await;
    let reply = ask(&app, Call::new("POST", PATH).signed()).await;
    let empty = "the body must be a JSON object, it is empty";
    assert_eq!(reply.failure(), (200, empty, "INVALID_PARAMETERS"));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &small("room-1")).await;
}
