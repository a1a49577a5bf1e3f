use models::{
    ApiKeyId, Event, Features, Happened, Lasts, Locks, Random, SeededRandom, Standing, Status, TokenId, Words,
};
use uuid::Uuid;

use super::*;
use crate::items::{Item, Key};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn token() -> JoinToken {
    JoinToken {
        api_key: ApiKeyId::try_from("key").expect("an id"),
        room: "main/room-1".parse().expect("a room"),
        id: TokenId { sid: Sid(Uuid::from_u128(1)), id: SeededRandom::new(1).uuid_at(NOW) },
        user: UserId::try_from("ann").expect("an id"),
        name: "Ann".to_owned(),
        role: Role::Participant,
        lasts: Lasts::Unlimited,
    }
}

fn room(key: &RoomKey) -> Room {
    Room {
        key: key.clone(),
        sid: token().id.sid,
        status: Status::Open,
        locked: false,
        seats: 0,
        max_participants: None,
        seq: 1,
        hooks: 2,
        presenter: None,
        joined: 0,
        created_at: NOW,
        started_at: None,
        ended_at: None,
        duration: None,
        empty_timeout: Duration::from_mins(30),
        due_at: NOW.plus(Duration::from_mins(30)),
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

fn person(user: &UserId, sid: Sid, standing: Standing) -> Participant {
    Participant {
        profile: Profile { name: "Ann".to_owned(), avatar_url: None },
        ..Participant::new(sid, user.clone(), standing)
    }
}

/// The room of the token with this session, as a failed condition brings it back.
fn state(sid: Sid) -> Verdict {
    let token = token();
    let room = Room { sid, ..room(&token.room) };
    Verdict::Failed(Some(RoomItem::encode(&room, &Happened { event: Event::Created, at: room.created_at })))
}

/// Ann, whose token is spent, as a failed condition brings her back.
fn spent(standing: Standing) -> Verdict {
    let token = token();
    let person = person(&token.user, token.id.sid, standing);
    let mut item: Item = ParticipantItem::encode(&token.room, &person);
    item.extend(Key::participant(&token.room, &token.user).attributes());
    Verdict::Failed(Some(item))
}

fn explained(verdicts: Vec<Verdict>) -> Result<Option<Known>, Refusal> {
    let token = token();
    let credential = Credential::Token(&token);
    let door = Door {
        room: &token.room,
        credential,
        unattached: Duration::from_mins(1),
        past_rooms: Duration::from_hours(1),
    };
    explain(&door, SessionId(Uuid::from_u128(3)), verdicts, NOW).map_err(|halt| match halt {
        Halt::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_spent_token_is_named_only_when_the_room_has_nothing_to_say() {
    let refused = |verdicts| explained(verdicts).expect_err("refused");
    let (own, other) = (token().id.sid, Sid(Uuid::from_u128(9)));
    assert_eq!(refused(vec![Verdict::Passed, spent(Standing::Left)]), Refusal::UsedToken);
    assert_eq!(refused(vec![state(own), spent(Standing::Left)]), Refusal::UsedToken);
    assert_eq!(refused(vec![state(other), spent(Standing::Left)]), Refusal::RoomNotActive);
    assert_eq!(refused(vec![Verdict::Passed, spent(Standing::Banned)]), Refusal::Banned);
}

#[test]
fn what_was_not_looked_at_is_read() {
    for verdicts in [
        vec![Verdict::Unknown, spent(Standing::Left)],
        vec![Verdict::Unknown, spent(Standing::Banned)],
        vec![Verdict::Passed, Verdict::Unknown],
        vec![Verdict::Unknown, Verdict::Passed],
    ] {
        assert!(explained(verdicts).expect("nothing to refuse yet").is_none());
    }
}
