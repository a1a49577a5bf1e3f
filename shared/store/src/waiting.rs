//! Those who wait: they are listed, admitted, denied; and somebody who is in is sent back to them.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use models::transition::{Departure, PersonTransition, RoomTransition};
use models::{Denial, Participant, ParticipantId, Refusal, Room, RoomKey, Sid, Standing, Timestamp, UserId};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, Verdict};
use crate::error::Halt;
use crate::items::{ParticipantItem, RoomItem};
use crate::step::Step;
use crate::{Store, StoreError};

/// How many may wait in a session, about: who comes at the same moment is not counted.
pub const MOST_WAITING: usize = 500;

/// Somebody in a session.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// By his name there, as the participant API says it.
    User(&'a UserId),
    /// By his id as a participant, as the rooms and realtime APIs say it. To find him takes a query of the room.
    Participant(ParticipantId),
}

/// Who of those who wait.
#[derive(Clone, Debug)]
pub enum Whom<'a> {
    /// This one.
    One(Who<'a>),
    /// These; who of them is not there any more is passed over.
    Several(BTreeSet<ParticipantId>),
    /// Everybody.
    All,
}

/// Those whom a moderator decides about.
#[derive(Clone, Debug)]
pub struct Waiters<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// The session that the moderator is in. In another one he has no word.
    pub sid: Sid,
    /// Who.
    pub whom: Whom<'a>,
}

/// What became of those who were to be admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Who has a seat now, in the order in which they got it.
    pub admitted: Vec<ParticipantId>,
    /// Who keeps waiting, in order of arrival, as far as it was looked at them: where somebody was asked for by his name,
    /// nobody else was.
    pub waiting: Vec<ParticipantId>,
}

impl Store {
    /// Who waits for a seat in the present session of the room, in order of arrival.
    pub async fn waiting(&self, room: &Room) -> Result<Vec<Participant>, StoreError> {
        Ok(in_order(self.participants(&room.key).await?, room))
    }

    /// Whether one more may wait.
    ///
    /// Refused: as many wait as may ([`Refusal::RoomFull`]).
    pub(crate) async fn can_wait(&self, room: &Room) -> Result<(), Halt> {
        // Before the session begins nobody waits in it. Boxed, for hardly anybody comes by here.
        if room.is_open(self.now()) && Box::pin(self.waiting(room)).await?.len() >= MOST_WAITING {
            return Err(Refusal::RoomFull.into());
        }
        Ok(())
    }

    /// Admits those who wait in order of arrival, as far as there are seats, each in a step of his own; the others keep
    /// waiting. Whoever left in the meantime, or is in already, is passed over. After a crash in the middle the rest are
    /// admitted by asking again. A seat to which nobody is connected is kept for `unattached`.
    ///
    /// Refused: no such room, no session, where nobody who is asked for waits or is in ([`Refusal::ParticipantNotFound`]),
    /// the lock, and no seat for the one who is asked for.
    pub async fn admit_waiters(
        &self,
        waiters: Waiters<'_>,
        unattached: Duration,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<Admitted, Halt> {
        let as_far_as_seats_last = !matches!(waiters.whom, Whom::One(_));
        let (room, meant, others) = self.waiters(waiters, &[Standing::Waiting, Standing::Active]).await?;
        let (admitted, left, stopped) =
            self.admit_in_order(&room, meant.into(), unattached, keep.as_ref()).await?;
        match stopped {
            Some(Refusal::RoomFull) if as_far_as_seats_last => {}
            Some(reason) if admitted.is_empty() => return Err(reason.into()),
            _ => {}
        }
        let waiting = in_order(left.into_iter().chain(others).collect(), &room);
        Ok(Admitted { admitted, waiting: waiting.iter().map(|person| person.id).collect() })
    }

    /// The room has no waiting room any more: who waits is admitted in order of arrival, as far as there are seats, and
    /// the rest are denied. May be repeated; where the session is over, nobody waits.
    pub async fn dissolve_waiting_room(
        &self,
        room: &Room,
        unattached: Duration,
    ) -> Result<Vec<ParticipantId>, Halt> {
        let waiting = self.waiting(room).await?;
        let (admitted, left, stopped) = self.admit_in_order(room, waiting.into(), unattached, None).await?;
        let why = match stopped {
            Some(Refusal::RoomFull) => Denial::Full,
            Some(Refusal::RoomLocked) => Denial::Locked,
            // They hear of the session's end.
            Some(_) | None => return Ok(admitted),
        };
        self.deny(room, left, why, None).await?;
        Ok(admitted)
    }

    /// Tells those who wait that they are not admitted. They may ask again. Answers with who was denied.
    ///
    /// Refused: no such room, no session, where nobody who is asked for waits ([`Refusal::ParticipantNotFound`]).
    pub async fn deny_waiters(
        &self,
        waiters: Waiters<'_>,
        why: Denial,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<Vec<ParticipantId>, Halt> {
        let (room, meant, _) = self.waiters(waiters, &[Standing::Waiting]).await?;
        self.deny(&room, meant.into(), why, keep.as_ref()).await
    }

    /// Takes the seat from somebody, who waits for admission from then on, behind those who do. A session that is empty
    /// then waits for `pause` for somebody to come back. `authorise` looks at the room and at him first.
    ///
    /// Refused: no such room, no session, who is not in ([`Refusal::ParticipantNotFound`]), and what `authorise` refuses.
    pub async fn send_back(
        &self,
        (key, sid): (&RoomKey, Sid),
        who: Who<'_>,
        (unattached, pause): (Duration, Duration),
        authorise: impl Fn(&Room, &Participant) -> Result<(), Refusal>,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<ParticipantId, Halt> {
        for _ in 0..MOST_LOOKS {
            let (room, person) = self.somebody(key, sid, who).await?;
            let person = person.filter(|person| person.is_in(&room)).ok_or(Refusal::ParticipantNotFound)?;
            authorise(&room, &person)?;
            let departure = Departure::send_back(&person, self.now().plus(unattached));
            if self.depart(key, &person.user, &departure, pause, keep.as_ref()).await? {
                return Ok(person.id);
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }

    /// The room, and somebody as he was last seen in this session of it, if he ever was.
    ///
    /// Refused: no such room, no session.
    pub async fn somebody(
        &self,
        key: &RoomKey,
        sid: Sid,
        who: Who<'_>,
    ) -> Result<(Room, Option<Participant>), Halt> {
        let (room, person) = match who {
            Who::User(user) => {
                let seen = self.look(key, false, Some(user)).await?;
                (seen.room, seen.participant)
            }
            Who::Participant(id) => {
                let people = self.participants(key).await?;
                // Looked at last, so that what is said of the room is no older than what is said of him.
                let room = self.room(key).await?;
                (room, people.into_iter().find(|person| person.sid == sid && person.id == id))
            }
        };
        Ok((self.running_of(room, sid)?, person.filter(|person| person.sid == sid)))
    }

    /// The room, those who are meant and wait, and who else was seen. Somebody of those who are asked for must stand at one of
    /// these.
    async fn waiters(
        &self,
        waiters: Waiters<'_>,
        standings: &[Standing],
    ) -> Result<(Room, Vec<Participant>, Vec<Participant>), Halt> {
        let Waiters { room: key, sid, whom } = waiters;
        let (room, people) = match &whom {
            Whom::One(who @ Who::User(_)) => {
                let (room, person) = self.somebody(key, sid, *who).await?;
                (room, person.into_iter().collect())
            }
            Whom::One(Who::Participant(_)) | Whom::Several(_) | Whom::All => {
                let room = self.running_of(self.room(key).await?, sid)?;
                let people = self.participants(key).await?;
                (room, people)
            }
        };
        let (meant, others): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| match &whom {
            Whom::One(who) => who.is(person) && person.sid == room.sid,
            Whom::Several(ids) => ids.contains(&person.id) && person.sid == room.sid,
            Whom::All => true,
        });
        if !matches!(whom, Whom::All) && !meant.iter().any(|one| standings.contains(&one.standing)) {
            return Err(Refusal::ParticipantNotFound.into());
        }
        let meant = in_order(meant, &room);
        Ok((room, meant, others))
    }

    /// Admits them one after the other, until one is refused. Says who was admitted, and who was not and why.
    async fn admit_in_order(
        &self,
        room: &Room,
        mut queue: VecDeque<Participant>,
        unattached: Duration,
        keep: Option<&Keep<'_, ()>>,
    ) -> Result<(Vec<ParticipantId>, VecDeque<Participant>, Option<Refusal>), Halt> {
        let mut admitted = vec![];
        while let Some(person) = queue.front() {
            // What takes several steps keeps its answer with the last one.
            let keep = keep.filter(|_| queue.len() == 1);
            match self.admit_waiter(room, person.clone(), unattached, keep).await {
                Ok(true) => admitted.push(person.id),
                Ok(false) => {}
                Err(Halt::Refused(reason)) => return Ok((admitted, queue, Some(reason))),
                Err(halt) => return Err(halt),
            }
            queue.pop_front();
        }
        Ok((admitted, queue, None))
    }

    /// Gives a seat to somebody who waits, in one step with the count of seats; says whether it did, or he waits no longer.
    async fn admit_waiter(
        &self,
        room: &Room,
        mut person: Participant,
        unattached: Duration,
        keep: Option<&Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let key = &room.key;
        for _ in 0..MOST_LOOKS {
            let steps = |now: Timestamp| {
                let admit = PersonTransition::admit(&person, now.plus(unattached), now);
                vec![
                    Step::of_room(key, &RoomTransition::admit(room, &person, now)),
                    Step::of_person(key, &person.user, &admit),
                ]
            };
            let verdicts = match self.commit_keeping(keep, |_| (), steps).await? {
                Outcome::Committed(_) => return Ok(true),
                Outcome::Refused(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            let (state, participant) = (verdicts.next(), verdicts.next());
            if let Some(Verdict::Failed(item)) = participant {
                let found = item.map(ParticipantItem::decode).transpose()?;
                let Some(waits) = found.filter(|person| person.waits_in(room)) else { return Ok(false) };
                person = waits;
            }
            if let Some(Verdict::Failed(item)) = state {
                let found = item.map(|item| RoomItem::decode(key, item)).transpose()?;
                self.running_of(found, room.sid)?.admits(self.now())?;
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }

    async fn deny(
        &self,
        room: &Room,
        mut queue: VecDeque<Participant>,
        why: Denial,
        keep: Option<&Keep<'_, ()>>,
    ) -> Result<Vec<ParticipantId>, Halt> {
        let mut denied = vec![];
        while let Some(person) = queue.pop_front() {
            let keep = keep.filter(|_| queue.is_empty());
            // Who waits leaves nothing behind that would have to pause.
            let departure = Departure::deny(&person, why);
            if self.depart(&room.key, &person.user, &departure, Duration::ZERO, keep).await? {
                denied.push(person.id);
            }
        }
        Ok(denied)
    }
}

impl Who<'_> {
    fn is(self, person: &Participant) -> bool {
        match self {
            Self::User(user) => person.user == *user,
            Self::Participant(id) => person.id == id,
        }
    }
}

/// Those who wait in the present session of the room, in order of arrival.
fn in_order(people: Vec<Participant>, room: &Room) -> Vec<Participant> {
    let mut waiting: Vec<_> = people.into_iter().filter(|person| person.waits_in(room)).collect();
    waiting.sort_by_key(|person| (person.waiting_since, person.id));
    waiting
}
