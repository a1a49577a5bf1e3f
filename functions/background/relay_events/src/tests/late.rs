//! Records that come twice, late, apart from those of the same transaction, or because of TTL.

use models::EndReason;
use testing::rooms::PAST_ROOMS;

use super::*;

#[tokio::test]
async fn what_comes_twice_is_on_the_queue_once() {
    let table = TestTable::new().await;
    let worker = relayer(&table).await;
    eventful(&table).await;
    let records = table.records().await;
    assert_eq!(relay(&worker, &records).await, None);
    let webhooks = table.queued("WebhooksQueue");
    // The same batch, and then its end to another process.
    assert_eq!(relay(&worker, &records).await, None);
    assert_eq!(relay(&relayer(&table).await, &records[records.len() / 2..]).await, None);
    assert_eq!(table.queued("WebhooksQueue"), webhooks);
    let ends = table.queued("SessionEndsQueue");
    assert_eq!(ends.len(), 3, "whoever works on an end can do so again");
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
}

#[tokio::test]
async fn the_records_of_a_join_may_be_seen_apart_in_any_order() {
    for order in [["STATE", "PARTICIPANT#ann"], ["PARTICIPANT#ann", "STATE"]] {
        let table = TestTable::new().await;
        let worker = relayer(&table).await;
        let room = open(&table, "room-1").await;
        let token = table.rooms().mint(&room.key, "ann").await;
        let seen = table.records().await.len();
        table.rooms().redeem(&token).await.expect("a seat");
        let records = table.records().await.split_off(seen);
        for sk in order {
            let [record] = of(&records, sk)[..] else { panic!("{records:#?}") };
            assert_eq!(relay(&worker, std::slice::from_ref(record)).await, None);
        }
        let expected = told([(2, "room_started", None, 1), (3, "participant_joined", Some("ann"), 1)]);
        assert_eq!(told_at(&table, URL), expected, "{order:?}");
        assert_eq!(payload(&table.queued("WebhooksQueue")[1])["participant"]["name"], "Name of ann");
        assert_eq!(table.queued("LeasesQueue").len(), 1, "{order:?}");
    }
}

#[tokio::test]
async fn who_is_back_by_the_time_that_it_is_told_has_each_time_his_own_times() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let begins = table.now().seconds();
    for pause in [10, 20] {
        let ann = rooms.seat(&room.key, "ann").await;
        table.clock.advance(Duration::from_secs(pause));
        rooms.leave(&ann).await;
        table.clock.advance(Duration::from_secs(1));
    }
    relay_all(&table, &worker).await;
    let joined_at: Vec<_> = table
        .queued("WebhooksQueue")
        .iter()
        .filter_map(|message| payload(message)["participant"]["joined_at"].as_str()?.parse::<i64>().ok())
        .map(|joined_at| joined_at - begins)
        .collect();
    assert_eq!(joined_at, [0, 0, 11, 11]);
}

#[tokio::test]
async fn what_is_relayed_by_hand_when_the_session_is_over_goes_where_its_webhooks_went() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    rooms.seat(&room.key, "ann").await;
    rooms.end_session(&room.key).await;
    let records = table.records().await;
    let [_, joined, ended] = of(&records, "STATE")[..] else { panic!("{records:#?}") };
    assert_eq!(relay(&worker, std::slice::from_ref(ended)).await, None);
    let job = table.messages("SessionEndsQueue").pop().expect("an end");
    let over = store::session_of_end_job(&job.body).expect("a job");
    table.store().archive(&over, None, PAST_ROOMS).await.expect("archived");
    table.store().clear_session(&over.room).await.expect("cleared");
    assert_eq!(relay(&worker, std::slice::from_ref(joined)).await, None);
    let expected = told([(2, "room_started", None, 1), (3, "participant_joined", Some("ann"), 1)]);
    assert_eq!(told_at(&table, URL), expected);
    let joined = payload(&table.queued("WebhooksQueue")[1]);
    assert_eq!(
        joined["participant"]["sid"],
        models::ParticipantId::of(room.sid, &user_id("ann")).to_string()
    );
    assert_eq!(joined["participant"].get("name"), None, "that is gone with her record");
    assert_eq!(joined["room"]["metadata"], "{}", "and so is this");
}

/// The record of TTL's removing a room's state, after these records.
fn removed(records: &[Value]) -> Value {
    let mut record = (*of(records, "STATE").last().expect("a state")).clone();
    let image = record["dynamodb"]["NewImage"].take();
    record["eventName"] = json!("REMOVE");
    record["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    record["dynamodb"]["SequenceNumber"] = json!("4000000000000000000");
    record["dynamodb"]["OldImage"] = image;
    record["dynamodb"].as_object_mut().expect("an object").remove("NewImage");
    record
}

#[tokio::test]
async fn a_room_that_ttl_removed_ended_when_its_time_had_come() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let ann = rooms.seat(&room.key, "ann").await;
    rooms.leave(&ann).await;
    let due_at = rooms.state(&room.key).await.due_at;
    let removed = removed(&table.records().await);
    table.clock.advance(Duration::from_hours(10 * 24));
    assert_eq!(relay(&worker, &[removed]).await, None);
    let jobs = table.messages("SessionEndsQueue");
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    let over = store::session_of_end_job(&job.body).expect("a job");
    assert_eq!((over.room.sid, over.ended_at, over.reason), (room.sid, due_at, EndReason::LastLeft));
    assert_eq!(table.queued("WebhooksQueue").len(), 0, "the job tells the rest");
}

#[tokio::test]
async fn what_ttl_removes_of_a_session_that_is_over_or_beside_the_state_yields_nothing() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    rooms.seat(&room.key, "ann").await;
    rooms.end_session(&room.key).await;
    let records = table.records().await;
    let mut person = removed(&records);
    let lease = of(&records, "PARTICIPANT#ann");
    let lease = lease.iter().find(|record| record["dynamodb"]["NewImage"]["due_shard"].is_object());
    person["dynamodb"]["OldImage"] = lease.expect("one with a lease")["dynamodb"]["NewImage"].clone();
    person["dynamodb"]["Keys"]["sk"] = json!({"S": "PARTICIPANT#ann"});
    assert_eq!(relay(&worker, &[removed(&records), person]).await, None);
    for queue in ["WebhooksQueue", "LeasesQueue", "SessionEndsQueue"] {
        assert_eq!(table.queued(queue).len(), 0, "{queue}");
    }
}
