//! What the stream tells of connections that are not somebody's any more.

use store::{Dropped, Removal, Why};
use testing::TestTable;
use testing::rooms::{DEPARTURE, session_of, user_id};

use super::{GRACE, attach, connect, connections, id, join_on, person, redeem_on, told};

/// The connections that were told of as dropped so far, and why.
async fn dropped(table: &TestTable) -> Vec<(String, Why)> {
    let dropped = told(table).await.into_iter().filter_map(|change| change.dropped);
    dropped.map(|Dropped { connection, why, .. }| (connection.id.to_string(), why)).collect()
}

#[tokio::test]
async fn a_connection_is_told_of_when_it_is_replaced_and_not_when_it_is_lost() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    let joined = redeem_on(&store, &token, &connect(&store, "a").await).await.expect("a seat");
    attach(&store, &session_of(&joined), &connect(&store, "b").await).await.expect("attached");
    assert_eq!(dropped(&table).await, [("a".to_owned(), Why::Duplicate)]);
    // By a join over REST, too: his lease is told of in the same record.
    rooms.redeem(&rooms.mint(&room.key, "ann").await).await.expect("the same seat");
    assert_eq!(dropped(&table).await.last(), Some(&("b".to_owned(), Why::Duplicate)));
    assert!(told(&table).await.last().expect("told").lease.is_some());

    let token = rooms.mint(&room.key, "ann").await;
    redeem_on(&store, &token, &connect(&store, "c").await).await.expect("the same seat");
    store.disconnect(&id("c"), GRACE).await.expect("lost");
    assert_eq!(dropped(&table).await.len(), 2, "of the lost one nobody is told");
}

#[tokio::test]
async fn a_connection_is_told_of_when_its_owner_is_put_out_or_leaves() {
    for (ban, why) in [(Some(false), Why::Removed), (Some(true), Why::Banned), (None, Why::Left)] {
        let table = TestTable::new().await;
        let (store, rooms) = (table.store(), table.rooms());
        let room = rooms.open("room", None).await;
        let token = rooms.mint(&room.key, "ann").await;
        let joined = redeem_on(&store, &token, &connect(&store, "a").await).await.expect("a seat");
        match ban {
            Some(ban) => rooms.remove(&room.key, "ann", ban).await.expect("out"),
            None => assert!(rooms.leave(&joined).await),
        }
        assert_eq!(person(&store, &room.key).await.connection, None);
        assert_eq!(dropped(&table).await, [("a".to_owned(), why)]);
    }
}

#[tokio::test]
async fn who_was_put_out_once_and_leaves_the_next_time_has_left() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    rooms.seat(&room.key, "ann").await;
    rooms.remove(&room.key, "ann", false).await.expect("out");
    let token = rooms.mint(&room.key, "ann").await;
    let joined = redeem_on(&store, &token, &connect(&store, "a").await).await.expect("a seat");
    rooms.leave(&joined).await;
    assert_eq!(dropped(&table).await, [("a".to_owned(), Why::Left)]);
}

#[tokio::test]
async fn who_is_put_out_is_told_what_was_said_that_time_and_no_other() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let ann = user_id("ann");
    let last = async || told(&table).await.pop().expect("told").dropped.expect("the connection").message;
    for (connection, ban, message) in
        [("a", false, "Not now."), ("b", false, ""), ("c", false, "Nor now."), ("d", true, "Never.")]
    {
        let token = rooms.mint(&room.key, "ann").await;
        redeem_on(&store, &token, &connect(&store, connection).await).await.expect("a seat");
        let removal = Removal { room: &room.key, user: &ann, ban, message, pause: DEPARTURE };
        store.remove(removal, |_, _| Ok(()), None).await.expect("out");
        assert_eq!(last().await.unwrap_or_default(), message);
    }
    store.unblock(&room.key, &ann, None).await.expect("may come again");
    let token = rooms.mint(&room.key, "ann").await;
    let joined = redeem_on(&store, &token, &connect(&store, "e").await).await.expect("a seat");
    rooms.leave(&joined).await;
    assert_eq!((dropped(&table).await.pop(), last().await), (Some(("e".to_owned(), Why::Left)), None));
}

#[tokio::test]
async fn who_comes_into_the_next_session_drops_the_connection_of_the_one_before() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.by_code(2).await;
    join_on(&store, &room.key, "ann", &connect(&store, "a").await).await.expect("a seat");
    rooms.end_session(&room.key).await;
    join_on(&store, &room.key, "ann", &connect(&store, "b").await).await.expect("the next seat");
    assert_eq!(dropped(&table).await, [("a".to_owned(), Why::Over)]);
    let sid = rooms.state(&room.key).await.sid;
    let connection = connections(&store, &room.key, sid).await.remove(0).expect("connected");
    assert_eq!(connection.id, id("b"));
}
