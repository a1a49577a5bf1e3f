use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Role;
use serde_json::json;
use store::{Admission, NewRoom, NewToken, Waiters, Whom};
use testing::rooms::{DEPARTURE, HOST, PAST_ROOMS, SESSION_VALIDITY, new_room, new_token, session_of};
use testing::{Call, Reply, TestTable, checks, opened};

use super::*;

const INVALID: (u16, &str) = (401, "Invalid token");
const NOT_ACTIVE: (u16, &str) = (400, "Room is no longer active");

async fn app(table: &TestTable) -> App<Config> {
    table.app("resume", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call() -> Call {
    Call::new("POST", "/api/resume")
}

async fn resume(app: &App<Config>, token: &str) -> Reply {
    ask(app, call().bearer(token)).await
}

/// The session token of an answer.
fn token(reply: &Reply) -> String {
    reply.body["session"]["token"].as_str().unwrap_or_else(|| panic!("no token: {reply:?}")).to_owned()
}

/// Nobody has been connected to his place for so long that it is released.
async fn lapse(table: &TestTable, person: &Admission) {
    table.clock.advance(Duration::from_mins(1));
    table.rooms().release(person).await;
}

async fn seated(table: &TestTable) -> Admission {
    let room = table.rooms().open("room-1", Some(1)).await;
    table.rooms().seat(&room.key, "ann").await
}

#[tokio::test]
async fn the_same_seat_is_given_again_with_a_fresh_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let ann = seated(&table).await;
    let text = rooms.session_text(&ann);
    table.clock.advance(Duration::from_hours(1));
    let reply = resume(&app, &text).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "guestName": null,
      "id": "17810a7a-2c8b-5478-aedb-4ebe86b89ef4",
      "isActive": true,
      "isHost": false,
      "joinedAt": "2027-01-15T08:00:00.000Z",
      "leftAt": null,
      "role": "participant",
      "roomId": "room-1",
      "session": {
        "expiresAt": "2027-01-16T09:00:00.000Z",
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InZlc3RpYnVsZS1zZXNzaW9uIn0.eyJzdWIiOiJhbm4iLCJyb29tIjoibWFpbi9yb29tLTEiLCJzaWQiOiJjMTVjMDI4OS1lYzJkLTRhOTEtYTdlYy04ZTY1YTE4ZGViYmUiLCJwYXJ0aWNpcGFudCI6IjE3ODEwYTdhLTJjOGItNTQ3OC1hZWRiLTRlYmU4NmI4OWVmNCIsImp0aSI6ImMwNWRhYTRiLThhY2YtNDY3NC04YWEyLWQ3OTBkNjQxYjM4NyIsImlhdCI6MTgwMDAwMzYwMCwiZXhwIjoxODAwMDkwMDAwfQ.v74OLNj-TrNNlp6AytNwkVQxtUzpvpNaUkntXQ4698k",
        "webSocketUrl": "ws://127.0.0.1:3001/live"
      },
      "userId": "ann"
    }
    "#);
    let (old, new) = (opened(&text)["claims"].clone(), opened(&token(&reply))["claims"].clone());
    for same in ["sub", "room", "sid", "participant"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    assert_ne!(new["jti"], old["jti"]);
    assert_eq!(rooms.state(&ann.room).await.seats, 1);
}

#[tokio::test]
async fn a_guest_and_the_host_stay_who_they_are() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let jane = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let host = rooms.join(&room.key, HOST).await.expect("a seat");
    // Who is in keeps his seat, whatever the room says.
    rooms.lock(&room.key, true).await;
    let reply = resume(&app, &rooms.session_text(&jane)).await;
    assert_eq!((reply.text("guestName"), &reply.body["userId"]), ("Jane", &json!(null)));
    let reply = resume(&app, &rooms.session_text(&host)).await;
    assert_eq!((reply.text("role"), &reply.body["isHost"]), ("host", &json!(true)));
}

#[tokio::test]
async fn a_lost_answer_locks_nobody_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let first = rooms.session_text(&seated(&table).await);
    // The answers of the first two never arrived.
    for _ in 0..2 {
        assert_eq!(resume(&app, &first).await.status, 200);
    }
    let second = token(&resume(&app, &first).await);
    // The first use of the new token ends the one before for good.
    let third = token(&resume(&app, &second).await);
    assert_eq!(resume(&app, &first).await.refusal(), INVALID);
    assert_eq!(resume(&app, &second).await.status, 200, "the one before the newest");
    assert_eq!(resume(&app, &third).await.refusal(), INVALID, "an answer that was given up for another");
}

#[tokio::test]
async fn after_leaving_or_being_barred_there_is_nothing_to_resume() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let (ann, bob) = (rooms.seat(&room.key, "ann").await, rooms.seat(&room.key, "bob").await);
    rooms.leave(&ann).await;
    rooms.ban(&bob).await;
    let before = table.items().await;
    assert_eq!(resume(&app, &rooms.session_text(&ann)).await.refusal(), INVALID);
    assert_eq!(
        resume(&app, &rooms.session_text(&bob)).await.refusal(),
        (403, "You are blocked from this room")
    );
    assert_eq!(table.items().await, before);
    // Coming back is another sitting of the same seat; the token of before leaving stays dead.
    rooms.seat(&room.key, "ann").await;
    assert_eq!(resume(&app, &rooms.session_text(&ann)).await.refusal(), INVALID);
}

#[tokio::test]
async fn who_lost_his_seat_since_he_was_away_takes_one_again_as_the_same_participant() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", Some(1)).await;
    let token = NewToken { hidden: true, role: Role::Moderator, ..new_token("ann", table.now()) };
    let ann = rooms.redeem(&rooms.mint_as(&room.key, token).await).await.expect("a seat");
    let text = rooms.session_text(&ann);
    lapse(&table, &ann).await;
    assert_eq!(rooms.state(&room.key).await.seats, 0);
    let reply = resume(&app, &text).await;
    assert_eq!((reply.status, reply.text("id")), (200, &*ann.id.to_string()));
    assert_eq!((&reply.body["isActive"], reply.text("joinedAt")), (&json!(true), &*table.now().to_string()));
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.joined), (1, 1), "he is counted once");
    let last = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "joined", "user": "ann"}));
    let seen = table.store().look(&room.key, false, Some(&ann.user)).await.expect("readable");
    let person = seen.participant.expect("known");
    assert_eq!((&*person.profile.name, person.hidden, person.role), ("Name of ann", true, Role::Moderator));
    assert_eq!(person.lease, Some(table.now().plus(app.config.unattached)));
    // As of any resume, a lost answer locks nobody out until the new token is used.
    let again = resume(&app, &text).await;
    assert_eq!((again.status, rooms.state(&room.key).await.seats), (200, 1));
    assert_eq!(resume(&app, &self::token(&again)).await.status, 200);
    assert_eq!(resume(&app, &text).await.refusal(), INVALID);
}

#[tokio::test]
async fn who_comes_back_late_is_refused_for_what_a_join_is() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let jane = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    rooms.join(&room.key, HOST).await.expect("a seat");
    let text = rooms.session_text(&jane);
    lapse(&table, &jane).await;
    rooms.join(&room.key, "bob").await.expect("a seat");
    assert_eq!(resume(&app, &text).await.refusal(), (400, "Room is full"));
    rooms.lock(&room.key, true).await;
    assert_eq!(resume(&app, &text).await.refusal(), (403, "Room is locked"));
    rooms.lock(&room.key, false).await;
    rooms.remove(&room.key, "bob", false).await.expect("out");
    let reply = resume(&app, &text).await;
    assert_eq!(
        (reply.status, reply.text("id"), reply.text("guestName")),
        (200, &*jane.id.to_string(), "Jane")
    );
}

#[tokio::test]
async fn who_left_or_was_put_out_does_not_come_back_even_after_his_seat_was_released_before() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let [ann, bob, cid, dan] = [
        rooms.seat(&room.key, "ann").await,
        rooms.seat(&room.key, "bob").await,
        rooms.seat(&room.key, "cid").await,
        rooms.seat(&room.key, "dan").await,
    ];
    rooms.remove(&room.key, "bob", false).await.expect("out");
    for person in [&ann, &cid, &dan] {
        lapse(&table, person).await;
    }
    assert!(rooms.leave(&ann).await, "he gives up what he could come back to");
    rooms.ban(&cid).await;
    assert_eq!(resume(&app, &rooms.session_text(&cid)).await.status, 403);
    table.store().unblock(&room.key, &cid.user, None).await.expect("unblocked");
    // He has come again, and left.
    rooms.leave(&rooms.seat(&room.key, "dan").await).await;
    let before = table.items().await;
    for gone in [&ann, &bob, &cid, &dan] {
        assert_eq!(resume(&app, &rooms.session_text(gone)).await.refusal(), INVALID, "{}", gone.user);
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_was_admitted_once_comes_back_past_the_waiting_room_and_others_wait() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, HOST).await.expect("a seat");
    let before = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let waiter = rooms.join(&room.key, "bob").await.expect("a place");
    let whom = Waiters { room: &room.key, sid: waiter.sid, whom: Whom::All };
    table.store().admit_waiters(whom, app.config.unattached, None).await.expect("admitted");
    for (person, active) in [(&before, false), (&waiter, true)] {
        lapse(&table, person).await;
        let reply = resume(&app, &rooms.session_text(person)).await;
        assert_eq!((reply.status, &reply.body["isActive"]), (200, &json!(active)), "{}", person.user);
        assert_eq!(reply.text("id"), person.id.to_string());
    }
}

#[tokio::test]
async fn a_sitting_replaced_by_a_newer_join_resumes_until_that_is_used() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let ann = seated(&table).await;
    let newer = rooms.seat(&ann.room, "ann").await;
    let reply = resume(&app, &rooms.session_text(&newer)).await;
    assert_eq!(reply.text("id"), ann.id.to_string());
    assert_eq!(resume(&app, &rooms.session_text(&ann)).await.refusal(), INVALID);
}

#[tokio::test]
async fn after_the_session_there_is_nothing_to_resume() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let ann = seated(&table).await;
    rooms.end_session(&ann.room).await;
    let before = table.items().await;
    assert_eq!(resume(&app, &rooms.session_text(&ann)).await.refusal(), NOT_ACTIVE);
    assert_eq!(table.items().await, before);
    rooms.open("room-1", None).await;
    assert_eq!(resume(&app, &rooms.session_text(&ann)).await.refusal(), NOT_ACTIVE);

    let room = rooms.by_code(2).await;
    let bob = rooms.join(&room.key, "bob").await.expect("a seat");
    let cid = rooms.join(&room.key, "cid").await.expect("a seat");
    rooms.leave(&bob).await;
    rooms.leave(&cid).await;
    table.clock.advance(DEPARTURE);
    assert_eq!(resume(&app, &rooms.session_text(&cid)).await.refusal(), NOT_ACTIVE);
    rooms.end_room(&room.key).await;
    table.clock.advance(PAST_ROOMS);
    let late = SessionToken { expires_at: table.now().plus(SESSION_VALIDITY), ..session_of(&cid) };
    assert_eq!(resume(&app, &rooms.text_of(&late)).await.refusal(), (404, "Room not found"));
}

#[tokio::test]
async fn a_session_token_is_good_for_a_day_and_never_longer_than_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let text = rooms.session_text(&seated(&table).await);
    table.clock.advance(Duration::from_hours(23));
    let reply = resume(&app, &text).await;
    assert_eq!(reply.body["session"]["expiresAt"], table.now().plus(SESSION_VALIDITY).to_string());
    table.clock.advance(Duration::from_hours(1));
    assert_eq!(resume(&app, &text).await.refusal(), (401, "Token has expired"));
    assert_eq!(resume(&app, &token(&reply)).await.status, 200);

    let new = NewRoom { duration: Some(Duration::from_hours(1)), ..new_room("short") };
    let room = rooms.create(&new).await;
    let bob = rooms.seat(&room.key, "bob").await;
    let end = table.now().plus(Duration::from_hours(1));
    table.clock.advance(Duration::from_mins(59));
    let reply = resume(&app, &rooms.session_text(&bob)).await;
    assert_eq!(reply.body["session"]["expiresAt"], end.to_string());
}

#[tokio::test]
async fn who_waits_gets_his_ticket_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let waiter = rooms.redeem(&rooms.mint(&room.key, "ann").await).await.expect("a place");
    let reply = resume(&app, &rooms.session_text(&waiter)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        (&reply.body["isActive"], &reply.body["joinedAt"]),
        (&json!(false), &json!(table.now().to_string()))
    );
    assert_eq!(rooms.state(&room.key).await.seats, 0);
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call()).await;
    let ann = seated(&table).await;
    // Signed by us, but of another person's seat.
    let other = SessionToken { user: testing::rooms::user_id("eve"), ..session_of(&ann) };
    assert_eq!(resume(&app, &rooms.text_of(&other)).await.refusal(), INVALID);
    let join = rooms.join_text(&rooms.mint(&ann.room, "ann").await);
    assert_eq!(resume(&app, &join).await.refusal(), INVALID);
}

#[tokio::test]
async fn a_body_may_be_left_out_but_not_be_anything() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let text = rooms.session_text(&seated(&table).await);
    checks::bodies(400, async |body| ask(&app, call().raw(body).bearer(&text)).await).await;
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_sitting_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let call = call().bearer(&rooms.session_text(&seated(&table).await));
    let other = call.clone().raw("{}");
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
}
