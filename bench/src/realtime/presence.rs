//! A crowd joins one room: how many messages of presence that takes, how late each is heard of by all others, and whether
//! everybody has the same list at the end.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use models::Client as Kind;
use serde::Deserialize;
use testing::Server;

use super::room::{Person, enter, open, stack};
use super::tally::{Log, Tally};
use crate::Judgement;
use crate::samples::{Samples, millis, per, seconds};
use crate::table::Table;

/// Posts of presence for 300 people who join within 30 s.
const MOST_POSTS: f64 = 1_500.0;

/// How long after the last join everybody must have heard of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A crowd that joins one room.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many people join
    #[arg(long, default_value_t = 300)]
    people: usize,
    /// Within how many seconds
    #[arg(long, default_value_t = 30)]
    within: u64,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    release: bool,
}

/// What a client knows of the room by what it was told, as `rules.md` 5 has it: whatever has a greater `seq` is applied.
struct View {
    seq: u64,
    people: BTreeSet<String>,
    /// Since when it knows of whom.
    since: HashMap<String, Instant>,
    /// Whether the number of people that it was told last is that of its list.
    counts: bool,
    next: usize,
}

#[derive(Deserialize)]
struct One {
    id: String,
}

#[derive(Deserialize)]
struct Joined {
    seq: u64,
    participants: Vec<One>,
}

#[derive(Deserialize)]
struct Presence {
    seq: u64,
    joined: Vec<One>,
    left: Vec<One>,
    count: usize,
}

/// Lets them join, and looks at what each was told.
pub(crate) async fn run(options: &Options) -> Judgement {
    let server = stack(options.release).await;
    let tokens = open(&server, "crowd", options.people).await;
    let mut log = Log::from_now(&server);
    let begun = Instant::now();
    let people = enter(&server, Kind::Plain, &tokens, Duration::from_secs(options.within)).await;
    let took = begun.elapsed();
    let views = settle(&people).await;
    let tally = log.read().await;
    let judgement = report(options, &people, &views, took, &tally);
    say_goodbye(server, people).await;
    judgement
}

/// Waits until everybody knows of all; gives what everybody knows.
async fn settle(people: &[Person]) -> Vec<View> {
    let mut views: Vec<_> = people.iter().map(View::of).collect();
    let begun = Instant::now();
    loop {
        for (view, person) in views.iter_mut().zip(people) {
            view.follow(person);
        }
        if views.iter().all(|view| view.people.len() == people.len()) || begun.elapsed() > PATIENCE {
            return views;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl View {
    fn of(person: &Person) -> Self {
        let Joined { seq, participants } = person.answer.read();
        let people: BTreeSet<_> = participants.into_iter().map(|one| one.id).collect();
        let since = people.iter().map(|id| (id.clone(), person.answer.at)).collect();
        Self { seq, people, since, counts: true, next: 0 }
    }

    /// Applies what has come meanwhile.
    fn follow(&mut self, person: &Person) {
        let news = person.client.look(self.next, |news| {
            let told = news.iter().filter(|message| message.event == "presence");
            self.next += news.len();
            told.map(|message| (message.at, message.read::<Presence>())).collect::<Vec<_>>()
        });
        for (at, told) in news {
            if told.seq <= self.seq {
                continue;
            }
            self.seq = told.seq;
            for One { id } in told.joined {
                self.since.entry(id.clone()).or_insert(at);
                self.people.insert(id);
            }
            for One { id } in told.left {
                self.people.remove(&id);
            }
            self.counts = told.count == self.people.len();
        }
    }
}

/// How late the last of all others heard of somebody: after his own answer, or after theirs where they came later.
fn lateness(person: &Person, people: &[Person], views: &[View]) -> Option<Duration> {
    let heard = people.iter().zip(views).map(|(other, view)| {
        let both_in = person.answer.at.max(other.answer.at);
        view.since.get(&person.id).map(|at| at.saturating_duration_since(both_in))
    });
    heard.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn report(options: &Options, people: &[Person], views: &[View], took: Duration, tally: &Tally) -> Judgement {
    let all = people.len();
    let posts = of_all(people, |_| true);
    let presence = of_all(people, |event| event == "presence");
    // Each join told to everybody who is in, himself among them.
    let uncoalesced = all * (all + 1) / 2;
    let complete: BTreeSet<_> = people.iter().map(|person| person.id.clone()).collect();
    let alike = views.iter().filter(|view| view.people == complete && view.counts).count();
    let late: Vec<_> = people.iter().map(|person| lateness(person, people, views)).collect();
    let unheard = late.iter().filter(|late| late.is_none()).count();
    let late: Samples = late.into_iter().flatten().collect();

    let mut table = Table::new(["what", "measured", "of", ""]);
    let is_few = tally.presence_posts < MOST_POSTS;
    let judge = |good: bool| if good { "ok" } else { "MISSED" }.to_owned();
    table.row([
        "joins, the last answered after s".to_owned(),
        seconds(took),
        options.within.to_string(),
        String::new(),
    ]);
    table.row([
        "posts of presence".to_owned(),
        format!("{:.0}", tally.presence_posts),
        format!("{MOST_POSTS}"),
        judge(is_few),
    ]);
    table.row(["of them received".to_owned(), presence.to_string(), String::new(), String::new()]);
    table.row(["rounds".to_owned(), format!("{:.0}", tally.rounds), String::new(), String::new()]);
    table.row(["uncoalesced it would be".to_owned(), uncoalesced.to_string(), String::new(), String::new()]);
    table.row(["posts of all kinds".to_owned(), posts.to_string(), String::new(), String::new()]);
    table.row([
        "lists that are complete and alike".to_owned(),
        alike.to_string(),
        all.to_string(),
        judge(alike == all),
    ]);
    table.row([
        "people of whom somebody did not hear".to_owned(),
        unheard.to_string(),
        "0".to_owned(),
        judge(unheard == 0),
    ]);
    print!("{table}");
    println!();
    let mut table = Table::new(["heard of by all others after", "p50 ms", "p99 ms", "latest ms"]);
    table.row([
        "a join".to_owned(),
        millis(late.median()),
        millis(late.percentile(99)),
        millis(late.percentile(100)),
    ]);
    print!("{table}");
    println!();
    print!("{}", tally.table());
    println!("\nwrite units a join: {:.1}", tally.all().write_units / per(all, 1));
    Judgement::all([is_few, alike == all, unheard == 0])
}

/// How many messages of some events all of them got.
fn of_all(people: &[Person], counts: impl Fn(&str) -> bool) -> usize {
    let of_one = |person: &Person| {
        person.client.look(0, |messages| messages.iter().filter(|message| counts(&message.event)).count())
    };
    people.iter().map(of_one).sum()
}

async fn say_goodbye(server: Server, people: Vec<Person>) {
    for person in &people {
        person.client.close().await;
    }
    server.stop().await;
}
