//! How many messages a connection may send.

use std::time::Duration;

use store::{Pace, Store};
use testing::TestTable;

use super::{connect, id};

async fn pace(store: &Store, connection: &str) -> Pace {
    store.message(&id(connection)).await.expect("counted").expect("there").1
}

#[tokio::test]
async fn a_message_is_counted_in_one_round_trip_and_one_unit_which_also_say_who_sent_it() {
    let table = TestTable::new().await;
    let store = table.store();
    let connected = connect(&store, "c").await;
    let before = store.usage();
    let (found, pace) = store.message(&id("c")).await.expect("counted").expect("there");
    assert_eq!((found, pace), (connected.clone(), Pace::Fine));
    let used = store.usage() - before;
    assert_eq!((used.calls, used.read_units, used.write_units + used.index_units), (1, 0.0, 1.0));
    assert_eq!(store.connection(&id("c")).await.expect("readable"), Some(connected));
}

#[tokio::test]
async fn more_than_fifty_in_a_second_are_too_many_and_going_on_closes() {
    let table = TestTable::new().await;
    let store = table.store();
    connect(&store, "c").await;
    for number in 1..=50 {
        assert_eq!(pace(&store, "c").await, Pace::Fine, "{number}");
    }
    assert_eq!(pace(&store, "c").await, Pace::TooFast);
    table.clock.advance(Duration::from_secs(1));
    let before = store.usage();
    assert_eq!(pace(&store, "c").await, Pace::Fine, "a second later");
    assert_eq!((store.usage() - before).calls, 2, "it is counted anew");
    for _ in 0..49 {
        assert_eq!(pace(&store, "c").await, Pace::Fine);
    }
    assert_eq!(pace(&store, "c").await, Pace::Close, "too many in the next second, too");
}

#[tokio::test]
async fn a_burst_after_a_few_messages_is_found_soon() {
    let table = TestTable::new().await;
    let store = table.store();
    connect(&store, "c").await;
    for _ in 0..3 {
        pace(&store, "c").await;
    }
    table.clock.advance(Duration::from_secs(1));
    let mut fine = 0;
    while pace(&store, "c").await == Pace::Fine {
        fine += 1;
    }
    assert!((50..60).contains(&fine), "{fine}");
}

#[tokio::test]
async fn a_message_a_second_is_fine_for_ever() {
    let table = TestTable::new().await;
    let store = table.store();
    connect(&store, "c").await;
    let before = store.usage();
    for _ in 0..120 {
        table.clock.advance(Duration::from_secs(1));
        assert_eq!(pace(&store, "c").await, Pace::Fine);
    }
    assert_eq!((store.usage() - before).calls, 131);
}

#[tokio::test]
async fn a_message_of_a_connection_that_is_gone_leaves_nothing_behind() {
    let table = TestTable::new().await;
    let store = table.store();
    let before = table.items().await;
    assert_eq!(store.message(&id("c")).await.expect("answered"), None);
    assert_eq!(table.items().await, before);
}
