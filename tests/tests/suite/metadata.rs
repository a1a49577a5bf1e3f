//! Metadata that is too large for the participant: minted, joined with, read, replaced and outlived.

use std::time::Duration;

use local::simulate::Profile;
use models::{JoinToken, Refusal, RoomKey, Timestamp};
use serde_json::Value;
use store::{NewRoom, NewToken, Store};
use testing::TestTable;
use testing::rooms::{EMPTY_TIMEOUT, Rooms, new_room, new_token};

const KB: usize = 1024;
const WEEK: Duration = Duration::from_hours(7 * 24);

/// A JSON text of this many bytes that says `name` and does not deflate to nothing.
fn text(name: &str, bytes: usize) -> String {
    let mut text = format!(r#"{{"name":"{name}","x":""#);
    let mut state = 1_u32;
    while text.len() < bytes - 2 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(char::from(b'a' + u8::try_from(state >> 28).expect("four bits")));
    }
    text + r#""}"#
}

async fn mint(rooms: &Rooms, room: &RoomKey, user: &str, metadata: &str) -> JoinToken {
    let metadata = metadata.to_owned();
    rooms.mint_as(room, NewToken { metadata, ..new_token(user, rooms.store().now()) }).await
}

/// The metadata of this user as whoever reads the whole room sees it.
async fn shown(store: &Store, room: &RoomKey, user: &str) -> Option<String> {
    let people = store.whole_room(room).await.expect("readable").participants;
    let person = people.into_iter().find(|person| person.user.as_str() == user).expect("he is known");
    person.metadata.map(|metadata| metadata.text().expect("a text").to_owned())
}

/// What is stored apart.
async fn apart(table: &TestTable) -> Vec<Value> {
    let mut items = table.items().await;
    items.retain(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("METADATA#")));
    items
}

#[tokio::test]
async fn a_join_and_a_look_cost_the_same_however_large_the_metadata_is() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "first").await;
    let mut before = rooms.store().usage();
    let mut asked = || {
        let usage = rooms.store().usage();
        usage - std::mem::replace(&mut before, usage)
    };
    for (user, bytes) in [("small", 512), ("large", 600), ("huge", 40 * KB)] {
        let metadata = text(user, bytes);
        assert_eq!(metadata.len(), bytes);
        let token = mint(&rooms, &room.key, user, &metadata).await;
        let minting = asked();
        match bytes {
            512 => assert_eq!((minting.calls, minting.write_units), (2, 1.0), "{user}"),
            600 => assert_eq!((minting.calls, minting.write_units), (3, 2.0), "{user}"),
            _ => assert!(minting.calls == 3 && minting.write_units > 10.0, "{user}: {minting:?}"),
        }
        rooms.redeem(&token).await.expect("a seat");
        let joining = asked();
        assert_eq!((joining.calls, joining.write_units), (1, 4.0), "{user}");
        assert_eq!(shown(rooms.store(), &room.key, user).await, Some(metadata), "{user}");
        assert_eq!(asked().calls, 1, "{user}");
    }
    assert_eq!(apart(&table).await.len(), 2);
}

#[tokio::test]
async fn the_newest_of_many_tokens_wins() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    let mut tokens = vec![];
    for number in 0..20 {
        table.clock.advance(Duration::from_millis(1));
        tokens.push(mint(&rooms, &room.key, "ann", &text(&number.to_string(), 40 * KB)).await);
    }
    for number in [0, 19, 7] {
        rooms.redeem(&tokens[number]).await.expect("a seat");
        let metadata = text(&number.to_string(), 40 * KB);
        assert_eq!(shown(rooms.store(), &room.key, "ann").await, Some(metadata));
    }
    let small = mint(&rooms, &room.key, "ann", "{}").await;
    rooms.redeem(&small).await.expect("a seat");
    assert_eq!(shown(rooms.store(), &room.key, "ann").await, Some("{}".to_owned()));
}

#[tokio::test]
async fn it_stays_with_its_session() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    let (old, new) = (text("old", KB), text("new", KB));
    let unused = mint(&rooms, &room.key, "ann", &old).await;
    let token = mint(&rooms, &room.key, "ann", &old).await;
    rooms.redeem(&token).await.expect("a seat");
    rooms.end_session(&room.key).await;
    let next = rooms.open("room-1", None).await;
    assert_eq!(rooms.redeem(&unused).await, Err(Refusal::RoomNotActive));

    let token = mint(&rooms, &next.key, "ann", &new).await;
    rooms.redeem(&token).await.expect("a seat");
    assert_eq!(shown(rooms.store(), &room.key, "ann").await, Some(new));
    let count = |items: &[Value], sid: &str| {
        let of_session = format!("METADATA#{sid}.");
        items.iter().filter(|item| item["sk"]["S"].as_str().unwrap_or("").starts_with(&of_session)).count()
    };
    let items = apart(&table).await;
    assert_eq!(count(&items, &room.sid.to_string()), 2, "what the end of the old session has to remove");
    assert_eq!(count(&items, &next.sid.to_string()), 1);
}

#[tokio::test]
async fn somebody_who_comes_again_by_code_has_none() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.by_code(5).await;
    rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let metadata = text("ann", KB);
    let token = mint(&rooms, &room.key, "ann", &metadata).await;
    rooms.redeem(&token).await.expect("a seat");
    assert_eq!(shown(rooms.store(), &room.key, "ann").await, Some(metadata));
    rooms.join(&room.key, "ann").await.expect("a seat");
    assert_eq!(shown(rooms.store(), &room.key, "ann").await, None);
}

#[tokio::test]
async fn ttl_leaves_it_alone_as_long_as_the_session_may_last() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let lasts = Duration::from_hours(30 * 24);
    let seconds = |at: Timestamp| Value::from(at.seconds().to_string());

    let room = rooms.create(&NewRoom { duration: Some(lasts), ..new_room("with-a-duration") }).await;
    mint(&rooms, &room.key, "ann", &text("ann", KB)).await;
    let before = apart(&table).await;
    let latest_end = room.created_at.plus(EMPTY_TIMEOUT).plus(lasts);
    assert_eq!(before[0]["expires_at"]["N"], seconds(latest_end.plus(2 * WEEK)));
    let started = table.now();
    rooms.seat(&room.key, "bob").await;
    table.clock.advance(Duration::from_mins(1));
    mint(&rooms, &room.key, "cy", &text("cy", KB)).await;
    let added: Vec<_> = apart(&table).await.into_iter().filter(|item| !before.contains(item)).collect();
    assert_eq!(added.len(), 1);
    assert_eq!(added[0]["expires_at"]["N"], seconds(started.plus(lasts).plus(2 * WEEK)));

    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("without", None).await;
    mint(&rooms, &room.key, "ann", &text("ann", KB)).await;
    assert!(apart(&table).await[0].get("expires_at").is_none(), "nobody knows when it ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_and_failures_change_nothing_about_it() {
    let table = TestTable::simulated(Profile::Faults, 3).await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    for number in 0..10 {
        let user = format!("user{number}");
        let metadata = text(&user, 2 * KB);
        let token = mint(&rooms, &room.key, &user, &metadata).await;
        rooms.redeem(&token).await.expect("a seat");
        assert_eq!(shown(&table.calm_store(), &room.key, &user).await, Some(metadata));
    }
}
