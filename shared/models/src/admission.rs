//! Who gets in. The one place that knows the order of refusals (`rules.md` 2).

use crate::{Participant, Refusal, Role, Room, Sid, Standing, Timestamp, TokenId};

/// Somebody at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// He has no account.
    pub guest: bool,
    /// The role he would have.
    pub role: Role,
    /// What opens the room to him.
    pub proof: Proof,
}

/// What opens a room to somebody who is not in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its code.
    Code,
    /// A join token.
    Token(TokenId),
    /// The sitting of a place in this session, which was released since nobody was connected to it.
    Sitting(Sid),
}

impl Proof {
    /// The join token.
    pub fn token(self) -> Option<TokenId> {
        match self {
            Self::Token(token) => Some(token),
            Self::Code | Self::Sitting(_) => None,
        }
    }

    /// The only session that it opens.
    pub fn sid(self) -> Option<Sid> {
        match self {
            Self::Code => None,
            Self::Token(token) => Some(token.sid),
            Self::Sitting(sid) => Some(sid),
        }
    }
}

impl Applicant {
    /// `person`, who comes back to a place that was released: all that is known of him stays.
    pub fn returning(person: &Participant) -> Self {
        Self { guest: person.guest, role: person.role, proof: Proof::Sitting(person.sid) }
    }
}

/// How somebody who is let in comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each judged at its own place in the order"
)]
pub struct Record {
    /// He is barred.
    pub banned: bool,
    /// His join token, if he came by one.
    pub token: TokenFound,
    /// He has a seat in the session.
    pub is_in: bool,
    /// He waits for admission to the session.
    pub waits: bool,
    /// He was admitted from the waiting room before, or needs no admission.
    pub admitted: bool,
}

impl Record {
    /// Somebody of whom nothing is stored but, where he brought one, his unused token.
    pub const CLEAN: Self =
        Self { banned: false, token: TokenFound::Unused, is_in: false, waits: false, admitted: false };

    /// What `participant` says for an applicant to the session that `room` runs, or that his token is of.
    pub fn of(participant: Option<&Participant>, room: Option<&Room>, applicant: Applicant) -> Self {
        let Some(person) = participant else {
            return Self { token: TokenFound::of(None, applicant), ..Self::CLEAN };
        };
        let sid = applicant.proof.sid().or(room.map(|room| room.sid));
        let of_session = sid == Some(person.sid);
        let outlives = room.is_some_and(|room| room.by_code.is_some());
        Self {
            banned: person.standing == Standing::Banned && (of_session || outlives),
            token: TokenFound::of(Some(person).filter(|_| of_session), applicant),
            is_in: of_session && person.standing == Standing::Active,
            waits: of_session && person.standing == Standing::Waiting,
            admitted: of_session && person.admitted,
        }
    }

    /// The stage of the judgement that is about the person: banned, token used; or already in, which succeeds whatever
    /// the room says.
    pub fn judge(self) -> Result<Option<Entry>, Refusal> {
        if self.banned {
            Err(Refusal::Banned)
        } else {
            match self.token {
                TokenFound::Unused => Ok(self.is_in.then_some(Entry::Same)),
                TokenFound::Used => Err(Refusal::UsedToken),
                TokenFound::Unknown => Err(Refusal::InvalidToken),
            }
        }
    }
}

/// What became of an applicant's join token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFound {
    /// It is good, or he came without one.
    Unused,
    /// It is not there any more, and its owner has come in, by this one as far as anybody knows.
    Used,
    /// It is not there, and nobody can have used it: it was revoked, or never minted.
    Unknown,
}

impl TokenFound {
    /// By the record of its owner in its session, if he has one.
    fn of(person: Option<&Participant>, applicant: Applicant) -> Self {
        let Some(token) = applicant.proof.token() else { return Self::Unused };
        match person {
            Some(person) if person.tokens.iter().any(|(id, _)| *id == token.id) => Self::Unused,
            Some(person) if person.standing != Standing::Invited => Self::Used,
            _ => Self::Unknown,
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
    let Applicant { guest, role, proof } = applicant;
    // A room of the server API is not there for who comes by a code, whatever its id.
    let there = |room: &&Room| !room.is_gone(now) && (proof != Proof::Code || room.by_code.is_some());
    let room = room.filter(there).ok_or(Refusal::RoomNotFound)?;
    let active = if proof == Proof::Code { room.is_active(now) } else { room.is_open(now) };
    if !active || proof.sid().is_some_and(|sid| sid != room.sid) {
        return Err(Refusal::RoomNotActive);
    }
    // Whoever revoked the token meant it also for those who are in already.
    if proof.token().is_some_and(|token| token.minted_at() <= room.revoked_before) {
        return Err(Refusal::InvalidToken);
    }
    let guests_allowed = room.by_code.as_ref().is_none_or(|by_code| by_code.settings.allow_guest_access);
    if guest && !guests_allowed {
        return Err(Refusal::GuestsNotAllowed);
    }
    // Those who are in a session that is over are in nothing: they start the next one like anybody.
    let open = room.is_open(now);
    let Record { is_in, waits, admitted, .. } = record;
    let record = Record { is_in: is_in && open, waits: waits && open, admitted: admitted && open, ..record };
    if let Some(entry) = record.judge()? {
        return Ok(entry);
    }
    let must_wait = room.waiting_room && role == Role::Participant && !record.admitted;
    // Who waits already is no newcomer.
    if room.locked && !(must_wait && record.waits) {
        return Err(Refusal::RoomLocked);
    }
    if must_wait {
        return Ok(Entry::Wait);
    }
    if !open {
        return Ok(Entry::Session);
    }
    if room.is_full() {
        return Err(Refusal::RoomFull);
    }
    Ok(Entry::Seat)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{CodeRoom, Features, Locks, RoomCode, RoomKey, Settings, Sid, Status, Tenant, UserId, Words};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const SID: Sid = Sid(Uuid::from_u128(7));

    fn room(by_code: bool) -> Room {
        let code: RoomCode = "abc-def-ghi".try_into().expect("a code");
        let host = UserId::try_from("host").expect("an id");
        let settings = Settings::default();
        Room {
            key: RoomKey { tenant: Tenant::main(), room: code.room_id() },
            sid: SID,
            status: Status::Open,
            locked: false,
            seats: 1,
            joined: 1,
            max_participants: Some(2),
            seq: 1,
            hooks: 2,
            presenter: None,
            created_at: NOW,
            started_at: None,
            ended_at: None,
            duration: None,
            empty_timeout: Duration::from_mins(1),
            due_at: Timestamp::NEVER,
            revoked_before: Timestamp::from_seconds(0),
            waiting_room: false,
            auto_gen_user_id: false,
            features: Features::default(),
            default_locks: Locks::new(),
            said: Words::new(),
            api_key: None,
            by_code: by_code.then_some(CodeRoom { code, host, settings, created_at: NOW }),
            expires_at: Timestamp::NEVER,
        }
    }

    fn guest() -> Applicant {
        Applicant { guest: true, role: Role::Participant, proof: Proof::Code }
    }

    fn holder() -> Applicant {
        // Version 7: the time of the minting is in the id.
        let id = crate::Random::uuid_at(&crate::SeededRandom::new(1), NOW);
        Applicant { guest: false, role: Role::Participant, proof: Proof::Token(TokenId { sid: SID, id }) }
    }

    #[test]
    fn of_many_reasons_the_first_in_the_order_is_given() {
        let mut room = room(true);
        (room.status, room.locked, room.seats) = (Status::Ended, true, 2);
        room.by_code.as_mut().expect("by code").settings.allow_guest_access = false;
        let mut record = Record { banned: true, token: TokenFound::Used, ..Record::CLEAN };
        let judged = |room: &Room, record| judge(Some(room), record, guest(), NOW);

        assert_eq!(judge(None, record, guest(), NOW), Err(Refusal::RoomNotFound));
        assert_eq!(judged(&room, record), Err(Refusal::RoomNotActive));
        room.status = Status::Open;
        assert_eq!(judged(&room, record), Err(Refusal::GuestsNotAllowed));
        room.by_code.as_mut().expect("by code").settings.allow_guest_access = true;
        assert_eq!(judged(&room, record), Err(Refusal::Banned));
        record.banned = false;
        assert_eq!(judged(&room, record), Err(Refusal::UsedToken));
        record.token = TokenFound::Unknown;
        assert_eq!(judged(&room, record), Err(Refusal::InvalidToken));
        record.token = TokenFound::Unused;
        assert_eq!(judged(&room, Record { is_in: true, ..record }), Ok(Entry::Same));
        assert_eq!(judged(&room, record), Err(Refusal::RoomLocked));
        room.locked = false;
        assert_eq!(judged(&room, record), Err(Refusal::RoomFull));
        room.seats = 1;
        assert_eq!(judged(&room, record), Ok(Entry::Seat));
    }

    #[test]
    fn a_session_is_over_at_the_moment_that_it_is_due() {
        let mut room = room(false);
        room.due_at = NOW.plus(Duration::from_millis(1));
        assert_eq!(judge(Some(&room), Record::CLEAN, holder(), NOW), Ok(Entry::Seat));
        room.due_at = NOW;
        assert_eq!(judge(Some(&room), Record::CLEAN, holder(), NOW), Err(Refusal::RoomNotActive));
    }

    #[test]
    fn a_room_by_code_between_sessions_starts_the_next_one() {
        let mut room = room(true);
        (room.status, room.seats) = (Status::Idle, 2);
        let was_in = Record { is_in: true, ..Record::CLEAN };
        assert_eq!(judge(Some(&room), was_in, guest(), NOW), Ok(Entry::Session));
        assert_eq!(judge(Some(&room), Record::CLEAN, holder(), NOW), Err(Refusal::RoomNotActive));
        room.waiting_room = true;
        assert_eq!(judge(Some(&room), Record::CLEAN, guest(), NOW), Ok(Entry::Wait));
        let host = Applicant { role: Role::Host, guest: false, proof: Proof::Code };
        assert_eq!(judge(Some(&room), Record::CLEAN, host, NOW), Ok(Entry::Session));
    }

    #[test]
    fn those_without_rights_wait_even_at_a_full_room_and_are_admitted_once() {
        let mut room = room(true);
        (room.waiting_room, room.seats) = (true, 2);
        assert_eq!(judge(Some(&room), Record::CLEAN, guest(), NOW), Ok(Entry::Wait));
        let admitted = Record { admitted: true, ..Record::CLEAN };
        assert_eq!(judge(Some(&room), admitted, guest(), NOW), Err(Refusal::RoomFull));
        room.seats = 1;
        assert_eq!(judge(Some(&room), admitted, guest(), NOW), Ok(Entry::Seat));
    }

    #[test]
    fn the_lock_keeps_newcomers_out_of_the_waiting_room_and_leaves_those_who_wait_their_places() {
        let mut room = room(true);
        (room.waiting_room, room.locked) = (true, true);
        let waits = Record { waits: true, ..Record::CLEAN };
        assert_eq!(judge(Some(&room), Record::CLEAN, guest(), NOW), Err(Refusal::RoomLocked));
        assert_eq!(judge(Some(&room), waits, guest(), NOW), Ok(Entry::Wait));
        room.waiting_room = false;
        assert_eq!(
            judge(Some(&room), waits, guest(), NOW),
            Err(Refusal::RoomLocked),
            "nobody waits any more"
        );
        (room.waiting_room, room.status) = (true, Status::Idle);
        assert_eq!(
            judge(Some(&room), waits, guest(), NOW),
            Err(Refusal::RoomLocked),
            "it is another session"
        );
    }

    #[test]
    fn a_room_of_the_server_api_is_there_for_holders_of_a_token_alone() {
        let room = room(false);
        assert_eq!(judge(Some(&room), Record::CLEAN, guest(), NOW), Err(Refusal::RoomNotFound));
        let user = Applicant { guest: false, ..guest() };
        assert_eq!(judge(Some(&room), Record::CLEAN, user, NOW), Err(Refusal::RoomNotFound));
        assert_eq!(judge(Some(&room), Record::CLEAN, holder(), NOW), Ok(Entry::Seat));
    }

    #[test]
    fn who_comes_back_to_a_released_place_is_judged_like_anybody_but_needs_no_token() {
        let mut room = room(false);
        let user = UserId::try_from("ann").expect("an id");
        let mut ann = Participant { guest: true, ..Participant::new(SID, user, Standing::Left) };
        let judged = |room: &Room, ann: &Participant| {
            let applicant = Applicant::returning(ann);
            judge(Some(room), Record::of(Some(ann), Some(room), applicant), applicant, NOW)
        };
        // That all join tokens are dead is nothing to him.
        room.revoked_before = NOW;
        assert_eq!(judged(&room, &ann), Ok(Entry::Seat));
        room.waiting_room = true;
        assert_eq!(judged(&room, &ann), Ok(Entry::Wait));
        ann.admitted = true;
        assert_eq!(judged(&room, &ann), Ok(Entry::Seat));
        room.seats = 2;
        assert_eq!(judged(&room, &ann), Err(Refusal::RoomFull));
        room.locked = true;
        assert_eq!(judged(&room, &ann), Err(Refusal::RoomLocked));
        let settings = Settings { allow_guest_access: false, ..Settings::default() };
        room.by_code = self::room(true).by_code.map(|by_code| CodeRoom { settings, ..by_code });
        assert_eq!(judged(&room, &ann), Err(Refusal::GuestsNotAllowed));
        room.status = Status::Idle;
        assert_eq!(judged(&room, &ann), Err(Refusal::RoomNotActive));
        (room.status, room.sid) = (Status::Open, Sid(Uuid::from_u128(8)));
        assert_eq!(judged(&room, &ann), Err(Refusal::RoomNotActive));
    }

    #[test]
    fn a_token_of_another_session_or_revoked_admits_nobody() {
        let mut room = room(false);
        room.revoked_before = NOW;
        let is_in = Record { is_in: true, ..Record::CLEAN };
        for record in [Record::CLEAN, is_in] {
            assert_eq!(judge(Some(&room), record, holder(), NOW), Err(Refusal::InvalidToken));
        }
        room.sid = Sid(Uuid::from_u128(8));
        assert_eq!(judge(Some(&room), Record::CLEAN, holder(), NOW), Err(Refusal::RoomNotActive));
    }

    proptest! {
        #[test]
        fn nobody_new_enters_a_locked_full_or_finished_session(
            (by_code, locked, waiting) in any::<(bool, bool, bool)>(),
            status in prop_oneof![Just(Status::Open), Just(Status::Idle), Just(Status::Ended)],
            (seats, most) in (0_u32..4, prop::option::of(1_u32..4)),
            due in -1_i64..2,
            (banned, token_used, is_in, waits, admitted) in any::<(bool, bool, bool, bool, bool)>(),
            as_guest in any::<bool>(),
        ) {
            let mut room = room(by_code);
            room.locked = locked;
            room.waiting_room = waiting;
            room.status = status;
            (room.seats, room.max_participants) = (seats, most);
            room.due_at = Timestamp::from_millis(NOW.millis() + due);
            let token = if token_used { TokenFound::Used } else { TokenFound::Unused };
            let record = Record { banned, token, is_in, waits, admitted };
            let applicant = if as_guest { guest() } else { holder() };
            match judge(Some(&room), record, applicant, NOW) {
                Ok(Entry::Seat) => prop_assert!(
                    room.is_open(NOW) && !locked && !banned && !token_used && most.is_none_or(|most| seats < most)
                ),
                Ok(Entry::Session) => {
                    prop_assert!(by_code && status != Status::Ended && !room.is_open(NOW) && !locked && !banned);
                }
                Ok(Entry::Same) => prop_assert!(is_in && room.is_open(NOW) && !banned && !token_used),
                Ok(Entry::Wait) => {
                    prop_assert!(waiting && (!locked || waits && room.is_open(NOW)) && !banned && !token_used);
                }
                Err(_) => {}
            }
        }
    }
}
