//! What each operation asks of DynamoDB: round trips and write units, against their budgets.
//!
//! The handlers themselves are called, with the API keys known and the connection open, on the template's table in the
//! embedded DynamoDB. That one reports the units that AWS charges: by the larger of an item's two sizes, a transaction's
//! writes on the table doubled, an index by what changes in it.

mod budget;
mod scene;
mod stage;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;

use crate::Judgement;
use crate::samples::Samples;
use crate::table::Table;
use budget::Budget;
use scene::Measured;
use stage::Stage;

/// What a handler may take, but for DynamoDB.
const MEDIAN_BUDGET: Duration = Duration::from_micros(500);
const P99_BUDGET: Duration = Duration::from_millis(2);

/// Rounds before those that count.
const WARMING: usize = 5;

/// The handlers' own time.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each operation is measured
    #[arg(long, default_value_t = 200)]
    rounds: usize,
}

/// Measures all operations, without and with an `Idempotency-Key`, and says whether all keep their budgets.
pub(crate) async fn run() -> Judgement {
    let stage = Stage::set().await;
    // What a process does only once (its connection, its first look at an API key) is done here.
    scene::play(&stage, "warm", None).await;
    let mut table = Table::new([
        "operation",
        "round trips",
        "budget",
        "write units, table",
        "budget",
        "write units, indexes",
        "budget",
        "read units",
        "",
    ]);
    let mut met = Vec::new();
    for key in [None, Some("with Idempotency-Key")] {
        for measured in scene::play(&stage, if key.is_some() { "keyed" } else { "plain" }, key).await {
            let budget = if key.is_some() { measured.budget.with_key() } else { measured.budget };
            let keeps = budget.holds(&measured.cost.usage);
            met.push(keeps);
            table.row(row(&measured, &budget, key, keeps));
        }
    }
    print!("{table}");
    Judgement::all(met)
}

/// Measures the handlers' own time, with everything warm, and says whether all keep the budget.
pub(crate) async fn run_timed(options: &Options) -> Judgement {
    let stage = Stage::set().await;
    let mut times: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    for round in 0..WARMING + options.rounds {
        for measured in scene::play(&stage, &format!("round-{round}"), None).await {
            if round >= WARMING {
                times.entry(measured.name).or_default().push(measured.cost.own);
            }
        }
    }
    let mut table = Table::new(["operation", "calls", "p50 ms", "p99 ms", ""]);
    let mut met = Vec::new();
    for (name, times) in times {
        let (calls, times): (usize, Samples) = (times.len(), times.into_iter().collect());
        let keeps = times.median() <= MEDIAN_BUDGET && times.percentile(99) <= P99_BUDGET;
        met.push(keeps);
        let verdict = if keeps { "ok" } else { "OVER" };
        table.row([
            name.to_owned(),
            calls.to_string(),
            format!("{:.3}", times.median().as_secs_f64() * 1000.0),
            format!("{:.3}", times.percentile(99).as_secs_f64() * 1000.0),
            verdict.to_owned(),
        ]);
    }
    print!("{table}");
    Judgement::all(met)
}

fn row(measured: &Measured, budget: &Budget, key: Option<&str>, keeps: bool) -> Vec<String> {
    let usage = measured.cost.usage;
    vec![
        key.map_or_else(|| measured.name.to_owned(), |key| format!("{}, {key}", measured.name)),
        usage.calls.to_string(),
        budget.calls.to_string(),
        usage.write_units.to_string(),
        budget.table.to_string(),
        usage.index_units.to_string(),
        budget.index.to_string(),
        usage.read_units.to_string(),
        if keeps { "ok" } else { "OVER" }.to_owned(),
    ]
}
