use std::time::Duration;

use models::{Client, Profile, Timestamp};
use realtime::JOINS_WITHIN;
use store::{Caller, Connected};
use testing::rooms::{TOKEN_VALIDITY, session_of, user_id};
use testing::{Asked, Between, TestTable, Verdict};

use super::*;

const QUEUE: &str = "ConnectionsQueue";

async fn worker(table: &TestTable) -> Worker<Config> {
    table.worker("on_connect", Config::load).await
}

/// The same where calls of this operation fail.
async fn worker_without(table: &TestTable, operation: &'static str) -> (Worker<Config>, Between) {
    let fails = move |asked: &Asked| {
        if asked.operation == operation { Verdict::Fails } else { Verdict::Passes }
    };
    let between = table.between(fails);
    (table.worker_in(table.env_with("on_connect", &between.variables()), Config::load).await, between)
}

/// Connects as `one`, with this query and cookie; gives the status of the answer.
async fn connect(worker: &Worker<Config>, query: Value, cookie: &str) -> u64 {
    let event = json!({
        "requestContext": {"routeKey": "$connect", "connectionId": "one", "connectedAt": 0, "requestTimeEpoch": 0},
        "queryStringParameters": query,
        "headers": {"Cookie": cookie},
    });
    answer(worker, event).await
}

async fn answer(worker: &Worker<Config>, event: Value) -> u64 {
    let event = serde_json::from_value(event).expect("an event");
    let answer = handle(worker, event).await.expect("answered");
    answer["statusCode"].as_u64().expect("a status")
}

async fn known(table: &TestTable) -> Option<Connected> {
    table.store().connection(&"one".try_into().expect("an id")).await.expect("readable")
}

async fn caller(table: &TestTable) -> Caller {
    known(table).await.expect("it is known").caller
}

/// The moment after this time from now, as a token has it.
fn in_seconds(table: &TestTable, time: Duration) -> Timestamp {
    Timestamp::from_seconds(table.now().plus(time).seconds())
}

/// What is on the queue, with the delay of each message.
fn queued(table: &TestTable) -> Vec<(Value, Duration)> {
    let messages = table.messages(QUEUE).into_iter();
    let delays = messages.map(|message| message.visible_at.since(message.sent_at));
    table.queued(QUEUE).into_iter().zip(delays).collect()
}

#[tokio::test]
async fn without_a_token_somebody_is_a_guest_who_has_a_minute_to_join() {
    let table = TestTable::new().await;
    assert_eq!(connect(&worker(&table).await, json!({}), "").await, 200);
    let id = "one".try_into().expect("an id");
    let connected = Connected::new(Connection { id, client: Client::Plain }, Caller::Guest, table.now());
    assert_eq!(known(&table).await, Some(connected));
    assert_eq!(queued(&table), [(json!({"check": {"id": "one", "client": "plain"}}), JOINS_WITHIN)]);
}

#[tokio::test]
async fn a_client_of_socket_io_is_greeted_at_once_and_one_of_another_version_is_refused() {
    let table = TestTable::new().await;
    let worker = worker(&table).await;
    for version in ["3", "5", ""] {
        assert_eq!(connect(&worker, json!({"EIO": version}), "").await, 400, "{version:?}");
    }
    assert_eq!((known(&table).await, queued(&table)), (None, vec![]));
    assert_eq!(connect(&worker, json!({"EIO": "4", "transport": "websocket"}), "").await, 200);
    assert_eq!(known(&table).await.map(|known| known.connection.client), Some(Client::SocketIo));
    assert_eq!(queued(&table), [(json!({"open": {"id": "one", "client": "socket_io"}}), Duration::ZERO)]);
}

#[tokio::test]
async fn a_users_token_is_taken_from_wherever_it_is_and_the_query_wins() {
    let table = TestTable::new().await;
    let worker = worker(&table).await;
    let (ann, bo) = (table.user_token("ann", "Ann"), table.user_token("bo", "Bo"));
    let cookie = |token: &str| format!("a=b; pnm_access_token=\"{token}\"; c=d");
    for (query, cookie) in [
        (json!({"token": ann}), String::new()),
        (json!({"access_token": ann}), String::new()),
        (json!({}), cookie(&ann)),
        (json!({"token": ann, "access_token": bo}), cookie(&bo)),
        (json!({"access_token": ann}), cookie(&bo)),
    ] {
        assert_eq!(connect(&worker, query.clone(), &cookie).await, 200);
        let profile = Profile { name: "Ann".to_owned(), avatar_url: None };
        let expires_at = Some(in_seconds(&table, Duration::from_hours(24)));
        let user = Caller::User { id: user_id("ann"), profile, expires_at };
        assert_eq!(caller(&table).await, user, "{query} {cookie}");
    }
}

#[tokio::test]
async fn a_join_token_says_who_is_invited_and_is_not_spent() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    let before = table.history(&room.key).await.len();
    assert_eq!(connect(&worker(&table).await, json!({"token": rooms.join_text(&token)}), "").await, 200);
    let expires_at = in_seconds(&table, TOKEN_VALIDITY);
    assert_eq!(caller(&table).await, Caller::Invited { token: token.clone(), expires_at });
    assert_eq!(table.history(&room.key).await.len(), before, "no seat is taken");
    rooms.redeem(&token).await.expect("it is good still");
}

#[tokio::test]
async fn a_session_token_says_whose_seat_it_is_and_takes_it_from_nobody() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.by_code(5).await;
    let seat = rooms.join_on(&room.key, "ann", &rooms.connect("before", Client::Plain).await).await;
    let text = rooms.session_text(&seat);
    assert_eq!(connect(&worker(&table).await, json!({"token": text}), "").await, 200);
    assert_eq!(caller(&table).await, Caller::Seated(session_of(&seat)));
    let person = rooms.store().look(&room.key, false, Some(&seat.user)).await.expect("readable").participant;
    let connection = person.and_then(|person| person.connection).expect("a connection");
    assert_eq!(connection.id.as_str(), "before", "only `join-room` takes it");
}

#[tokio::test]
async fn what_a_token_says_is_kept_and_its_text_is_not() {
    let table = TestTable::new().await;
    let (worker, rooms) = (worker(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let seat = rooms.seat(&room.key, "bo").await;
    let invited = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    for text in [table.user_token("cy", "Cy"), invited, rooms.session_text(&seat)] {
        assert_eq!(connect(&worker, json!({"token": text}), "").await, 200);
        let signature = text.rsplit('.').next().expect("a signature");
        let stored = format!("{:?} {:?}", table.items().await, queued(&table));
        assert!(!stored.contains(signature), "{stored}");
    }
}

#[tokio::test]
async fn a_bad_token_is_refused_wherever_it_is_and_leaves_nothing() {
    let table = TestTable::new().await;
    let (worker, rooms) = (worker(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let joins = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    let sits = rooms.session_text(&rooms.seat(&room.key, "bo").await);
    let before = table.items().await;
    let forged = |text: &str| format!("{}.{}", text.rsplit_once('.').expect("a signature").0, "A".repeat(43));
    for text in [
        String::new(),
        "nonsense".to_owned(),
        table.foreign_user_token("ann"),
        forged(&table.user_token("ann", "Ann")),
        forged(&joins),
        forged(&sits),
    ] {
        let cookie = format!("pnm_access_token={text}");
        let everywhere = [
            (json!({"token": text}), ""),
            (json!({"access_token": text, "EIO": "4"}), ""),
            (json!({}), cookie.as_str()),
        ];
        for (query, cookie) in everywhere {
            assert_eq!(connect(&worker, query.clone(), cookie).await, 401, "{query} {cookie}");
        }
    }
    assert_eq!((table.items().await, queued(&table)), (before, vec![]));
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused() {
    let table = TestTable::new().await;
    let (worker, rooms) = (worker(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let user = table.user_token("ann", "Ann");
    let invited = rooms.join_text(&rooms.mint(&room.key, "bo").await);
    let seated = rooms.session_text(&rooms.seat(&room.key, "cy").await);
    table.clock.advance(TOKEN_VALIDITY);
    assert_eq!(connect(&worker, json!({"token": invited}), "").await, 401);
    assert_eq!(connect(&worker, json!({"token": seated}), "").await, 200);
    table.clock.advance(Duration::from_hours(24));
    for text in [user, seated] {
        assert_eq!(connect(&worker, json!({"token": text}), "").await, 401);
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_stored_is_refused_and_not_looked_after() {
    let table = TestTable::new().await;
    let (worker, _between) = worker_without(&table, "PutItem").await;
    assert_eq!(connect(&worker, json!({}), "").await, 503);
    assert_eq!((known(&table).await, queued(&table)), (None, vec![]));
}

#[tokio::test]
async fn where_the_api_keys_cannot_be_read_a_join_token_is_no_bad_token() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    let text = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    let (worker, _between) = worker_without(&table, "GetItem").await;
    assert_eq!(connect(&worker, json!({"token": text}), "").await, 503);
    assert_eq!((known(&table).await, queued(&table)), (None, vec![]));
    assert_eq!(connect(&worker, json!({}), "").await, 200, "a guest needs none");
}

#[tokio::test]
async fn a_connection_that_nobody_would_look_after_is_refused_and_may_be_tried_again() {
    let table = TestTable::new().await;
    let (failing, _between) = worker_without(&table, "SendMessageBatch").await;
    assert_eq!(connect(&failing, json!({}), "").await, 503);
    assert_eq!(queued(&table), []);
    let worker = worker(&table).await;
    for times in 1..3 {
        assert_eq!(connect(&worker, json!({"token": table.user_token("ann", "Ann")}), "").await, 200);
        assert!(matches!(caller(&table).await, Caller::User { .. }), "the last word holds");
        assert_eq!(queued(&table).len(), times);
    }
}

#[tokio::test]
async fn an_event_without_an_id_is_malformed() {
    let table = TestTable::new().await;
    let before = table.items().await;
    let event = json!({"requestContext": {"routeKey": "$connect", "connectedAt": 0, "requestTimeEpoch": 0}, "headers": {}});
    assert_eq!(answer(&worker(&table).await, event).await, 400);
    assert_eq!((table.items().await, queued(&table)), (before, vec![]));
}
