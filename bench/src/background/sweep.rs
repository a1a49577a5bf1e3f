//! A sweep over many rooms of which few are due: how long it takes, and what it asks of DynamoDB.

use std::time::Instant;

use close_due_rooms::{Config, Tick, handle};
use futures_util::{StreamExt as _, stream};
use models::Sid;
use store::{NewRoom, Store};
use testing::TestTable;
use testing::rooms::{EMPTY_TIMEOUT, PAST_ROOMS, new_room};

use crate::Judgement;
use crate::samples::seconds;
use crate::table::Table;

/// Of so many rooms one is due.
const ONE_IN: usize = 100;

/// Rooms that are made at a time.
const AT_A_TIME: usize = 32;

/// A sweep over many rooms.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many rooms are open
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    rooms: Vec<usize>,
}

/// Sweeps tables of these sizes.
pub(crate) async fn run(options: &Options) -> Judgement {
    let mut table =
        Table::new(["open rooms", "due", "closed", "messages", "s", "calls", "read units", "write units"]);
    let mut met = vec![];
    for rooms in &options.rooms {
        let of = TestTable::new().await;
        let store = of.store();
        let due = rooms / ONE_IN;
        open(&of, &store, 0..due).await;
        of.clock.advance(EMPTY_TIMEOUT);
        open(&of, &store, due..*rooms).await;
        let worker = of.worker("close_due_rooms", Config::load).await;
        let running = rooms - due;
        let begun = Instant::now();
        let report = handle(&worker, Tick {}).await.expect("swept");
        let took = begun.elapsed();
        let usage = worker.store.usage();
        met.push(report.closed == due && report.running == running && report.failed == 0);
        table.row([
            rooms.to_string(),
            due.to_string(),
            report.closed.to_string(),
            of.queued("ConnectionsQueue").len().to_string(),
            seconds(took),
            usage.calls.to_string(),
            format!("{:.0}", usage.read_units),
            format!("{:.0}", usage.write_units + usage.index_units),
        ]);
    }
    print!("{table}");
    Judgement::all(met)
}

/// Opens rooms that wait for their first participant.
async fn open(table: &TestTable, store: &Store, numbers: std::ops::Range<usize>) {
    let random = &table.parts().random;
    let one = |number: usize| async move {
        let new = NewRoom { ..new_room(&format!("room-{number}")) };
        let sid = Sid(random.uuid());
        store.create_room(&new, sid, store.now(), PAST_ROOMS, None).await.expect("created");
    };
    stream::iter(numbers.map(one)).buffer_unordered(AT_A_TIME).for_each(async |()| {}).await;
}
