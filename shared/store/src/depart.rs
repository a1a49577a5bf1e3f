//! Somebody gives up his seat, or loses it.

use std::time::Duration;

use models::{Event, Room, RoomKey, SessionId, SessionToken, Sid, Standing, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::answer::Keep;
use crate::commit::{Outcome, Verdict};
use crate::error::Halt;
use crate::items::{Key, ParticipantItem, RoomItem, event_text};
use crate::step::{RUNNING, Step, Values, n, s};
use crate::{Store, StoreError};

/// How often a departure looks again when seats changed under its hands.
const MOST_TRIES: usize = 20;

/// A seat, or a place in the waiting room, that nobody is connected to: from `due_at` on it may be released, unless
/// somebody has come back to it, which sets another time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The room.
    pub room: RoomKey,
    /// The session of the room.
    pub sid: Sid,
    /// Whose seat it is.
    pub user: UserId,
    /// The sitting.
    pub session: SessionId,
    /// When it lapses.
    pub due_at: Timestamp,
}

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// The seat is free now.
    Freed,
    /// The lease has not lapsed yet.
    NotDue,
    /// There is nothing to release: somebody came back, or left, or the session is over.
    Gone,
}

/// Whose place becomes free, and under which conditions.
pub(crate) struct Departing<'a> {
    pub(crate) room: &'a RoomKey,
    pub(crate) sid: Sid,
    pub(crate) user: &'a UserId,
    /// What is told.
    pub(crate) event: Event,
    /// Where he stands then.
    pub(crate) becomes: Standing,
    /// What else must be true of the participant, beside his session and his standing.
    pub(crate) condition: &'static str,
    /// What that condition is about.
    pub(crate) values: Values,
    /// What else changes of the participant: more of `SET` and `REMOVE`.
    pub(crate) set: &'static str,
    pub(crate) remove: String,
    /// How long an empty room waits for somebody to come back.
    pub(crate) pause: Duration,
}

/// What is left behind.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// Others are in.
    Others,
    /// He is the last: the session's clock starts.
    Last {
        /// When it runs out.
        due_at: Timestamp,
        /// From when on TTL may remove the room.
        expires_at: Timestamp,
    },
    /// He held no seat, he waited.
    Waiter,
}

impl Store {
    /// Gives up the seat, or the place in the waiting room, that `token` is of. A token that is not the live one of a
    /// running session changes nothing: leaving may be repeated, and a late leave of a replaced sitting throws nobody
    /// out. Says whether anything changed.
    pub async fn leave(
        &self,
        token: &SessionToken,
        pause: Duration,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let departing = Departing {
            room: &token.room,
            sid: token.sid,
            user: &token.user,
            event: Event::Left { user: token.user.clone() },
            becomes: Standing::Left,
            condition: " AND #session = :session",
            values: vec![("session", s(token.session))],
            set: "",
            remove: String::new(),
            pause,
        };
        self.depart(&departing, keep.as_ref()).await
    }

    /// Frees the seat of a lease that has lapsed, if it is still the same lease.
    pub async fn release(&self, lease: &Lease, pause: Duration) -> Result<Released, Halt> {
        if lease.due_at > self.clock.now() {
            return Ok(Released::NotDue);
        }
        let departing = Departing {
            room: &lease.room,
            sid: lease.sid,
            user: &lease.user,
            event: Event::Left { user: lease.user.clone() },
            becomes: Standing::Left,
            condition: " AND #session = :session AND #due_at = :lease",
            values: vec![("session", s(lease.session)), ("lease", n(lease.due_at.millis()))],
            set: "",
            remove: String::new(),
            pause,
        };
        let freed = self.depart(&departing, None).await?;
        Ok(if freed { Released::Freed } else { Released::Gone })
    }

    /// Frees a place in one step with the count of seats, if all of the conditions hold; says whether they did.
    pub(crate) async fn depart(
        &self,
        departing: &Departing<'_>,
        keep: Option<&Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let mut leaving = Leaving::Others;
        for _ in 0..MOST_TRIES {
            let steps =
                |now| vec![state_step(departing, leaving, now), participant_step(departing, leaving, now)];
            let verdicts = match self.commit_keeping(keep, |_| (), steps).await? {
                Outcome::Committed(_) => return Ok(true),
                Outcome::Refused(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            let (state, participant) = (verdicts.next(), verdicts.next());
            if let Some(Verdict::Failed(item)) = participant {
                let person = item.map(ParticipantItem::decode).transpose()?;
                let person = person.filter(|person| person.sid == departing.sid);
                leaving = match (person.map(|person| person.standing), leaving) {
                    (Some(Standing::Waiting), Leaving::Others | Leaving::Last { .. }) => Leaving::Waiter,
                    // He was admitted in between.
                    (Some(Standing::Active), Leaving::Waiter) => Leaving::Others,
                    _ => return Ok(false),
                };
                continue;
            }
            let Some(Verdict::Failed(Some(item))) = state else { return Ok(false) };
            let room = RoomItem::decode(departing.room, item)?;
            // What ended at its time is not changed any more: who was in leaves with the session.
            if room.sid != departing.sid || !room.is_open(self.now()) {
                return Ok(false);
            }
            leaving = if room.seats > 1 { Leaving::Others } else { last(&room, departing.pause, self.now()) };
        }
        Err(StoreError::Busy("the room kept changing".to_owned()).into())
    }
}

/// An empty room ends after the pause in which somebody may come back, never later than by its duration.
fn last(room: &Room, pause: Duration, now: Timestamp) -> Leaving {
    let due_at = now.plus(pause).min(room.ends_at(now));
    let emptied = Room { seats: 0, due_at, ..room.clone() };
    Leaving::Last { due_at, expires_at: emptied.expires_in_session() }
}

fn state_step(departing: &Departing<'_>, leaving: Leaving, now: Timestamp) -> Step {
    let event = event_text(departing.event.clone(), now);
    let mut values: Values = vec![
        ("open", s("open")),
        ("sid", s(departing.sid)),
        ("now", n(now.millis())),
        ("one", n(1)),
        ("event", s(event)),
    ];
    let tell = "SET #seq = #seq + :one, #event = :event";
    let free = "#seats = #seats - :one, #hooks = #hooks + :one";
    let (update, condition) = match leaving {
        Leaving::Others => (format!("{tell}, {free}"), format!("{RUNNING} AND #seats > :one")),
        Leaving::Last { due_at, expires_at } => {
            values.push(("due_at", n(due_at.millis())));
            values.push(("expires_at", n(expires_at.seconds())));
            // What never expires has no such attribute since it was joined.
            let expiry = if expires_at < Timestamp::NEVER { ", #expires_at = :expires_at" } else { "" };
            (format!("{tell}, {free}, #due_at = :due_at{expiry}"), format!("{RUNNING} AND #seats = :one"))
        }
        Leaving::Waiter => (tell.to_owned(), RUNNING.to_owned()),
    };
    Step::update(Key::state(departing.room), update, condition, values)
}

fn participant_step(departing: &Departing<'_>, leaving: Leaving, now: Timestamp) -> Step {
    let seen = if matches!(leaving, Leaving::Waiter) { Standing::Waiting } else { Standing::Active };
    let mut values = vec![
        ("becomes", s(departing.becomes.word())),
        ("now", n(now.millis())),
        ("sid", s(departing.sid)),
        ("seen", s(seen.word())),
    ];
    values.extend(departing.values.iter().cloned());
    Step::update(
        Key::participant(departing.room, departing.user),
        format!(
            "SET #status = :becomes, #left_at = :now{} \
             REMOVE #session, #previous_session, #waiting_since, #due_at, #due_shard, #expires_at{}",
            departing.set, departing.remove
        ),
        format!("#sid = :sid AND #status = :seen{}", departing.condition),
        values,
    )
}
