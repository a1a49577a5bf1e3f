//! Connections that come, go, and replace each other while seats are released and given up.

use std::sync::Arc;
use std::time::Duration;

use local::simulate::Profile;
use models::RoomKey;
use store::{Grace, Lease, Store};
use testing::TestTable;
use testing::rooms::{Rooms, session_of};
use tokio::task::JoinSet;

use super::{GRACE, attach, connect, connections, id, redeem_on};

/// How long a session lasts after its last participant has left: longer than these tests.
const PAUSE: Duration = Duration::from_mins(10);

/// A seat may be released as soon as its connection is lost.
const NONE: Grace = Grace { seat: Duration::ZERO, waiting: Duration::ZERO };

async fn tables() -> [(&'static str, TestTable); 3] {
    [
        ("plain", TestTable::with_real_time().await),
        ("aws", TestTable::simulated(Profile::Aws, 11).await),
        ("faults", TestTable::simulated(Profile::Faults, 11).await),
    ]
}

/// Seats are people, each with a connection or a lease, and nobody else has either.
async fn check(name: &str, table: &TestTable, room: &RoomKey) {
    let whole = table.calm_store().whole_room(room).await.expect("readable");
    let state = whole.room.expect("a room");
    let present = whole.participants.iter().filter(|person| person.is_in(&state)).count();
    assert_eq!(usize::try_from(state.seats).expect("few"), present, "{name}: seats are those who are in");
    for person in &whole.participants {
        let (connected, leased) = (person.connection.is_some(), person.lease.is_some());
        if person.is_in(&state) {
            assert_ne!(connected, leased, "{name}: {person:?}");
        } else {
            assert!(!connected && !leased, "{name}: {person:?}");
        }
    }
    let history = table.history(room).await;
    for step in history.iter().filter(|step| step.old != step.new) {
        assert_eq!(step.number_after("seq"), step.number_before("seq") + 1, "{name}: the next number");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_place_is_left_with_a_connection_that_is_gone_whichever_comes_first() {
    for (name, table) in tables().await {
        let (rooms, store) = (table.rooms(), table.store());
        let room = rooms.open("race", None).await;
        let mut calls = JoinSet::new();
        for number in 0..12 {
            let connection = format!("c{number}");
            let connected = connect(&store, &connection).await;
            let token = rooms.mint(&room.key, &format!("user{number}")).await;
            let joining = store.clone();
            calls.spawn(async move {
                // Too late by the connection, he has no place at all.
                let _ = redeem_on(&joining, &token, &connected).await;
            });
            let leaving = store.clone();
            calls.spawn(async move {
                leaving.disconnect(&id(&connection), GRACE).await.expect("done");
            });
        }
        calls.join_all().await;
        let calm = table.calm_store();
        assert!(connections(&calm, &room.key, room.sid).await.iter().all(Option::is_none), "{name}");
        for number in 0..12 {
            assert_eq!(calm.connection(&id(&format!("c{number}"))).await.expect("readable"), None, "{name}");
        }
        check(name, &table, &room.key).await;
    }
}

/// Releases the person's place as often as it has a lease, while others come and go.
async fn release(store: Store, room: RoomKey, user: models::UserId) {
    for _ in 0..6 {
        let seen = store.look(&room, false, Some(&user)).await.expect("readable");
        let Some(person) = seen.participant else { continue };
        if let (Some(session), Some(due_at)) = (person.session, person.lease) {
            let (room, sid, user) = (room.clone(), person.sid, user.clone());
            let lease = Lease { room, sid, user, session, due_at };
            store.release(&lease, PAUSE).await.expect("decided");
        }
    }
}

/// Everything at once that can happen to one seat; who leaves does so last.
async fn hustle(table: &TestTable, rooms: &Rooms, room: &RoomKey, number: usize) {
    let store = table.store();
    let (user, name) = (format!("user{number}"), |kind: &str| format!("{kind}{number}"));
    let (first, again) = (rooms.mint(room, &user).await, rooms.mint(room, &user).await);
    let [one, two, three] = [
        connect(&store, &name("a")).await,
        connect(&store, &name("b")).await,
        connect(&store, &name("c")).await,
    ];
    let joined = Arc::new(redeem_on(&store, &first, &one).await.expect("a seat"));
    let mut calls = JoinSet::new();
    let (by, connection) = (store.clone(), name("a"));
    calls.spawn(async move {
        by.disconnect(&id(&connection), NONE).await.expect("done");
    });
    let (by, sitting) = (store.clone(), session_of(&joined));
    calls.spawn(async move {
        let _ = attach(&by, &sitting, &two).await;
    });
    let by = store.clone();
    calls.spawn(async move {
        redeem_on(&by, &again, &three).await.expect("a seat, again or still");
    });
    let (by, connection) = (store.clone(), name("b"));
    calls.spawn(async move {
        by.disconnect(&id(&connection), NONE).await.expect("done");
    });
    calls.spawn(release(store.clone(), room.clone(), joined.user.clone()));
    let (by, leaving) = (store.clone(), session_of(&joined));
    calls.spawn(async move {
        by.leave(&leaving, PAUSE, None).await.expect("answered");
    });
    calls.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_losses_attachments_releases_and_replacements_meet_a_seat_is_one_persons() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let room = rooms.open("hustle", None).await;
        rooms.seat(&room.key, "stays").await;
        for number in 0..8 {
            hustle(&table, &rooms, &room.key, number).await;
        }
        check(name, &table, &room.key).await;
        let calm = table.calm_store();
        for person in calm.present(&room.key, room.sid).await.expect("readable") {
            if let Some(connection) = &person.connection {
                let item = calm.connection(&connection.id).await.expect("readable").expect("it stands");
                let bound = item.bound.expect("bound");
                assert_eq!((Some(bound.session), bound.user), (person.session, person.user), "{name}");
            }
        }
        // A seat with a connection is given up by nobody but its own sitting.
        for number in 0..8 {
            let user = testing::rooms::user_id(&format!("user{number}"));
            for step in table.history_of(&room.key, &user).await {
                let text =
                    |image: &serde_json::Value, name: &str| image[name]["S"].as_str().map(str::to_owned);
                if text(&step.old, "connection").is_some()
                    && text(&step.new, "status").as_deref() == Some("left")
                {
                    assert_eq!(text(&step.old, "due_shard"), None, "{name}: not by a lease");
                    assert_eq!(
                        text(&step.old, "connection").as_deref(),
                        Some(format!("a{number}").as_str()),
                        "{name}: by the first sitting"
                    );
                }
            }
        }
    }
}
