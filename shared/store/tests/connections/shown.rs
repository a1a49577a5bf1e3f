//! What people show of themselves.

use models::{Act, Lock, LockChange, Media, MediaChange, Refusal};
use store::{Admission, Halt, Shown, Store, Told};
use testing::TestTable;
use testing::rooms::session_of;

use super::{GRACE, attach, connect, id, person, redeem_on, refused};

const ON: MediaChange = MediaChange { audio: Some(true), video: Some(true), screen: None, hand: Some(true) };

/// Ann in a room, over the connection `c`.
async fn scene() -> (TestTable, Admission) {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let connected = connect(&store, "c").await;
    let joined = redeem_on(&store, &rooms.mint(&room.key, "ann").await, &connected).await.expect("a seat");
    (table, joined)
}

async fn show(store: &Store, joined: &Admission, by: &str, change: MediaChange) -> Result<bool, Halt> {
    let shown = Shown { room: &joined.room, sid: joined.sid, user: &joined.user, by: &id(by), change };
    store.show(shown).await
}

#[tokio::test]
async fn several_switches_change_at_once_and_what_is_so_already_is_not_written() {
    let (table, joined) = scene().await;
    let store = table.store();
    assert!(show(&store, &joined, "c", ON).await.expect("shown"));
    let media = person(&store, &joined.room).await.media;
    assert_eq!(media, Media { audio: true, video: true, screen: false, hand: true });
    let before = table.items().await;
    assert!(!show(&store, &joined, "c", ON).await.expect("nothing to do"));
    assert_eq!(table.items().await, before);
    assert!(show(&store, &joined, "c", MediaChange::MUTED).await.expect("muted"));
    assert_eq!(person(&store, &joined.room).await.media, Media { audio: false, ..media });
    assert!(show(&store, &joined, "c", MediaChange::OFF).await.expect("off"));
    assert_eq!(person(&store, &joined.room).await.media, Media::default());
}

#[tokio::test]
async fn only_the_connection_that_he_has_says_what_he_shows() {
    let (table, joined) = scene().await;
    let store = table.store();
    show(&store, &joined, "c", ON).await.expect("shown");
    let shown = person(&store, &joined.room).await.media;
    store.disconnect(&id("c"), GRACE).await.expect("lost");
    assert_eq!(refused(show(&store, &joined, "c", MediaChange::OFF).await), Refusal::NotInRoom);
    attach(&store, &session_of(&joined), &connect(&store, "d").await).await.expect("attached");
    assert_eq!(refused(show(&store, &joined, "c", MediaChange::OFF).await), Refusal::NotInRoom);
    assert_eq!(person(&store, &joined.room).await.media, shown, "kept while he is in");
    assert!(show(&store, &joined, "d", MediaChange::MUTED).await.expect("muted"));
}

#[tokio::test]
async fn nobody_shows_himself_after_the_session_or_against_a_lock() {
    let (table, joined) = scene().await;
    let store = table.store();
    let change = LockChange::from([(Lock::Webcam, true)]);
    let told = Told { room: &joined.room, sid: joined.sid, whom: None, change: &change };
    store.change_locks(told, None).await.expect("locked");
    let before = table.items().await;
    let refused_now = refused(show(&store, &joined, "c", ON).await);
    assert_eq!(refused_now, Refusal::Locked(Act::ShowHimself));
    assert_eq!(table.items().await, before, "none of what was to be shown");
    let speaks = MediaChange { audio: Some(true), video: Some(false), ..MediaChange::default() };
    assert!(show(&store, &joined, "c", speaks).await.expect("the rest"));
    table.rooms().end_session(&joined.room).await;
    assert_eq!(refused(show(&store, &joined, "c", ON).await), Refusal::RoomNotActive);
}

#[tokio::test]
async fn who_takes_a_seat_again_shows_nothing() {
    let (table, joined) = scene().await;
    let (store, rooms) = (table.store(), table.rooms());
    show(&store, &joined, "c", ON).await.expect("shown");
    rooms.leave(&joined).await;
    assert_eq!(person(&store, &joined.room).await.media, Media::default());
    rooms.seat(&joined.room, "ann").await;
    assert_eq!(person(&store, &joined.room).await.media, Media::default());
}
