//! Somebody gives up his seat.

use std::time::Duration;

use models::{Event, Room, SessionToken, Standing, Timestamp};

use crate::answer::Keep;
use crate::commit::{Outcome, Verdict};
use crate::error::Halt;
use crate::items::{Key, ParticipantItem, RoomItem, event_text};
use crate::step::{Step, Values, n, s};
use crate::{Store, StoreError};

/// How often a leave looks again when seats changed under its hands.
const MOST_TRIES: usize = 20;

/// What the leaving one leaves behind.
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
        departure: Duration,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let mut leaving = Leaving::Others;
        for _ in 0..MOST_TRIES {
            let outcome = self
                .commit_keeping(
                    keep.as_ref(),
                    |_| (),
                    |now| vec![state_step(token, leaving), participant_step(token, leaving, now)],
                )
                .await?;
            let verdicts = match outcome {
                Outcome::Committed(_) => return Ok(true),
                Outcome::Refused(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            let (state, participant) = (verdicts.next(), verdicts.next());
            if let Some(Verdict::Failed(item)) = participant {
                let waits = match item.map(ParticipantItem::decode).transpose()? {
                    Some(person) => {
                        person.standing == Standing::Waiting
                            && person.sid == token.sid
                            && person.session == Some(token.session)
                    }
                    None => false,
                };
                if waits && !matches!(leaving, Leaving::Waiter) {
                    leaving = Leaving::Waiter;
                    continue;
                }
                return Ok(false);
            }
            let Some(Verdict::Failed(Some(item))) = state else { return Ok(false) };
            let room = RoomItem::decode(&token.room, item)?;
            if room.sid != token.sid || room.status != models::Status::Open {
                return Ok(false);
            }
            leaving = if room.seats > 1 { Leaving::Others } else { last(&room, departure, self.now()) };
        }
        Err(StoreError::Busy("the room kept changing".to_owned()).into())
    }
}

/// An empty room ends after the pause in which somebody may come back, never later than by its duration.
fn last(room: &Room, departure: Duration, now: Timestamp) -> Leaving {
    let due_at = now.plus(departure).min(room.ends_at(now));
    let emptied = Room { seats: 0, due_at, ..room.clone() };
    Leaving::Last { due_at, expires_at: emptied.expires_in_session() }
}

fn state_step(token: &SessionToken, leaving: Leaving) -> Step {
    let event = Event::Left { user: token.user.clone() };
    let mut values: Values =
        vec![("open", s("open")), ("sid", s(token.sid)), ("one", n(1)), ("event", s(event_text(&event)))];
    let running = "#status = :open AND #sid = :sid";
    let tell = "SET #seq = #seq + :one, #event = :event";
    let free = "#seats = #seats - :one, #hooks = #hooks + :one";
    let (update, condition) = match leaving {
        Leaving::Others => (format!("{tell}, {free}"), format!("{running} AND #seats > :one")),
        Leaving::Last { due_at, expires_at } => {
            values.push(("due_at", n(due_at.millis())));
            values.push(("expires_at", n(expires_at.seconds())));
            // What never expires has no such attribute since it was joined.
            let expiry = if expires_at < Timestamp::NEVER { ", #expires_at = :expires_at" } else { "" };
            (format!("{tell}, {free}, #due_at = :due_at{expiry}"), format!("{running} AND #seats = :one"))
        }
        Leaving::Waiter => (tell.to_owned(), running.to_owned()),
    };
    Step::update(Key::state(&token.room), update, condition, values)
}

fn participant_step(token: &SessionToken, leaving: Leaving, now: Timestamp) -> Step {
    let seen = if matches!(leaving, Leaving::Waiter) { "waiting" } else { "active" };
    let values = vec![
        ("left", s("left")),
        ("now", n(now.millis())),
        ("sid", s(token.sid)),
        ("seen", s(seen)),
        ("session", s(token.session)),
    ];
    Step::update(
        Key::participant(&token.room, &token.user),
        "SET #status = :left, #left_at = :now \
         REMOVE #session, #previous_session, #waiting_since, #due_at, #due_shard",
        "#sid = :sid AND #status = :seen AND #session = :session",
        values,
    )
}
