//! What the stream tells of those who wait.

use store::{PersonChange, StreamChange, StreamRecord, Waited, Why};
use testing::rooms::DEPARTURE;

use super::*;

/// What the stream has said so far of people.
pub(super) async fn changes(table: &TestTable) -> Vec<PersonChange> {
    let records = table.records().await.into_iter();
    let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).expect("a record"));
    let changes = records.filter_map(|record| record.change().expect("readable"));
    let of_person = |change| match change {
        StreamChange::Person(change) => Some(*change),
        StreamChange::Room(_) => None,
    };
    changes.filter_map(of_person).collect()
}

/// What happened to whom, and by which connection he hears of it.
async fn waited(table: &TestTable) -> Vec<(String, Waited, Option<String>)> {
    let waited = changes(table).await.into_iter().filter_map(|change| change.waited);
    let told = |change: store::WaitingChange| {
        let connection = change.person.connection.map(|connection| connection.id.to_string());
        (change.person.user.to_string(), change.what, connection)
    };
    waited.map(told).collect()
}

#[tokio::test]
async fn host_and_moderators_can_be_told_who_waits_and_he_that_he_is_in() {
    let table = TestTable::new().await;
    let store = table.store();
    let room = guarded(&table, 9).await;
    let ann = join_on(&store, &room.key, "ann", "a").await;
    let bob = wait(&table, &room.key, &["bob"]).await.remove(0);
    let (a, ann_is, bob_is) = (Some("a".to_owned()), "ann".to_owned(), "bob".to_owned());
    let came = [(ann_is.clone(), Waited::Came, a.clone()), (bob_is.clone(), Waited::Came, None)];
    assert_eq!(waited(&table).await, came);
    let change = changes(&table).await.into_iter().find_map(|change| change.waited).expect("ann's");
    assert_eq!((change.room, change.person.sid, change.person.id), (room.key.clone(), room.sid, ann.id));
    assert_eq!(change.person.profile.name, "ann");
    assert!(change.person.waiting_since.is_some());

    store.admit_waiters(all(&room), UNATTACHED, None).await.expect("admitted");
    let admitted = [(ann_is.clone(), Waited::Admitted, a.clone()), (bob_is, Waited::Admitted, None)];
    assert_eq!(waited(&table).await[2..], admitted);
    let lease = changes(&table).await.pop().expect("bob's").lease.expect("a new one");
    assert_eq!((lease.session, lease.due_at), (bob.session, table.now().plus(UNATTACHED)));

    let (who, times) = (Who::Participant(ann.id), (UNATTACHED, DEPARTURE));
    store.send_back((&room.key, room.sid), who, times, |_, _| Ok(()), None).await.expect("sent back");
    assert_eq!(waited(&table).await[4..], [(ann_is, Waited::SentBack, a)]);
}

#[tokio::test]
async fn of_a_new_sitting_of_his_place_and_of_who_comes_in_by_himself_nothing_is_told() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a place");
    rooms.resume(&testing::rooms::session_of(&ann)).await;
    join_on(&store, &room.key, "ann", "a").await;
    rooms.set(&room.key, |settings| settings.waiting_room = false).await;
    assert!(rooms.join(&room.key, "ann").await.expect("a seat").active);
    assert_eq!(waited(&table).await, [("ann".to_owned(), Waited::Came, None)]);
    let dropped = changes(&table).await.pop().expect("told").dropped.expect("the connection");
    assert_eq!(dropped.why, Why::Duplicate);
}

#[tokio::test]
async fn who_is_denied_hears_why_and_who_leaves_has_left() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let last = async || changes(&table).await.pop().expect("told").dropped.expect("a connection").why;
    let ann = join_on(&store, &room.key, "ann", "a").await;
    store.deny_waiters(one(&room, ann.id), Denial::Moderator, None).await.expect("denied");
    assert_eq!(last().await, Why::Denied(Denial::Moderator));
    let again = join_on(&store, &room.key, "ann", "b").await;
    rooms.leave(&again).await;
    assert_eq!(last().await, Why::Left);
    join_on(&store, &room.key, "ann", "c").await;
    rooms.remove(&room.key, "ann", false).await.expect("out");
    assert_eq!(last().await, Why::Removed);
    join_on(&store, &room.key, "ann", "d").await;
    store.deny_waiters(all(&room), Denial::Moderator, None).await.expect("denied");
    assert_eq!(last().await, Why::Denied(Denial::Moderator));
    join_on(&store, &room.key, "ann", "e").await;
    rooms.remove(&room.key, "ann", true).await.expect("out");
    assert_eq!(last().await, Why::Banned);
}
