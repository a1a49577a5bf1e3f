//! Places that are taken by connections: joined, lost, taken up again, given up.

use models::relay::{News, Told};
use models::{Profile, Refusal, SessionToken};
use serde_json::json;
use store::{Admission, Credential, Halt, StoreError, StreamChange, StreamRecord};
use testing::TestTable;
use testing::rooms::{DEPARTURE, session_of, user_id};

use super::{GRACE, UNATTACHED, attach, connect, door, id, join_on, last_event, person, redeem_on, refused};

/// The type of the last event of a room, and whom it is about.
#[tokio::test]
async fn a_join_by_token_over_a_connection_takes_one_round_trip_and_two_units_more() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    rooms.seat(&room.key, "bob").await;
    let (first, second) = (rooms.mint(&room.key, "cy").await, rooms.mint(&room.key, "ann").await);
    let before = store.usage();
    let by_rest = door(&room.key, Credential::Token(&first));
    store.admit(&by_rest, None).await.expect("a seat");
    let rest = store.usage() - before;
    let connected = connect(&store, "c").await;
    let before = store.usage();
    let admission = redeem_on(&store, &second, &connected).await.expect("a seat");
    let used = store.usage() - before;
    assert_eq!(used.calls, 1);
    assert!((used.write_units - rest.write_units - 2.0).abs() < 0.1, "{used:?} {rest:?}");
    assert!(used.index_units < 0.1, "no lease: {used:?}");

    let seen = store.look(&room.key, false, Some(&admission.user)).await.expect("readable");
    let ann = seen.participant.expect("there");
    assert_eq!((ann.lease, ann.connection.as_ref()), (None, Some(&connected.connection)));
    assert!(!ann.is_away());
    let bound = store.connection(&id("c")).await.expect("readable").expect("there").bound.expect("bound");
    assert_eq!((bound.session, bound.user.as_str(), bound.waits), (admission.session, "ann", false));
}

#[tokio::test]
async fn a_lost_connection_keeps_the_seat_for_a_while_and_others_are_told() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let connected = connect(&store, "c").await;
    redeem_on(&store, &rooms.mint(&room.key, "ann").await, &connected).await.expect("a seat");
    let (seq, before) = (rooms.state(&room.key).await.seq, store.usage());
    assert!(store.disconnect(&id("c"), GRACE).await.expect("done"));
    assert_eq!((store.usage() - before).calls, 3);
    let ann = person(&store, &room.key).await;
    assert!(ann.is_away());
    assert_eq!(ann.lease, Some(table.now().plus(GRACE.seat)));
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.seq), (1, seq + 1));
    assert_eq!(last_event(&table, &room.key).await, json!({"type": "changed", "user": "ann"}));

    let before = table.items().await;
    assert!(!store.disconnect(&id("c"), GRACE).await.expect("nothing to do"));
    assert_eq!(table.items().await, before, "once more changes nothing");
}

#[tokio::test]
async fn a_late_disconnect_of_a_replaced_connection_disturbs_nobody() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let (old, new) = (connect(&store, "old").await, connect(&store, "new").await);
    redeem_on(&store, &rooms.mint(&room.key, "ann").await, &old).await.expect("a seat");
    redeem_on(&store, &rooms.mint(&room.key, "ann").await, &new).await.expect("the same seat");
    let before = (person(&store, &room.key).await, rooms.state(&room.key).await);
    assert!(!store.disconnect(&id("old"), GRACE).await.expect("done"));
    assert_eq!((person(&store, &room.key).await, rooms.state(&room.key).await), before);
    assert_eq!(before.0.connection, Some(new.connection));
    assert_eq!(store.connection(&id("old")).await.expect("readable"), None);
}

#[tokio::test]
async fn after_the_session_a_disconnect_only_forgets_the_connection() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let connected = connect(&store, "c").await;
    redeem_on(&store, &rooms.mint(&room.key, "ann").await, &connected).await.expect("a seat");
    rooms.end_session(&room.key).await;
    let before = (person(&store, &room.key).await, rooms.state(&room.key).await);
    assert!(!store.disconnect(&id("c"), GRACE).await.expect("done"));
    assert_eq!((person(&store, &room.key).await, rooms.state(&room.key).await), before);
    assert_eq!(store.connection(&id("c")).await.expect("readable"), None);
}

#[tokio::test]
async fn who_lost_his_connection_attaches_again_to_a_locked_and_full_room() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.by_code(2).await;
    rooms.join(&room.key, "bob").await.expect("a seat");
    let connected = connect(&store, "c").await;
    let token = session_of(&join_on(&store, &room.key, "ann", &connected).await.expect("a seat"));
    rooms.lock(&room.key, true).await;
    store.disconnect(&id("c"), GRACE).await.expect("lost");
    let again = connect(&store, "d").await;
    let before = store.usage();
    let next = attach(&store, &token, &again).await.expect("attached");
    assert_eq!((store.usage() - before).calls, 2);
    let seen = store.look(&room.key, false, Some(&token.user)).await.expect("readable");
    let ann = seen.participant.expect("there");
    assert_eq!((ann.session, ann.lease), (Some(next.session), None));
    assert_eq!(ann.connection, Some(again.connection));
    assert_eq!(last_event(&table, &room.key).await, json!({"type": "changed", "user": "ann"}));
    assert_eq!(rooms.state(&room.key).await.seats, 2);

    // The answer may have been lost: the token before is good for another attempt.
    let third = connect(&store, "e").await;
    attach(&store, &token, &third).await.expect("attached");
    rooms.leave(&admission_of(&next)).await;
    assert_eq!(refused(attach(&store, &next, &connect(&store, "f").await).await), Refusal::InvalidToken);
}

/// As somebody was told who sits by this token.
fn admission_of(token: &SessionToken) -> Admission {
    Admission {
        room: token.room.clone(),
        sid: token.sid,
        user: token.user.clone(),
        guest: false,
        profile: Profile { name: String::new(), avatar_url: None },
        id: token.participant,
        session: token.session,
        role: models::Role::Participant,
        active: true,
        here_since: None,
        expires_at: token.expires_at,
    }
}

#[tokio::test]
async fn who_waits_attaches_loses_and_attaches_again_without_a_seat() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.by_code(2).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let connected = connect(&store, "c").await;
    let waits = join_on(&store, &room.key, "ann", &connected).await.expect("a place");
    assert!(!waits.active);
    let (state, before) = (rooms.state(&room.key).await, store.usage());
    assert!(store.disconnect(&id("c"), GRACE).await.expect("lost"));
    assert_eq!((store.usage() - before).calls, 3);
    assert_eq!(person(&store, &room.key).await.lease, Some(table.now().plus(GRACE.waiting)));
    let again = connect(&store, "d").await;
    attach(&store, &session_of(&waits), &again).await.expect("attached");
    let ann = person(&store, &room.key).await;
    assert_eq!((ann.lease, ann.connection, ann.joined_at), (None, Some(again.connection), None));
    assert_eq!(rooms.state(&room.key).await, state, "nobody else is told");
    assert!(store.connection(&id("d")).await.expect("readable").expect("there").bound.expect("bound").waits);
}

#[tokio::test]
async fn a_resume_over_rest_takes_the_seat_from_its_connection() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let connected = connect(&store, "c").await;
    let joined = redeem_on(&store, &rooms.mint(&room.key, "ann").await, &connected).await.expect("a seat");
    let next = rooms.resume(&session_of(&joined)).await;
    let ann = person(&store, &room.key).await;
    assert!(ann.is_away());
    assert_eq!((ann.session, ann.lease), (Some(next.session), Some(table.now().plus(UNATTACHED))));
    assert_eq!(last_event(&table, &room.key).await, json!({"type": "changed", "user": "ann"}));

    let (seq, before) = (rooms.state(&room.key).await.seq, store.usage());
    store.resume(&next, UNATTACHED, None).await.expect("resumed");
    assert!((store.usage() - before).write_units < 1.1, "who stays away is not told of");
    assert_eq!(rooms.state(&room.key).await.seq, seq);
}

#[tokio::test]
async fn nobody_takes_a_place_by_a_connection_that_is_gone() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    let gone = connect(&store, "c").await;
    store.disconnect(&id("c"), GRACE).await.expect("gone");
    let joined = rooms.seat(&room.key, "bob").await;
    let before = table.items().await;
    let failed = redeem_on(&store, &token, &gone).await.expect_err("gone");
    assert!(matches!(failed, Halt::Failed(StoreError::Rebound)), "{failed:?}");
    let failed = attach(&store, &session_of(&joined), &gone).await.expect_err("gone");
    assert!(matches!(failed, Halt::Failed(StoreError::Rebound)), "{failed:?}");
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn who_moves_to_another_room_loses_both_places_if_he_never_came_to_leave_the_first() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let (first, second) = (rooms.open("first", None).await, rooms.open("second", None).await);
    connect(&store, "c").await;
    for room in [&first, &second] {
        let token = rooms.mint(&room.key, "ann").await;
        let seen = store.connection(&id("c")).await.expect("readable").expect("there");
        redeem_on(&store, &token, &seen).await.expect("a seat");
    }
    let moved = store.connection(&id("c")).await.expect("readable").expect("there");
    assert_eq!(moved.bound_before.expect("kept").room, first.key);
    store.disconnect(&id("c"), GRACE).await.expect("lost");
    for room in [&first, &second] {
        assert!(person(&store, &room.key).await.is_away(), "{}", room.key);
    }
}

#[tokio::test]
async fn an_unused_connection_is_forgotten_also_where_the_answer_to_that_was_lost() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    connect(&store, "c").await;
    for _ in 0..2 {
        assert!(store.forget_unused(&id("c")).await.expect("done"));
    }
    let connected = connect(&store, "used").await;
    let room = rooms.open("room", None).await;
    redeem_on(&store, &rooms.mint(&room.key, "ann").await, &connected).await.expect("a seat");
    assert!(!store.forget_unused(&id("used")).await.expect("done"));
    assert!(store.connection(&id("used")).await.expect("readable").is_some());
}

#[tokio::test]
async fn a_change_of_somebody_has_no_webhook_and_no_number() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let connected = connect(&store, "c").await;
    let joined = redeem_on(&store, &rooms.mint(&room.key, "ann").await, &connected).await.expect("a seat");
    store.disconnect(&id("c"), GRACE).await.expect("lost");
    store.leave(&session_of(&joined), DEPARTURE, None).await.expect("left");
    let records = table.records().await.into_iter();
    let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).expect("a record"));
    let mut told: Vec<Told> = vec![];
    for record in records {
        if let Some(StreamChange::Room(change)) = record.change().expect("readable") {
            told.extend(change.told());
        }
    }
    let numbers: Vec<_> = told.iter().map(|told| told.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(told.last().map(|told| told.news.clone()), Some(News::ParticipantLeft(user_id("ann"))));
}
