//! Joins over a WebSocket: what each way in asks of DynamoDB, and how long a client waits for the answer.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use models::Client as Kind;
use serde_json::{Value, json};
use testing::Server;

use super::client::Client;
use super::room::{open, stack};
use super::tally::{Log, Tally};
use crate::Judgement;
use crate::samples::{Samples, millis, per};
use crate::table::Table;

/// Most write units of a join over a socket: 4 of a join, 2 of the connection's binding (docs/performance.md), and one that
/// counts the message.
const MOST_WRITES: f64 = 7.0;

/// People in each of the rooms that joins are timed in, its host among them: an answer shows all of them.
const SEATS: usize = 10;

/// Joins over a WebSocket.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many joins are timed, with one connection and with many
    #[arg(long, default_value_t = 200)]
    joins: usize,
    /// How many are made at a time, after those one at a time
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    release: bool,
}

/// Joins in every way, and then often.
pub(crate) async fn run(options: &Options) -> Judgement {
    let server = stack(options.release).await;
    let judgement = count(&server).await;
    println!();
    let mut table = Table::new([
        "at a time",
        "joins",
        "joins/s",
        "connect p50 ms",
        "p99 ms",
        "join-room p50 ms",
        "p99 ms",
        "slowest ms",
    ]);
    for at_a_time in [1, options.connections] {
        time(&server, options.joins, at_a_time, &mut table).await;
    }
    print!("{table}");
    server.stop().await;
    judgement
}

/// What is asked of DynamoDB.
struct Ways {
    table: Table,
    met: Vec<bool>,
}

impl Ways {
    fn note(&mut self, way: &str, more: f64, tally: &Tally) {
        let (connect, join) = (tally.of_function("on_connect"), tally.of_function("on_join_room"));
        let most = MOST_WRITES + more;
        let keeps = join.write_units <= most;
        self.met.push(keeps);
        self.table.row([
            way.to_owned(),
            format!("{:.0}", connect.round_trips),
            format!("{:.0}", connect.read_units),
            format!("{:.0}", connect.write_units),
            format!("{:.0}", join.round_trips),
            format!("{:.1}", join.read_units),
            format!("{:.0}", join.write_units),
            format!("{most:.0}"),
            if keeps { "ok" } else { "OVER" }.to_owned(),
        ]);
    }
}

/// Joins once in each way.
async fn count(server: &Server) -> Judgement {
    let mut ways = Ways {
        table: Table::new([
            "join",
            "$connect: round trips",
            "read units",
            "write units",
            "join-room: round trips",
            "read units",
            "write units",
            "budget",
            "",
        ]),
        met: vec![],
    };
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let (_, other) = server.room_by_code("hanna", &json!({})).await;
    let ann = server.user_token("ann", "Ann");
    let by_code = json!({ "code": code });
    let guest = |code: &str| json!({"code": code, "guestName": "Gus"});
    // Keys are read, processes are started.
    let warm = open(server, "warm", 1).await.remove(0);
    Client::connect(server, Kind::Plain, Some(&warm)).await.ask("join-room", &json!({})).await;
    let mut log = Log::from_now(server);
    log.read().await;

    // Two of the table and two in its indexes for the session that begins.
    let hanna = Client::connect(server, Kind::Plain, Some(&server.user_token("hanna", "Hanna"))).await;
    hanna.ask("join-room", &by_code).await;
    ways.note("by code, first", 2.0, &log.read().await);
    let user = Client::connect(server, Kind::Plain, Some(&ann)).await;
    user.ask("join-room", &by_code).await;
    ways.note("by code, user", 0.0, &log.read().await);
    let again = Client::connect(server, Kind::Plain, Some(&ann)).await;
    again.ask("join-room", &by_code).await;
    ways.note("by code, user, from a second device", 0.0, &log.read().await);
    let gus = Client::connect(server, Kind::Plain, None).await;
    gus.ask("join-room", &guest(&code)).await;
    ways.note("by code, guest", 0.0, &log.read().await);
    gus.ask("join-room", &guest(&code)).await;
    ways.note("the same again, same connection", 0.0, &log.read().await);

    let there = Client::connect(server, Kind::Plain, Some(&server.user_token("bo", "Bo"))).await;
    there.ask("join-room", &json!({ "code": other })).await;
    log.read().await;
    // The room before is left, which is what a leave over HTTP writes.
    gus.ask("join-room", &guest(&other)).await;
    ways.note("by code, guest, from another room", 5.0, &log.read().await);

    let invited = server.mint("warm", "invited").await;
    log.read().await;
    let invited = Client::connect(server, Kind::Plain, Some(&invited)).await;
    let joined = invited.ask("join-room", &json!({})).await;
    ways.note("by join token", 0.0, &log.read().await);
    invited.close().await;
    log.read().await;
    let session = joined.read::<Value>()["session"]["token"].as_str().expect("a token").to_owned();
    let back = Client::connect(server, Kind::Plain, Some(&session)).await;
    back.ask("join-room", &json!({})).await;
    // Its lease leaves the index.
    ways.note("by session token, back within the grace", 1.0, &log.read().await);

    let seated = server.mint("warm", "seated").await;
    let seated = server.redeem(&seated).await;
    let session = seated.body["session"]["token"].as_str().expect("a token").to_owned();
    log.read().await;
    let attached = Client::connect(server, Kind::Plain, Some(&session)).await;
    attached.ask("join-room", &json!({})).await;
    ways.note("by session token, of a seat taken over HTTP", 1.0, &log.read().await);
    print!("{}", ways.table);
    Judgement::all(ways.met)
}

/// Lets many guests join rooms of a few people, so many at a time, each by a connection of its own.
async fn time(server: &Server, joins: usize, at_a_time: usize, table: &mut Table) {
    let begun = Instant::now();
    let each = joins.div_ceil(at_a_time);
    let workers = (0..at_a_time).map(async |_| {
        let mut times = vec![];
        while times.len() < each {
            times.extend(fill_a_room(server, (each - times.len()).min(SEATS - 1)).await);
        }
        times
    });
    let times: Vec<_> = join_all(workers).await.into_iter().flatten().collect();
    let took = begun.elapsed();
    let connects: Samples = times.iter().map(|(connect, _)| *connect).collect();
    let joins: Samples = times.iter().map(|(_, join)| *join).collect();
    table.row([
        at_a_time.to_string(),
        times.len().to_string(),
        format!("{:.0}", per(times.len(), 1) / took.as_secs_f64()),
        millis(connects.median()),
        millis(connects.percentile(99)),
        millis(joins.median()),
        millis(joins.percentile(99)),
        millis(joins.percentile(100)),
    ]);
}

/// Gives how long each waited for his connection and for the answer.
async fn fill_a_room(server: &Server, guests: usize) -> Vec<(Duration, Duration)> {
    let (_, code) = server.room_by_code("hanna", &json!({ "maxParticipants": SEATS })).await;
    let host = Client::connect(server, Kind::Plain, Some(&server.user_token("hanna", "Hanna"))).await;
    host.ask("join-room", &json!({ "code": code })).await;
    let (mut times, mut clients) = (vec![], vec![host]);
    for number in 0..guests {
        let begun = Instant::now();
        let client = Client::connect(server, Kind::Plain, None).await;
        let (connect, asked) = (begun.elapsed(), Instant::now());
        let name = format!("Guest {number}");
        let answer = client.ask("join-room", &json!({"code": code, "guestName": name})).await;
        times.push((connect, answer.at - asked));
        clients.push(client);
    }
    join_all(clients.iter().map(Client::close)).await;
    times
}
