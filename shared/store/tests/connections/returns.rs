//! Places that were released since nobody was connected to them, and who comes back to them.

use std::time::Duration;

use models::relay::News;
use models::{Media, Refusal, SessionToken, Standing, Timestamp};
use serde_json::json;
use store::{NewRoom, StreamChange, StreamRecord};
use testing::TestTable;
use testing::rooms::{new_room, session_of};

use super::{GRACE, UNATTACHED, attach, connect, id, last_event, person, redeem_on, refused};

#[tokio::test]
async fn who_lost_his_seat_attaches_to_a_new_one_and_is_told_of_as_joined() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", Some(1)).await;
    let first = connect(&store, "first").await;
    let ann = redeem_on(&store, &rooms.mint(&room.key, "ann").await, &first).await.expect("a seat");
    rooms.speak(&ann).await;
    store.disconnect(&id("ann"), GRACE).await.expect("lost");
    table.clock.advance(GRACE.seat);
    let live = person(&store, &room.key).await;
    rooms.release(&ann).await;
    let lost = person(&store, &room.key).await;
    assert!(lost.is_released());
    assert_eq!((lost.session, lost.lease, lost.media), (live.session, None, Media::default()));

    let again = connect(&store, "again").await;
    let before = store.usage();
    let token = SessionToken { session: live.session.expect("a sitting"), ..session_of(&ann) };
    let next = attach(&store, &token, &again).await.expect("a seat");
    assert_eq!((store.usage() - before).calls, 2, "a look and a transaction");
    let back = person(&store, &room.key).await;
    assert_eq!((back.id, back.session, back.standing), (ann.id, Some(next.session), Standing::Active));
    assert_eq!((back.connection, back.lease), (Some(again.connection), None));
    assert_eq!((back.joined_at, back.joined_before), (Some(table.now()), ann.here_since));
    assert_eq!(last_event(&table, &room.key).await, json!({"type": "joined", "user": "ann"}));
    let bound = store.connection(&id("again")).await.expect("readable").expect("there").bound;
    assert_eq!(bound.expect("bound").session, next.session);

    let records = table.records().await.into_iter();
    let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).expect("a record"));
    let news = records.filter_map(|record| match record.change().expect("readable") {
        Some(StreamChange::Room(change)) => Some(change.told()),
        _ => None,
    });
    let told: Vec<_> = news.flatten().map(|told| (told.number, told.seats, told.news)).collect();
    assert_eq!(told.last(), Some(&(5, 1, News::ParticipantJoined(ann.user))));
}

#[tokio::test]
async fn however_two_returns_and_a_join_meet_one_seat_is_one_persons() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    for round in 0..8 {
        let room = rooms.open(&format!("room-{round}"), Some(1)).await;
        let ann = rooms.seat(&room.key, "ann").await;
        let bob = rooms.mint(&room.key, "bob").await;
        table.clock.advance(UNATTACHED);
        rooms.release(&ann).await;
        let token = session_of(&ann);
        let resume = || store.resume(&token, UNATTACHED, None);
        let (one, two, joined) = tokio::join!(resume(), resume(), rooms.redeem(&bob));
        let state = rooms.state(&room.key).await;
        let present = store.present(&room.key, room.sid).await.expect("readable");
        assert_eq!((state.seats, present.len()), (1, 1));
        if joined.is_ok() {
            assert_eq!((refused(one), refused(two)), (Refusal::RoomFull, Refusal::RoomFull));
            assert_eq!(state.joined, 2);
        } else {
            assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
            assert_eq!((state.joined, state.hooks), (1, 5), "he is counted once, and came back once");
        }
    }
}

#[tokio::test]
async fn who_comes_back_moves_no_end_that_is_set() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let lasts = Duration::from_hours(1);
    let room = rooms.create(&NewRoom { duration: Some(lasts), ..new_room("room") }).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let end = table.now().plus(lasts);
    table.clock.advance(UNATTACHED);
    rooms.release(&ann).await;
    assert!(rooms.state(&room.key).await.due_at < end);
    let back = store.resume(&session_of(&ann), UNATTACHED, None).await.expect("a seat");
    let state = rooms.state(&room.key).await;
    assert_eq!((state.due_at, back.expires_at), (end, end));
    assert!(state.expires_at < Timestamp::NEVER, "TTL may still remove it");
}
