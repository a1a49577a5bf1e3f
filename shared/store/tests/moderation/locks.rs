//! What people are kept from.

use models::{Lock, LockChange, Refusal, Room, RoomKey, Sid};
use store::{Halt, Store, Told};
use testing::TestTable;
use testing::rooms::user_id;

use super::{person, refused};

async fn say(
    store: &Store,
    (key, sid): (&RoomKey, Sid),
    whom: Option<&str>,
    change: &[(Lock, bool)],
) -> Result<(), Halt> {
    let (whom, change) = (whom.map(user_id), change.iter().copied().collect::<LockChange>());
    store.change_locks(Told { room: key, sid, whom: whom.as_ref(), change: &change }, None).await
}

/// What somebody is kept from.
async fn locked(store: &Store, room: &Room, user: &str) -> Vec<String> {
    let room = store.room(&room.key).await.expect("readable").expect("a room");
    let locks = person(store, &room.key, user).await.present_locks(&room);
    locks.into_iter().filter_map(|(name, locked)| locked.then_some(name)).collect()
}

#[tokio::test]
async fn several_locks_change_at_once_for_one_and_for_all() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.by_code(9).await;
    let here = (&room.key, rooms.join(&room.key, "ann").await.expect("a seat").sid);
    rooms.join(&room.key, "bob").await.expect("a seat");
    let before = rooms.state(&room.key).await.seq;
    let both = [(Lock::Microphone, true), (Lock::PrivateChat, true)];
    say(&store, here, None, &both).await.expect("said");
    assert_eq!(rooms.state(&room.key).await.seq, before + 1, "one change");
    let other = [(Lock::Microphone, false), (Lock::Webcam, true), (Lock::Chat, false)];
    say(&store, here, Some("bob"), &other).await.expect("said");
    assert_eq!(rooms.state(&room.key).await.seq, before + 2, "one change");
    assert_eq!(locked(&store, &room, "ann").await, ["lock_microphone", "lock_private_chat"]);
    assert_eq!(locked(&store, &room, "bob").await, ["lock_private_chat", "lock_webcam"]);
}

#[tokio::test]
async fn nothing_said_is_nothing_written_and_yet_refused_as_anything_else() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let here = (&room.key, ann.sid);
    let before = table.items().await;
    say(&store, here, None, &[]).await.expect("nothing to do");
    say(&store, here, Some("ann"), &[]).await.expect("nothing to do");
    assert_eq!(table.items().await, before);
    assert_eq!(refused(say(&store, here, Some("bob"), &[]).await), Refusal::ParticipantNotFound);
    rooms.end_session(&room.key).await;
    for whom in [None, Some("ann")] {
        assert_eq!(refused(say(&store, here, whom, &[]).await), Refusal::RoomNotActive);
    }
}

#[tokio::test]
async fn of_words_to_one_and_to_all_at_once_none_is_torn() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = rooms.open("room", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let here = (&room.key, ann.sid);
    let before = rooms.state(&room.key).await.seq;
    let (all, free) =
        ([(Lock::Chat, true), (Lock::Webcam, true)], [(Lock::Chat, false), (Lock::Webcam, false)]);
    let (to_all, to_one) = tokio::join!(say(&store, here, None, &all), say(&store, here, Some("ann"), &free));
    to_all.and(to_one).expect("said");
    assert_eq!(rooms.state(&room.key).await.seq, before + 2);
    let left = locked(&store, &room, "ann").await;
    assert!(left.is_empty() || left == ["lock_chat", "lock_webcam"], "{left:?}");
}
