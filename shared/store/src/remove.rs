//! Somebody is put out, barred, let back; and join tokens are revoked.

use std::time::Duration;

use models::{
    Event, Participant, ParticipantId, Profile, Refusal, Role, Room, RoomKey, Standing, Timestamp, TokenId,
    UserId,
};
use uuid::Uuid;

use crate::answer::Keep;
use crate::commit::Outcome;
use crate::depart::Departing;
use crate::error::Halt;
use crate::items::{Key, ParticipantItem, event_text, kept_from_before, token_attribute};
use crate::step::{RUNNING, Step, Values, n, s};
use crate::{Store, StoreError};

/// How often it looks again when the participant changed under its hands.
const MOST_TRIES: usize = 20;

/// How somebody is to be put out.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// Who.
    pub user: &'a UserId,
    /// Whether he is barred, too: for the session, and in a room by code for the room's life.
    pub ban: bool,
    /// What he is told.
    pub message: &'a str,
    /// How long an empty room waits for somebody to come back.
    pub pause: Duration,
}

/// Which unused join tokens are to be revoked.
#[derive(Clone, Debug)]
pub enum Revoked {
    /// This one of this person.
    One(UserId, TokenId),
    /// All of this person.
    OfUser(UserId),
    /// All of the session.
    All,
}

impl Store {
    /// Puts somebody out: his seat, or his place in the waiting room, is free, and his sittings and unused join tokens
    /// are dead, in one step. `authorise` looks at the room and at him first.
    ///
    /// Refused: no such room, no session, what `authorise` refuses, and who is not in, unless he is to be barred
    /// ([`Refusal::ParticipantNotFound`]).
    pub async fn remove(
        &self,
        removal: Removal<'_>,
        authorise: impl Fn(&Room, Option<&Participant>) -> Result<(), Refusal>,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_TRIES {
            let seen = self.look(removal.room, false, Some(removal.user)).await?;
            let room = self.running(seen.room)?;
            let record = seen.participant;
            let person =
                record.as_ref().filter(|person| person.sid == room.sid || person.is_banned_from(&room));
            authorise(&room, person)?;
            let present = person.filter(|person| {
                person.sid == room.sid && matches!(person.standing, Standing::Active | Standing::Waiting)
            });
            let done = match present {
                Some(person) => self.depart(&departing(removal, &room, person), keep.as_ref()).await?,
                None if !removal.ban => return Err(Refusal::ParticipantNotFound.into()),
                None if person.is_some_and(|person| person.is_banned_from(&room)) => true,
                None => {
                    let steps = |now| ban_steps(removal, &room, record.as_ref(), now);
                    let outcome = self.commit_keeping(keep.as_ref(), |_| (), steps).await?;
                    matches!(outcome, Outcome::Committed(_))
                }
            };
            if done {
                return Ok(());
            }
        }
        Err(StoreError::Busy("the participant kept changing".to_owned()).into())
    }

    /// Lets somebody come again who was barred. Says whether he was.
    ///
    /// Refused: no such room, no session.
    pub async fn unblock(
        &self,
        key: &RoomKey,
        user: &UserId,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let seen = self.look(key, false, Some(user)).await?;
        let room = self.running(seen.room)?;
        let Some(person) = seen.participant.filter(|person| person.is_banned_from(&room)) else {
            return Ok(false);
        };
        let steps = |now| unblock_steps(&room, &person, now);
        let outcome = self.commit_keeping(keep.as_ref(), |_| (), steps).await?;
        Ok(matches!(outcome, Outcome::Committed(_)))
    }

    /// Makes unused join tokens worthless. Who is in stays in.
    ///
    /// Refused: no such room, no session.
    pub async fn revoke(
        &self,
        key: &RoomKey,
        revoked: &Revoked,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_TRIES {
            let user = match revoked {
                Revoked::One(user, _) | Revoked::OfUser(user) => Some(user),
                Revoked::All => None,
            };
            let seen = self.look(key, false, user).await?;
            let room = self.running(seen.room)?;
            let person = seen.participant.filter(|person| person.sid == room.sid);
            let mut tokens = person.map(|person| person.tokens).unwrap_or_default();
            if let Revoked::One(_, token) = revoked {
                tokens.retain(|(id, _)| *id == token.id);
            }
            let of_user = match (user, removal_of(&tokens)) {
                (Some(_), None) => return Ok(()),
                (user, removal) => user.zip(removal),
            };
            let steps = |now| match &of_user {
                Some((user, removal)) => vec![tokens_step(&room, user, removal)],
                // Tokens that were minted up to now are dead: a join's condition compares the two moments.
                None => vec![state_step(&room, Event::Revoked, ", #revoked_before = :now", now)],
            };
            if let Outcome::Committed(_) = self.commit_keeping(keep.as_ref(), |_| (), steps).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy("the room kept changing".to_owned()).into())
    }

    /// The room, if a session runs in it.
    fn running(&self, room: Option<Room>) -> Result<Room, Refusal> {
        let now = self.clock.now();
        let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
        if room.is_open(now) { Ok(room) } else { Err(Refusal::RoomNotActive) }
    }
}

fn departing<'a>(removal: Removal<'a>, room: &Room, person: &Participant) -> Departing<'a> {
    // What he was told when he was put out before is told no more.
    let (set, untold) = if removal.message.is_empty() { ("", ", #told") } else { (", #told = :told", "") };
    Departing {
        room: removal.room,
        sid: room.sid,
        user: removal.user,
        event: Event::Removed { user: removal.user.clone(), banned: removal.ban },
        becomes: if removal.ban { Standing::Banned } else { Standing::Left },
        condition: "",
        values: vec![("told", s(removal.message))],
        set,
        remove: format!("{untold}{}", also_tokens(&person.tokens)),
        pause: removal.pause,
    }
}

/// Unused join tokens as more of a list of attributes.
fn also_tokens(tokens: &[(Uuid, Timestamp)]) -> String {
    tokens.iter().fold(String::new(), |list, (id, _)| list + ", #" + &token_attribute(*id))
}

/// `REMOVE` of these unused join tokens, if there are any.
fn removal_of(tokens: &[(Uuid, Timestamp)]) -> Option<String> {
    Some(format!("REMOVE {}", also_tokens(tokens).strip_prefix(", ")?))
}

/// Bars somebody who holds no place, while the session runs.
fn ban_steps(removal: Removal<'_>, room: &Room, record: Option<&Participant>, now: Timestamp) -> Vec<Step> {
    let state = state_step(room, Event::Removed { user: removal.user.clone(), banned: true }, "", now);
    let key = Key::participant(removal.room, removal.user);
    let put = |condition: &str, values| {
        let item = ParticipantItem::encode(&room.key, &barred(room, removal.user), None, None);
        Step::put(key.clone(), item, condition, values)
    };
    let seen = |person: &Participant| -> Values {
        vec![("sid", s(person.sid)), ("seen", s(person.standing.word()))]
    };
    // Only what was seen is changed: he may have come in since.
    let as_seen = "#sid = :sid AND #status = :seen";
    let (own, before) = match record {
        None => (put("attribute_not_exists(#pk)", vec![]), None),
        Some(person) if person.sid != room.sid => {
            (put(as_seen, seen(person)), kept_from_before(&room.key, person, now))
        }
        Some(person) => {
            let tokens = also_tokens(&person.tokens);
            // Who was only invited goes with his last token; who is barred stays.
            let update = format!("SET #status = :banned REMOVE #expires_at{tokens}");
            let values = seen(person).into_iter().chain([("banned", s("banned"))]).collect();
            (Step::update(key, update, as_seen, values), None)
        }
    };
    [state, own].into_iter().chain(before).collect()
}

/// Who was barred in this session counts as somebody who left it. The record of an earlier one goes.
fn unblock_steps(room: &Room, person: &Participant, now: Timestamp) -> Vec<Step> {
    let key = Key::participant(&room.key, &person.user);
    let values = vec![("left", s("left")), ("banned", s("banned")), ("sid", s(person.sid))];
    let condition = "#sid = :sid AND #status = :banned";
    if person.sid != room.sid {
        let gone = Step::delete(key, condition, values);
        return [gone].into_iter().chain(kept_from_before(&room.key, person, now)).collect();
    }
    // A token that was minted in the moment of the ban is as dead as the others, and stays so.
    let tokens = removal_of(&person.tokens).unwrap_or_default();
    vec![Step::update(key, format!("SET #status = :left {tokens}"), condition, values)]
}

fn barred(room: &Room, user: &UserId) -> Participant {
    Participant {
        user: user.clone(),
        sid: room.sid,
        standing: Standing::Banned,
        id: ParticipantId::of(room.sid, user),
        session: None,
        previous_session: None,
        profile: Profile { name: String::new(), avatar_url: None },
        role: Role::Participant,
        hidden: false,
        guest: false,
        locks: models::Locks::new(),
        metadata: None,
        joined_at: None,
        joined_before: None,
        waiting_since: None,
        admitted: false,
        tokens: vec![],
    }
}

fn tokens_step(room: &Room, user: &UserId, removal: &str) -> Step {
    Step::update(Key::participant(&room.key, user), removal, "#sid = :sid", vec![("sid", s(room.sid))])
}

/// Tells of a change while the session runs; `more` of the state changes with it.
fn state_step(room: &Room, event: Event, more: &str, now: Timestamp) -> Step {
    let values = vec![
        ("now", n(now.millis())),
        ("one", n(1)),
        ("event", s(event_text(event, now))),
        ("open", s("open")),
        ("sid", s(room.sid)),
    ];
    let update = format!("SET #seq = #seq + :one, #event = :event{more}");
    Step::update(Key::state(&room.key), update, RUNNING, values)
}
