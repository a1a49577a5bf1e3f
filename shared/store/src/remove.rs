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
use crate::items::{Key, ParticipantItem, event_text, token_attribute};
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
            let person =
                seen.participant.filter(|person| person.sid == room.sid || person.is_banned_from(&room));
            authorise(&room, person.as_ref())?;
            let present = person.as_ref().filter(|person| {
                person.sid == room.sid && matches!(person.standing, Standing::Active | Standing::Waiting)
            });
            let done = match (present, &person) {
                (Some(person), _) => self.depart(&departing(removal, &room, person), keep.as_ref()).await?,
                (None, _) if !removal.ban => return Err(Refusal::ParticipantNotFound.into()),
                (None, Some(person)) if person.is_banned_from(&room) => true,
                (None, person) => {
                    let step = ban_step(removal, &room, person.as_ref());
                    let outcome = self.commit_keeping(keep.as_ref(), |_| (), |_| vec![step.clone()]).await?;
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
        if !seen.participant.is_some_and(|person| person.is_banned_from(&room)) {
            return Ok(false);
        }
        let values = vec![("left", s("left")), ("banned", s("banned"))];
        let step =
            Step::update(Key::participant(key, user), "SET #status = :left", "#status = :banned", values);
        let outcome = self.commit_keeping(keep.as_ref(), |_| (), |_| vec![step.clone()]).await?;
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
            let tokens: Vec<Uuid> = match (revoked, person) {
                (Revoked::One(_, token), Some(person)) => {
                    person.tokens.iter().map(|(id, _)| *id).filter(|id| *id == token.id).collect()
                }
                (Revoked::OfUser(_), Some(person)) => person.tokens.iter().map(|(id, _)| *id).collect(),
                _ => vec![],
            };
            if user.is_some() && tokens.is_empty() {
                return Ok(());
            }
            let steps = |now| match user {
                Some(user) => vec![tokens_step(&room, user, &tokens)],
                None => vec![revoke_all_step(&room, now)],
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
    let set = if removal.message.is_empty() { "" } else { ", #told = :told" };
    Departing {
        room: removal.room,
        sid: room.sid,
        user: removal.user,
        event: Event::Removed { user: removal.user.clone(), banned: removal.ban },
        becomes: if removal.ban { Standing::Banned } else { Standing::Left },
        condition: "",
        values: vec![("told", s(removal.message))],
        set,
        remove: also_tokens(person.tokens.iter().map(|(id, _)| *id)),
        pause: removal.pause,
    }
}

/// `REMOVE` of unused join tokens, as more of a list.
fn also_tokens(tokens: impl Iterator<Item = Uuid>) -> String {
    tokens.fold(String::new(), |list, id| list + ", #" + &token_attribute(id))
}

/// Bars somebody who holds no place. One of an earlier session is barred from this one by a record of his own.
fn ban_step(removal: Removal<'_>, room: &Room, person: Option<&Participant>) -> Step {
    let key = Key::participant(removal.room, removal.user);
    let Some(person) = person else {
        let item = ParticipantItem::encode(&room.key, &barred(room, removal.user), None, None);
        return Step::put(key, item, "attribute_not_exists(#pk) OR #sid <> :sid", vec![("sid", s(room.sid))]);
    };
    let values: Values =
        vec![("banned", s("banned")), ("sid", s(room.sid)), ("seen", s(person.standing.word()))];
    let tokens = also_tokens(person.tokens.iter().map(|(id, _)| *id));
    // Who was only invited goes with his last token; who is barred stays.
    let update = format!("SET #status = :banned REMOVE #expires_at{tokens}");
    Step::update(key, update, "#sid = :sid AND #status = :seen", values)
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

fn tokens_step(room: &Room, user: &UserId, tokens: &[Uuid]) -> Step {
    let tokens: Vec<_> = tokens.iter().map(|id| format!("#{}", token_attribute(*id))).collect();
    let update = format!("REMOVE {}", tokens.join(", "));
    Step::update(Key::participant(&room.key, user), update, "#sid = :sid", vec![("sid", s(room.sid))])
}

/// Tokens that were minted up to now are dead: a join's condition compares the two moments.
fn revoke_all_step(room: &Room, now: Timestamp) -> Step {
    let values = vec![
        ("now", n(now.millis())),
        ("one", n(1)),
        ("event", s(event_text(Event::Revoked, now))),
        ("open", s("open")),
        ("sid", s(room.sid)),
    ];
    let update = "SET #revoked_before = :now, #seq = #seq + :one, #event = :event";
    Step::update(Key::state(&room.key), update, RUNNING, values)
}
