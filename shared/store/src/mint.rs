//! Join tokens: one attribute each, on the participant whom the token will admit.

use models::transition::PersonTransition;
use models::{
    Lasts, Locks, Metadata, Participant, Profile, Refusal, Role, Room, RoomKey, Standing, Timestamp, TokenId,
    UserId,
};
use uuid::Uuid;

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, Verdict};
use crate::error::Halt;
use crate::items::{Key, TokenRecord, encode, encode_text, held, kept_from_before, token_attribute};
use crate::step::{Step, m};
use crate::{Store, StoreError};

/// Unused tokens of one person; one more drops the oldest, so that the newest always works.
const MOST_TOKENS: usize = 20;

/// What a token will bring to the participant who uses it.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whom it admits.
    pub user: UserId,
    /// His name.
    pub name: String,
    /// His role.
    pub role: Role,
    /// Shown to the server API only.
    pub hidden: bool,
    /// What he may not do.
    pub locks: Locks,
    /// plugNmeet's `user_metadata`, a JSON text. Over 512 bytes it is stored apart, which costs the minting one more
    /// round trip and a write unit per KB (deflated), and a join nothing.
    pub metadata: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A token that was stored.
#[derive(Clone, Debug)]
pub struct Minted {
    /// Its id.
    pub id: TokenId,
    /// What it brings.
    pub token: NewToken,
    /// How long the session lasts.
    pub lasts: Lasts,
}

impl Store {
    /// Stores a join token for the session that runs in the room `key`. `user` is the id that the caller gave, where it
    /// is one; `describe` makes the token once the room is known. Nobody who is in is disturbed.
    ///
    /// Refused: no such room or none active ([`Refusal::RoomNotActive`]), banned, and what `describe` refuses.
    pub async fn mint(
        &self,
        key: &RoomKey,
        user: Option<&UserId>,
        now: Timestamp,
        describe: impl Fn(&Room) -> Result<NewToken, Refusal>,
        keep: Option<Keep<'_, Minted>>,
    ) -> Result<Minted, Halt> {
        let id = self.random.uuid_at(now);
        for _ in 0..MOST_LOOKS {
            let seen = self.look(key, false, user).await?;
            let room = seen.room.filter(|room| room.is_open(now)).ok_or(Refusal::RoomNotActive)?;
            // The person whose id the server makes is known only now, and is new.
            let token = describe(&room)?;
            let person = seen.participant.filter(|person| person.user == token.user);
            if person.as_ref().is_some_and(|person| person.is_banned_from(&room)) {
                return Err(Refusal::Banned.into());
            }
            let minted = Minted { id: TokenId { sid: room.sid, id }, token, lasts: room.lasts() };
            let held = held(&minted.token.metadata, id);
            if let Metadata::Apart { .. } = held {
                // Before the token that refers to it, and by a plain write: repeating it does no harm, and if the token
                // then is not stored, it goes with the session.
                let (key, item) = (Key::metadata(key, minted.id), encode_text(&minted.token.metadata, &room));
                self.commit_one(&Step::put(key, item, "", vec![])).await?;
            }
            let step = token_step(&room, person.as_ref(), &minted, held, now);
            let before = kept_from_before(key, room.sid, person.as_ref(), now);
            let steps = |_| [step.clone()].into_iter().chain(before.clone()).collect();
            let verdicts = match self.commit_cheaply(keep.as_ref(), |_| minted.clone(), steps).await? {
                Outcome::Committed(_) => return Ok(minted),
                Outcome::Refused(verdicts) => verdicts,
            };
            if let Some(Verdict::Failed(Some(item))) = verdicts.into_iter().next()
                && item.contains_key(&token_attribute(id))
            {
                // An earlier attempt of ours whose answer was lost.
                return Ok(minted);
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }
}

/// The one write of a mint: a new record, or one more attribute on the record of somebody known to this session.
fn token_step(
    room: &Room,
    seen: Option<&Participant>,
    minted: &Minted,
    metadata: Metadata,
    now: Timestamp,
) -> Step {
    let Minted { id, token, .. } = minted;
    let record = TokenRecord {
        exp: token.expires_at,
        name: token.name.clone(),
        role: token.role,
        hidden: token.hidden,
        locks: token.locks.clone(),
        metadata,
    };
    let (token_id, expires_at) = (id.id, token.expires_at);
    let transition = match seen.filter(|person| person.sid == room.sid) {
        None => PersonTransition::invite(invited(room, minted), seen, now),
        Some(person) => {
            let dropped = pruned(&person.tokens, now);
            PersonTransition::invite_again(person, (token_id, expires_at), dropped, now)
        }
    };
    Step::of_person(&room.key, &token.user, &transition).bringing(token_id, m(encode(&record)))
}

/// The tokens that make room: those that expired, and the oldest when there are too many.
fn pruned(tokens: &[(Uuid, Timestamp)], now: Timestamp) -> Vec<Uuid> {
    let (mut live, expired): (Vec<_>, Vec<_>) = tokens.iter().partition(|(_, expires_at)| *expires_at > now);
    // Their ids begin with the time.
    live.sort();
    let surplus = (live.len() + 1).saturating_sub(MOST_TOKENS);
    expired.into_iter().chain(live.into_iter().take(surplus)).map(|(id, _)| id).collect()
}

fn invited(room: &Room, minted: &Minted) -> Participant {
    let Minted { id, token, .. } = minted;
    Participant {
        profile: Profile { name: token.name.clone(), avatar_url: None },
        role: token.role,
        hidden: token.hidden,
        locks: token.locks.clone(),
        tokens: vec![(id.id, token.expires_at)],
        expires_at: Some(token.expires_at),
        ..Participant::new(room.sid, token.user.clone(), Standing::Invited)
    }
}
