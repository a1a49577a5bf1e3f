//! Chat in rooms, and signals between two: how many messages a second arrive, how late, and what they ask of DynamoDB.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use models::Client as Kind;
use serde::Deserialize;
use serde_json::{Value, json};
use testing::Server;

use super::room::{Person, enter, open, stack};
use super::tally::{Log, Work};
use crate::Judgement;
use crate::samples::{Samples, millis, per};
use crate::table::Table;

/// From one message of a sender to his next, at least: the server takes fifty a second.
const PACE: Duration = Duration::from_millis(25);

/// How long what was sent may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

/// Messages that participants send each other.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rooms of so many people are chatted in
    #[arg(long, value_delimiter = ',', default_values_t = [10, 50])]
    people: Vec<usize>,
    /// How many of them send, each one message at a time
    #[arg(long, default_value_t = 4)]
    senders: usize,
    /// How long they send
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    release: bool,
}

/// What people in a room send.
struct Talk {
    event: &'static str,
    function: &'static str,
    /// How many are to get each.
    receivers: usize,
}

/// A message as a receiver gets it: chat has its text in `content`, a signal is relayed as it is.
#[derive(Deserialize)]
struct Relayed {
    content: Option<String>,
    candidate: Option<String>,
}

/// Lets them talk, room by room.
pub(crate) async fn run(options: &Options) -> Judgement {
    let server = stack(options.release).await;
    let mut table = Table::new([
        "what",
        "people",
        "senders",
        "sent/s",
        "received/s",
        "lost",
        "p50 ms",
        "p99 ms",
        "slowest ms",
        "round trips",
        "read units",
        "write units",
        "posts",
    ]);
    let mut met = vec![];
    for people in &options.people {
        let chat = Talk { event: "chat-message", function: "on_chat_message", receivers: people - 1 };
        met.push(talk(&server, &chat, (*people, options.senders.min(*people)), options, &mut table).await);
    }
    let signals = Talk { event: "ice-candidate", function: "on_signal", receivers: 1 };
    met.push(talk(&server, &signals, (2, 2), options, &mut table).await);
    print!("{table}");
    println!("\nTimes are from sending to the last receiver; calls, units and posts those of one message.");
    server.stop().await;
    Judgement::all(met)
}

/// Says whether everybody got everything.
async fn talk(
    server: &Server,
    talk: &Talk,
    (people, senders): (usize, usize),
    options: &Options,
    table: &mut Table,
) -> bool {
    let tokens = open(server, &format!("{}-{people}", talk.event), people).await;
    let people = enter(server, Kind::Plain, &tokens, Duration::ZERO).await;
    // The function's processes are started, and everybody has heard of everybody.
    join_all((0..senders).map(|sender| say(talk, &people, sender, "warm"))).await;
    let mut log = Log::from_now(server);
    log.read().await;

    let (begun, time) = (Instant::now(), Duration::from_secs(options.seconds));
    let sending = (0..senders).map(async |sender| {
        let mut sent = vec![];
        while begun.elapsed() < time {
            let (text, at) = (format!("{sender}-{}", sent.len()), Instant::now());
            say(talk, &people, sender, &text).await;
            sent.push((text, at));
            tokio::time::sleep_until((at + PACE).into()).await;
        }
        sent
    });
    let sent: Vec<_> = join_all(sending).await.into_iter().flatten().collect();
    let heard = heard(talk, &people, sent.len() * talk.receivers).await;
    let work = log.read().await.of_function(talk.function);
    let times: Samples = sent.iter().filter_map(|(text, at)| Some(heard.get(text)?.last - *at)).collect();
    let received: usize = sent.iter().filter_map(|(text, _)| Some(heard.get(text)?.receivers)).sum();
    let lost = sent.len() * talk.receivers - received;
    let end = heard.values().map(|heard| heard.last).max().unwrap_or(begun);
    let a_second = |count: usize| format!("{:.0}", per(count, 1) / (end - begun).as_secs_f64());
    let of_one = |part: fn(&Work) -> f64| format!("{:.1}", part(&work) / work.calls.max(1.0));
    table.row([
        talk.event.to_owned(),
        people.len().to_string(),
        senders.to_string(),
        a_second(sent.len()),
        a_second(received),
        lost.to_string(),
        millis(times.median()),
        millis(times.percentile(99)),
        millis(times.percentile(100)),
        of_one(|work| work.round_trips),
        of_one(|work| work.read_units),
        of_one(|work| work.write_units),
        // The answer is one, too.
        (talk.receivers + 1).to_string(),
    ]);
    join_all(people.iter().map(|person| person.client.close())).await;
    lost == 0
}

/// One message, until it is answered.
async fn say(talk: &Talk, people: &[Person], sender: usize, text: &str) {
    let data: Value = match talk.event {
        "chat-message" => json!({ "content": text }),
        _ => json!({"targetId": people[people.len() - 1 - sender].id, "candidate": text}),
    };
    people[sender].client.ask(talk.event, &data).await;
}

/// Who got a message.
struct Heard {
    receivers: usize,
    last: Instant,
}

/// What was heard of each message, when all of so many have arrived, or after a while.
async fn heard(talk: &Talk, people: &[Person], all: usize) -> HashMap<String, Heard> {
    let begun = Instant::now();
    loop {
        let mut heard = HashMap::new();
        for person in people {
            person.client.look(0, |messages| {
                // An answer to the sender has the same event.
                for message in
                    messages.iter().filter(|message| message.event == talk.event && !message.is_answer())
                {
                    let Relayed { content, candidate } = message.read();
                    let text = content.or(candidate).unwrap_or_default();
                    let heard = heard.entry(text).or_insert(Heard { receivers: 0, last: message.at });
                    heard.receivers += 1;
                    heard.last = heard.last.max(message.at);
                }
            });
        }
        heard.remove("warm");
        if heard.values().map(|heard| heard.receivers).sum::<usize>() >= all || begun.elapsed() > PATIENCE {
            return heard;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
