//! Webhooks of the local stack: how many come a second, and how long after the change that they tell of.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::receiver::Receiver;
use crate::Judgement;
use crate::local_stack::{self, Client, LocalStack};
use crate::samples::{Samples, millis, per};
use crate::table::Table;

/// How long the last webhook is waited for.
const PATIENCE: Duration = Duration::from_mins(3);

/// Webhooks of a session with two people: created, started, joined, joined, left, left, ended, finished.
const OF_A_SESSION: usize = 8;

/// Webhooks from the change to the receiver.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many sessions are held
    #[arg(long, default_value_t = 200)]
    sessions: usize,
    /// How many of them are held at a time
    #[arg(long, default_value_t = 8)]
    at_a_time: usize,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    release: bool,
}

/// Holds sessions and looks at what a receiver gets.
pub(crate) async fn run(options: &Options) -> Judgement {
    let webhooks = Receiver::start().await;
    let program = local_stack::build(options.release).await;
    let everywhere = format!("WebhookUrl={}", webhooks.url);
    let mut arguments = vec!["--env", &everywhere];
    arguments.extend(options.release.then_some("--release"));
    let stack = LocalStack::start(&program, &[], &arguments).await;
    hold(&stack.client, "warm").await;

    let begun = Instant::now();
    let rooms: Vec<_> = (0..options.sessions).map(|number| format!("room-{number}")).collect();
    let mut joined = HashMap::new();
    for together in rooms.chunks(options.at_a_time) {
        let mut holding = tokio::task::JoinSet::new();
        for room in together {
            let (client, room) = (stack.client.clone(), room.clone());
            holding.spawn(async move { hold(&client, &room).await });
        }
        joined.extend(holding.join_all().await.into_iter().flatten());
    }
    let changed = begun.elapsed();
    let all = (options.sessions + 1) * OF_A_SESSION;
    while webhooks.count() < all && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stack.stop().await;
    let received = webhooks.received();
    let delays = joined.iter().filter_map(|(who, at)| Some(received.joined.get(who)?.duration_since(*at)));
    let delays: Samples = delays.collect();
    let took = received.last.map_or(changed, |last| last.duration_since(begun));
    let mut table =
        Table::new(["sessions", "webhooks", "of", "webhooks/s", "delay p50 ms", "p99 ms", "slowest ms"]);
    table.row([
        options.sessions.to_string(),
        received.count.to_string(),
        all.to_string(),
        format!("{:.0}", per(received.count, 1) / took.as_secs_f64()),
        millis(delays.median()),
        millis(delays.percentile(99)),
        millis(delays.percentile(100)),
    ]);
    print!("{table}");
    Judgement::all([received.count == all])
}

/// Holds a session with two people, who are in at its end; gives when each was told that he is in.
async fn hold(client: &Client, room: &str) -> Vec<((String, String), Instant)> {
    let mut joined = vec![];
    assert!(client.create(room, None).await.is_success(), "{room} is created");
    for user in ["ann", "bob"] {
        let minted = client.mint(room, user).await;
        let token = minted.body["token"].as_str().expect("a token").to_owned();
        assert!(client.join(&token).await.is_success(), "{user} is in");
        joined.push(((room.to_owned(), user.to_owned()), Instant::now()));
    }
    let ended = client.signed("/auth/room/endRoom", &json!({ "room_id": room })).await;
    assert!(ended.is_success(), "{room} is ended");
    joined
}
