//! Moderators, people who wait and people who leave, all at once.

use local::simulate::Profile;
use testing::rooms::{DEPARTURE, session_of};
use tokio::task::JoinSet;

use super::*;

/// Nobody stands in two places; seats are those who are in; nobody is admitted before somebody who came earlier and waits.
async fn check(name: &str, table: &TestTable, room: &RoomKey, seats: u32) {
    let calm = table.calm_store();
    let state = calm.room(room).await.expect("readable").expect("a room");
    let people = calm.participants(room).await.expect("readable");
    let present = people.iter().filter(|person| person.is_in(&state)).count();
    assert_eq!(usize::try_from(state.seats).expect("few"), present, "{name}: seats are those who are in");
    assert!(state.seats <= seats, "{name}: {}", state.seats);
    let history = table.history(room).await;
    // The first who came began another session, which counts anew.
    for step in history.iter().filter(|step| step.old != step.new && step.old["sid"] == step.new["sid"]) {
        assert_eq!(step.number_after("seq"), step.number_before("seq") + 1, "{name}: the next number");
        assert!(step.number_after("seats") <= i64::from(seats), "{name}: no more than there are");
    }
    let joined = people.iter().filter(|person| person.joined_at.is_some()).count();
    assert_eq!(usize::try_from(state.joined).expect("few"), joined, "{name}: all who came are counted");
    for person in &people {
        let stands = matches!(person.standing, Standing::Active | Standing::Waiting);
        assert_eq!(person.session.is_some(), stands, "{name}: {person:?}");
        assert_eq!(
            person.waiting_since.is_some(),
            person.standing == Standing::Waiting,
            "{name}: {person:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_admissions_denials_and_departures_meet_seats_are_people_and_order_is_kept() {
    for (name, table) in [
        ("plain", TestTable::with_real_time().await),
        ("aws", TestTable::simulated(Profile::Aws, 7).await),
        ("faults", TestTable::simulated(Profile::Faults, 7).await),
    ] {
        let (store, rooms) = (table.store(), table.rooms());
        let key = rooms.by_code(6).await.key;
        rooms.set(&key, |settings| settings.waiting_room = true).await;
        rooms.join(&key, HOST).await.expect("a seat");
        let room = rooms.state(&key).await;
        let mut waiting = vec![];
        for number in 0..12 {
            waiting.push(rooms.join(&key, &format!("u{number:02}")).await.expect("a place"));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut calls = JoinSet::new();
        for _ in 0..2 {
            let (store, room) = (store.clone(), room.clone());
            calls.spawn(async move {
                let _ = store.admit_waiters(all(&room), UNATTACHED, None).await;
            });
        }
        for gone in [1, 4] {
            let (store, token) = (store.clone(), session_of(&waiting[gone]));
            calls.spawn(async move {
                store.leave(&token, DEPARTURE, None).await.expect("answered");
            });
        }
        let (by, denied, at) = (store.clone(), waiting[2].id, room.clone());
        calls.spawn(async move {
            let _ = by.deny_waiters(one(&at, denied), Denial::Moderator, None).await;
        });
        let (by, back, at) = (store.clone(), waiting[0].id, room.clone());
        calls.spawn(async move {
            let times = (UNATTACHED, DEPARTURE);
            let _ = by.send_back((&at.key, at.sid), Who::Participant(back), times, |_, _| Ok(()), None).await;
        });
        calls.join_all().await;
        check(name, &table, &key, 6).await;

        // Once more, and there is no seat left for those who wait; each of them came after all who are in but the ones
        // who were sent back.
        let calm = table.calm_store();
        calm.admit_waiters(all(&room), UNATTACHED, None).await.expect("admitted");
        check(name, &table, &key, 6).await;
        let order: Vec<_> = table.history(&key).await.iter().map(testing::history::Step::event).collect();
        let admitted: Vec<_> = order
            .iter()
            .filter(|event| event["type"] == "admitted" && event["user"] != "u00")
            .map(|event| event["user"].as_str().expect("who"))
            .collect();
        assert!(admitted.is_sorted(), "{name}: {admitted:?}");
        let room = calm.room(&key).await.expect("readable").expect("a room");
        assert!(room.is_full(), "{name}: {admitted:?}");
        calm.dissolve_waiting_room(&room, UNATTACHED).await.expect("dissolved");
        assert_eq!(calm.waiting(&room).await.expect("readable"), [], "{name}");
        check(name, &table, &key, 6).await;
    }
}
