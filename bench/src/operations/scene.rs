//! Two rooms from beginning to end, every operation in its turn.

use serde_json::{Value, json};
use testing::Call;

use super::budget::Budget;
use super::stage::{Cost, Stage, ask};

/// What an operation took, and what it may ask of DynamoDB.
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) cost: Cost,
    /// Without an `Idempotency-Key`.
    pub(super) budget: Budget,
}

/// What is measured so far; `key` says whether every mutation comes with an `Idempotency-Key`.
struct Scene<'a> {
    stage: &'a Stage,
    name: &'a str,
    key: Option<&'a str>,
    measured: Vec<Measured>,
}

/// Asks the function of this name.
macro_rules! ask {
    ($scene:ident, $function:ident, $call:expr) => {
        ask(&$scene.stage.$function, $call, |app, request| Box::pin($function::handle(app, request))).await
    };
}

/// Plays both rooms and gives what was measured; `name` tells the rooms of one play from those of another.
pub(super) async fn play(stage: &Stage, name: &str, key: Option<&str>) -> Vec<Measured> {
    let mut scene = Scene { stage, name, key, measured: Vec::new() };
    scene.server_room().await;
    scene.code_room().await;
    scene.measured
}

impl Scene<'_> {
    fn note(&mut self, name: &'static str, cost: Cost, budget: Budget) {
        self.measured.push(Measured { name, cost, budget });
    }

    /// A read, which takes no key: noted once.
    fn note_read(&mut self, name: &'static str, cost: Cost, budget: Budget) {
        if self.key.is_none() {
            self.note(name, cost, budget);
        }
    }

    /// The call with a key of its own, where keys are asked for. No two operations share a name.
    fn keyed(&self, call: Call, operation: &str) -> Call {
        match self.key {
            None => call,
            Some(_) => call.header("idempotency-key", &format!("{operation}-of-the-scene-{}", self.name)),
        }
    }

    fn signed(&self, path: &str, body: &Value, operation: &str) -> Call {
        self.keyed(Call::post(path, body), operation).signed()
    }

    async fn server_room(&mut self) {
        let room = format!("room-{}", self.name);
        let body = json!({"room_id": room, "max_participants": 10, "metadata": {"room_title": "A room of ours",
            "webhook_url": "https://example.org/webhook", "room_features": {"waiting_room_features": {}}}});
        let (_, cost) = ask!(self, create_room, self.signed("/auth/room/create", &body, "create"));
        self.note("create", cost, Budget::writes(1, 8.0).and_a_room_listed());

        let (token, cost) = self.mint(&room, "ann", "mint").await;
        self.note("mint", cost, Budget::writes(2, 1.0));
        let (ann, cost) = self.redeem(&token, "join").await;
        self.note("join by token, first", cost, Budget::writes(1, 4.0).and_the_clock().and_a_lease());
        let (token, _) = self.mint(&room, "bob", "mint-bob").await;
        let (bob, cost) = self.redeem(&token, "join-bob").await;
        self.note("join by token", cost, Budget::writes(1, 4.0).and_a_lease());
        let (token, _) = self.mint(&room, "ann", "mint-again").await;
        let (_, cost) = self.redeem(&token, "join-again").await;
        // The first attempt takes it for an ordinary join.
        self.note("join by token, replacing", cost, Budget::writes(2, 4.0).and_a_moved_lease());

        let named = json!({ "room_id": room });
        let active = Call::post("/auth/room/isRoomActive", &named).signed();
        let (_, cost) = ask!(self, is_room_active, active);
        self.note_read("isRoomActive", cost, Budget::reads(1));
        let info = Call::post("/auth/room/getActiveRoomInfo", &named).signed();
        let (_, cost) = ask!(self, get_active_room_info, info);
        self.note_read("getActiveRoomInfo", cost, Budget::reads(1));
        self.lists().await;
        let words = json!({"room_id": room, "chat_msg": {"message": "Five more minutes"}});
        let call = self.signed("/auth/room/broadcastToRoom", &words, "broadcast");
        let (_, cost) = ask!(self, broadcast_to_room, call);
        self.note("broadcastToRoom", cost, Budget::writes(1, 4.0));
        self.large_metadata(&room).await;

        let (bob, cost) = self.resume(&bob).await;
        self.note("resume", cost, Budget::writes(2, 1.0).and_a_moved_lease());
        let cost = self.leave(&bob, "leave").await;
        self.note("leave", cost, Budget::writes(1, 4.0).and_a_lease());
        let (token, _) = self.mint(&room, "bob", "mint-back").await;
        let (bob, cost) = self.redeem(&token, "join-back").await;
        // The first attempt counts him as a new person.
        self.note("join by token, back again", cost, Budget::writes(2, 4.0).and_a_lease());
        self.leave(&bob, "leave-again").await;
        // Her sitting was replaced, so that this is the harmless repetition.
        self.leave(&ann, "leave-late").await;
        let (token, _) = self.mint(&room, "ann", "mint-last").await;
        let (ann, _) = self.redeem(&token, "join-last").await;
        let cost = self.leave(&ann, "leave-last").await;
        self.note("leave, last", cost, Budget::writes(2, 4.0).and_the_clock().and_a_lease());

        let (_, cost) = ask!(self, end_room, self.signed("/auth/room/endRoom", &named, "end"));
        self.note("end", cost, Budget::writes(3, 2.0).and_a_room_listed().and_a_past_session());
    }

    /// The lists of the tenant's rooms: eight partitions of the index for those that run, and as many for the past.
    async fn lists(&mut self) {
        let call = |path| Call::post(path, &json!({})).signed();
        let (_, cost) = ask!(self, get_active_rooms_info, call("/auth/room/getActiveRoomsInfo"));
        self.note_read("getActiveRoomsInfo, one room", cost, Budget::reads(8 + 3));
        let (_, cost) = ask!(self, fetch_past_rooms, call("/auth/room/fetchPastRooms"));
        self.note_read("fetchPastRooms, a page", cost, Budget::reads(16 + 3));
    }

    /// Somebody comes with metadata that is stored apart, and goes.
    async fn large_metadata(&mut self, room: &str) {
        let numbers: Vec<u32> = (0..6_800).collect();
        let metadata = json!({"extra_data": {"numbers": numbers}});
        let (token, cost) = self.mint_with(room, "cid", &metadata, "mint-large").await;
        // The metadata by a write of its own, before that of the token.
        self.note("mint, 32 KB of metadata", cost, Budget::writes(3, 33.0));
        let (cid, cost) = self.redeem(&token, "join-with-large-metadata").await;
        self.note("join by token, 32 KB of metadata", cost, Budget::writes(1, 4.0).and_a_lease());
        self.leave(&cid, "leave-with-large-metadata").await;
    }

    async fn mint(&self, room: &str, user: &str, operation: &str) -> (String, Cost) {
        self.mint_with(room, user, &json!({}), operation).await
    }

    async fn mint_with(&self, room: &str, user: &str, metadata: &Value, operation: &str) -> (String, Cost) {
        let user = json!({"user_id": user, "name": user, "user_metadata": metadata});
        let body = json!({"room_id": room, "user_info": user});
        let call = self.signed("/auth/room/getJoinToken", &body, operation);
        let (answer, cost) = ask!(self, get_join_token, call);
        (answer["token"].as_str().expect("a token").to_owned(), cost)
    }

    async fn redeem(&self, token: &str, operation: &str) -> (String, Cost) {
        let call = self.keyed(Call::new("POST", "/api/joinRoom").bearer(token), operation);
        let (answer, cost) = ask!(self, redeem_join_token, call);
        (session(&answer), cost)
    }

    async fn resume(&self, session_token: &str) -> (String, Cost) {
        let call = self.keyed(Call::new("POST", "/api/resume").bearer(session_token), "resume");
        let (answer, cost) = ask!(self, resume, call);
        (session(&answer), cost)
    }

    async fn leave(&self, session_token: &str, operation: &str) -> Cost {
        let call = self.keyed(Call::new("POST", "/api/leaveRoom").bearer(session_token), operation);
        ask!(self, leave, call).1
    }

    async fn code_room(&mut self) {
        let host = self.stage.table.user_token("host", "Hana");
        let body = json!({"name": "A room by code", "maxParticipants": 10});
        let create = self.keyed(Call::post("/rooms", &body).bearer(&host), "create-by-code");
        let (room, cost) = ask!(self, create_room_by_code, create);
        // Idle, it is in no index.
        self.note("create by code", cost, Budget::writes(1, 8.0));
        let (id, code) = (text(&room, "id"), text(&room, "code"));

        let dry = Call::new("POST", &format!("/rooms/{code}/join?dryRun=true")).parameter("code", &code);
        let (_, cost) = ask!(self, join_room, dry);
        self.note_read("join by code, dry run", cost, Budget::reads(1));
        let (_, cost) = self.join(&code, Some(&host), "join-host").await;
        // The session begins: the room enters both indexes.
        self.note("join by code, first", cost, Budget::writes(2, 4.0).and_a_room_listed().and_a_lease());
        let user = self.stage.table.user_token("ann", "Ann");
        let (_, cost) = self.join(&code, Some(&user), "join-by-code").await;
        self.note("join by code", cost, Budget::writes(2, 4.0).and_a_lease());
        let (guest, cost) = self.join(&code, None, "join-as-a-guest-by-code").await;
        self.note("join by code, guest", cost, Budget::writes(2, 4.0).and_a_lease());
        let (_, cost) = self.join(&code, Some(&user), "join-by-code-again").await;
        self.note("join by code, replacing", cost, Budget::writes(2, 4.0).and_a_moved_lease());

        self.reads_by_code(&id, &code, &host).await;
        let leave =
            Call::new("POST", &format!("/rooms/{code}/leave")).parameter("code", &code).bearer(&guest);
        let (_, cost) = ask!(self, leave_room, self.keyed(leave, "leave-by-code"));
        self.note("leave by code", cost, Budget::writes(1, 4.0).and_a_lease());

        let change = Call::new("PATCH", &format!("/rooms/{id}/settings")).parameter("id", &id).bearer(&host);
        let change = change.raw(json!({"isLocked": true, "allowChat": false}).to_string());
        let (_, cost) = ask!(self, update_room_settings, self.keyed(change, "settings"));
        self.note("settings", cost, Budget::writes(2, 2.0));
        let end = Call::new("DELETE", &format!("/rooms/{id}")).parameter("id", &id).bearer(&host);
        let (_, cost) = ask!(self, end_room_by_host, self.keyed(end, "end-by-host"));
        self.note("end by host", cost, Budget::writes(3, 2.0).and_a_room_listed().and_a_past_session());
    }

    async fn join(&self, code: &str, user: Option<&str>, operation: &str) -> (String, Cost) {
        let call = Call::post(&format!("/rooms/{code}/join"), &json!({"guestName": "Gus"}));
        let call = user.into_iter().fold(call.parameter("code", code), Call::bearer);
        let (answer, cost) = ask!(self, join_room, self.keyed(call, operation));
        (session(&answer), cost)
    }

    async fn reads_by_code(&mut self, id: &str, code: &str, host: &str) {
        let room = Call::new("GET", &format!("/rooms/{id}")).parameter("id", id).bearer(host);
        let (_, cost) = ask!(self, get_room, room);
        self.note_read("room", cost, Budget::reads(1));
        let by_code = Call::new("GET", &format!("/rooms/code/{code}")).parameter("code", code);
        let (_, cost) = ask!(self, get_room_by_code, by_code);
        self.note_read("room by code", cost, Budget::reads(1));
        let path = format!("/rooms/{id}/participants");
        let people = Call::new("GET", &path).parameter("id", id).bearer(host);
        let (_, cost) = ask!(self, list_participants, people);
        // Who asks is looked up first.
        self.note_read("participants", cost, Budget::reads(2));
    }
}

fn session(answer: &Value) -> String {
    text(&answer["session"], "token")
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}
