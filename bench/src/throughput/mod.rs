//! The local stack over HTTP: how many requests a second, how fast, and how much memory its processes take.

mod load;

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::sync::Mutex;

use crate::Judgement;
use crate::local_stack::{self, Client, LocalStack};
use crate::memory::{self, Memory};
use crate::samples::{millis, per};
use crate::table::Table;
use load::{Load, Served};

/// Rooms of each connection that the later steps use: enough that none of them is hot, or large.
const ROOMS: usize = 50;

/// What a function's process may take.
const MEMORY_BUDGET_MB: f64 = 32.0;

/// The local stack over HTTP.
#[derive(Args)]
pub(crate) struct Options {
    /// Clients, each with one request at a time
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How long each kind of request is sent
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    release: bool,
}

/// Sends each kind of request for a while, and looks at the processes at the end.
pub(crate) async fn run(options: &Options) -> Judgement {
    let stack = local_stack::build(options.release).await;
    let arguments: &[&str] = if options.release { &["--release"] } else { &[] };
    let stack = LocalStack::start(&stack, &[], arguments).await;
    let load = Load { connections: options.connections, time: Duration::from_secs(options.seconds) };

    let mut table =
        Table::new(["request", "answered", "failed", "requests/s", "p50 ms", "p99 ms", "slowest ms"]);
    for (name, served) in send_all(&stack.client, &load).await {
        table.row([
            name.to_owned(),
            served.count.to_string(),
            served.failed.to_string(),
            format!("{:.0}", per(served.count, 1) / served.took.as_secs_f64()),
            millis(served.times.median()),
            millis(served.times.percentile(99)),
            millis(served.times.percentile(100)),
        ]);
    }
    print!("{table}");
    println!();
    let processes = memory::of_stack(stack.pid);
    let judgement = print_memory(&processes);
    stack.stop().await;
    judgement
}

async fn send_all(client: &Client, load: &Load) -> Vec<(&'static str, Served)> {
    let room = |worker: usize, number: usize| format!("room-{worker}-{number}");
    // Each function's processes are started, so that no step begins with cold ones.
    for worker in 0..load.connections {
        client.create(&room(worker, 0), None).await;
    }
    let created =
        load.send(async |worker, number| Some(client.create(&room(worker, number), None).await.is_success()));
    let created = created.await;

    let known = |worker, number| room(worker, number % ROOMS.min(created.count / load.connections).max(1));
    let tokens: Vec<Mutex<Vec<String>>> = (0..load.connections).map(|_| Mutex::default()).collect();
    let minted = load.send(async |worker, number| {
        let answered = client.mint(&known(worker, number), &format!("user-{number}")).await;
        let Some(token) = answered.body["token"].as_str() else { return Some(false) };
        tokens[worker].lock().await.push(token.to_owned());
        Some(true)
    });
    let minted = minted.await;

    let asked = load.send(async |worker, number| {
        let body = json!({"room_id": known(worker, number)});
        let answered = client.signed("/auth/room/isRoomActive", &body).await;
        Some(answered.body["is_active"] == true)
    });
    let asked = asked.await;

    // As long as there are tokens.
    let joined = load.send(async |worker, _| {
        let token = tokens[worker].lock().await.pop()?;
        Some(client.join(&token).await.is_success())
    });
    let joined = joined.await;
    vec![("create", created), ("token", minted), ("isRoomActive", asked), ("join", joined)]
}

fn print_memory(processes: &[Memory]) -> Judgement {
    let mut table =
        Table::new(["process", "processes", "RSS MB, largest", "peak MB, largest", "budget MB", ""]);
    let mut met = Vec::new();
    let all: f64 = processes.iter().map(|memory| memory.all_mb).sum();
    for memory in processes {
        let keeps = memory.is_stack || memory.peak_mb <= MEMORY_BUDGET_MB;
        met.push(keeps);
        table.row([
            memory.name.clone(),
            memory.processes.to_string(),
            format!("{:.1}", memory.rss_mb),
            format!("{:.1}", memory.peak_mb),
            if memory.is_stack { String::new() } else { MEMORY_BUDGET_MB.to_string() },
            if keeps { "ok" } else { "OVER" }.to_owned(),
        ]);
    }
    print!("{table}");
    println!("\nRSS of all processes together: {all:.0} MB");
    Judgement::all(met)
}
