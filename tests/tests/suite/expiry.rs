//! From when on TTL may remove a room, after each change of it (`models::expiry`).

use std::time::Duration;

use models::{Role, Room, RoomKey, Timestamp};
use store::{NewCodeRoom, NewRoom, NewToken};
use testing::TestTable;
use testing::rooms::{
    CODE_RETENTION, DEPARTURE, EMPTY_TIMEOUT, HOST, PAST_ROOMS, Rooms, new_code_room, new_room, new_token,
};

/// How long a session with a duration lasts: longer than the week, so that the last resort must not come too early.
const LASTS: Duration = Duration::from_hours(30 * 24);
const WEEK: Duration = Duration::from_hours(7 * 24);
const MINUTE: Duration = Duration::from_mins(1);

async fn expiry(rooms: &Rooms, room: &RoomKey) -> Timestamp {
    rooms.state(room).await.expires_at
}

#[tokio::test]
async fn a_session_with_a_duration_expires_a_week_after_its_latest_end() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.create(&NewRoom { duration: Some(LASTS), ..new_room("room-1") }).await;
    let latest = room.created_at.plus(EMPTY_TIMEOUT).plus(LASTS).plus(WEEK);
    assert_eq!(room.expires_at, latest, "the first may come when the room is nearly due");
    assert_eq!(expiry(&rooms, &room.key).await, latest);

    let early = rooms.mint(&room.key, "bob").await;
    table.clock.advance(MINUTE);
    let ann = rooms.seat(&room.key, "ann").await;
    assert_eq!(expiry(&rooms, &room.key).await, latest, "a first join");
    let ends_at = table.now().plus(LASTS);
    table.clock.advance(MINUTE);
    let bob = rooms.redeem(&early).await.expect("a seat");
    assert_eq!(expiry(&rooms, &room.key).await, latest, "a later join");
    rooms.leave(&ann).await;
    assert_eq!(expiry(&rooms, &room.key).await, latest, "others are in");

    rooms.leave(&bob).await;
    let state = rooms.state(&room.key).await;
    assert_eq!(state.due_at, table.now().plus(DEPARTURE));
    assert_eq!(state.expires_at, ends_at.plus(WEEK), "the last one left, and may be back");
    table.clock.advance(DEPARTURE / 2);
    rooms.seat(&room.key, "bob").await;
    let state = rooms.state(&room.key).await;
    assert_eq!((state.due_at, state.expires_at), (ends_at, ends_at.plus(WEEK)), "he is back");
    rooms.end_session(&room.key).await;
    assert_eq!(expiry(&rooms, &room.key).await, table.now().plus(PAST_ROOMS), "it ended");
}

#[tokio::test]
async fn a_session_without_a_duration_expires_only_while_it_is_empty() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    assert_eq!(room.expires_at, room.due_at.plus(WEEK));
    assert_eq!(expiry(&rooms, &room.key).await, room.expires_at);

    let ann = rooms.seat(&room.key, "ann").await;
    assert_eq!(expiry(&rooms, &room.key).await, Timestamp::NEVER, "a first join");
    let bob = rooms.seat(&room.key, "bob").await;
    rooms.leave(&ann).await;
    assert_eq!(expiry(&rooms, &room.key).await, Timestamp::NEVER, "others are in");
    rooms.leave(&bob).await;
    let due_at = table.now().plus(DEPARTURE);
    assert_eq!(expiry(&rooms, &room.key).await, due_at.plus(WEEK), "the last one left");
    table.clock.advance(DEPARTURE / 2);
    rooms.seat(&room.key, "bob").await;
    assert_eq!(expiry(&rooms, &room.key).await, Timestamp::NEVER, "he is back");
    rooms.end_session(&room.key).await;
    assert_eq!(expiry(&rooms, &room.key).await, table.now().plus(PAST_ROOMS), "it ended");
}

#[tokio::test]
async fn waiting_does_not_move_it() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let waiter = rooms.seat(&room.key, "ann").await;
    assert!(!waiter.active);
    assert_eq!(expiry(&rooms, &room.key).await, room.expires_at);
    rooms.leave(&waiter).await;
    assert_eq!(expiry(&rooms, &room.key).await, room.expires_at);
}

#[tokio::test]
async fn a_room_by_code_outlives_every_session() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    for duration in [None, Some(LASTS)] {
        let room = rooms.create_by_code(&NewCodeRoom { duration, ..new_code_room() }).await;
        assert_eq!(expiry(&rooms, &room.key).await, table.now().plus(CODE_RETENTION));
        rooms.lock(&room.key, true).await;
        rooms.lock(&room.key, false).await;
        assert_eq!(expiry(&rooms, &room.key).await, table.now().plus(CODE_RETENTION), "settings");

        let host = rooms.join(&room.key, HOST).await.expect("a seat");
        assert_eq!(expiry(&rooms, &room.key).await, Timestamp::NEVER, "its session started");
        let guest = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
        let ann = rooms.seat(&room.key, "ann").await;
        for left in [guest, ann, host] {
            rooms.leave(&left).await;
            assert_eq!(expiry(&rooms, &room.key).await, Timestamp::NEVER, "its session runs");
        }
        rooms.seat(&room.key, "ann").await;
        assert_eq!(expiry(&rooms, &room.key).await, Timestamp::NEVER, "somebody is back");
        rooms.end_session(&room.key).await;
        assert_eq!(expiry(&rooms, &room.key).await, table.now().plus(CODE_RETENTION), "it is idle");
        table.clock.advance(MINUTE);
        rooms.end_room(&room.key).await;
        assert_eq!(expiry(&rooms, &room.key).await, table.now().plus(PAST_ROOMS), "it is over");
    }
}

#[tokio::test]
async fn a_room_by_code_whose_session_began_with_somebody_waiting_outlives_it_too() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let new = NewCodeRoom { duration: Some(LASTS), ..new_code_room() };
    let Room { key, .. } = rooms.create_by_code(&new).await;
    rooms.set(&key, |settings| settings.waiting_room = true).await;
    assert!(!rooms.join(&key, "ann").await.expect("a place").active);
    assert_eq!(expiry(&rooms, &key).await, Timestamp::NEVER);
    let moderator = NewToken { role: Role::Moderator, ..new_token("mo", table.now()) };
    let moderator = rooms.mint_as(&key, moderator).await;
    assert!(rooms.redeem(&moderator).await.expect("a seat").active);
    assert_eq!(expiry(&rooms, &key).await, Timestamp::NEVER, "the first to join came by a token");
}
