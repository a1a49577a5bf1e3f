//! A crowd joins one room at once: the two candidates of the hot path under the same weather.
//!
//! The tokens are minted first, a few at a time. Then everybody comes in the same moment, through a DynamoDB that
//! behaves as the one at AWS does under load, and through one that fails besides.

mod backoff;
mod crowd;
mod http;
mod raw;
mod single_update;
#[cfg(feature = "slow-motion")]
mod slow_motion;

use std::time::Duration;

use clap::Args;
use local::simulate::Profile;

use crate::Judgement;
use crate::samples::{Samples, millis, per, seconds};
use crate::table::Table;
use crowd::{Candidate, Outcome, Storm};

/// What a crowd may take under `aws`, so that nobody's client gives up.
const GOAL: Duration = Duration::from_secs(5);

/// A crowd joins one room at once.
#[derive(Args)]
pub(crate) struct Options {
    /// How many come
    #[arg(long, default_value_t = 1000)]
    people: usize,
    /// How many seats there are
    #[arg(long, default_value_t = 500)]
    seats: u32,
    /// The simulation's dice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often each storm is repeated, each time with the next seed
    #[arg(long, default_value_t = 1)]
    rounds: u64,
    /// Only this candidate
    #[arg(long)]
    candidate: Option<Candidate>,
    /// Over HTTP, through a local stack with the functions' own processes
    #[arg(long, conflicts_with = "candidate")]
    http: bool,
    /// Over HTTP: most processes of one function (default: as the stack has it)
    #[arg(long, requires = "http")]
    processes: Option<u16>,
    /// Let the storm's clock run this many times slower than the machine's: 10 is enough for a thousand people on two
    /// cores, even busy ones
    #[cfg(feature = "slow-motion")]
    #[arg(long, value_name = "FACTOR", default_value_t = 1)]
    slow_motion: u32,
}

impl Options {
    /// The designs to be compared. Over HTTP there is the one that is built.
    fn candidates(&self) -> Vec<Candidate> {
        match self.candidate {
            _ if self.http => vec![Candidate::Transaction],
            Some(only) => vec![only],
            None => vec![Candidate::Transaction, Candidate::SingleUpdate],
        }
    }

    async fn hold(&self, storm: Storm) -> Outcome {
        if self.http {
            return http::run(storm, self.processes).await;
        }
        #[cfg(feature = "slow-motion")]
        if self.slow_motion > 1 {
            return slow_motion::run(storm, self.slow_motion).await;
        }
        storm.run_in_real_time().await
    }
}

/// Runs all storms, and says whether none lost anybody, or let in one too many.
pub(crate) async fn run(options: &Options) -> Judgement {
    let mut table = Table::new([
        "simulation",
        "design",
        "seed",
        "admitted",
        "full",
        "other",
        "lost",
        "seats",
        "active",
        "exact",
        "all answered s",
        "p50 ms",
        "p99 ms",
        "calls/join",
        "write units/join",
        "index units/join",
        "read units/join",
    ]);
    let mut met = Vec::new();
    println!("{} people, {} seats", options.people, options.seats);
    for profile in [Profile::Aws, Profile::Faults] {
        for candidate in options.candidates() {
            for seed in options.seed..options.seed + options.rounds {
                let storm = Storm { profile, candidate, seed, people: options.people, seats: options.seats };
                let outcome = options.hold(storm).await;
                let on_time = outcome.took <= GOAL && outcome.lost.is_empty();
                met.push(outcome.is_exact() && (profile == Profile::Faults || on_time));
                for why in outcome.lost.iter().chain(&outcome.other).take(2) {
                    eprintln!("lost: {why:.300}");
                }
                table.row(row(&storm, &outcome));
            }
        }
    }
    print!("{table}");
    Judgement::all(met)
}

fn row(storm: &Storm, outcome: &Outcome) -> Vec<String> {
    let people = storm.people;
    let times: Samples = outcome.times.iter().copied().collect();
    #[expect(clippy::cast_precision_loss, reason = "some thousand people")]
    let each = |units: f64| format!("{:.1}", units / people as f64);
    let usage = outcome.usage;
    vec![
        profile_name(storm.profile).to_owned(),
        storm.candidate.to_string(),
        storm.seed.to_string(),
        outcome.admitted.to_string(),
        outcome.full.to_string(),
        outcome.other.len().to_string(),
        outcome.lost.len().to_string(),
        outcome.seats.to_string(),
        outcome.active.to_string(),
        if outcome.is_exact() { "yes" } else { "NO" }.to_owned(),
        seconds(outcome.took),
        millis(times.median()),
        millis(times.percentile(99)),
        format!("{:.1}", per(usage.calls as usize, people)),
        each(usage.write_units),
        each(usage.index_units),
        each(usage.read_units),
    ]
}

/// The profile as `--simulate` names it.
const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Aws => "aws",
        Profile::Faults => "faults",
    }
}
