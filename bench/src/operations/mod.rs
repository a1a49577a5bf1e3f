//! What each operation asks of DynamoDB: round trips and write units, against their budgets.
//!
//! The handlers themselves are called, with the API keys known and the connection open, on the template's table in the
//! embedded DynamoDB. That one reports the units that AWS charges: by the larger of an item's two sizes, a transaction's
//! writes on the table doubled, an index by what changes in it.

mod budget;
mod scene;
mod stage;

use crate::Judgement;
use crate::table::Table;
use budget::Budget;
use scene::Measured;
use stage::Stage;

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
            let keeps = budget.holds(&measured.usage);
            met.push(keeps);
            table.row(row(&measured, &budget, key, keeps));
        }
    }
    print!("{table}");
    Judgement::all(met)
}

fn row(measured: &Measured, budget: &Budget, key: Option<&str>, keeps: bool) -> Vec<String> {
    let usage = measured.usage;
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
