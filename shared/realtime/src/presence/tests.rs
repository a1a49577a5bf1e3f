use std::collections::BTreeSet;

use crate::people::JoinOut;
use api::rooms::{ParticipantOut, Session};

use models::{Connection, Features, Locks, Role, Room, Sid, Status, Timestamp, UserId, Words};
use serde_json::{Value, json};
use store::RoomDocument;

use super::*;

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const SID: Sid = Sid(Uuid::from_u128(7));

pub(super) fn person(name: &str) -> Participant {
    let user = UserId::try_from(name).expect("an id");
    let mut person = Participant::new(SID, user, Standing::Active);
    person.profile.name = name.to_owned();
    person.connection =
        Some(Connection { id: "L0SM9cOFvHcCIhw=".try_into().expect("an id"), client: models::Client::Plain });
    person
}

/// A session of these people, after so many changes.
pub(super) fn whole(seq: u64, people: Vec<Participant>) -> Whole {
    let room = Room {
        key: "main/r1".parse().expect("a room"),
        sid: SID,
        status: Status::Open,
        locked: false,
        seats: 0,
        joined: 0,
        max_participants: None,
        seq,
        hooks: 2,
        presenter: None,
        created_at: NOW,
        started_at: None,
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
    };
    let document = RoomDocument {
        sid: SID,
        title: String::new(),
        webhook_url: None,
        host_name: None,
        host_avatar_url: None,
        metadata: "{}".to_owned(),
        waiting_message: None,
    };
    let (present, gone): (Vec<_>, Vec<_>) =
        people.into_iter().partition(|person| person.standing == Standing::Active);
    let (waiting, gone) = gone.into_iter().partition(|person| person.standing == Standing::Waiting);
    Whole { room, document, present, waiting, gone, at: NOW, is_settled: true }
}

/// What was told of these people.
fn told(whole: &Whole) -> LastRound {
    Round::of(whole, None).into_last(1)
}

fn names(people: &Value) -> Vec<&str> {
    people.as_array().expect("a list").iter().filter_map(|one| one["displayName"].as_str()).collect()
}

/// The one message that `viewer` gets.
fn message(round: &Round<'_>, viewer: &Participant) -> Value {
    let messages = round.shown_to(viewer);
    assert_eq!(messages.len(), 1);
    serde_json::to_value(&messages[0]).expect("JSON")
}

#[test]
fn a_round_tells_who_came_went_and_changed_since_the_last() {
    let before = whole(3, vec![person("ann"), person("bo"), person("cy")]);
    let mut changed = person("bo");
    changed.media.hand = true;
    let left = Participant { standing: Standing::Left, ..person("cy") };
    let after = whole(6, vec![person("ann"), changed, left, person("dee")]);
    let last = told(&before);
    let round = Round::of(&after, Some(&last));
    let told = message(&round, &person("ann"));
    assert_eq!((names(&told["joined"]), names(&told["changed"])), (vec!["dee"], vec!["bo"]));
    assert_eq!(told["left"], json!([{"id": person("cy").id, "displayName": "cy", "reason": "left"}]));
    assert_eq!((&told["count"], &told["seq"]), (&json!(3), &json!(6)));
    assert_eq!((&told["since"], &told["seq"]), (&json!(3), &json!(6)));
    let again = round.into_last(1);
    let round = Round::of(&after, Some(&again));
    assert!(round.is_empty(), "told twice");
    // Nobody is posted that, so nobody misses it.
    let empty = LastRound { seq: 7, ..round.into_last(0) };
    let next = Round::of(&before, Some(&empty));
    assert_eq!(message(&next, &person("ann"))["since"], json!(6));
}

#[test]
fn what_was_taken_back_between_two_rounds_is_told_once() {
    let gone = |name: &str, joined_at| Participant { standing: Standing::Left, joined_at, ..person(name) };
    let long_gone = || gone("eve", Some(NOW.minus(Duration::from_mins(1))));
    let before = whole(3, vec![person("ann"), person("bo"), long_gone()]);
    let back = Participant { version: 2, ..person("bo") };
    // Cy came and went; Dee waited and was turned away, which is nobody's business.
    let (cy, dee) = (gone("cy", Some(NOW)), gone("dee", None));
    let after = whole(9, vec![person("ann"), back.clone(), cy.clone(), dee, long_gone()]);
    let last = told(&before);
    let round = Round::of(&after, Some(&last));
    let message_of = |round: &Round<'_>| message(round, &person("ann"));
    let heard = message_of(&round);
    assert_eq!((names(&heard["joined"]), names(&heard["changed"])), (vec![], vec!["bo"]));
    assert_eq!((names(&heard["left"]), &heard["count"]), (vec!["cy"], &json!(2)));
    let last = round.into_last(1);
    assert!(Round::of(&after, Some(&last)).is_empty(), "told twice");
    // He comes and goes once more.
    let again = whole(12, vec![person("ann"), back, Participant { version: 1, ..cy }]);
    let heard = message_of(&Round::of(&again, Some(&last)));
    assert_eq!((names(&heard["joined"]), names(&heard["left"])), (vec![], vec!["cy"]));
}

#[test]
fn what_was_told_while_people_came_and_went_is_told_again() {
    let last = told(&whole(3, vec![person("ann"), person("bo"), person("cy")]));
    let changed = Participant { version: 1, ..person("bo") };
    let left = Participant { standing: Standing::Left, ..person("cy") };
    let people = vec![person("ann"), changed, left, person("dee")];
    let unsettled = Whole { is_settled: false, ..whole(4, people.clone()) };
    let last = Round::of(&unsettled, Some(&last)).into_last(1);
    let settled = whole(6, people);
    let round = Round::of(&settled, Some(&last));
    let heard = message(&round, &person("ann"));
    assert_eq!((names(&heard["left"]), names(&heard["changed"])), (vec!["cy"], vec!["bo", "dee"]));
    assert_eq!((names(&heard["joined"]), &heard["count"]), (vec![], &json!(3)), "he is in already");
    assert!(Round::of(&settled, Some(&round.into_last(1))).is_empty());
}

#[test]
fn why_somebody_is_not_in_any_more_is_told() {
    let before = whole(1, vec![person("ann"), person("bo")]);
    for (standing, removed, reason) in [
        (Standing::Left, false, "left"),
        (Standing::Left, true, "removed"),
        (Standing::Banned, true, "banned"),
        (Standing::Waiting, false, "waiting"),
        // He was put out, came again, and was sent back.
        (Standing::Waiting, true, "waiting"),
    ] {
        let bo = Participant { standing, removed, ..person("bo") };
        let after = whole(2, vec![person("ann"), bo]);
        let told = message(&Round::of(&after, Some(&told(&before))), &person("ann"));
        assert_eq!(told["left"][0]["reason"], reason);
    }
}

#[test]
fn who_hides_himself_leaves_and_who_shows_himself_joins() {
    let seen = whole(1, vec![person("ann"), person("bo")]);
    let unseen = whole(2, vec![person("ann"), Participant { hidden: true, ..person("bo") }]);
    let (last, next) = (told(&seen), told(&unseen));
    let gone = message(&Round::of(&unseen, Some(&last)), &person("ann"));
    assert_eq!((names(&gone["left"]), &gone["count"]), (vec!["bo"], &json!(1)));
    let back = message(&Round::of(&seen, Some(&next)), &person("ann"));
    assert_eq!((names(&back["joined"]), &back["count"]), (vec!["bo"], &json!(2)));
}

/// A session of these people, who do not see one another.
fn apart(seq: u64, people: Vec<Participant>) -> Whole {
    let mut whole = whole(seq, people);
    whole.room.features.allow_view_other_users_list = false;
    whole
}

#[test]
fn who_sees_only_some_is_told_nothing_of_the_others() {
    let before = apart(1, vec![person("ann"), person("bo"), person("cy")]);
    let left = Participant { standing: Standing::Left, ..person("cy") };
    let mut changed = person("bo");
    changed.media.hand = true;
    let after = apart(4, vec![person("ann"), changed.clone(), left, person("dee")]);
    let last = told(&before);
    let round = Round::of(&after, Some(&last));
    assert!(!round.is_empty());
    assert_eq!(round.shown_to(&person("ann")), []);
    let own = message(&round, &changed);
    assert_eq!((names(&own["changed"]), &own["count"]), (vec!["bo"], &json!(1)));
    assert_eq!((&own["joined"], &own["left"]), (&json!([]), &json!([])));
    let admin = Participant { role: Role::Moderator, ..person("admin") };
    assert_eq!(message(&round, &admin)["count"], json!(3));
}

/// All ways in which somebody may be in a session, or not.
fn ways(name: &str) -> Vec<Participant> {
    let (person, hidden) = (person(name), Participant { hidden: true, ..person(name) });
    let admin = Participant { role: Role::Moderator, ..person.clone() };
    let gone = |standing| Participant { standing, ..admin.clone() };
    vec![person.clone(), hidden, gone(Standing::Left), gone(Standing::Waiting), admin]
}

#[test]
fn whatever_becomes_of_somebody_each_knows_and_counts_whom_he_may_see() {
    for (before, after) in ways("bo").iter().flat_map(|bo| ways("bo").into_iter().map(move |next| (bo, next)))
    {
        for make in [whole, apart] {
            let before = make(1, vec![person("ann"), before.clone()]);
            let after = make(2, vec![person("ann"), after.clone()]);
            let sees = |whole: &Whole| -> BTreeSet<_> {
                let seen = whole.present.iter().filter(|other| person("ann").may_see(other, &whole.room));
                seen.map(|other| other.id.to_string()).collect()
            };
            let mut known = sees(&before);
            let last = told(&before);
            for message in Round::of(&after, Some(&last)).shown_to(&person("ann")) {
                for joined in &message.joined {
                    assert!(known.insert(joined.id().to_owned()), "known already: {message:?}");
                }
                for left in &message.left {
                    assert!(known.remove(&left.id.to_string()), "unknown: {message:?}");
                }
                assert!(message.changed.iter().all(|changed| known.contains(changed.id())), "{message:?}");
                assert_eq!(message.count, known.len(), "{message:?}");
                let entries = message.joined.len() + message.left.len() + message.changed.len();
                assert_eq!(entries, 1, "{message:?}");
            }
            assert_eq!(known, sees(&after), "{:?} {:?}", before.present, after.present);
        }
    }
}

#[test]
fn what_was_told_of_an_earlier_session_is_forgotten() {
    let whole = whole(1, vec![person("ann")]);
    let earlier = LastRound { sid: Sid(Uuid::from_u128(8)), ..told(&whole) };
    assert_eq!(names(&message(&Round::of(&whole, Some(&earlier)), &person("ann"))["joined"]), ["ann"]);
}

#[test]
fn many_people_are_several_messages_that_follow_each_other() {
    let mut people: Vec<_> = (0..1000).map(|number| person(&format!("person-{number:04}"))).collect();
    for person in &mut people {
        person.profile.avatar_url = Some(format!("https://example.org/{}", "x".repeat(200)));
    }
    let whole = whole(1000, people);
    let messages = Round::of(&whole, None).shown_to(&person("person-0000"));
    assert!(messages.len() > 3, "{}", messages.len());
    let (mut known, mut seq) = (0, 1000 - u64::try_from(messages.len()).expect("few"));
    for message in &messages {
        known += message.joined.len();
        seq += 1;
        assert_eq!((message.count, message.seq), (known, seq));
        let text = serde_json::to_string(message).expect("JSON");
        assert!(socket::fits(&text), "{} bytes", text.len());
    }
    assert_eq!((known, seq), (1000, 1000));

    let (state, after) = whole.shown_to(&person("person-0000"), NOW);
    let state = serde_json::to_value(state).expect("JSON");
    let mut known = names(&state["participants"]).len();
    assert_eq!(state["seq"].as_u64().map(|seq| seq + after.len() as u64), Some(1000));
    for message in &after {
        known += message.joined.len();
        assert_eq!(message.count, known);
    }
    assert_eq!(known, 1000);
}

/// The answer to a moderator who joins where these wait, among as many people as are too many for a message.
fn joins_where(waiting: Vec<Participant>) -> Value {
    let mut people: Vec<_> = (0..500).map(|number| person(&format!("person-{number:04}"))).collect();
    people[0].role = Role::Moderator;
    let whole = Whole { waiting, ..whole(1000, people) };
    let session = Session {
        token: "t".repeat(2000),
        expires_at: NOW.to_string(),
        web_socket_url: Some("wss://x".into()),
    };
    let moderator = &whole.present[0];
    let own = ParticipantOut::present(&whole.room, moderator, session);
    let (joined, after) = JoinOut::seated(own, &whole, moderator, NOW);
    let text = serde_json::to_string(&joined).expect("JSON");
    assert!(text.len() < socket::MOST_SENT - 8 * 1024, "{} bytes, beside the room's own texts", text.len());
    let joined: Value = serde_json::from_str(&text).expect("JSON");
    let mut known: Vec<String> = names(&joined["participants"]).into_iter().map(str::to_owned).collect();
    for (message, before) in after.iter().rev().zip(0..) {
        assert_eq!(message.seq, 1000 - before);
        assert!(socket::fits(&serde_json::to_string(message).expect("JSON")));
    }
    for message in &after {
        let joined = serde_json::to_value(&message.joined).expect("JSON");
        known.extend(names(&joined).into_iter().map(str::to_owned));
        assert_eq!(message.count, known.len());
    }
    assert_eq!(joined["seq"].as_u64().map(|seq| seq + after.len() as u64), Some(1000));
    assert_eq!(known.len(), 500, "of those who are in nobody is lost");
    joined
}

/// Somebody who waits, as the one of this number.
fn waiter(number: u32, name: &str, picture: Option<String>) -> Participant {
    let mut waiter = person(&format!("waiter-{number}"));
    waiter.standing = Standing::Waiting;
    waiter.waiting_since = Some(NOW.plus(Duration::from_secs(number.into())));
    waiter.profile = models::Profile { name: name.to_owned(), avatar_url: picture };
    waiter
}

#[test]
fn a_moderator_is_told_who_waits_before_he_is_told_who_is_in() {
    let waiting: Vec<_> = (0..500).map(|number| waiter(number, "Somebody with a name", None)).collect();
    let joined = joins_where(waiting.clone());
    assert_eq!(joined["waiting"].as_array().map(Vec::len), Some(500));
    let participant = Participant { role: Role::Participant, ..person("person-0001") };
    let whole = Whole { waiting, ..whole(3, vec![participant.clone()]) };
    let (state, after) = whole.shown_to(&participant, NOW);
    let state = serde_json::to_value(state).expect("JSON");
    assert_eq!(
        (state.get("waiting"), names(&state["participants"]), after),
        (None, vec!["person-0001"], vec![])
    );
}

#[test]
fn where_pictures_are_too_much_the_last_who_wait_come_without() {
    let picture = |number| Some(format!("https://example.org/{number}/{}", "x".repeat(300)));
    let waiting = (0..500).map(|number| waiter(number, "Somebody", picture(number))).collect();
    let joined = joins_where(waiting);
    let waiting = joined["waiting"].as_array().expect("a list");
    assert_eq!(waiting.len(), 500);
    let shown = waiting.iter().take_while(|waiter| waiter["avatarUrl"].is_string()).count();
    assert!((50..450).contains(&shown), "{shown}");
    assert!(waiting[shown..].iter().all(|waiter| waiter["avatarUrl"].is_null()), "in order of arrival");
}

#[test]
fn where_names_are_too_much_the_list_ends_with_whom_the_message_has_no_room_for() {
    for (longest, fit) in
        [("😀".repeat(50), 300..310), ("\"".repeat(128), 255..265), ("😀".repeat(128), 150..160)]
    {
        let waiting: Vec<_> = (0..500).map(|number| waiter(number, &longest, None)).collect();
        let ids: Vec<_> = waiting.iter().map(|waiter| json!(waiter.id)).collect();
        let joined = joins_where(waiting);
        let told = joined["waiting"].as_array().expect("a list");
        assert!(fit.contains(&told.len()), "{}", told.len());
        let told: Vec<_> = told.iter().map(|waiter| waiter["id"].clone()).collect();
        assert_eq!(told, ids[..told.len()], "those who came first");
    }
}

#[test]
fn large_rounds_put_off_the_next_and_small_ones_do_not() {
    let seconds = |posts| pause_after(posts).as_secs_f32();
    assert!((seconds(0) - 1.0).abs() < 0.001 && (seconds(30) - 1.0).abs() < 0.001);
    assert!((seconds(300) - 10.0).abs() < 0.001);
}
