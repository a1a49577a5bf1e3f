//! The storm as clients see it: over HTTP, at the local stack, through the functions' own processes.
//!
//! Everything is in real time and on this machine's cores, so this measures the machine as well. What it shows is that
//! nobody is lost and nothing is counted twice, from end to end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::crowd::{Outcome, Storm, Told};
use super::profile_name;
use crate::local_stack::{self, Client, LocalStack};

const ROOM: &str = "storm";

/// Tokens that are asked for at the same time.
const MINTS_AT_ONCE: usize = 8;

/// How often something is asked for again that the simulation lets fail.
const MOST_TRIES: usize = 20;

/// Runs the storm at a local stack of its own, with at most so many processes of a function, if that is said.
pub(super) async fn run(storm: Storm, processes: Option<u16>) -> Outcome {
    let stack = local_stack::build(false).await;
    let (seed, processes) = (storm.seed.to_string(), processes.map(|most| most.to_string()));
    let mut arguments = vec!["--simulate", profile_name(storm.profile), "--seed", &seed];
    if let Some(processes) = &processes {
        arguments.extend(["--processes", processes]);
    }
    let stack = LocalStack::start(&stack, &[], &arguments).await;
    let client = &stack.client;
    ask(|| async { client.create(ROOM, Some(storm.seats)).await.is_success().then_some(()) }).await;
    let tokens = mint_all(client, storm.people).await;

    let mut joins = JoinSet::new();
    let begun = Instant::now();
    for token in tokens {
        let client = client.clone();
        joins.spawn(async move {
            let answered = client.join(&token).await;
            let told = match (answered.status, answered.body["message"].as_str()) {
                (201, _) => Told::Admitted,
                (400, Some("Room is full")) => Told::Full,
                (status @ (0 | 429 | 500..), message) => Told::Lost(format!("{status} {message:?}")),
                (status, message) => Told::Other(format!("{status} {message:?}")),
            };
            (told, begun.elapsed())
        });
    }
    let answers = joins.join_all().await;
    let took = begun.elapsed();
    let (seats, active) = ask(|| present(client)).await;
    stack.stop().await;
    Outcome::of(answers, took, seats, active, storm.seats as usize)
}

/// Tries again until there is something; the simulation lets calls fail.
async fn ask<T, F: Future<Output = Option<T>>>(question: impl Fn() -> F) -> T {
    for _ in 0..MOST_TRIES {
        if let Some(answer) = question().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no answer in {MOST_TRIES} attempts");
}

async fn mint_all(client: &Client, people: usize) -> Vec<String> {
    let turns = Arc::new(Semaphore::new(MINTS_AT_ONCE));
    let mut mints = JoinSet::new();
    for number in 0..people {
        let (client, turns) = (client.clone(), Arc::clone(&turns));
        mints.spawn(async move {
            let _turn = turns.acquire().await.expect("it stays open");
            ask(|| mint(client.clone(), number)).await
        });
    }
    mints.join_all().await
}

async fn mint(client: Client, number: usize) -> Option<String> {
    let answered = client.mint(ROOM, &format!("user{number}")).await;
    Some(answered.body["token"].as_str()?.to_owned())
}

/// The seats taken, and those who are in, as the server API tells them.
async fn present(client: &Client) -> Option<(usize, usize)> {
    let answered = client.signed("/auth/room/getActiveRoomInfo", &json!({"room_id": ROOM})).await;
    let room = &answered.body["room"];
    let seats = room["room_info"]["joined_participants"].as_str()?.parse().ok()?;
    Some((seats, room["participants_info"].as_array()?.len()))
}
