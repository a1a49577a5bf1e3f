//! Who gets in. The one place that knows the order of refusals (`rules.md` 2).

use crate::{Participant, Refusal, Role, Room, Standing, Timestamp, TokenId};

/// Somebody at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// He has no account.
    pub guest: bool,
    /// The role he would have.
    pub role: Role,
    /// The join token that he holds; none by code.
    pub token: Option<TokenId>,
}

/// How somebody who is let in comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// He takes a seat of the running session.
    Seat,
    /// He starts the next session of a room by code and takes its first seat.
    Session,
    /// He has a seat and keeps it; his earlier sitting is over.
    Same,
    /// He waits for admission.
    Wait,
}

/// What is known of the applicant himself, as far as admission cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// He is barred.
    pub banned: bool,
    /// His join token is spent; false when he came without one.
    pub token_used: bool,
    /// He has a seat in the session.
    pub is_in: bool,
    /// He was admitted from the waiting room before, or needs no admission.
    pub admitted: bool,
}

impl Record {
    /// Somebody of whom nothing is stored but, where he brought one, his unused token.
    pub const CLEAN: Self = Self { banned: false, token_used: false, is_in: false, admitted: false };

    /// What `participant` says for an applicant to the session that `room` runs, or that his token is of.
    pub fn of(participant: Option<&Participant>, room: Option<&Room>, applicant: Applicant) -> Self {
        let token_used = applicant.token.is_some();
        let Some(person) = participant else { return Self { token_used, ..Self::CLEAN } };
        let sid = applicant.token.map(|token| token.sid).or(room.map(|room| room.sid));
        let of_session = sid == Some(person.sid);
        let outlives = room.is_some_and(|room| room.by_code.is_some());
        Self {
            banned: person.standing == Standing::Banned && (of_session || outlives),
            token_used: applicant
                .token
                .is_some_and(|token| !(of_session && person.tokens.iter().any(|(id, _)| *id == token.id))),
            is_in: of_session && person.standing == Standing::Active,
            admitted: of_session && person.admitted,
        }
    }

    /// The stage of the judgement that is about the person: banned, token used; or already in, which succeeds whatever
    /// the room says.
    pub fn judge(self) -> Result<Option<Entry>, Refusal> {
        if self.banned {
            Err(Refusal::Banned)
        } else if self.token_used {
            Err(Refusal::UsedToken)
        } else {
            Ok(self.is_in.then_some(Entry::Same))
        }
    }
}

/// Judges an applicant against the room and his own record.
///
/// Pure: the store holds the same conditions in its writes, and this function explains their failures.
pub fn judge(
    room: Option<&Room>,
    record: Record,
    applicant: Applicant,
    now: Timestamp,
) -> Result<Entry, Refusal> {
    let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
    let active = if applicant.token.is_some() { room.is_open(now) } else { room.is_active(now) };
    if !active || applicant.token.is_some_and(|token| token.sid != room.sid) {
        return Err(Refusal::RoomNotActive);
    }
    let guests_allowed = room.by_code.as_ref().is_none_or(|by_code| by_code.settings.allow_guest_access);
    if applicant.guest && !guests_allowed {
        return Err(Refusal::GuestsNotAllowed);
    }
    // Those who are in a session that is over are in nothing: they start the next one like anybody.
    let record = Record { is_in: record.is_in && room.is_open(now), ..record };
    if let Some(entry) = record.judge()? {
        return Ok(entry);
    }
    if applicant.token.is_some_and(|token| token.minted_at() <= room.revoked_before) {
        return Err(Refusal::InvalidToken);
    }
    if room.locked {
        return Err(Refusal::RoomLocked);
    }
    if room.waiting_room && applicant.role == Role::Participant && !(record.admitted && room.is_open(now)) {
        return Ok(Entry::Wait);
    }
    if !room.is_open(now) {
        return Ok(Entry::Session);
    }
    if room.is_full() {
        return Err(Refusal::RoomFull);
    }
    Ok(Entry::Seat)
}
