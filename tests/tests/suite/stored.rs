//! Whatever a valid request says is stored and told again by every answer that has it, however the request was spelled.

#[path = "../../../shared/wire/tests/suite/requests.rs"]
mod requests;
#[path = "../../../shared/wire/tests/suite/tables.rs"]
mod tables;

use api::{App, Dialect, respond};
use models::{Room, RoomKey, Tenant};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use testing::{Call, Reply, TestTable};
use wire::{ROOM_METADATA, USER_METADATA, json_schema};

use requests::{Choices, choices, message, respelled};
use tables::{Fields, reading};

/// A deployment that allows all that the template's defaults do not.
const GENEROUS: [(&str, &str); 5] = [
    ("INSIGHTS_ALLOWED", "true"),
    ("SIP_DIAL_IN_ALLOWED", "true"),
    ("MAX_BREAKOUT_ROOMS", "16"),
    ("MAX_ROOM_DURATION_MINUTES", "90"),
    ("COPYRIGHT_OVERRIDE", "true"),
];

/// The functions that a room and a person go through.
struct Functions {
    create: App<create_room::Config>,
    active: App<get_active_room_info::Config>,
    mint: App<get_join_token::Config>,
    redeem: App<redeem_join_token::Config>,
}

impl Functions {
    async fn of(table: &TestTable) -> Self {
        let server = Dialect::Server;
        Self {
            create: table.app("create_room", server, create_room::Config::load).await,
            active: table.app("get_active_room_info", server, get_active_room_info::Config::load).await,
            mint: table.app("get_join_token", server, get_join_token::Config::load).await,
            redeem: table.app("redeem_join_token", Dialect::Rooms, redeem_join_token::Config::load).await,
        }
    }

    /// `room_info` of a created room.
    async fn create(&self, body: &Fields) -> Value {
        let call = Call::post("/auth/room/create", &body.clone().into()).signed().request();
        succeeded(
            respond(&self.create, &call, |app, request| Box::pin(create_room::handle(app, request)))
                .await
                .into(),
        )["room_info"]
            .clone()
    }

    /// The room with who is in.
    async fn active(&self, room_id: &Value) -> Value {
        let body = json!({ "room_id": room_id });
        let call = Call::post("/auth/room/getActiveRoomInfo", &body).signed().request();
        succeeded(
            respond(&self.active, &call, |app, request| Box::pin(get_active_room_info::handle(app, request)))
                .await
                .into(),
        )["room"]
            .clone()
    }

    /// Lets somebody in.
    async fn join(&self, body: &Fields) {
        let call = Call::post("/auth/room/getJoinToken", &body.clone().into()).signed().request();
        let minted = succeeded(
            respond(&self.mint, &call, |app, request| Box::pin(get_join_token::handle(app, request)))
                .await
                .into(),
        );
        let token = minted["token"].as_str().expect("a token");
        let call = Call::new("POST", "/api/joinRoom").bearer(token).request();
        let joined: Reply =
            respond(&self.redeem, &call, |app, request| Box::pin(redeem_join_token::handle(app, request)))
                .await
                .into();
        assert_eq!(joined.status, 201, "{joined:?}");
    }
}

fn succeeded(reply: Reply) -> Value {
    assert_eq!((reply.status, &reply.body["status_code"]), (200, &json!("SUCCESS")), "{reply:?}");
    reply.body
}

/// The metadata within what is told of a room or a person.
fn metadata(of: &Value) -> Fields {
    serde_json::from_str(of["metadata"].as_str().expect("a text")).expect("JSON")
}

/// Without what the server says for each room, and each person, alone.
fn without_ids(mut metadata: Fields) -> Fields {
    metadata.remove("metadata_id");
    let encryption = metadata.get_mut("room_features");
    let encryption =
        encryption.and_then(|features| features["end_to_end_encryption_features"].as_object_mut());
    encryption.map(|encryption| encryption.remove("encryption_key"));
    metadata
}

/// Where two messages differ: the path, and what is there in each.
fn differences(path: &str, asked: &Value, told: &Value) -> Vec<(String, Value, Value)> {
    let (Some(asked_fields), Some(told_fields)) = (asked.as_object(), told.as_object()) else {
        let differs = asked != told;
        return differs.then(|| (path.to_owned(), asked.clone(), told.clone())).into_iter().collect();
    };
    let names =
        asked_fields.keys().chain(told_fields.keys().filter(|name| !asked_fields.contains_key(*name)));
    let within = names.flat_map(|name| {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        differences(&path, &asked[name], &told[name])
    });
    within.collect()
}

/// Whether the server may tell another value than was asked for: its own, the deployment's, or less.
fn is_the_servers(path: &str, asked: &Value, told: &Value, metadata: &Fields, is_generous: bool) -> bool {
    let features = &metadata["room_features"];
    match path.strip_prefix("room_features.").unwrap_or(path) {
        "metadata_id" | "started_at" => true,
        "copyright_conf" => asked.is_null() || !is_generous,
        path if path.starts_with("copyright_conf.") => !is_generous,
        "chat_features.max_file_size" => *told == "50",
        "whiteboard_features.max_allowed_file_size" => *told == "30",
        "insights_features.transcription_features.max_selected_trans_langs" => *told == 2,
        "insights_features.chat_translation_features.max_selected_trans_langs" => *told == 5,
        "chat_features.allowed_file_types" => *asked == json!([]),
        "breakout_room_features.allowed_number_rooms" => *asked == 0 || asked.as_u64() > told.as_u64(),
        "room_duration" => is_generous && *told == "90",
        "end_to_end_encryption_features.encryption_key" => {
            features["end_to_end_encryption_features"]["is_enabled"] == true
        }
        "external_broadcasting_features.is_allow" | "external_broadcasting_features.is_allow_rtmp"
            if *told == true =>
        {
            features["allow_rtmp"] == true
        }
        "default_lock_settings.lock_screen_sharing"
        | "default_lock_settings.lock_whiteboard"
        | "default_lock_settings.lock_shared_notepad" => asked.is_null() && *told == true,
        // What another feature, or the deployment, takes away; never is one switched on.
        _ => path.starts_with("room_features.") && *asked == true && *told == false,
    }
}

/// One room and one person in it, as they are asked for.
struct Asked {
    room: Fields,
    person: Fields,
}

/// The tables of the whole requests.
fn schemas() -> [Value; 2] {
    let user_info = json!({
        "user_id": {"type": "string"},
        "name": {"type": "string"},
        "is_admin": {"type": "boolean"},
        "user_metadata": json_schema(USER_METADATA),
    });
    let room = json!({
        "room_id": {"type": "string"},
        "empty_timeout": {"type": "integer"},
        "max_participants": {"type": "integer"},
        "metadata": json_schema(ROOM_METADATA),
    });
    let person = json!({"room_id": {"type": "string"}, "user_info": {"properties": user_info}});
    [json!({ "properties": room }), json!({ "properties": person })]
}

impl Asked {
    fn generated(choices: &mut Choices) -> Self {
        let mut room = Fields::new();
        for name in ["empty_timeout", "max_participants"] {
            let number = choices.one([None, Some(1), Some(300), Some(u32::MAX)]);
            room.extend(number.map(|number| (name.to_owned(), json!(number))));
        }
        let metadata = message(&json_schema(ROOM_METADATA), choices);
        // Who waits is not in yet.
        let waiting = metadata["room_features"].get("waiting_room_features");
        let is_admin =
            waiting.is_some_and(|waiting| waiting["is_active"] == true) || choices.one([false, true]);
        room.insert("metadata".to_owned(), metadata.into());
        let user_info = json!({
            "user_id": "ann",
            "name": "Ann",
            "is_admin": is_admin,
            "user_metadata": message(&json_schema(USER_METADATA), choices),
        });
        Self { room, person: Fields::from_iter([("user_info".to_owned(), user_info)]) }
    }

    /// The same for the room of this id.
    fn of_room(&self, room_id: &str) -> Self {
        let with_id = |fields: &Fields| {
            let mut fields = fields.clone();
            fields.insert("room_id".to_owned(), json!(room_id));
            fields
        };
        Self { room: with_id(&self.room), person: with_id(&self.person) }
    }

    fn respelled(&self, choices: &mut Choices) -> Self {
        let [room, person] = &schemas();
        Self { room: respelled(room, &self.room, choices), person: respelled(person, &self.person, choices) }
    }

    /// What is told of the room, and of the person, has all that was asked for.
    fn check(&self, room: &Fields, person: &Fields, is_generous: bool) {
        let asked = Value::Object(reading(&schemas()[0], &self.room))["metadata"].take();
        for (path, asked, told) in differences("", &asked, &room.clone().into()) {
            assert!(is_the_servers(&path, &asked, &told, room, is_generous), "{path}: {asked}, {told}");
        }

        let mut asked = Value::Object(reading(&schemas()[1], &self.person))["user_info"].take();
        let is_admin = asked["is_admin"] == true;
        let mut expected = asked["user_metadata"].take();
        let mut locks = room["default_lock_settings"].clone();
        let own = expected["lock_settings"].take();
        for (name, locked) in own.as_object().into_iter().flatten() {
            locks[name] = locked.clone();
        }
        expected["lock_settings"] = if is_admin { json!({}) } else { locks };
        expected["is_admin"] = json!(is_admin);
        expected["is_presenter"] = json!(is_admin);
        expected["metadata_id"] = person["metadata_id"].clone();
        if matches!(expected["ex_user_id"].as_str(), None | Some("")) {
            expected["ex_user_id"] = json!("ann");
        }
        let expected = expected.as_object_mut().expect("an object");
        expected.retain(|name, value| name != "preferred_lang" || *value != "");
        assert_eq!(expected, person);
    }
}

/// What has become of a room: its state, what is told of it, and the metadata of it and of who is in.
struct Became {
    state: Room,
    told: Value,
    room: Fields,
    person: Fields,
}

/// Asks for a room, asks again, looks, lets somebody in and looks again.
async fn become_of(table: &TestTable, functions: &Functions, asked: &Asked, room_id: &str) -> Became {
    let created = functions.create(&asked.room).await;
    assert_eq!(functions.create(&asked.room).await, created, "asked for again");
    let key = RoomKey { tenant: Tenant::main(), room: room_id.try_into().expect("an id") };
    let state = table.rooms().state(&key).await;
    let active = functions.active(&json!(room_id)).await;
    assert_eq!(active, json!({"room_info": created, "participants_info": []}));
    functions.join(&asked.person).await;
    let active = functions.active(&json!(room_id)).await;
    let room = metadata(&created);
    assert_eq!(metadata(&active["room_info"]), room, "a join changes nothing of it");
    Became { state, told: created, room, person: metadata(&active["participants_info"][0]) }
}

/// Runs the property with a table of its own; each case has rooms of its own in it.
fn check(is_generous: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut table = runtime.block_on(TestTable::new());
    let of_template = table.template.functions.iter_mut().find(|known| known.binary == "create_room");
    let changes = GENEROUS.iter().filter(|_| is_generous);
    let changes = changes.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    of_template.expect("the template has it").environment.extend(changes);
    let functions = runtime.block_on(Functions::of(&table));

    let number = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 50, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(choices(), choices()), |(given, spelling)| {
        number.set(number.get() + 1);
        let asked = Asked::generated(&mut Choices::new(given));
        let ids = [format!("plain-{}", number.get()), format!("respelled-{}", number.get())];
        let plain = asked.of_room(&ids[0]);
        let other = asked.of_room(&ids[1]).respelled(&mut Choices::new(spelling));
        let (plain_became, other_became) = runtime.block_on(async {
            (
                become_of(&table, &functions, &plain, &ids[0]).await,
                become_of(&table, &functions, &other, &ids[1]).await,
            )
        });
        plain.check(&plain_became.room, &plain_became.person, is_generous);
        check_state(&plain_became);
        same(plain_became, other_became);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// What the room's state says is what its metadata says.
fn check_state(became: &Became) {
    let Became { state, told, room, .. } = became;
    let features = &room["room_features"];
    assert_eq!(state.waiting_room, features["waiting_room_features"]["is_active"]);
    assert_eq!(state.auto_gen_user_id, features["auto_gen_user_id"]);
    for (name, on) in [
        ("allow_webcams", state.features.allow_webcams),
        ("admin_only_webcams", state.features.admin_only_webcams),
        ("allow_screen_share", state.features.allow_screen_share),
        ("allow_raise_hand", state.features.allow_raise_hand),
        ("allow_view_other_users_list", state.features.allow_view_other_users_list),
        ("mute_on_start", state.features.mute_on_start),
    ] {
        assert_eq!(on, features[name], "{name}");
    }
    assert_eq!(state.features.allow_chat, features["chat_features"]["is_allow"]);
    assert_eq!(json!(state.default_locks), room["default_lock_settings"]);
    assert_eq!(told["room_title"], room["room_title"]);
    assert_eq!(told["webhook_url"], *room.get("webhook_url").unwrap_or(&json!("")));
}

/// Two spellings have become the same, but for ids.
fn same(plain: Became, mut other: Became) {
    (other.state.key, other.state.sid) = (plain.state.key.clone(), plain.state.sid);
    assert_eq!(other.state, plain.state);
    for name in ["room_id", "sid", "metadata"] {
        other.told[name] = plain.told[name].clone();
    }
    assert_eq!(other.told, plain.told);
    assert_eq!(without_ids(other.room), without_ids(plain.room));
    assert_eq!(without_ids(other.person), without_ids(plain.person));
}

#[test]
fn what_a_request_says_is_told_again() {
    check(false);
}

#[test]
fn what_a_request_says_is_told_again_by_a_generous_deployment() {
    check(true);
}
