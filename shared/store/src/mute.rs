//! Moderators mute people.

use models::transition::Muting;
use models::{Participant, ParticipantId, Refusal, RoomKey, Sid, UserId};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::step::Step;
use crate::{Store, StoreError};

/// People whom one transaction mutes: it has at most a hundred items, of which the room's state is one, and an answer that is
/// kept another.
const AT_ONCE: usize = 98;

/// Who is to be muted.
#[derive(Clone, Copy, Debug)]
pub struct Mute<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// The session.
    pub sid: Sid,
    /// Whom; where it is nobody, all who have no rights.
    pub whom: Option<&'a UserId>,
    /// The moderator.
    pub by: ParticipantId,
}

impl Store {
    /// Turns off the microphone of somebody, or of all who have no rights, in the record of what they show. Everybody is told
    /// that it is off, and they themselves by whom, also where the record says so already: it may be wrong, for a client need
    /// not say what it sends. Whoever is connected may turn it on again.
    ///
    /// Refused: no such room, another session or none; of one, who is not in or is seen by nobody
    /// ([`Refusal::ParticipantNotFound`]).
    pub async fn mute(&self, mute: Mute<'_>, keep: Option<Keep<'_, ()>>) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let meant = self.meant(mute).await?;
            if self.mute_all(mute, &meant, keep.as_ref()).await? {
                return Ok(());
            }
        }
        Err(StoreError::kept_changing("the participants").into())
    }

    /// Those who are meant, as far as anybody is there to be told, or has a microphone on.
    async fn meant(&self, mute: Mute<'_>) -> Result<Vec<UserId>, Halt> {
        let Mute { room: key, sid, whom, .. } = mute;
        let mut meant = if let Some(user) = whom {
            let seen = self.look(key, false, Some(user)).await?;
            let room = self.running_of(seen.room, sid)?;
            let person = seen.participant.filter(|person| person.is_in(&room) && !person.hidden);
            vec![person.ok_or(Refusal::ParticipantNotFound)?]
        } else {
            let room = self.running_of(self.room(key).await?, sid)?;
            let all = self.participants(key).await?.into_iter();
            all.filter(|person| person.is_in(&room) && !person.has_rights()).collect()
        };
        meant.retain(|person: &Participant| person.connection.is_some() || person.media.audio);
        Ok(meant.into_iter().map(|person| person.user).collect())
    }

    /// Mutes them, as many at once as one transaction takes; the answer is kept with the last. Says whether they were all
    /// still there.
    async fn mute_all(
        &self,
        mute: Mute<'_>,
        users: &[UserId],
        keep: Option<&Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let last = users.len().div_ceil(AT_ONCE);
        for (place, users) in (1..).zip(users.chunks(AT_ONCE)) {
            let muting = Muting { sid: mute.sid, users, by: mute.by };
            let steps = |now| {
                let person = muting.person(now);
                let state = Step::of_room(mute.room, &muting.state(now));
                [state]
                    .into_iter()
                    .chain(users.iter().map(|user| Step::of_person(mute.room, user, &person)))
                    .collect()
            };
            let keep = keep.filter(|_| place == last);
            if let Outcome::Refused(_) = self.commit_keeping(keep, |_| (), steps).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
