//! Whom moderators mute.

use std::time::Duration;

use models::{Client, Connection, ConnectionId, Media, MediaChange, ParticipantId, Refusal, Role, Room};
use serde_json::json;
use store::{
    Admission, Caller, Credential, Door, Halt, Mute, NewToken, Shown, Store, StreamChange, StreamRecord,
};
use testing::TestTable;
use testing::rooms::{PAST_ROOMS, Rooms, new_token, user_id};
use uuid::Uuid;

use super::{person, refused};

fn id(text: &str) -> ConnectionId {
    text.try_into().expect("an id")
}

/// Somebody comes in over a connection that has his name, and shows everything.
async fn shows(rooms: &Rooms, room: &Room, user: &str, role: Role) -> Admission {
    let store = rooms.store();
    let connection = Connection { id: id(user), client: Client::Plain };
    let connected = store.note_connection(connection, Caller::Guest).await.expect("noted");
    let new = NewToken { role, ..new_token(user, store.now()) };
    let token = rooms.mint_as(&room.key, new).await;
    let unattached = Duration::from_mins(1);
    let credential = Credential::Token(&token);
    let door = Door { room: &room.key, credential, unattached, past_rooms: PAST_ROOMS };
    let admission = store.admit_on(&door, &connected, None).await.expect("a seat");
    speak(store, &admission).await;
    admission
}

async fn speak(store: &Store, admission: &Admission) {
    let change = MediaChange { audio: Some(true), video: Some(true), screen: None, hand: Some(true) };
    let Admission { room, sid, user, .. } = admission;
    let by = id(user.as_str());
    store.show(Shown { room, sid: *sid, user, by: &by, change }).await.expect("shown");
}

const MODERATOR: ParticipantId = ParticipantId(Uuid::from_u128(9));

async fn mute(store: &Store, room: &Room, whom: Option<&str>) -> Result<(), Halt> {
    let whom = whom.map(user_id);
    store.mute(Mute { room: &room.key, sid: room.sid, whom: whom.as_ref(), by: MODERATOR }, None).await
}

/// Who has his microphone on.
async fn heard(store: &Store, room: &Room) -> Vec<String> {
    let people = store.present(&room.key, room.sid).await.expect("readable").into_iter();
    people.filter(|person| person.media.audio).map(|person| person.user.to_string()).collect()
}

/// Whom the stream says to have been muted, and by whom.
async fn told(table: &TestTable) -> Vec<(String, ParticipantId)> {
    let records = table.records().await.into_iter();
    let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).expect("a record"));
    let changes = records.filter_map(|record| record.change().expect("readable"));
    let muted = changes.filter_map(|change| match change {
        StreamChange::Person(change) => change.muted,
        StreamChange::Room(_) => None,
    });
    muted.map(|muted| (muted.connection.id.to_string(), muted.by)).collect()
}

async fn last_event(table: &TestTable, room: &Room) -> serde_json::Value {
    table.history(&room.key).await.pop().expect("a change").event()
}

#[tokio::test]
async fn who_never_said_that_his_microphone_is_on_is_told_all_the_same() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join_on(&room.key, "ann", &rooms.connect("ann", Client::Plain).await).await;
    let room = rooms.state(&room.key).await;
    mute(&store, &room, Some("ann")).await.expect("muted");
    table.clock.advance(Duration::from_millis(1));
    mute(&store, &room, None).await.expect("muted");
    assert_eq!(told(&table).await, vec![("ann".to_owned(), MODERATOR); 2]);
}

#[tokio::test]
async fn who_is_muted_is_seen_so_told_by_whom_and_may_speak_again() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let ann = shows(&rooms, &room, "ann", Role::Participant).await;
    for times in 1..=2 {
        let seq = rooms.state(&room.key).await.seq;
        mute(&store, &room, Some("ann")).await.expect("muted");
        let muted = person(&store, &room.key, "ann").await;
        let media = Media { audio: false, video: true, screen: false, hand: true };
        assert_eq!((muted.media, muted.muted_by.map(|by| by.id)), (media, Some(MODERATOR)));
        assert_eq!(rooms.state(&room.key).await.seq, seq + 1);
        assert_eq!(last_event(&table, &room).await, json!({"type": "changed", "user": "ann"}));
        table.clock.advance(Duration::from_millis(1));
        mute(&store, &room, Some("ann")).await.expect("muted again");
        assert_eq!(told(&table).await, vec![("ann".to_owned(), MODERATOR); 2 * times], "each time");
        speak(&store, &ann).await;
        assert_eq!(person(&store, &room.key, "ann").await.muted_by, None);
    }
}

#[tokio::test]
async fn all_who_have_no_rights_are_muted_in_as_many_steps_as_it_takes() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    shows(&rooms, &room, "adm", Role::Moderator).await;
    for number in 0..100 {
        shows(&rooms, &room, &format!("user-{number}"), Role::Participant).await;
    }
    rooms.seat(&room.key, "silent").await;
    let seq = rooms.state(&room.key).await.seq;
    mute(&store, &room, None).await.expect("muted");
    assert_eq!(heard(&store, &room).await, ["adm"]);
    assert_eq!(rooms.state(&room.key).await.seq, seq + 2, "two changes");
    assert_eq!(last_event(&table, &room).await, json!({"type": "muted"}));
    assert_eq!(told(&table).await.len(), 100);
    assert_eq!(person(&store, &room.key, "silent").await.muted_by, None);
    table.clock.advance(Duration::from_millis(1));
    mute(&store, &room, None).await.expect("muted again");
    assert_eq!(told(&table).await.len(), 200);
}

#[tokio::test]
async fn all_are_muted_while_some_leave_and_others_speak() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let mut seats = vec![];
    for number in 0..6 {
        seats.push(shows(&rooms, &room, &format!("user-{number}"), Role::Participant).await);
    }
    let (muted, left, ()) = tokio::join!(
        mute(&store, &room, None),
        async { [rooms.leave(&seats[0]).await, rooms.leave(&seats[1]).await] },
        speak(&store, &seats[2]),
    );
    muted.expect("muted");
    assert_eq!(left, [true; 2]);
    let heard = heard(&store, &room).await;
    assert!(heard.is_empty() || heard == ["user-2"], "{heard:?}");
    assert_eq!(rooms.state(&room.key).await.seats, 4);
}

#[tokio::test]
async fn who_is_not_in_or_is_seen_by_nobody_cannot_be_muted() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let left = shows(&rooms, &room, "left", Role::Participant).await;
    rooms.leave(&left).await;
    rooms.mint(&room.key, "invited").await;
    let hidden = NewToken { hidden: true, ..new_token("hid", table.now()) };
    rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for user in ["left", "invited", "hid", "nobody"] {
        assert_eq!(refused(mute(&store, &room, Some(user)).await), Refusal::ParticipantNotFound, "{user}");
    }
    mute(&store, &room, None).await.expect("nobody is heard");
    assert_eq!(table.items().await, before);
    rooms.end_session(&room.key).await;
    for whom in [None, Some("hid")] {
        assert_eq!(refused(mute(&store, &room, whom).await), Refusal::RoomNotActive);
    }
}

#[tokio::test]
async fn who_comes_again_is_muted_by_nobody() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let ann = shows(&rooms, &room, "ann", Role::Participant).await;
    mute(&store, &room, Some("ann")).await.expect("muted");
    rooms.leave(&ann).await;
    assert_eq!(person(&store, &room.key, "ann").await.muted_by, None);
    rooms.seat(&room.key, "ann").await;
    assert_eq!(person(&store, &room.key, "ann").await.muted_by, None);
}
