//! What a session of half an hour costs: its calls are counted on the local stack, its idle minutes are not waited for, and
//! all of it is priced.

mod prices;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use models::{Client as Kind, Connection, ConnectionId, RoomKey};
use realtime::presence::pause_after;
use realtime::{JOINS_WITHIN, PINGED_EVERY, ROOMS_AT_A_TIME, Tending};
use serde_json::json;
use testing::{Draft, Server};

use self::prices::{ITEMS, Used, metered};
use super::room::{Person, enter, open};
use super::tally::{Log, Tally};
use crate::Judgement;
use crate::samples::per;
use crate::table::Table;

/// How long a session is.
const LASTS: Duration = Duration::from_mins(30);

/// How long a session lasts after the last has left.
const EMPTY_FOR: Duration = Duration::from_secs(1);

/// Within what time all join, and later all leave.
const WITHIN: Duration = Duration::from_secs(30);

/// How often it is looked whether something has come.
const LOOK: Duration = Duration::from_millis(200);

/// How often the sweep has the connections of a room looked after.
const SWEPT_EVERY: Duration = Duration::from_mins(1);

/// The step that is hardly waited for.
const PINGS: &str = "pings and minutes";

/// How often something is done to see what it takes each time.
const MEASURED: usize = 3;

/// What the same was reckoned to cost a million people where each change is told to each at once, by the room's size.
const UNCOALESCED: [(usize, f64); 3] = [(10, 34.0), (50, 115.0), (300, 622.0)];

/// A session of half an hour.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many people come
    #[arg(long, value_delimiter = ',', default_values_t = [10, 50, 300])]
    people: Vec<usize>,
    /// How many messages of chat there are in the whole session: one a minute
    #[arg(long, default_value_t = 30)]
    messages: usize,
    /// How often somebody turns his microphone on or off in the whole session
    #[arg(long, default_value_t = 30)]
    toggles: usize,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    release: bool,
}

/// A part of a session.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    used: Used,
    /// Posts of presence among its messages.
    presence: f64,
    /// Whether it is what people say and show, which the session would do without.
    is_talk: bool,
}

/// What a session of so many people used.
struct Bill {
    people: usize,
    steps: Vec<Step>,
}

/// Holds a session of each size.
pub(crate) async fn run(options: &Options) -> Judgement {
    let server = Server::start(|stack| {
        stack.release = options.release;
        // An empty session need not be waited for; that it ends takes the same calls.
        stack.overrides.push(("DepartureTimeoutSeconds".to_owned(), EMPTY_FOR.as_secs().to_string()));
    })
    .await;
    let mut bills = vec![];
    for people in &options.people {
        bills.push(hold(&server, *people, options).await);
    }
    server.stop().await;
    print(&bills);
    Judgement::Met
}

/// A session that is held, and what it has used so far.
struct Session<'a> {
    server: &'a Server,
    log: Log<'a>,
    people: Vec<Person>,
    /// Messages and pings that were counted already.
    counted: (usize, usize),
    /// How many pings are in the steps so far.
    pings: usize,
    bill: Bill,
}

async fn hold(server: &Server, people: usize, options: &Options) -> Bill {
    // What a process reads when it starts is of no session.
    let warm = open(server, &format!("warm-{people}"), 2).await;
    leave_all(&enter(server, Kind::SocketIo, &warm, Duration::ZERO).await, Duration::ZERO).await;
    let mut log = Log::from_now(server);
    log.read().await;

    let bill = Bill { people, steps: vec![] };
    let mut session = Session { server, log, people: vec![], counted: (0, 0), pings: 0, bill };
    let tokens = open(server, &format!("session-{people}"), people).await;
    session.note("create and tokens").await;
    session.people = enter(server, Kind::SocketIo, &tokens, WITHIN).await;
    session.note("joins").await;
    session.first_pings().await;
    session.talk("chat", options.messages, ("chat-message", json!({ "content": "Shall we begin?" }))).await;
    session.talk("microphones", options.toggles, ("toggle-audio", json!({ "enabled": true }))).await;
    session.sweeps(&format!("main/session-{people}").parse().expect("a room")).await;
    leave_all(&session.people, WITHIN).await;
    server.stack.settled().await;
    tokio::time::sleep(EMPTY_FOR + Duration::from_millis(500)).await;
    server.stack.tick().await;
    session.note("leaves and end").await;
    session.idle().await;
    session.bill
}

impl Session<'_> {
    /// Notes what was used since the step before.
    async fn note(&mut self, name: &'static str) {
        let step = self.since(name).await;
        self.bill.steps.push(step);
    }

    /// What was used since the step before.
    async fn since(&mut self, name: &'static str) -> Step {
        let tally = self.log.read().await;
        let (messages, pings) = traffic(&self.people);
        let mut used = used(self.server, &tally);
        used.messages = per(messages - self.counted.0, 1);
        self.pings += pings - self.counted.1;
        self.counted = (messages, pings);
        Step { name, used, presence: tally.presence_posts, is_talk: false }
    }

    /// Waits until everybody has had a first ping: later there is none for a while, and what else is done is seen alone.
    async fn first_pings(&mut self) {
        while traffic(&self.people).1 < self.people.len() {
            tokio::time::sleep(LOOK).await;
        }
        self.note(PINGS).await;
    }

    /// Notes so many requests of this kind, of which a few are made, each when the room has come to rest: so far apart they
    /// are in a session.
    async fn talk(&mut self, name: &'static str, all: usize, (event, data): (&str, serde_json::Value)) {
        let people = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let measured = MEASURED.min(self.people.len());
        let rest = pause_after(people);
        tokio::time::sleep(rest).await;
        self.since(name).await;
        let mut sum = Step { name, used: Used::default(), presence: 0.0, is_talk: true };
        for person in 0..measured {
            self.people[person].client.ask(event, &data).await;
            tokio::time::sleep(rest).await;
            let one = self.since(name).await;
            sum.used = sum.used + one.used;
            sum.presence += one.presence;
        }
        let factor = per(all, measured);
        self.bill.steps.push(Step { used: sum.used.times(factor), presence: sum.presence * factor, ..sum });
    }

    /// What each minute's look at the connections takes. That is a part of a message about many rooms, and all of them are
    /// this one here. The sweep's own work is the same however many sessions there are, and is not in it.
    async fn sweeps(&mut self, room: &RoomKey) {
        self.since("").await;
        self.tend(&Tending::Rooms(vec![room.clone(); ROOMS_AT_A_TIME])).await;
        let Step { used, .. } = self.since("").await;
        let rooms = per(ROOMS_AT_A_TIME, 1);
        let times = LASTS.as_secs_f64() / SWEPT_EVERY.as_secs_f64();
        let used = used.times(times / rooms);
        self.bill.steps.push(Step { name: "sweeps", used, presence: 0.0, is_talk: false });
    }

    /// Has this done.
    async fn tend(&self, tending: &Tending) {
        let text = serde_json::to_string(tending).expect("it has text keys");
        self.server.stack.send("ConnectionsQueue", Draft::new(text)).expect("there is the queue");
        self.server.stack.settled().await;
    }

    /// What the time between takes: each connection has its minutes, and is pinged from time to time, as far as that has
    /// not happened in the steps.
    async fn idle(&mut self) {
        let tokens = open(self.server, &format!("idle-{}", self.people.len()), MEASURED).await;
        let idle = enter(self.server, Kind::SocketIo, &tokens, Duration::ZERO).await;
        self.log.read().await;
        let connections = self.server.connections().await;
        let mut checks = 0;
        for id in &connections {
            let id = ConnectionId::try_from(id.as_str()).expect("an id");
            // One after the other, for they are due at different times.
            self.tend(&Tending::Check(Connection { id, client: Kind::SocketIo })).await;
            checks += 1;
        }
        let tally = self.log.read().await;
        let (_, pings) = traffic(&idle);
        assert_eq!(pings, checks, "each check is a ping");
        leave_all(&idle, Duration::ZERO).await;
        let mut check = used(self.server, &tally).times(1.0 / per(checks, 1));
        // The ping and the pong.
        check.messages = 2.0;
        let of_one = LASTS.saturating_sub(JOINS_WITHIN).as_secs() / PINGED_EVERY.as_secs() + 1;
        let all = usize::try_from(of_one).unwrap_or(usize::MAX) * self.people.len();
        let mut more = check.times(per(all.saturating_sub(self.pings), 1));
        more.minutes = per(self.people.len(), 1) * LASTS.as_secs_f64() / 60.0;
        for step in self.bill.steps.iter_mut().filter(|step| step.name == PINGS) {
            step.used = step.used + more;
        }
    }
}

/// What functions used by the memory that the template gives them.
fn used(server: &Server, tally: &Tally) -> Used {
    let functions = &server.stack.template.functions;
    Used::by(tally, |name| {
        functions.iter().find(|one| one.binary == name).map_or(0.0, |one| f64::from(one.memory_mb))
    })
}

/// The messages that all of them have sent and got so far, and how many of those were pings.
fn traffic(people: &[Person]) -> (usize, usize) {
    let (mut all, mut all_pings) = (0, 0);
    for person in people {
        let (got, pings) = person.client.look(0, |messages| {
            let pings = messages.iter().filter(|message| message.event == "ping").count();
            (messages.iter().map(|message| metered(message.bytes)).sum::<usize>(), pings)
        });
        all_pings += pings;
        // Each ping has its pong.
        all += got + pings + person.client.sent();
    }
    (all, all_pings)
}

/// All leave, evenly within this time.
async fn leave_all(people: &[Person], within: Duration) {
    let pause = within / u32::try_from(people.len()).unwrap_or(u32::MAX).max(1);
    let begun = Instant::now();
    let leaving = (0_u32..).zip(people).map(async |(number, person)| {
        tokio::time::sleep_until((begun + pause * number).into()).await;
        person.client.ask("leave-room", &json!({})).await;
        person.client.close().await;
    });
    join_all(leaving).await;
}

impl Bill {
    /// All of it, or without what people say and show.
    fn sum(&self, with_talk: bool) -> (Used, f64) {
        let steps = self.steps.iter().filter(|step| with_talk || !step.is_talk);
        steps.fold((Used::default(), 0.0), |(used, presence), step| {
            (used + step.used, presence + step.presence)
        })
    }
}

fn print(bills: &[Bill]) {
    let head = ["people", "step"].into_iter().chain(ITEMS).chain(["presence posts", "$ a million"]);
    let mut table = Table::new(head);
    for bill in bills {
        let (used, presence) = bill.sum(true);
        let all = Step { name: "**all**", used, presence, is_talk: false };
        for Step { name, used, presence, .. } in bill.steps.iter().chain([&all]) {
            let amounts = used.amounts().map(|amount| format!("{amount:.1}"));
            let last = [format!("{presence:.0}"), format!("{:.0}", used.price())];
            table.row([bill.people.to_string(), (*name).to_owned()].into_iter().chain(amounts).chain(last));
        }
    }
    print!("{table}");
    println!("\nDollars of a million sessions, by what is paid for:\n");
    let mut table = Table::new(["people"].into_iter().chain(ITEMS).chain(["all"]));
    for bill in bills {
        let (used, _) = bill.sum(true);
        let dollars = used.dollars().map(|dollars| format!("{dollars:.0}"));
        let all = format!("{:.0}", used.price());
        table.row([bill.people.to_string()].into_iter().chain(dollars).chain([all]));
    }
    print!("{table}");
    println!("\nDollars of a million people, half an hour each:\n");
    let mut table = Table::new([
        "in rooms of",
        "all",
        "without chat and microphones",
        "the same, uncoalesced",
        "uncoalesced, as reckoned before",
    ]);
    for bill in bills {
        let (silent, presence) = bill.sum(false);
        // Each join told to all who are in by then, each leave to all who still are.
        let posts = per(bill.people * bill.people, 1);
        let uncoalesced = silent + Used { messages: posts - presence, ..Used::default() };
        let of_one = |used: Used| format!("{:.2}", used.price() / per(bill.people, 1));
        let before = UNCOALESCED.iter().find(|(people, _)| *people == bill.people);
        table.row([
            bill.people.to_string(),
            of_one(bill.sum(true).0),
            of_one(silent),
            of_one(uncoalesced),
            before.map(|(_, dollars)| format!("{dollars:.0}")).unwrap_or_default(),
        ]);
    }
    print!("{table}");
}
