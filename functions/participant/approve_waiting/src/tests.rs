mod refusals;

use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Denial, Refusal, Role, RoomKey, Standing};
use serde_json::{Value, json};
use store::{Admission, NewRoom, NewToken};
use testing::rooms::{DEPARTURE, HOST, Rooms, new_room, new_token, session_of, user_id};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/waitingRoom/approveUsers";
const UNATTACHED: Duration = Duration::from_mins(1);

async fn app(table: &TestTable) -> App<Config> {
    table.app("approve_waiting", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn approve(app: &App<Config>, token: &str, whom: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({ "user_id": whom })).bearer(token)).await
}

/// A guarded room of so many seats with a moderator in, and his session token.
async fn guarded(table: &TestTable, seats: u32) -> (RoomKey, String) {
    let rooms = table.rooms();
    let new = NewRoom { waiting_room: true, max_participants: Some(seats), ..new_room("room-1") };
    let key = rooms.create(&new).await.key;
    let new = NewToken { role: Role::Moderator, ..new_token("adm", table.now()) };
    let adm = rooms.redeem(&rooms.mint_as(&key, new).await).await.expect("a seat");
    (key, rooms.session_text(&adm))
}

/// These wait, one after the other.
async fn waiters(table: &TestTable, key: &RoomKey, users: &[&str]) -> Vec<Admission> {
    let rooms = table.rooms();
    let mut waiting = vec![];
    for user in users {
        table.clock.advance(Duration::from_millis(1));
        let waiter = rooms.redeem(&rooms.mint(key, user).await).await.expect("a place");
        assert!(!waiter.active, "{user} waits");
        waiting.push(waiter);
    }
    waiting
}

/// Who stands there, by id.
async fn standing(rooms: &Rooms, key: &RoomKey, standing: Standing) -> Vec<String> {
    let people = rooms.store().participants(key).await.expect("readable");
    let them = people.iter().filter(|person| person.standing == standing);
    them.map(|person| person.user.to_string()).collect()
}

async fn told(table: &TestTable, key: &RoomKey) -> Vec<Value> {
    table.history(key).await.iter().map(testing::history::Step::event).collect()
}

#[tokio::test]
async fn who_is_admitted_has_a_seat_in_the_sitting_in_which_he_waited() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm) = guarded(&table, 9).await;
    let bob = waiters(&table, &key, &["bob"]).await.remove(0);
    let before = rooms.state(&key).await;
    table.clock.advance(Duration::from_secs(50));
    let reply = approve(&app, &adm, "bob").await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.joined), (2, 2));
    assert_eq!((state.seq, state.hooks), (before.seq + 1, before.hooks + 1));
    assert_eq!(told(&table, &key).await.pop(), Some(json!({"type": "admitted", "user": "bob"})));
    let people = rooms.store().participants(&key).await.expect("readable");
    let person = people.iter().find(|person| person.user == user_id("bob")).expect("bob");
    assert_eq!((person.joined_at, person.waiting_since), (Some(table.now()), None));
    assert_eq!((person.session, person.admitted, person.expires_at), (Some(bob.session), true, None));
    assert_eq!(person.lease, Some(table.now().plus(UNATTACHED)), "time to connect");
    rooms.store().resume(&session_of(&bob), UNATTACHED, None).await.expect("his token is good");

    // He passes for the rest of the session.
    assert_eq!(approve(&app, &adm, "bob").await.status, 200, "he is in, there is nothing to do");
    let again = rooms.redeem(&rooms.mint(&key, "bob").await).await.expect("the same seat");
    rooms.leave(&again).await;
    assert!(rooms.redeem(&rooms.mint(&key, "bob").await).await.expect("a seat").active);
    assert_eq!(rooms.state(&key).await.joined, 2);
}

#[tokio::test]
async fn all_are_admitted_in_order_of_arrival_as_far_as_seats_last() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm) = guarded(&table, 3).await;
    let waiting = waiters(&table, &key, &["zoe", "bob", "ann", "cyd"]).await;
    // A new sitting keeps his place in the order.
    rooms.store().resume(&session_of(&waiting[0]), UNATTACHED, None).await.expect("the same place");
    assert_eq!(approve(&app, &adm, "all").await.text("msg"), "success");
    let events = told(&table, &key).await;
    let admitted = |user: &str| json!({"type": "admitted", "user": user});
    assert_eq!(events[events.len() - 2..], [admitted("zoe"), admitted("bob")]);
    assert_eq!(standing(&rooms, &key, Standing::Waiting).await.len(), 2);
    assert_eq!(approve(&app, &adm, "all").await.status, 200, "the others keep waiting");
    assert_eq!(approve(&app, &adm, "cyd").await.refusal(), (400, "Room is full"));
    assert_eq!(told(&table, &key).await, events);

    rooms.remove(&key, "bob", false).await.expect("out");
    assert_eq!(approve(&app, &adm, "all").await.status, 200);
    assert_eq!(standing(&rooms, &key, Standing::Waiting).await, ["cyd"], "ann came before");
}

#[tokio::test]
async fn moderators_at_once_admit_everybody_once_and_in_order() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm) = guarded(&table, 5).await;
    let users = ["u1", "u2", "u3", "u4", "u5", "u6"];
    let waiting = waiters(&table, &key, &users).await;
    let (first, second, left) =
        tokio::join!(approve(&app, &adm, "all"), approve(&app, &adm, "all"), rooms.leave(&waiting[1]),);
    assert_eq!((first.status, second.status, left), (200, 200, true));
    let state = rooms.state(&key).await;
    let active = standing(&rooms, &key, Standing::Active).await;
    assert_eq!(state.seats as usize, active.len());
    // Who left before he was admitted, or after it, is passed over.
    let mut admitted: Vec<_> = told(&table, &key).await;
    admitted.retain(|event| event["type"] == "admitted");
    let order: Vec<_> = admitted.iter().map(|event| event["user"].as_str().expect("who")).collect();
    assert!(order.is_sorted() && order.len() >= 4, "{order:?}");
    assert!(state.seats <= 5 && rooms.state(&key).await.hooks >= 3 + 4);
}

#[tokio::test]
async fn the_host_need_not_be_in_for_people_to_wait_and_the_first_who_is_admitted_starts_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    rooms.set(&key, |settings| settings.waiting_room = true).await;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    let jane = rooms.join_as_guest(&key, "Jane").await.expect("a place");
    assert_eq!(approve(&app, &host, jane.user.as_str()).await.status, 200);
    assert_eq!(rooms.state(&key).await.seats, 2);
    let resumed = rooms.store().resume(&session_of(&jane), UNATTACHED, None).await.expect("in");
    assert_eq!(resumed.participant.standing, Standing::Active);
}

#[tokio::test]
async fn who_is_denied_may_ask_again_and_who_is_sent_back_waits_behind_the_others() {
    let table = TestTable::new().await;
    let (app, rooms, store) = (app(&table).await, table.rooms(), table.rooms().store().clone());
    let (key, adm) = guarded(&table, 9).await;
    let waiting = waiters(&table, &key, &["bob", "cyd"]).await;
    let (bob, sid) = (user_id("bob"), waiting[0].sid);
    let waiters = |whom| Waiters { room: &key, sid, whom };
    let only_bob = Whom::One(Who::User(&bob));
    let before = rooms.state(&key).await;
    let denied =
        store.deny_waiters(waiters(only_bob.clone()), Denial::Moderator, None).await.expect("denied");
    assert_eq!(denied, [waiting[0].id]);
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.hooks, state.seq), (1, before.hooks, before.seq + 1));
    let gone = store.resume(&session_of(&waiting[0]), UNATTACHED, None).await;
    assert!(matches!(gone, Err(Halt::Refused(Refusal::InvalidToken))), "{gone:?}");
    let again = rooms.redeem(&rooms.mint(&key, "bob").await).await.expect("a place");
    assert!(!again.active);

    assert_eq!(approve(&app, &adm, "bob").await.status, 200);
    let twice = store.deny_waiters(waiters(only_bob), Denial::Moderator, None).await;
    assert!(matches!(twice, Err(Halt::Refused(Refusal::ParticipantNotFound))), "{twice:?}");
    table.clock.advance(Duration::from_millis(1));
    let times = (UNATTACHED, DEPARTURE);
    store.send_back((&key, sid), Who::User(&bob), times, |_, _| Ok(()), None).await.expect("sent back");
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.hooks, state.joined), (1, before.hooks + 2, 2));
    assert_eq!(told(&table, &key).await.pop(), Some(json!({"type": "sent_back", "user": "bob"})));
    let listed = store.waiting(&state).await.expect("readable");
    assert_eq!(listed.iter().map(|person| person.user.as_str()).collect::<Vec<_>>(), ["cyd", "bob"]);
    let rejoined = rooms.redeem(&rooms.mint(&key, "bob").await).await.expect("a place");
    assert!(!rejoined.active, "he must be admitted again");
    assert_eq!(approve(&app, &adm, "all").await.status, 200);
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.hooks, state.joined), (3, before.hooks + 4, 3));
}

#[tokio::test]
async fn an_idempotency_key_admits_once() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (key, adm) = guarded(&table, 9).await;
    waiters(&table, &key, &["bob", "cyd"]).await;
    let call = Call::post(PATH, &json!({"user_id": "all"})).bearer(&adm);
    let other = Call::post(PATH, &json!({"user_id": "bob"})).bearer(&adm);
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
    let waiting = waiters(&table, &key, &["dan"]).await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    assert!(table.rooms().leave(&waiting[0]).await, "he waits still");
}
