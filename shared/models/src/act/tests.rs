use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::{CodeRoom, Features, Locks, Settings, Sid, Standing, Status, Timestamp, Word, Words};

const SID: Sid = Sid(Uuid::from_u128(1));

/// A room of the server API.
fn room() -> Room {
    Room {
        key: "main/room".parse().expect("a room"),
        sid: SID,
        status: Status::Open,
        locked: false,
        seats: 1,
        joined: 1,
        max_participants: None,
        seq: 2,
        hooks: 3,
        presenter: None,
        created_at: Timestamp::default(),
        started_at: Some(Timestamp::default()),
        ended_at: None,
        duration: None,
        empty_timeout: Duration::from_mins(30),
        due_at: Timestamp::NEVER,
        revoked_before: Timestamp::default(),
        waiting_room: false,
        auto_gen_user_id: false,
        features: Features::default(),
        default_locks: Locks::new(),
        said: Words::new(),
        api_key: None,
        by_code: None,
        expires_at: Timestamp::NEVER,
    }
}

fn by_code(settings: Settings) -> Room {
    let code = "abc-def-ghi".try_into().expect("a code");
    let host = "hanna".try_into().expect("an id");
    Room { by_code: Some(CodeRoom { code, host, settings, created_at: Timestamp::default() }), ..room() }
}

fn person(role: Role) -> Participant {
    Participant { role, ..Participant::new(SID, "ann".try_into().expect("an id"), Standing::Active) }
}

fn locked(setting: &str) -> Participant {
    Participant { locks: Locks::from([(setting.to_owned(), true)]), ..person(Role::Participant) }
}

/// What somebody may not do, each with what is named as the reason.
fn refused(person: &Participant, room: &Room) -> Vec<(Act, Refusal)> {
    Act::ALL.into_iter().filter_map(|act| Some((act, person.may(act, room).err()?))).collect()
}

fn as_themselves(acts: &[Act]) -> Vec<(Act, Refusal)> {
    acts.iter().map(|act| (*act, Refusal::Locked(*act))).collect()
}

const WITHOUT_CHAT: [(Act, Refusal); 2] =
    [(Act::Chat, Refusal::Locked(Act::Chat)), (Act::ChatInPrivate, Refusal::Locked(Act::Chat))];

#[test]
fn each_lock_keeps_people_from_what_it_is_about() {
    for (setting, acts) in [
        ("lock_microphone", as_themselves(&[Act::Speak])),
        ("lock_webcam", as_themselves(&[Act::ShowHimself])),
        ("lock_screen_sharing", as_themselves(&[Act::ShareScreen])),
        ("lock_chat", WITHOUT_CHAT.to_vec()),
        ("lock_chat_send_message", as_themselves(&[Act::Chat])),
        ("lock_private_chat", as_themselves(&[Act::ChatInPrivate])),
        ("lock_whiteboard", vec![]),
    ] {
        assert_eq!(refused(&locked(setting), &room()), acts, "{setting}");
        for role in [Role::Host, Role::Moderator] {
            assert_eq!(refused(&Participant { role, ..locked(setting) }, &room()), [], "{setting}");
        }
    }
}

#[test]
fn what_a_room_is_not_made_for_nobody_does() {
    let off = |switch: fn(&mut Features)| {
        let mut room = room();
        switch(&mut room.features);
        room
    };
    for (room, acts) in [
        (off(|features| features.allow_webcams = false), as_themselves(&[Act::ShowHimself])),
        (off(|features| features.allow_screen_share = false), as_themselves(&[Act::ShareScreen])),
        (off(|features| features.allow_raise_hand = false), as_themselves(&[Act::RaiseHand])),
        (off(|features| features.allow_chat = false), WITHOUT_CHAT.to_vec()),
    ] {
        for role in [Role::Participant, Role::Moderator] {
            assert_eq!(refused(&person(role), &room), acts);
        }
    }
    let admins = off(|features| features.admin_only_webcams = true);
    assert_eq!(refused(&person(Role::Participant), &admins), as_themselves(&[Act::ShowHimself]));
    assert_eq!(refused(&person(Role::Moderator), &admins), []);
}

#[test]
fn what_the_host_does_not_allow_binds_those_without_rights() {
    let all = Settings::default();
    for (settings, acts) in [
        (Settings { allow_participant_audio: false, ..all }, as_themselves(&[Act::Speak])),
        (Settings { allow_participant_video: false, ..all }, as_themselves(&[Act::ShowHimself])),
        (Settings { allow_screen_share: false, ..all }, as_themselves(&[Act::ShareScreen])),
        (Settings { allow_chat: false, ..all }, WITHOUT_CHAT.to_vec()),
    ] {
        assert_eq!(refused(&person(Role::Participant), &by_code(settings)), acts);
        for role in [Role::Host, Role::Moderator] {
            assert_eq!(refused(&person(role), &by_code(settings)), []);
        }
        // A word to him lifts his own locks, and not what the host decided.
        let said = Lock::ALL.map(|lock| (lock, Word { locked: false, number: 9 })).into();
        let let_off = Participant { said, ..person(Role::Participant) };
        assert_eq!(refused(&let_off, &by_code(settings)), acts);
    }
    let said = Words::from([(Lock::Microphone, Word { locked: true, number: 2 })]);
    let all_muted = Room { said, ..by_code(all) };
    assert_eq!(refused(&person(Role::Participant), &all_muted), as_themselves(&[Act::Speak]));
}

#[test]
fn who_is_not_in_or_is_seen_by_nobody_does_nothing() {
    let all = |refusal: Refusal| Act::ALL.map(|act| (act, refusal.clone()));
    for standing in [Standing::Invited, Standing::Waiting, Standing::Left, Standing::Banned] {
        let out = Participant { standing, ..person(Role::Moderator) };
        assert_eq!(refused(&out, &room()), all(Refusal::NotInRoom), "{standing:?}");
    }
    let earlier = Participant { sid: Sid(Uuid::from_u128(2)), ..person(Role::Host) };
    assert_eq!(refused(&earlier, &room()), all(Refusal::NotInRoom));
    for role in [Role::Participant, Role::Moderator] {
        let hidden = Participant { hidden: true, ..person(role) };
        assert_eq!(refused(&hidden, &room()), all(Refusal::Unseen));
        assert_eq!(hidden.may_show(MediaChange::OFF, &room()), Ok(()));
    }
}

#[test]
fn where_the_list_is_closed_those_without_rights_see_moderators_and_themselves() {
    let named = |user: &str, role, hidden| Participant {
        role,
        hidden,
        ..Participant::new(SID, user.try_into().expect("an id"), Standing::Active)
    };
    let people = [
        named("adm", Role::Moderator, false),
        named("ann", Role::Participant, false),
        named("bob", Role::Participant, false),
        named("hid", Role::Moderator, true),
    ];
    let seen = |room: &Room| {
        let see = |person: &Participant| people.each_ref().map(|other| person.may_see(other, room));
        people.each_ref().map(see)
    };
    let all = [true, true, true, false];
    assert_eq!(seen(&room()), [all; 4]);
    let features = Features { allow_view_other_users_list: false, ..Features::default() };
    let (ann, bob) = ([true, true, false, false], [true, false, true, false]);
    assert_eq!(seen(&Room { features, ..room() }), [all, ann, bob, all]);
}

#[test]
fn newcomers_are_muted_as_the_room_was_made_or_as_its_host_says() {
    let features = Features { mute_on_start: true, ..Features::default() };
    let settings = Settings { mute_participants_on_join: true, ..Settings::default() };
    let rooms = [room(), Room { features, ..room() }, by_code(Settings::default()), by_code(settings)];
    assert_eq!(rooms.map(|room| room.mutes_newcomers()), [false, true, false, true]);
}

fn lock() -> impl Strategy<Value = Lock> {
    select(Lock::ALL.to_vec())
}

fn words() -> impl Strategy<Value = Words> {
    let word = (any::<bool>(), 1..4_u64).prop_map(|(locked, number)| Word { locked, number });
    prop::collection::btree_map(lock(), word, 0..4)
}

fn switch() -> impl Strategy<Value = Option<bool>> {
    select(vec![None, Some(false), Some(true)])
}

proptest! {
    #[test]
    fn of_what_is_turned_on_all_must_be_allowed_and_turning_off_always_is(
        (audio, video, screen, hand) in (switch(), switch(), switch(), switch()),
        to_him in words(),
        to_all in words(),
    ) {
        let (change, room) = (MediaChange { audio, video, screen, hand }, Room { said: to_all, ..room() });
        let person = Participant { said: to_him, ..person(Role::Participant) };
        let acts = [
            (audio, Act::Speak), (video, Act::ShowHimself), (screen, Act::ShareScreen), (hand, Act::RaiseHand),
        ];
        let allowed = acts.iter().all(|(on, act)| *on != Some(true) || person.may(*act, &room).is_ok());
        prop_assert_eq!(person.may_show(change, &room).is_ok(), allowed);
        let off = [audio, video, screen, hand].map(|switch| switch.filter(|on| !on));
        let [audio, video, screen, hand] = off;
        prop_assert_eq!(person.may_show(MediaChange { audio, video, screen, hand }, &room), Ok(()));
    }

    #[test]
    fn the_last_word_counts_and_before_any_word_what_he_brought(
        lock in lock(),
        to_him in words(),
        to_all in words(),
        brought in any::<bool>(),
    ) {
        let last = match (to_him.get(&lock), to_all.get(&lock)) {
            (Some(his), Some(all)) => Some(if his.number > all.number { his } else { all }),
            (his, all) => his.or(all),
        };
        let expected = last.map_or(brought, |word| word.locked);
        let locks = Locks::from([(lock.setting().to_owned(), brought)]);
        let person = Participant { said: to_him.clone(), locks, ..person(Role::Participant) };
        let locks = person.present_locks(&Room { said: to_all.clone(), ..room() });
        prop_assert_eq!(locks.get(lock.setting()), Some(&expected));
    }
}
