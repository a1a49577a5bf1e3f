//! The OpenAPI document against the template, against itself, and against the whole stack.

mod document;

use std::collections::BTreeSet;

use models::SystemClock;
use serde_json::{Value, json};
use store::{Delivery, DeliveryStatus};
use testing::rooms::delivery;
use testing::{API_KEY, API_SECRET, Answered, Server, TestTable};

use document::Operation;

use crate::deliveries::Receiver;
use crate::permissions;

pub(crate) use document::Document;

#[tokio::test]
async fn the_document_has_the_routes_of_the_template_and_no_others() {
    let table = TestTable::new().await;
    let routes = table.template.functions.iter().flat_map(|function| &function.routes);
    let routes: BTreeSet<(String, String)> = routes
        .filter(|route| route.path != "$default")
        .map(|route| (route.method.clone().expect("a method"), route.path.clone()))
        .collect();
    let document = Document::read();
    let described = document.operations().map(|operation| (operation.method, operation.path)).collect();
    assert_eq!(routes, described);
}

#[test]
fn every_example_fits_its_schema() {
    let document = Document::read();
    let (all, mut wrong) = (document.examples(), Vec::new());
    for (place, schema, example) in &all {
        wrong.extend(document.errors(schema, example).into_iter().map(|error| format!("{place}: {error}")));
    }
    assert!(all.len() > 60, "{}", all.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_body_has_an_example() {
    let document = Document::read();
    for operation in document.operations() {
        for content in operation.request_body().iter().chain(operation.answers().values()) {
            let Some(media) = content.get("content") else { continue };
            let examples = media["application/json"]["examples"].as_object().map_or(0, serde_json::Map::len);
            assert!(examples > 0, "{}", operation.id);
        }
    }
}

/// Who calls.
#[derive(Clone, Copy)]
enum By<'a> {
    Nobody,
    /// The API key, by a signature of the body.
    Key,
    Token(&'a str),
}

/// A stack, and what its answers should be.
struct Contract {
    server: Server,
    document: Document,
    called: BTreeSet<String>,
}

impl Contract {
    async fn start() -> Self {
        let server = Server::start(|_| {}).await;
        Self { server, document: Document::read(), called: BTreeSet::new() }
    }

    /// Calls an operation with a body, or none, and checks that the answer is as described.
    async fn ask(
        &self,
        operation: &Operation,
        by: By<'_>,
        parameters: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answered {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let (signature, bearer);
        let headers = match by {
            By::Nobody => vec![],
            By::Key => {
                signature = local::secrets::sign(API_SECRET.as_bytes(), &body);
                vec![("api-key", API_KEY), ("hash-signature", signature.as_str())]
            }
            By::Token(token) => {
                bearer = format!("Bearer {token}");
                vec![("authorization", bearer.as_str())]
            }
        };
        let target = operation.target(parameters);
        let answered = self.server.send(&operation.method, &target, &headers, body).await;
        self.document.check(operation, &answered);
        answered
    }

    /// Calls an operation with each example of its body, all of which must be accepted.
    async fn accepted(&mut self, id: &str, by: By<'_>, parameters: &[(&str, &str)]) -> Vec<Value> {
        let examples = self.document.operation(id).request_examples();
        self.accepted_of(id, by, parameters, examples).await
    }

    /// The same with something that is there in place of what only stands for it.
    async fn accepted_with(&mut self, id: &str, by: By<'_>, name: &str, real: &str) -> Vec<Value> {
        let mut examples = self.document.operation(id).request_examples();
        for example in examples.iter_mut().filter_map(|example| example.get_mut(name)) {
            *example = json!(real);
        }
        self.accepted_of(id, by, &[], examples).await
    }

    async fn accepted_of(
        &mut self,
        id: &str,
        by: By<'_>,
        parameters: &[(&str, &str)],
        examples: Vec<Value>,
    ) -> Vec<Value> {
        let operation = self.document.operation(id);
        let bodies = if examples.is_empty() { vec![None] } else { examples.iter().map(Some).collect() };
        let mut answers = vec![];
        for body in bodies {
            let answered = self.ask(&operation, by, parameters, body).await;
            let success = (200..300).contains(&answered.status) && answered.body["status"] != json!(false);
            assert!(success, "{id} {body:?}: {answered:?}");
            answers.push(answered.body);
        }
        self.called.insert(id.to_owned());
        answers
    }

    /// Calls an operation that answers with this very example.
    async fn refused(&self, id: &str, by: By<'_>, room: &[(&str, &str)], body: Option<Value>, example: &str) {
        let operation = self.document.operation(id);
        let answered = self.ask(&operation, by, room, body.as_ref()).await;
        let examples = &operation.answers()[&answered.status.to_string()]["content"]["application/json"];
        assert_eq!(answered.body, examples["examples"][example]["value"], "{id} {example}");
    }
}

fn session(seated: &Value) -> String {
    seated["session"]["token"].as_str().expect("a session token").to_owned()
}

#[tokio::test]
async fn every_example_is_accepted_and_every_answer_is_as_described() {
    let mut contract = Contract::start().await;
    contract.refused("fetchPastRooms", By::Key, &[], Some(json!({})), "none").await;
    contract.refused("getActiveRoomsInfo", By::Key, &[], None, "none").await;
    server_api(&mut contract).await;
    absent_features(&mut contract).await;
    rooms_by_code(&mut contract).await;
    end_by_moderator(&mut contract).await;
    waiting_room(&mut contract).await;
    for id in ["health", "version", "openapi"] {
        contract.accepted(id, By::Nobody, &[]).await;
    }
    let all = contract.document.operations().map(|operation| operation.id).collect();
    assert_eq!(contract.called, all, "every operation is called");
    permissions::assert_all_needed(&contract.server).await;
    contract.server.stop().await;
}

async fn server_api(contract: &mut Contract) {
    for id in ["createRoom", "createRoomUnprefixed", "isRoomActive"] {
        contract.accepted(id, By::Key, &[]).await;
    }
    let tokens = contract.accepted("getJoinToken", By::Key, &[]).await;
    contract.accepted("getJoinTokenUnprefixed", By::Key, &[]).await;
    let mut seats = vec![];
    for token in &tokens {
        let token = token["token"].as_str().expect("a token");
        seats.extend(contract.accepted("redeemJoinToken", By::Token(token), &[]).await);
        contract.refused("redeemJoinToken", By::Token(token), &[], None, "tokenWasAlreadyUsed").await;
    }
    for id in
        ["getActiveRoomInfo", "getActiveRoomsInfo", "broadcastToRoom", "fetchPastRooms", "getClientFiles"]
    {
        contract.accepted(id, By::Key, &[]).await;
    }
    presenters(contract, &session(&seats[0]), &session(&seats[1])).await;
    locks(contract, &session(&seats[0]), &session(&seats[1])).await;
    mutes(contract, &session(&seats[0]), &session(&seats[1])).await;
    removals(contract, &session(&seats[0]), &session(&seats[1])).await;
    let resumed = contract.accepted("resume", By::Token(&session(&seats[0])), &[]).await;
    contract.accepted("leave", By::Token(&session(&resumed[0])), &[]).await;

    webhooks(contract).await;

    // Somebody who waits is described, too.
    let user = json!({"room_id": "planning", "user_info": {"user_id": "bob", "name": "Bob"}});
    let token = contract.server.signed("/auth/room/getJoinToken", &user).await.body["token"].clone();
    contract.accepted("redeemJoinToken", By::Token(token.as_str().expect("a token")), &[]).await;

    contract.accepted("endRoom", By::Key, &[]).await;
    let room = || Some(json!({"room_id": "weekly-standup"}));
    let said = |room: &str| json!({"room_id": room, "chat_msg": {"message": "x"}});
    for (said, example) in [
        (said("no such room"), "unknown"),
        (said("weekly-standup"), "notActive"),
        (json!({"room_id": "weekly-standup"}), "neither"),
        (json!({"room_id": "retro-2022", "only_to_admins": true, "chat_msg": {"message": "x"}}), "nobody"),
    ] {
        contract.refused("broadcastToRoom", By::Key, &[], Some(said), example).await;
    }
    contract.refused("endRoom", By::Key, &[], room(), "notActive").await;
    contract.refused("revokeTokens", By::Key, &[], room(), "notActive").await;
    let bob = || Some(json!({"room_id": "weekly-standup", "user_id": "bob"}));
    contract.refused("removeFromRoom", By::Key, &[], bob(), "notActive").await;
    contract.refused("unblockUser", By::Key, &[], bob(), "notActive").await;
    contract.refused("isRoomActive", By::Key, &[], room(), "ended").await;
    contract.refused("isRoomActive", By::Key, &[], Some(json!({"room_id": "no such room"})), "unknown").await;
    contract.refused("getActiveRoomInfo", By::Key, &[], room(), "notActive").await;
    contract.refused("getActiveRoomInfo", By::Key, &[], Some(json!({})), "invalid").await;
    let invalid = json!({"metadata": {"room_title": "x"}});
    contract.refused("createRoom", By::Key, &[], Some(invalid), "invalid").await;
    contract.refused("createRoom", By::Key, &[], Some(json!({"room_id": 5})), "malformed").await;
    let nameless = json!({"room_id": "weekly-standup", "user_info": {"user_id": "bob"}});
    contract.refused("getJoinToken", By::Key, &[], Some(nameless), "invalid").await;
    let late = json!({"room_id": "weekly-standup", "user_info": {"user_id": "bob", "name": "Bob"}});
    contract.refused("getJoinToken", By::Key, &[], Some(late), "notActive").await;
    contract.refused("endRoom", By::Nobody, &[], room(), "noKey").await;
    contract.refused("endRoom", By::Key, &[], Some(json!({"room_id": "x".repeat(70_000)})), "tooLarge").await;
}

/// A back end looks after its webhooks: one that was taken, and one that nobody takes.
async fn webhooks(contract: &mut Contract) {
    let receiver = Receiver::start(200).await;
    let room = json!({"room_id": "weekly-standup"});
    contract.refused("listDeliveries", By::Key, &[], Some(room.clone()), "none").await;
    let info = contract.server.signed("/auth/room/getActiveRoomInfo", &room).await;
    let sid = info.body["room"]["room_info"]["sid"].as_str().expect("a session").to_owned();
    let key = "main/weekly-standup".parse().expect("a room");
    let now = models::Clock::now(&SystemClock);
    let taken = delivery(1, &receiver.url, now);
    let refused = Delivery {
        status: DeliveryStatus::Refused,
        outcome: json!({"outcome": "refused", "why": "forbidden_address"}).to_string(),
        ..delivery(2, "http://10.0.0.1/", now)
    };
    let waiting = Delivery {
        status: DeliveryStatus::Retrying,
        outcome: json!({"outcome": "timed_out"}).to_string(),
        next_attempt_at: Some(now),
        ..delivery(3, &receiver.url, now)
    };
    for delivery in [taken, refused, waiting] {
        let session = sid.parse().expect("a session");
        contract.server.store().note_delivery(&key, session, &delivery).await.expect("noted");
    }
    for listed in contract.accepted_with("listDeliveries", By::Key, "sid", &sid).await {
        assert_eq!(listed["deliveries"].as_array().map(Vec::len), Some(3));
    }
    contract.refused("listDeliveries", By::Key, &[], Some(json!({})), "invalid").await;
    let unknown = json!({"room_id": "weekly-standup", "sid": "x"});
    contract.refused("replayWebhooks", By::Key, &[], Some(unknown), "none").await;
    contract.refused("replayWebhooks", By::Key, &[], Some(json!({})), "invalid").await;
    contract.accepted_with("replayWebhooks", By::Key, "sid", &sid).await;
    contract.accepted_with("testWebhook", By::Key, "url", &receiver.url).await;
    contract.accepted_with("testWebhook", By::Key, "url", "http://127.0.0.1:1/").await;
    contract.refused("testWebhook", By::Key, &[], Some(json!({"url": "ftp://x/"})), "invalid").await;
}

/// A moderator says who presents.
async fn presenters(contract: &mut Contract, moderator: &str, bob: &str) {
    let switch = |user: &str, task: &str| Some(json!({"user_id": user, "task": task}));
    let (by, by_bob) = (By::Token(moderator), By::Token(bob));
    contract.refused("switchPresenter", by_bob, &[], switch("bob", "PROMOTE"), "onlyAModeratorCanDo").await;
    contract.refused("switchPresenter", by, &[], switch("nobody", "DEMOTE"), "participantNotFound").await;
    contract.refused("switchPresenter", by, &[], switch("bob", "demote"), "taskMustBeOneOf").await;
    contract.accepted("switchPresenter", by, &[]).await;
}

/// A moderator locks and unlocks.
async fn locks(contract: &mut Contract, moderator: &str, bob: &str) {
    let say = |user: &str, direction: &str| {
        Some(json!({"user_id": user, "service": "chat", "direction": direction}))
    };
    let (id, by, by_bob) = ("updateLockSettings", By::Token(moderator), By::Token(bob));
    contract.refused(id, by_bob, &[], say("all", "unlock"), "onlyAModeratorCanDo").await;
    contract.refused(id, by, &[], say("nobody", "lock"), "participantNotFound").await;
    contract.refused(id, by, &[], say("bob", "nonsense"), "directionMustBeOneOf").await;
    contract.refused(id, by, &[], say("alice", "lock"), "hostAndModeratorsCannotBe").await;
    contract.accepted(id, by, &[]).await;
}

/// A moderator mutes people.
async fn mutes(contract: &mut Contract, moderator: &str, bob: &str) {
    let whom = |user: &str| Some(json!({ "user_id": user }));
    let (id, by, by_bob) = ("muteParticipant", By::Token(moderator), By::Token(bob));
    contract.refused(id, by_bob, &[], whom("all"), "onlyAModeratorCanDo").await;
    contract.refused(id, by, &[], whom("nobody"), "participantNotFound").await;
    contract.refused(id, by, &[], Some(json!({})), "userIdValueIsRequired").await;
    contract.accepted(id, by, &[]).await;
}

/// A moderator and the back end put people out, and let them back; a report says what became of the session.
async fn removals(contract: &mut Contract, moderator: &str, bob: &str) {
    let whom = |user: &str| Some(json!({ "user_id": user }));
    let (by, by_bob) = (By::Token(moderator), By::Token(bob));
    contract.refused("removeParticipant", by_bob, &[], whom("alice"), "onlyAModeratorCanDo").await;
    contract.refused("removeParticipant", by, &[], whom("nobody"), "participantNotFound").await;
    contract.refused("removeParticipant", by, &[], Some(json!({})), "userIdValueIsRequired").await;
    contract.accepted("removeParticipant", by, &[]).await;
    contract.refused("removeParticipant", by_bob, &[], whom("alice"), "invalidToken").await;

    let again = contract.server.mint("weekly-standup", "bob").await;
    let again = contract.server.redeem(&again).await.body;
    contract.accepted("removeFromRoom", By::Key, &[]).await;
    contract.accepted("unblockUser", By::Key, &[]).await;
    let unused = contract.server.mint("weekly-standup", "bob").await;
    contract.accepted_with("revokeTokens", By::Key, "token", &unused).await;
    contract.refused("redeemJoinToken", By::Token(&unused), &[], None, "invalidToken").await;
    let about = |room: &str, rest: Value| {
        let mut body = json!({ "room_id": room });
        body.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        Some(body)
    };
    let (whom, nothing) = (json!({"user_id": "nobody"}), json!({}));
    let here = |rest: &Value| about("weekly-standup", rest.clone());
    contract.refused("removeFromRoom", By::Key, &[], here(&whom), "notIn").await;
    contract.refused("removeFromRoom", By::Key, &[], here(&nothing), "invalid").await;
    contract.refused("unblockUser", By::Key, &[], here(&nothing), "invalid").await;
    contract.refused("revokeTokens", By::Key, &[], Some(nothing.clone()), "invalid").await;
    contract.refused("revokeTokens", By::Key, &[], here(&json!({"token": "x"})), "notOurs").await;
    contract.refused("sessionReport", By::Key, &[], here(&nothing), "invalid").await;
    contract.refused("sessionReport", By::Key, &[], here(&json!({"sid": "x"})), "unknown").await;
    for id in ["removeFromRoom", "unblockUser", "revokeTokens"] {
        contract.refused(id, By::Key, &[], about("no such room", whom.clone()), "unknown").await;
    }
    let room = json!({"room_id": "weekly-standup"});
    let info = contract.server.signed("/auth/room/getActiveRoomInfo", &room).await;
    let sid = info.body["room"]["room_info"]["sid"].as_str().expect("a session").to_owned();
    let report = contract.accepted_with("sessionReport", By::Key, "sid", &sid).await.remove(0);
    assert_eq!((&report["report"]["is_running"], &report["report"]["sid"]), (&json!(true), &json!(sid)));
    assert!(again["session"]["token"].is_string(), "bob was in again");
}

/// The host admits one who waits, and then all.
async fn waiting_room(contract: &mut Contract) {
    let host = contract.server.user_token("ann", "Ann");
    let guarded = json!({"waitingRoom": true, "maxParticipants": 2});
    let room = contract.server.call("POST", "/rooms", Some(&host), Some(&guarded)).await.body;
    let id = room["id"].as_str().expect("an id").to_owned();
    let join = format!("/rooms/{}/join", room["code"].as_str().expect("a code"));
    let enter = async |server: &Server, user: &str| {
        let token = server.user_token(user, user);
        session(&server.call("POST", &join, Some(&token), None).await.body)
    };
    let seated = enter(&contract.server, "ann").await;
    let bob = enter(&contract.server, "bob").await;
    enter(&contract.server, "cyd").await;
    let (by, by_bob) = (By::Token(&seated), By::Token(&bob));
    let here = [("id", id.as_str())];
    let waiting = contract.accepted("listWaiting", By::Token(&host), &here).await.remove(0);
    assert_eq!(waiting.as_array().map(Vec::len), Some(2), "{waiting}");
    contract.refused("listWaiting", by_bob, &here, None, "youAreNotInThis").await;
    let whom = |user: &str| Some(json!({ "user_id": user }));
    contract.refused("approveWaiting", by_bob, &[], whom("all"), "onlyAModeratorCanDo").await;
    contract.refused("approveWaiting", by, &[], whom("nobody"), "participantNotFound").await;
    contract.refused("approveWaiting", by, &[], Some(json!({})), "userIdValueIsRequired").await;
    contract.accepted("approveWaiting", by, &[]).await;
    contract
        .refused("updateWaitingMessage", by_bob, &[], Some(json!({"msg": "x"})), "onlyAModeratorCanDo")
        .await;
    contract.refused("updateWaitingMessage", by, &[], Some(json!({})), "msgValueIsRequired").await;
    contract.accepted("updateWaitingMessage", by, &[]).await;
    contract.refused("listWaiting", by_bob, &here, None, "onlyAModeratorCanDo").await;
    contract.refused("approveWaiting", by, &[], whom("cyd"), "roomIsFull").await;
    let lock = json!({"isLocked": true});
    contract.server.call("PATCH", &format!("/rooms/{id}/settings"), Some(&host), Some(&lock)).await;
    contract.refused("approveWaiting", by, &[], whom("cyd"), "roomIsLocked").await;
    let open = json!({"waitingRoom": false});
    contract.server.call("PATCH", &format!("/rooms/{id}/settings"), Some(&host), Some(&open)).await;
    let waiting = contract.accepted("listWaiting", By::Token(&host), &here).await.remove(0);
    assert_eq!(waiting, json!([]), "cyd was denied");
}

/// A moderator ends his session, once.
async fn end_by_moderator(contract: &mut Contract) {
    assert_eq!(contract.server.create_room("one-on-one", None).await.body["status"], true);
    let admin = json!({"user_id": "adm", "name": "Adm", "is_admin": true});
    let minted = json!({"room_id": "one-on-one", "user_info": admin});
    let minted = contract.server.signed("/auth/room/getJoinToken", &minted).await;
    let admin = contract.server.redeem(minted.body["token"].as_str().expect("a token")).await;
    let bob = contract.server.redeem(&contract.server.mint("one-on-one", "bob").await).await;
    let [admin, bob] = [admin, bob].map(|seated| session(&seated.body));
    let (by, by_bob) = (By::Token(&admin), By::Token(&bob));
    contract.refused("endSession", by_bob, &[], None, "onlyAModeratorCanDo").await;
    contract.refused("endSession", by, &[], Some(json!({"room_id": 5})), "roomIdMustBeAString").await;
    contract.accepted("endSession", by, &[]).await;
    contract.refused("endSession", by, &[], None, "roomIsNoLongerActive").await;
}

/// What is not here says so, and nothing else.
async fn absent_features(contract: &mut Contract) {
    let all = contract.document.operations();
    let absent: Vec<_> = all.filter(|operation| operation.tags() == json!(["Absent features"])).collect();
    for operation in absent {
        for body in operation.request_examples() {
            contract.refused(&operation.id, By::Key, &[], Some(body), "none").await;
        }
        contract.called.insert(operation.id);
    }
    contract.refused("mergeRecordings", By::Key, &[], Some(json!({})), "invalid").await;
    contract.refused("recordingInfo", By::Key, &[], Some(json!({})), "invalid").await;
}

async fn rooms_by_code(contract: &mut Contract) {
    let [ann, eve] = ["ann", "eve"].map(|sub| contract.server.user_token(sub, sub));
    let (ann, eve) = (By::Token(&ann), By::Token(&eve));
    let made = contract.accepted("createRoomByCode", ann, &[]).await.remove(1);
    let [id, code] = ["id", "code"].map(|key| made[key].as_str().expect("a text").to_owned());
    let room = [("id", id.as_str()), ("code", code.as_str())];
    let dry = [room[1], ("dryRun", "true")];
    contract.accepted("getRoomByCode", By::Nobody, &room).await;
    contract.accepted("joinRoom", By::Nobody, &dry).await;
    let guest = contract.accepted("joinRoom", By::Nobody, &room[1..]).await.remove(0);
    let token = session(&guest);
    let guest = By::Token(&token);
    contract.accepted("joinRoom", ann, &room[1..]).await;
    for by in [ann, guest] {
        for id in ["getRoom", "listParticipants", "listParticipantsByCode"] {
            contract.accepted(id, by, &room).await;
            contract.refused(id, eve, &room, None, "youAreNotInThis").await;
            contract.refused(id, By::Nobody, &room, None, "missingToken").await;
        }
    }
    // API keys see it, too, with metadata as any other room has.
    for call in ["getActiveRoomInfo", "getActiveRoomsInfo"] {
        let call = contract.document.operation(call);
        let seen = contract.ask(&call, By::Key, &[], Some(&json!({ "room_id": id }))).await;
        assert!(seen.body.to_string().contains(&id), "{seen:?}");
    }
    let settings = |key: &str, value: Value| Some(json!({ key: value }));
    let lock = |locked: bool| settings("isLocked", json!(locked));
    let update = contract.document.operation("updateRoomSettings");
    contract.refused("updateRoomSettings", eve, &room, lock(true), "onlyTheHostCanDo").await;
    contract.ask(&update, ann, &room, lock(true).as_ref()).await;
    let bo = || Some(json!({"guestName": "Bo"}));
    contract.refused("joinRoom", By::Nobody, &room[1..], bo(), "roomIsLocked").await;
    contract.accepted("updateRoomSettings", ann, &room).await;
    contract.ask(&update, ann, &room, lock(false).as_ref()).await;
    contract.ask(&update, ann, &room, settings("maxParticipants", json!(2)).as_ref()).await;
    contract.refused("joinRoom", By::Nobody, &room[1..], bo(), "roomIsFull").await;
    contract.refused("joinRoom", By::Nobody, &dry, bo(), "full").await;
    contract.ask(&update, ann, &room, settings("allowGuestAccess", json!(false)).as_ref()).await;
    contract.refused("joinRoom", By::Nobody, &room[1..], bo(), "guestAccessIsNotAllowed").await;
    contract.refused("joinRoom", By::Nobody, &room[1..], None, "guestnameMustBe1To").await;
    contract.refused("joinRoom", By::Token("x"), &room[1..], None, "invalidToken").await;
    contract.accepted("leaveRoom", guest, &room).await;
    contract.accepted("endRoomByHost", ann, &room).await;
    for id in ["endRoomByHost", "joinRoom"] {
        contract.refused(id, ann, &room, None, "roomIsNoLongerActive").await;
    }
    contract.refused("updateRoomSettings", ann, &room, lock(true), "roomIsNoLongerActive").await;
    for id in ["getRoomByCode", "joinRoom", "updateRoomSettings", "getRoom", "endRoomByHost"] {
        contract.refused(id, ann, &[("id", "x"), ("code", "x")], Some(json!({})), "roomNotFound").await;
    }
}
