//! As many wait as may.

use futures_util::future::join_all;
use models::Entry;
use store::MOST_WAITING;
use testing::rooms::session_of;

use super::*;

#[tokio::test]
async fn one_more_than_may_wait_is_refused_until_one_has_gone() {
    let table = TestTable::new().await;
    let (store, rooms) = (table.store(), table.rooms());
    let room = guarded(&table, 9).await;
    let names: Vec<_> = (0..MOST_WAITING).map(|number| format!("user-{number}")).collect();
    let waiting: Vec<_> =
        join_all(names.iter().map(async |name| rooms.join(&room.key, name).await.expect("a place"))).await;
    assert!(waiting.iter().all(|person| !person.active));

    let (late, profile) = (user_id("late"), Profile { name: "Late".to_owned(), avatar_url: None });
    let credential = Credential::User { id: &late, profile: &profile };
    let door = Door { room: &room.key, credential, unattached: UNATTACHED, past_rooms: PAST_ROOMS };
    assert_eq!(rooms.join(&room.key, "late").await, Err(Refusal::RoomFull));
    assert_eq!(refused(store.would_admit(&door).await), Refusal::RoomFull);
    assert_eq!(rooms.join_as_guest(&room.key, "Gus").await, Err(Refusal::RoomFull));
    let again = rooms.join(&room.key, &names[0]).await.expect("he waits already");
    assert_eq!((again.id, again.active), (waiting[0].id, false));

    // His place has lapsed, and another has it.
    table.clock.advance(UNATTACHED);
    rooms.release(&waiting[1]).await;
    assert_eq!(store.would_admit(&door).await.ok(), Some(Entry::Wait));
    rooms.join(&room.key, "late").await.expect("a place");
    let back = store.resume(&session_of(&waiting[1]), UNATTACHED, None).await;
    assert_eq!(refused(back), Refusal::RoomFull);
    store.admit_waiters(one(&room, waiting[2].id), UNATTACHED, None).await.expect("admitted");
    let back = store.resume(&session_of(&waiting[1]), UNATTACHED, None).await.expect("a place");
    assert_eq!(back.participant.standing, Standing::Waiting);
}
