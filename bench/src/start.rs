//! How long the local stack takes from its start to `ready`, with everything built.

use std::path::Path;
use std::time::Duration;

use clap::Args;

use crate::Judgement;
use crate::local_stack::{self, LocalStack};
use crate::samples::{Samples, seconds};
use crate::table::Table;

const BUDGET: Duration = Duration::from_secs(2);

/// How long the local stack takes to start.
#[derive(Args)]
pub(crate) struct Options {
    /// How often it is started
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Starts the stack again and again.
pub(crate) async fn run(options: &Options) -> Judgement {
    let stack = local_stack::build(false).await;
    // The first start builds the functions.
    LocalStack::start(&stack, &[], &[]).await.stop().await;
    let mut table = Table::new(["command", "starts", "median s", "slowest s", "budget s", ""]);
    let mut met = Vec::new();
    let ways: [(&str, &Path, &[&str]); 2] =
        [("cargo dev", Path::new("cargo"), &["dev"]), ("the stack's binary alone", &stack, &[])];
    for (name, program, before) in ways {
        let mut times = Vec::new();
        for _ in 0..options.rounds {
            let started = LocalStack::start(program, before, &[]).await;
            times.push(started.started_in);
            started.stop().await;
        }
        let times: Samples = times.into_iter().collect();
        let keeps = times.median() <= BUDGET;
        met.push(keeps);
        table.row([
            name.to_owned(),
            options.rounds.to_string(),
            seconds(times.median()),
            seconds(times.percentile(100)),
            seconds(BUDGET),
            if keeps { "ok" } else { "OVER" }.to_owned(),
        ]);
    }
    print!("{table}");
    Judgement::all(met)
}
