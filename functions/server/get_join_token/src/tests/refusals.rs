//! What gets no token.

use super::*;

#[tokio::test]
async fn a_room_that_does_not_run_gives_no_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    assert_eq!(mint(&app, small("ann")).await.failure(), NOT_ACTIVE);

    let room = rooms.open("room-1", None).await;
    assert_eq!(mint(&app, small("ann")).await.text("msg"), "success");
    rooms.end_session(&room.key).await;
    let before = table.items().await;
    assert_eq!(mint(&app, small("ann")).await.failure(), NOT_ACTIVE);
    // The room is judged before the person is.
    assert_eq!(mint(&app, small("no id")).await.failure(), NOT_ACTIVE);
    assert_eq!(table.items().await, before);

    rooms.open("room-1", None).await;
    table.clock.advance(testing::rooms::EMPTY_TIMEOUT);
    assert_eq!(mint(&app, small("ann")).await.failure(), NOT_ACTIVE);
}

#[tokio::test]
async fn a_banned_user_gets_no_token_for_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.ban(&rooms.seat(&room.key, "ann").await).await;
    let blocked = (200, "this user is blocked to join this session", "USER_BLOCKED");
    assert_eq!(mint(&app, small("ann")).await.failure(), blocked);
    assert_eq!(mint(&app, small("bob")).await.text("msg"), "success");

    rooms.end_session(&room.key).await;
    rooms.open("room-1", None).await;
    assert_eq!(mint(&app, small("ann")).await.text("msg"), "success");
}

#[tokio::test]
async fn user_ids_and_names_of_plugnmeets_own_are_refused() {
    const PATTERN: &str = "user_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_";
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let before = table.items().await;
    for (user_id, msg) in [
        ("", PATTERN),
        ("a b", PATTERN),
        ("a.b", PATTERN),
        ("пользователь", PATTERN),
        ("abc\n", PATTERN),
        (&"u".repeat(129), "validation error: user_info.user_id: must be at most 128 characters"),
        ("ingres_1", "user_id: ingres_1 is reserved for internal use only"),
        ("sip_1", "user_id: sip_1 is reserved for internal use only"),
        ("pnm_agent-1", "user_id: pnm_agent-1 is reserved for internal use only"),
        ("pnm_tts_agent-1", "user_id: pnm_tts_agent-1 is reserved for internal use only"),
        ("u-native", "user_id: suffix -native is reserved for internal use only"),
        ("x-FIELD_y", "user_id cannot contain the reserved pattern '-FIELD_'"),
        ("user_x", "user_id cannot start with the reserved pattern 'user_'"),
    ] {
        let reply = mint(&app, small(user_id)).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{user_id}");
    }
    let recorder = "name: PLUGNMEET_RECORDER_AUTH is reserved for internal use only";
    let reply = mint(&app, with(json!({"name": "PLUGNMEET_RECORDER_AUTH"}))).await;
    assert_eq!(reply.failure(), (200, recorder, "INVALID_PARAMETERS"));
    assert_eq!(table.items().await, before);

    for user_id in
        ["RECORDER_BOT", "RTMP_BOT", "native", "USER_x", "x-user_", "-", "guest-1", &"u".repeat(128)]
    {
        let token = mint(&app, small(user_id)).await;
        assert_eq!(opened(token.text("token"))["claims"]["sub"], user_id);
    }
}

#[tokio::test]
async fn violations_are_listed_in_the_order_of_the_fields() {
    const ID: &str = "room_id: room_id should only contain letters (a-z A-Z), digits (0-9) or -_";
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let metadata = |metadata: Value| with(json!({ "user_metadata": metadata }));
    let own = "validation error: user_info.user_metadata.";
    let user = json!({"name": "Ann", "user_id": "ann"});
    for (body, msg) in [
        (json!({"user_info": user}), format!("validation error: {ID}")),
        (json!({"room_id": "a b", "user_info": user}), format!("validation error: {ID}")),
        (json!({"room_id": "комната", "user_info": user}), format!("validation error: {ID}")),
        (
            json!({"room_id": "a".repeat(65), "user_info": user}),
            "validation error: room_id: must be at most 64 characters".to_owned(),
        ),
        (json!({"room_id": "room-1"}), "validation error: user_info: value is required".to_owned()),
        (json!({}), format!("validation errors:\n - {ID}\n - user_info: value is required")),
        (
            json!({"room_id": "a b", "user_info": {"name": ""}}),
            format!("validation errors:\n - {ID}\n - user_info.name: value is required"),
        ),
        (
            metadata(json!({"profile_pic": ""})),
            format!("{own}profile_pic: value is empty, which is not a valid URI"),
        ),
        (metadata(json!({"profile_pic": "/p.png"})), format!("{own}profile_pic: must be a valid URI")),
        (
            metadata(json!({"profile_pic": "data:image/png;base64,AAAA"})),
            format!("{own}profile_pic: must be a valid URI"),
        ),
        (
            with(json!({"name": "n".repeat(5001)})),
            "validation error: user_info.name: must be at most 5000 bytes".to_owned(),
        ),
        (
            metadata(json!({"extra_data": {"x": "y".repeat(48 * 1024)}})),
            "validation error: user_info.user_metadata: must be at most 49152 bytes".to_owned(),
        ),
        (
            small(&"u".repeat(129)),
            "validation error: user_info.user_id: must be at most 128 characters".to_owned(),
        ),
        (
            metadata(json!({"ex_user_id": "é".repeat(129)})),
            format!("{own}ex_user_id: must be at most 128 characters"),
        ),
        (metadata(json!({"is_presenter": true})), format!("{own}is_presenter: must equal false")),
        (
            metadata(json!({"raised_hand": {"is_raised": true}})),
            format!("{own}raised_hand.is_raised: must equal false"),
        ),
        (
            metadata(json!({"raisedHand": {"raisedAt": "5"}})),
            format!("{own}raised_hand.raised_at: must equal 0"),
        ),
        (metadata(json!({"wait_for_approval": true})), format!("{own}wait_for_approval: must equal false")),
        (
            metadata(json!({"metadata_id": "x"})),
            format!("{own}metadata_id: metadata_id should not contain any value"),
        ),
    ] {
        let reply = mint(&app, body.clone()).await;
        assert_eq!(reply.failure(), (200, msg.as_str(), "INVALID_PARAMETERS"), "{body}");
    }
    let defaults = json!({"is_presenter": false, "raised_hand": {}, "metadata_id": ""});
    assert_eq!(mint(&app, metadata(defaults)).await.text("msg"), "success");
}

#[tokio::test]
async fn a_field_of_another_type_is_named_by_its_path() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    for (body, msg) in [
        (json!({"room_id": []}), "room_id: must be a string, it is an array"),
        (json!({"room_id": "a", "user_info": "ann"}), "user_info: must be an object, it is a string"),
        (with(json!({"name": 5})), "user_info.name: must be a string, it is a number"),
        (with(json!({"user_id": 5})), "user_info.user_id: must be a string, it is a number"),
        (with(json!({"userId": "ann"})), "user_info.user_id: is there twice, in two spellings"),
        (with(json!({"is_admin": "true"})), "user_info.is_admin: must be true or false, it is a string"),
        (with(json!({"user_metadata": []})), "user_info.user_metadata: must be an object, it is an array"),
        (
            with(json!({"user_metadata": {"preferred_lang": 5}})),
            "user_info.user_metadata.preferred_lang: must be a string, it is a number",
        ),
        (
            with(json!({"user_metadata": {"lock_settings": {"lockChat": 1}}})),
            "user_info.user_metadata.lock_settings.lock_chat: must be true or false, it is a number",
        ),
        (
            with(json!({"client_type": true})),
            "user_info.client_type: must be a name or a number of the enumeration, it is a boolean",
        ),
    ] {
        let reply = mint(&app, body.clone()).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_nothing_stored() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let before = table.items().await;
    checks::bodies(200, async |body| ask(&app, Call::new("POST", PATH).raw(body).signed()).await).await;
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &small("ann")).await;
}
