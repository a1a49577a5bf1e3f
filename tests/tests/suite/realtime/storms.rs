//! Very many connections at once: a network that comes back, and a door that is too small.

use std::sync::Arc;
use std::time::Duration;

use local::simulate::Profile;
use serde_json::{Value, json};
use testing::receiver::Receiver;
use testing::{Server, Socket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{session, sound};
use crate::webhooks::{EVERYWHERE, create, start};

/// How long anything may take when hundreds ask at the same time on a small machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Of those who come at once so many ask at a time: the stack has fewer processes than that, and on a busy machine would
/// leave whoever waits longest for one of them without an answer, as Lambda does not.
static TURNS: Semaphore = Semaphore::const_new(50);

/// How many connections are cut, out of which rooms, and the pause between two that come back: within
/// five seconds all do.
const CUT: usize = 200;
const ROOMS: [&str; 2] = ["one", "other"];
const BACK_PAUSE: Duration = Duration::from_millis(25);

/// How many want how many seats.
const COMING: usize = 300;
const SEATS: usize = 50;

/// Connects, and joins by this token.
async fn join(server: &Server, token: &str) -> (Socket, Value) {
    let _turn = TURNS.acquire().await.expect("never closed");
    let mut socket = server.socket(Some(token)).await.patient(PATIENCE);
    let joined = socket.done("join-room", json!({})).await;
    (socket, joined)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_connections_are_cut_at_once_and_back_and_nobody_has_lost_his_seat() {
    let receiver = Receiver::start();
    // Much longer than any machine takes: what is shown is that nothing but time takes a seat.
    let grace = ("ReconnectGraceSeconds".to_owned(), "300".to_owned());
    let server = start(receiver.url(EVERYWHERE), |options| options.overrides.push(grace)).await;
    let seats = CUT / ROOMS.len();
    let mut sids = vec![];
    for room_id in ROOMS {
        sids.push(create(&server, room_id, None, json!({ "max_participants": seats })).await);
    }
    let server = Arc::new(server);
    let mut joins = JoinSet::new();
    for number in 0..CUT {
        let server = Arc::clone(&server);
        joins.spawn(async move {
            let turn = TURNS.acquire().await.expect("never closed");
            let token = server.mint(ROOMS[number % ROOMS.len()], &format!("user{number}")).await;
            drop(turn);
            join(&server, &token).await
        });
    }
    let seated = joins.join_all().await;
    let (sockets, people): (Vec<_>, Vec<_>) = seated.into_iter().unzip();
    sockets.into_iter().for_each(Socket::cut);

    let mut returns = JoinSet::new();
    for (number, person) in people.into_iter().enumerate() {
        let server = Arc::clone(&server);
        let pause = BACK_PAUSE * u32::try_from(number).expect("few");
        returns.spawn(async move {
            tokio::time::sleep(pause).await;
            let (socket, again) = join(&server, &session(&person)).await;
            assert_eq!((&again["id"], &again["isActive"]), (&person["id"], &json!(true)), "{again}");
            assert_eq!(again["joinedAt"], person["joinedAt"]);
            (socket, again["roomId"].clone())
        });
    }
    let mut returned = returns.join_all().await;
    sound::check(&server).await;
    for (room_id, sid) in ROOMS.iter().zip(sids) {
        let (socket, _) = returned.iter_mut().find(|(_, room)| room == room_id).expect("somebody");
        let state = socket.done("sync", json!({})).await;
        let people = state["participants"].as_array().expect("a list");
        let away = people.iter().filter(|person| person["away"] != json!(false)).count();
        assert_eq!((people.len(), away), (seats, 0));
        let history = server.history(&format!("ROOM#main/{room_id}"), "STATE").await;
        let lost = history.iter().filter(|step| step.number_after("seats") < step.number_before("seats"));
        assert_eq!(lost.count(), 0, "no seat was free for a moment");
        let hooks = receiver.attempts(EVERYWHERE, &sid);
        assert!(hooks.iter().all(|hook| hook.event() != "participant_left"), "nobody is told to have left");
    }
    drop(returned);
    Arc::into_inner(server).expect("nobody else has it").stop().await;
}

/// Somebody at a room's door: a user or a guest, by turns. Says what he was told in the end, and keeps his connection.
async fn come(server: &Server, code: &str, number: usize) -> (Socket, Result<Value, Value>) {
    let user = number.is_multiple_of(2).then(|| server.user_token(&format!("user{number}"), "Somebody"));
    let _turn = TURNS.acquire().await.expect("never closed");
    let mut socket = server.socket(user.as_deref()).await.patient(PATIENCE);
    let mut data = json!({"code": code, "key": format!("the-random-key-of-number-{number}")});
    if user.is_none() {
        data["guestName"] = json!(format!("Guest {number}"));
    }
    loop {
        match socket.ask("join-room", data.clone()).await {
            // Too many at once: ask again, and by the key it is the same request.
            Err(refused) if refused["statusCode"] == 503 => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            told => return (socket, told),
        }
    }
}

async fn race_for_seats(server: Server) {
    let (id, code) = server.room_by_code("hanna", &json!({"maxParticipants": SEATS})).await;
    let server = Arc::new(server);
    let mut comings = JoinSet::new();
    for number in 0..COMING {
        let (server, code) = (Arc::clone(&server), code.clone());
        comings.spawn(async move { come(&server, &code, number).await });
    }
    let told = comings.join_all().await;
    let full = |told: &&(Socket, Result<Value, Value>)| {
        let refused = told.1.as_ref().err();
        refused.is_some_and(|error| error["statusCode"] == 400 && error["message"] == "Room is full")
    };
    let others: Vec<_> = told.iter().filter(|told| !full(told)).map(|told| &told.1).collect();
    assert_eq!(others.len(), SEATS, "{others:?}");
    let mut ids: Vec<_> = others.iter().filter_map(|told| told.as_ref().ok()?["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), SEATS, "each has a seat of his own: {others:?}");
    sound::check(&server).await;
    let state = server.item(&format!("ROOM#main/{id}"), "STATE").await;
    assert_eq!(state["seats"]["N"], SEATS.to_string());
    drop(told);
    Arc::into_inner(server).expect("nobody else has it").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_at_a_door_get_as_many_seats_as_there_are() {
    race_for_seats(Server::start(|_| {}).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_at_a_door_get_as_many_seats_as_there_are_where_calls_fail() {
    race_for_seats(
        Server::start(|options| {
            options.simulate = Some(Profile::Faults);
            options.seed = 6;
        })
        .await,
    )
    .await;
}
