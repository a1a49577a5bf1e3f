//! Who waits is admitted, denied and sent back.

use super::*;
use testing::rooms::{DEPARTURE, session_of};

#[tokio::test]
async fn somebody_is_admitted_by_his_id_and_the_others_are_said_to_keep_waiting() {
    let table = TestTable::new().await;
    let store = table.store();
    let room = guarded(&table, 9).await;
    let waiting = wait(&table, &room.key, &["ann", "bob", "cyd"]).await;
    let done = store.admit_waiters(one(&room, waiting[1].id), UNATTACHED, None).await.expect("admitted");
    assert_eq!(done.admitted, [waiting[1].id]);
    assert_eq!(done.waiting, [waiting[0].id, waiting[2].id]);
    let again = store.admit_waiters(one(&room, waiting[1].id), UNATTACHED, None).await.expect("he is in");
    assert_eq!((again.admitted, again.waiting), (vec![], done.waiting));
    let nobody = ParticipantId(uuid::Uuid::from_u128(1));
    let reason = refused(store.admit_waiters(one(&room, nobody), UNATTACHED, None).await);
    assert_eq!(reason, Refusal::ParticipantNotFound);
}

#[tokio::test]
async fn all_are_admitted_as_far_as_seats_last_and_the_rest_keep_waiting_in_order() {
    let table = TestTable::new().await;
    let store = table.store();
    let room = guarded(&table, 3).await;
    let waiting = ids(&wait(&table, &room.key, &["zoe", "ann", "cyd", "bob"]).await);
    let done = store.admit_waiters(all(&room), UNATTACHED, None).await.expect("admitted");
    assert_eq!((&done.admitted[..], &done.waiting[..]), waiting.split_at(2));
    let full = refused(store.admit_waiters(one(&room, waiting[2]), UNATTACHED, None).await);
    assert_eq!(full, Refusal::RoomFull);
}

#[tokio::test]
async fn several_are_admitted_in_order_of_arrival_as_far_as_seats_last_and_nobody_else_is() {
    let table = TestTable::new().await;
    let store = table.store();
    let room = guarded(&table, 3).await;
    let waiting = ids(&wait(&table, &room.key, &["zoe", "ann", "cyd", "bob"]).await);
    let asked = || several(&room, [waiting[3], waiting[2], waiting[0]]);
    let done = store.admit_waiters(asked(), UNATTACHED, None).await.expect("admitted");
    assert_eq!(done.admitted, [waiting[0], waiting[2]]);
    assert_eq!(done.waiting, [waiting[1], waiting[3]]);
    let full = store.admit_waiters(asked(), UNATTACHED, None).await.expect("the rest keep waiting");
    assert_eq!((full.admitted, full.waiting), (vec![], done.waiting));
}

#[tokio::test]
async fn of_several_who_is_not_there_is_passed_over_and_a_list_of_nobody_is_refused() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let people = wait(&table, &room.key, &["ann", "bob", "cyd", "dan"]).await;
    let waiting = ids(&people);
    rooms.leave(&people[0]).await;
    let nobody = ParticipantId(uuid::Uuid::from_u128(1));
    let done = store
        .admit_waiters(several(&room, [nobody, waiting[0], waiting[1]]), UNATTACHED, None)
        .await
        .expect("admitted");
    assert_eq!((&done.admitted[..], &done.waiting[..]), (&waiting[1..2], &waiting[2..]));
    let again = store.admit_waiters(several(&room, [nobody, waiting[1]]), UNATTACHED, None).await;
    assert_eq!(again.expect("he is in").admitted, []);

    let gone = || several(&room, [nobody, waiting[0]]);
    let admitted = store.admit_waiters(gone(), UNATTACHED, None).await;
    assert_eq!(refused(admitted), Refusal::ParticipantNotFound);
    let denied = store.deny_waiters(several(&room, [nobody, waiting[1]]), Denial::Moderator, None).await;
    assert_eq!(refused(denied), Refusal::ParticipantNotFound, "who is in is not denied");
    let denied = store.deny_waiters(several(&room, waiting[..3].to_vec()), Denial::Moderator, None).await;
    assert_eq!(denied.expect("denied"), [waiting[2]]);
    assert_eq!(store.waiting(&room).await.expect("readable").len(), 1);
}

#[tokio::test]
async fn who_waits_over_a_connection_is_admitted_and_sent_back_with_it() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let ann = join_on(&store, &room.key, "ann", "a").await;
    store.admit_waiters(one(&room, ann.id), UNATTACHED, None).await.expect("admitted");
    let seated = person(&store, &room.key, "ann").await;
    assert_eq!((seated.standing, seated.session, seated.lease), (Standing::Active, Some(ann.session), None));
    assert!(seated.connection.is_some());

    let back =
        |who| store.send_back((&room.key, room.sid), who, (UNATTACHED, DEPARTURE), |_, _| Ok(()), None);
    assert_eq!(back(Who::Participant(ann.id)).await.expect("sent back"), ann.id);
    let waits = person(&store, &room.key, "ann").await;
    assert_eq!((waits.standing, waits.admitted, waits.lease), (Standing::Waiting, false, None));
    assert_eq!(waits.connection, seated.connection);
    assert_eq!(rooms.state(&room.key).await.seats, 1);
    assert_eq!(refused(back(Who::User(&ann.user)).await), Refusal::ParticipantNotFound, "he waits already");
}

#[tokio::test]
async fn who_may_not_be_sent_back_stays_in() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let host = user_id(HOST);
    let authorise = |_: &Room, person: &Participant| {
        if person.role == Role::Participant { Ok(()) } else { Err(Refusal::NotModerator) }
    };
    let times = (UNATTACHED, DEPARTURE);
    let sent = store.send_back((&room.key, room.sid), Who::User(&host), times, authorise, None).await;
    assert_eq!(refused(sent), Refusal::NotModerator);
    assert_eq!(rooms.state(&room.key).await, room);
}

#[tokio::test]
async fn who_is_denied_waits_no_longer_in_one_write_and_may_ask_again() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let waiting = wait(&table, &room.key, &["ann", "bob", "cyd"]).await;
    let before = store.usage();
    let denied = store.deny_waiters(one(&room, waiting[1].id), Denial::Moderator, None).await;
    assert_eq!(denied.expect("denied"), [waiting[1].id]);
    assert_eq!((store.usage() - before).calls, 3, "two looks and a write");
    assert_eq!(
        refused(store.resume(&session_of(&waiting[1]), UNATTACHED, None).await),
        Refusal::InvalidToken
    );
    let twice = store.deny_waiters(one(&room, waiting[1].id), Denial::Moderator, None).await;
    assert_eq!(refused(twice), Refusal::ParticipantNotFound);
    let rest = store.deny_waiters(all(&room), Denial::Moderator, None).await.expect("denied");
    assert_eq!(rest, [waiting[0].id, waiting[2].id]);
    assert!(!rooms.join(&room.key, "bob").await.expect("a place").active);
}

#[tokio::test]
async fn without_a_waiting_room_those_who_wait_come_in_and_the_rest_are_denied() {
    for (seats, locked, admitted, why) in [(3, false, 2, Denial::Full), (9, true, 0, Denial::Locked)] {
        let table = TestTable::new().await;
        let (store, rooms) = (table.store(), table.rooms());
        let room = guarded(&table, seats).await;
        let waiting = wait(&table, &room.key, &["zoe", "ann", "cyd"]).await;
        let bob = join_on(&store, &room.key, "bob", "b").await;
        rooms.lock(&room.key, locked).await;
        rooms.set(&room.key, |settings| settings.waiting_room = false).await;
        let room = rooms.state(&room.key).await;
        let done = store.dissolve_waiting_room(&room, UNATTACHED).await.expect("dissolved");
        assert_eq!(done, ids(&waiting)[..admitted]);
        assert_eq!(store.waiting(&room).await.expect("readable"), []);
        assert_eq!(person(&store, &room.key, "bob").await.standing, Standing::Left);
        let dropped = told::changes(&table).await.pop().expect("told").dropped.expect("bob's");
        assert_eq!((dropped.user, dropped.why), (bob.user, store::Why::Denied(why)));
        assert_eq!(store.dissolve_waiting_room(&room, UNATTACHED).await.expect("nobody waits"), []);
    }
}

#[tokio::test]
async fn who_was_in_before_is_not_carried_away_while_he_waits_again_or_is_in() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    rooms.set(&room.key, |settings| settings.waiting_room = false).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.leave(&ann).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let again = wait(&table, &room.key, &["ann", "bob"]).await;
    assert_eq!(person(&store, &room.key, "ann").await.expires_at, None);
    assert!(person(&store, &room.key, "bob").await.expires_at.is_some(), "he was never in");
    // Nor by a token of the server API, which has a time of its own.
    rooms.mint(&room.key, "ann").await;
    store.admit_waiters(one(&room, again[0].id), UNATTACHED, None).await.expect("admitted");
    let ann = person(&store, &room.key, "ann").await;
    assert_eq!((ann.standing, ann.expires_at), (Standing::Active, None));
    assert_eq!(rooms.state(&room.key).await.joined, 2, "counted once");
}

#[tokio::test]
async fn a_moderator_of_an_earlier_session_has_no_word() {
    let table = TestTable::new().await;
    let (store, rooms): (Store, Rooms) = (table.store(), table.rooms());
    let before = guarded(&table, 9).await;
    rooms.end_session(&before.key).await;
    let waiting = wait(&table, &before.key, &["ann"]).await;
    let ann = &waiting[0];
    for whom in [
        Whom::All,
        Whom::Several([ann.id].into()),
        Whom::One(Who::Participant(ann.id)),
        Whom::One(Who::User(&ann.user)),
    ] {
        let waiters = Waiters { room: &before.key, sid: before.sid, whom };
        let admitted = store.admit_waiters(waiters.clone(), UNATTACHED, None).await;
        assert_eq!(refused(admitted), Refusal::RoomNotActive);
        let denied = store.deny_waiters(waiters, Denial::Moderator, None).await;
        assert_eq!(refused(denied), Refusal::RoomNotActive);
    }
}
