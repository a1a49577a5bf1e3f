//! Records that cannot be relayed, and a queue that does not take everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use testing::{Asked, Verdict};

use super::*;

/// A record that nobody can read.
fn poisoned(record: &Value) -> Value {
    let mut record = record.clone();
    record["dynamodb"]["NewImage"]["seats"] = json!({"S": "many"});
    record
}

#[tokio::test]
async fn a_poison_record_names_itself_and_holds_back_its_room_alone() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let (first, second) = (open(&table, "room-1").await, open(&table, "room-2").await);
    rooms.seat(&first.key, "ann").await;
    rooms.seat(&second.key, "ann").await;
    rooms.seat(&first.key, "bob").await;
    rooms.seat(&second.key, "bob").await;
    let mut records = table.records().await;
    let is_bad = |record: &Value| {
        let change = &record["dynamodb"];
        change["Keys"]["pk"]["S"] == "ROOM#main/room-1" && change["NewImage"]["seats"]["N"] == "1"
    };
    let bad = records.iter().position(is_bad).expect("ann's join");
    let good = std::mem::replace(&mut records[bad], Value::Null);
    records[bad] = poisoned(&good);
    assert_eq!(relay(&worker, &records).await, Some(sequence(&good)));
    let of_room = |room: &Room| {
        let messages = table.queued("WebhooksQueue").into_iter();
        let numbers = messages.filter(|message| message["sid"] == json!(room.sid));
        numbers.map(|message| message["number"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    assert_eq!((of_room(&first), of_room(&second)), (vec![1], vec![1, 2, 3, 4]));

    // Lambda brings all from there on again, and gives the bad one up when it is alone.
    assert_eq!(relay(&worker, &records[bad..]).await, Some(sequence(&good)));
    assert_eq!(relay(&worker, &records[bad..=bad]).await, Some(sequence(&good)));
    assert_eq!(relay(&worker, &records[bad + 1..]).await, None);
    assert_eq!((of_room(&first), of_room(&second)), (vec![1, 4], vec![1, 2, 3, 4]), "numbered as they are");

    // By hand, when what was wrong with it is mended.
    assert_eq!(relay(&worker, &[good]).await, None);
    assert_eq!(of_room(&first), [1, 4, 2, 3]);
}

#[tokio::test]
async fn of_several_that_fail_the_first_is_named() {
    let table = TestTable::new().await;
    let worker = relayer(&table).await;
    for room_id in ["room-1", "room-2", "room-3", "room-4"] {
        open(&table, room_id).await;
    }
    let records = table.records().await;
    let states = of(&records, "STATE");
    for [bad, worse] in [[1, 3], [2, 3], [0, 2]] {
        let batch: Vec<_> = states
            .iter()
            .enumerate()
            .map(
                |(place, record)| {
                    if [bad, worse].contains(&place) { poisoned(record) } else { (*record).clone() }
                },
            )
            .collect();
        assert_eq!(relay(&worker, &batch).await, Some(sequence(states[bad])));
    }
    assert_eq!(table.queued("WebhooksQueue").len(), 4, "each was good in one of them, and is there once");
}

#[tokio::test]
async fn what_a_queue_does_not_take_at_first_is_sent_again_in_its_order() {
    let table = TestTable::new().await;
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    // Of each call the first entry, three times of four.
    let between = table.between(move |asked| {
        if asked.operation != "SendMessageBatch" || count.fetch_add(1, Ordering::SeqCst) % 4 == 3 {
            return Verdict::Passes;
        }
        Verdict::Loses(vec![0])
    });
    let mut variables = vec![("WEBHOOK_URL", EVERYWHERE)];
    variables.extend(between.variables());
    let env = table.env_with("relay_events", &variables);
    let worker = table.worker_in(env, Config::load).await;
    eventful(&table).await;
    let states: Vec<_> = of(&table.records().await, "STATE").into_iter().cloned().collect();
    assert_eq!(relay(&worker, &states).await, None);
    for url in [URL, EVERYWHERE] {
        let numbers: Vec<_> = told_at(&table, url).into_iter().map(|(number, ..)| number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7], "{url}");
    }
    assert!(calls.load(Ordering::SeqCst) > 16, "{calls:?}");
}

#[tokio::test]
async fn a_record_whose_messages_no_queue_takes_comes_again_and_the_other_rooms_go_on() {
    let table = TestTable::new().await;
    // A webhook that names her; what is told in the room does, too.
    let is_of_room_1 = |entry: &Value| {
        let names = |body: &str| ["main/room-1", "ann", r#""url""#].iter().all(|name| body.contains(name));
        entry["MessageBody"].as_str().is_some_and(names)
    };
    let between = table.between(move |asked: &Asked| {
        let entries = asked.body["Entries"].as_array().into_iter().flatten().enumerate();
        let lost: Vec<_> = entries.filter(|(_, entry)| is_of_room_1(entry)).map(|(place, _)| place).collect();
        if lost.is_empty() { Verdict::Passes } else { Verdict::Loses(lost) }
    });
    let worker = table.worker_in(table.env_with("relay_events", &between.variables()), Config::load).await;
    let rooms = table.rooms();
    let (first, second) = (open(&table, "room-1").await, open(&table, "room-2").await);
    rooms.seat(&first.key, "ann").await;
    rooms.seat(&second.key, "ann").await;
    rooms.end_session(&first.key).await;
    let records = table.records().await;
    let states: Vec<_> = of(&records, "STATE").into_iter().cloned().collect();
    assert_eq!(relay(&worker, &states).await, Some(sequence(&states[2])), "ann's join in the first room");
    let sent = |room: &Room| {
        let messages = table.queued("WebhooksQueue").into_iter();
        messages.filter(|message| message["sid"] == json!(room.sid)).count()
    };
    // The room's start needs nobody's name, and was taken with the same call of the function.
    assert_eq!((sent(&first), sent(&second)), (2, 3));
    assert_eq!(table.queued("SessionEndsQueue").len(), 0, "what follows in the room waits");

    let calm = relayer(&table).await;
    assert_eq!(relay(&calm, &states[2..]).await, None);
    assert_eq!((sent(&first), sent(&second), table.queued("SessionEndsQueue").len()), (3, 3, 1));
}

#[tokio::test]
async fn a_table_that_cannot_be_read_fails_the_record_before_anything_is_sent() {
    let table = TestTable::new().await;
    let between = table.between(|asked| match asked.operation.as_str() {
        "GetItem" => Verdict::Fails,
        _ => Verdict::Passes,
    });
    let worker = table.worker_in(table.env_with("relay_events", &between.variables()), Config::load).await;
    open(&table, "room-1").await;
    let records = table.records().await;
    let [state] = of(&records, "STATE")[..] else { panic!("{records:#?}") };
    assert_eq!(relay(&worker, &records).await, Some(sequence(state)));
    assert_eq!(table.queued("WebhooksQueue").len(), 0);
}
