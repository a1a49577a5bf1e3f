//! What a whole session asks of DynamoDB, from its creation to the last of its webhooks.

use api::Worker;
use serde_json::{Value, json};
use store::{NewRoom, Usage};
use testing::TestTable;
use testing::rooms::new_room;

use super::receiver::Receiver;
use crate::Judgement;
use crate::table::Table;

/// Messages that are received at a time.
const MOST_RECEIVED: usize = 10;

/// A whole session.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many people come: all but one of them leave before the end
    #[arg(long, value_delimiter = ',', default_values_t = [2, 10, 100])]
    people: Vec<usize>,
}

/// What was asked of DynamoDB at each step of a session.
#[derive(Default)]
struct Bill(Vec<(&'static str, Usage)>);

/// Holds a session of each size, and says whether all that is to be told of it arrived.
pub(crate) async fn run(options: &Options) -> Judgement {
    let head = ["people", "step", "calls", "read units", "write units, table", "write units, indexes"];
    let (mut table, mut met) = (Table::new(head), vec![]);
    for people in &options.people {
        let (bill, told) = hold(*people).await;
        // Created and started; each joined and left; ended and finished.
        met.push(told == 2 * people + 4);
        for (step, usage) in &bill.0 {
            table.row([
                people.to_string(),
                (*step).to_owned(),
                usage.calls.to_string(),
                format!("{:.0}", usage.read_units),
                format!("{:.0}", usage.write_units),
                format!("{:.0}", usage.index_units),
            ]);
        }
        let all = |units: fn(&Usage) -> f64| bill.0.iter().map(|(_, usage)| units(usage)).sum::<f64>();
        table.row([
            people.to_string(),
            "**all**".to_owned(),
            bill.0.iter().map(|(_, usage)| usage.calls).sum::<u32>().to_string(),
            format!("{:.0}", all(|usage| usage.read_units)),
            format!("{:.0}", all(|usage| usage.write_units)),
            format!("{:.0}", all(|usage| usage.index_units)),
        ]);
    }
    print!("{table}");
    Judgement::all(met)
}

/// Holds a session with a receiver for its webhooks; gives what it cost, and how many webhooks came.
async fn hold(people: usize) -> (Bill, usize) {
    let (table, webhooks) = (TestTable::new().await, Receiver::start().await);
    let (rooms, mut bill) = (table.rooms(), Bill::default());
    let mut before = rooms.store().usage();
    let mut note = |bill: &mut Bill, step| {
        let now = rooms.store().usage();
        bill.0.push((step, now - before));
        before = now;
    };
    let new = NewRoom { webhook_url: Some(webhooks.url.clone()), ..new_room("room") };
    let room = rooms.create(&new).await.key;
    note(&mut bill, "create");
    let mut tokens = vec![];
    for number in 0..people {
        tokens.push(rooms.mint(&room, &format!("user-{number}")).await);
    }
    note(&mut bill, "tokens");
    let mut seated = vec![];
    for token in &tokens {
        seated.push(rooms.redeem(token).await.expect("in"));
    }
    note(&mut bill, "joins");
    for person in seated.iter().skip(1) {
        assert!(rooms.leave(person).await, "left");
    }
    note(&mut bill, "leaves");
    rooms.end_session(&room).await;
    note(&mut bill, "end");

    let relay = table.worker("relay_events", relay_events::Config::load).await;
    let records = json!({ "Records": passed(&table).await });
    let records = serde_json::from_value(records).expect("an event");
    let response = relay_events::handle(&relay, records).await.expect("relayed");
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    bill.note("relay", &relay);
    let finish = table.worker("finish_session", finish_session::Config::load).await;
    work_off(&table, "SessionEndsQueue", async |event| {
        finish_session::handle(&finish, event).await.expect("finished").batch_item_failures.len()
    })
    .await;
    bill.note("what follows the end", &finish);
    let deliver = table.worker("deliver_webhook", deliver_webhook::Config::load).await;
    work_off(&table, "WebhooksQueue", async |event| {
        deliver_webhook::handle(&deliver, event).await.expect("delivered").batch_item_failures.len()
    })
    .await;
    bill.note("webhooks", &deliver);
    (bill, webhooks.count())
}

impl Bill {
    fn note<C>(&mut self, step: &'static str, worker: &Worker<C>) {
        self.0.push((step, worker.store.usage()));
    }
}

/// The records so far that the template's filters let through to the relay.
async fn passed(table: &TestTable) -> Vec<Value> {
    let relay = table.template.functions.iter().find(|function| function.binary == "relay_events");
    let [stream] = relay.expect("it is in the template").streams.as_slice() else { panic!("one stream") };
    table.records().await.into_iter().filter(|record| stream.filters.pass(record)).collect()
}

/// Works off all that is on a queue.
async fn work_off<E: serde::de::DeserializeOwned>(
    table: &TestTable,
    queue: &str,
    work: impl AsyncFn(E) -> usize,
) {
    loop {
        let event = table.receive(queue);
        let records = event["Records"].as_array().expect("records").clone();
        assert!(records.len() <= MOST_RECEIVED);
        if records.is_empty() {
            return;
        }
        let failed = work(serde_json::from_value(event).expect("an event")).await;
        assert_eq!(failed, 0, "{queue}: some failed");
        for record in &records {
            table.delete(queue, record);
        }
    }
}
