//! What a change of a room's state tells the world: its webhooks with their numbers, and that a session is over.
//!
//! The state item is the outbox: each change of a session is one version of it, and the versions come in their order. The
//! numbers are `Room::hooks`, given out by the change itself, so that whoever sees a change twice counts it once.

use crate::{EndReason, Event, Happened, Room, Status, Timestamp, UserId};

/// What a webhook is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// A session was created.
    RoomCreated,
    /// Its first participant came.
    RoomStarted,
    /// Somebody took a seat.
    ParticipantJoined(UserId),
    /// Somebody left his.
    ParticipantLeft(UserId),
    /// The session is over.
    SessionEnded,
    /// The last webhook of every session.
    RoomFinished,
}

/// A webhook of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// Counts the session's webhooks, from 1.
    pub number: u32,
    /// When it happened.
    pub at: Timestamp,
    /// Seats taken then.
    pub seats: u32,
    /// What.
    pub news: News,
}

/// A session that is over, as it stood at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Over {
    /// The room with this session: who was in has a seat in it still.
    pub room: Room,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// The webhooks of a change of a room's state, but for those of a session's end.
pub fn told(before: Option<&Room>, after: Option<&Room>, happened: &Happened) -> Vec<Told> {
    let Some(room) = after else { return vec![] };
    let before = before.filter(|before| before.sid == room.sid);
    let begins = before.is_none_or(|before| before.status != Status::Open) && room.status == Status::Open;
    if before.is_some_and(|before| before.seq == room.seq) {
        return vec![];
    }
    let mut told = vec![];
    let mut tell = |number, seats, news| told.push(Told { number, at: happened.at, seats, news });
    if begins {
        tell(1, 0, News::RoomCreated);
    }
    let hooks_before = before.map_or(0, |before| before.hooks);
    match &happened.event {
        Event::Joined { user } | Event::Admitted { user } => {
            if before.is_none_or(|before| before.started_at.is_none()) {
                tell(2, room.seats, News::RoomStarted);
            }
            tell(room.hooks, room.seats, News::ParticipantJoined(user.clone()));
        }
        // Who gives up a place in the waiting room had no seat, and no number.
        Event::Left { user } | Event::Removed { user, .. } | Event::SentBack { user }
            if room.hooks > hooks_before =>
        {
            tell(room.hooks, room.seats, News::ParticipantLeft(user.clone()));
        }
        _ => {}
    }
    told
}

/// The session that is over by this change of a room's state.
///
/// One whose time had come ended then, whatever was done about it later: by a sweep, by the session that took its place, or
/// by TTL.
pub fn over(before: Option<&Room>, after: Option<&Room>, happened: &Happened) -> Option<Over> {
    let before = before.filter(|before| before.status == Status::Open)?;
    let same = after.filter(|after| after.sid == before.sid);
    if same.is_some_and(|after| after.status == Status::Open) {
        return None;
    }
    let room = same.unwrap_or(before).clone();
    let (ended_at, reason) = match happened.event {
        Event::Ended { reason } if same.is_some() => before.ended(happened.at, reason),
        _ => (before.due_at, before.due_reason()),
    };
    Some(Over { room, ended_at, reason })
}

/// The last number that a webhook of the present or last session has at `now`; once it is over, that of `room_finished`.
pub fn last_number(room: &Room, now: Timestamp) -> u32 {
    let last = last_before_end(room);
    // Who was in leaves, and two more say that it is over.
    if room.is_open(now) { last } else { last.saturating_add(room.seats).saturating_add(2) }
}

/// The last number before those of a session's end. Where nobody came the one that was kept for the first participant is
/// free.
fn last_before_end(room: &Room) -> u32 {
    if room.started_at.is_some() { room.hooks } else { 1 }
}

impl Over {
    /// The last webhooks of the session: who was in leaves, one after the other in this order; then it is over.
    pub fn told(&self, present: &[UserId]) -> Vec<Told> {
        let last = last_before_end(&self.room);
        let left = present.iter().cloned().map(News::ParticipantLeft);
        let news = left.chain([News::SessionEnded, News::RoomFinished]);
        let tell = |(news, (number, left)): (News, (u32, u32))| Told {
            number,
            at: self.ended_at,
            seats: u32::try_from(present.len()).unwrap_or(u32::MAX).saturating_sub(left),
            news,
        };
        news.zip((last + 1..).zip(1..)).map(tell).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::{Features, Locks, Sid, Words};

    const AT: Timestamp = Timestamp::from_millis(1_800_000_060_000);

    fn user(name: &str) -> UserId {
        name.try_into().expect("an id")
    }

    /// A session as it is created, a minute ago.
    fn created() -> Room {
        let created_at = Timestamp::from_millis(1_800_000_000_000);
        Room {
            key: "main/room".parse().expect("a room"),
            sid: Sid(Uuid::from_u128(1)),
            status: Status::Open,
            locked: false,
            seats: 0,
            joined: 0,
            max_participants: None,
            seq: 1,
            hooks: 2,
            presenter: None,
            created_at,
            started_at: None,
            ended_at: None,
            duration: None,
            empty_timeout: Duration::from_mins(30),
            due_at: created_at.plus(Duration::from_mins(30)),
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

    fn with(seats: u32, seq: u64, hooks: u32) -> Room {
        let started_at = Some(created().created_at);
        Room { seats, seq, hooks, started_at, due_at: Timestamp::NEVER, ..created() }
    }

    fn happened(event: Event) -> Happened {
        Happened { event, at: AT }
    }

    fn numbers(told: &[Told]) -> Vec<(u32, u32, &News)> {
        told.iter().map(|told| (told.number, told.seats, &told.news)).collect()
    }

    #[test]
    fn a_session_has_its_numbers_without_a_gap() {
        let (ann, bob) = (user("ann"), user("bob"));
        let joined = |user: &UserId| happened(Event::Joined { user: user.clone() });
        let first = told(None, Some(&created()), &happened(Event::Created));
        assert_eq!(numbers(&first), [(1, 0, &News::RoomCreated)]);
        let second = told(Some(&created()), Some(&with(1, 2, 3)), &joined(&ann));
        let came = News::ParticipantJoined(ann.clone());
        assert_eq!(numbers(&second), [(2, 1, &News::RoomStarted), (3, 1, &came)]);
        let third = told(Some(&with(1, 2, 3)), Some(&with(2, 3, 4)), &joined(&bob));
        assert_eq!(numbers(&third), [(4, 2, &News::ParticipantJoined(bob.clone()))]);
        let left = happened(Event::Left { user: ann.clone() });
        let fourth = told(Some(&with(2, 3, 4)), Some(&with(1, 4, 5)), &left);
        assert_eq!(numbers(&fourth), [(5, 1, &News::ParticipantLeft(ann))]);
        let over = Over { room: with(1, 5, 5), ended_at: AT, reason: EndReason::Api };
        let last = over.told(std::slice::from_ref(&bob));
        let left = News::ParticipantLeft(bob);
        assert_eq!(numbers(&last), [(6, 0, &left), (7, 0, &News::SessionEnded), (8, 0, &News::RoomFinished)]);
    }

    #[test]
    fn who_is_admitted_or_sent_back_has_a_number_and_who_is_denied_has_none() {
        let ann = user("ann");
        let admitted = happened(Event::Admitted { user: ann.clone() });
        let came = News::ParticipantJoined(ann.clone());
        let first = told(Some(&created()), Some(&with(1, 2, 3)), &admitted);
        assert_eq!(numbers(&first), [(2, 1, &News::RoomStarted), (3, 1, &came)]);
        let back = happened(Event::SentBack { user: ann.clone() });
        let second = told(Some(&with(1, 2, 3)), Some(&with(0, 3, 4)), &back);
        assert_eq!(numbers(&second), [(4, 0, &News::ParticipantLeft(ann.clone()))]);
        let denied = happened(Event::Denied { user: ann });
        assert!(told(Some(&with(0, 3, 4)), Some(&with(0, 4, 4)), &denied).is_empty());
    }

    #[test]
    fn a_session_that_begins_with_its_first_participant_tells_all_three() {
        let before = Room { sid: Sid(Uuid::from_u128(9)), status: Status::Idle, ..with(0, 7, 9) };
        let joined = happened(Event::Joined { user: user("ann") });
        let told = told(Some(&before), Some(&with(1, 1, 3)), &joined);
        assert_eq!(told.iter().map(|told| told.number).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn nobody_came_and_it_ends_with_two_and_three() {
        let over = Over { room: created(), ended_at: AT, reason: EndReason::EmptyTimeout };
        let (ended, finished) = (News::SessionEnded, News::RoomFinished);
        assert_eq!(numbers(&over.told(&[])), [(2, 0, &ended), (3, 0, &finished)]);
    }

    #[test]
    fn the_last_number_counts_the_end_once_it_has_come() {
        let (unused, two) = (created(), with(2, 4, 7));
        assert_eq!([&unused, &two].map(|room| last_number(room, room.created_at)), [1, 7]);
        assert_eq!(last_number(&unused, unused.due_at), 3);
        let over = Over { room: Room { status: Status::Ended, ..two }, ended_at: AT, reason: EndReason::Api };
        let last = over.told(&[user("ann"), user("bob")]).pop().expect("the last");
        assert_eq!((last.number, last.news), (last_number(&over.room, AT), News::RoomFinished));
    }

    #[test]
    fn what_takes_no_seat_has_no_number_and_the_same_version_tells_nothing() {
        let quiet = [
            Event::Left { user: user("waiter") },
            Event::Replaced { user: user("ann") },
            Event::Locked { locked: true },
            Event::Updated,
            Event::WaitingMessage,
            Event::Revoked,
            Event::Presents { user: None },
            Event::Muted,
            Event::Locks { user: None },
        ];
        for event in quiet {
            assert_eq!(told(Some(&with(1, 2, 3)), Some(&with(1, 3, 3)), &happened(event)), []);
        }
        let joined = happened(Event::Joined { user: user("ann") });
        assert_eq!(told(Some(&with(1, 2, 3)), Some(&with(1, 2, 3)), &joined), []);
    }

    #[test]
    fn a_session_is_over_by_its_end_by_its_successor_and_by_ttl() {
        let ended = |at| Happened { event: Event::Ended { reason: EndReason::Host }, at };
        let open = Room { due_at: AT, ..with(2, 4, 5) };
        let closed = Room { status: Status::Ended, ..open.clone() };
        let early = Timestamp::from_millis(AT.millis() - 1);
        let by_host = over(Some(&open), Some(&closed), &ended(early)).expect("over");
        assert_eq!((by_host.ended_at, by_host.reason), (early, EndReason::Host));
        // Too late: its time had come.
        let by_time = over(Some(&open), Some(&closed), &ended(AT)).expect("over");
        assert_eq!((by_time.ended_at, by_time.reason), (AT, EndReason::Duration));

        let next = Room { sid: Sid(Uuid::from_u128(2)), ..created() };
        let replaced = over(Some(&open), Some(&next), &happened(Event::Created)).expect("over");
        assert_eq!((replaced.room.sid, replaced.ended_at), (open.sid, AT));
        let emptied = Room { seats: 0, ..open.clone() };
        let removed = over(Some(&emptied), None, &happened(Event::Created)).expect("over");
        assert_eq!((removed.ended_at, removed.reason), (AT, EndReason::LastLeft));
        let unused = Room { due_at: AT, ..created() };
        let unused = over(Some(&unused), None, &happened(Event::Created)).expect("over");
        assert_eq!(unused.reason, EndReason::EmptyTimeout);

        assert_eq!(over(Some(&open), Some(&open), &happened(Event::Updated)), None);
        assert_eq!(over(Some(&closed), Some(&next), &happened(Event::Created)), None);
        assert_eq!(over(None, Some(&next), &happened(Event::Created)), None);
    }
}
