//! What a call writes by what it has seen.

use models::transition::{
    Arrival, Brings, Departure, Ending, Held, Leaving, Loss, Muting, PersonNeed, PersonTransition,
    Resumption, RoomTransition, SettingsChange, Showing,
};
use models::{
    Applicant, ConnectionId, Denial, EndReason, Entry, Event, Lasts, MediaChange, Participant, ParticipantId,
    Profile, Proof, Record, Role, Room, SessionToken, Settings, Standing, Status, Timestamp, TokenId, judge,
};

use crate::call::{Call, View};
use crate::protocol::Protocol;
use crate::setting::{self, User};
use crate::world::{Sitting, World, Write};

/// A call that has looked and is about to write.
pub(crate) struct Deciding<'a> {
    pub(crate) protocol: &'a Protocol,
    pub(crate) world: &'a World,
    pub(crate) place: usize,
    pub(crate) view: &'a View,
    /// The moment that its write is made for: that of its look, by which it decides, or a later one.
    pub(crate) now: Timestamp,
}

impl Deciding<'_> {
    /// What it writes; nothing where it is refused, or has nothing to do.
    pub(crate) fn decide(&self) -> Option<Write> {
        match self.protocol.calls[self.place] {
            Call::Create => self.create(),
            Call::Mint(user) => self.mint(user),
            Call::Redeem(user, number) | Call::RedeemOver(user, number) => {
                self.redeem(user, setting::given(user, number))
            }
            Call::RedeemMinted(user, of) => {
                let (sid, at) = self.world.answer(of)?;
                self.redeem(user, TokenId { sid, id: setting::token(of, at).0 })
            }
            Call::Enter(user) | Call::EnterOver(user) => self.enter(user, false),
            Call::EnterAsGuest(user) => self.enter(user, true),
            Call::Leave(user, of) => {
                let session = setting::session(of);
                let (sid, _) = self.world.answer(of)?;
                let departure = Departure::leave(sid, &setting::id(user), vec![PersonNeed::Sits(session)]);
                let sitting = Sitting { session, lapsed: false, resumes: false, now: self.now };
                let given_up = self.person().and_then(|person| departure.give_up(person, self.now));
                Some(given_up.map_or_else(|| self.depart(&departure), Write::of_person).sitting(sitting))
            }
            Call::Resume(user, of) | Call::Attach(user, of) => self.resume(user, of),
            Call::Disconnect(user, of) => self.lose(user, of),
            Call::Unmute(user, of) => {
                let by = setting::connection(of).id;
                let change = MediaChange { audio: Some(true), ..MediaChange::default() };
                Some(self.show(user, by.clone(), change)?.of_connection(by))
            }
            Call::Mute(user) => self.mute(user),
            Call::Release(user) => {
                let person = self.person()?;
                let (session, lease) =
                    (person.session?, person.lease.filter(|lease| *lease <= self.view.at)?);
                let departure = Departure::release(person.sid, &setting::id(user), session, lease);
                let sitting = Sitting { session, lapsed: true, resumes: false, now: self.now };
                Some(self.depart(&departure).sitting(sitting))
            }
            Call::Admit(_) => {
                let (room, person) = self.present(Standing::Waiting)?;
                room.admits(self.view.at).ok()?;
                let admit = PersonTransition::admit(person, self.now.plus(setting::LEASE), self.now);
                Some(Write::of_room(RoomTransition::admit(room, person, self.now)).and(admit))
            }
            Call::Deny(_) => {
                let (_, person) = self.present(Standing::Waiting)?;
                Some(self.depart(&Departure::deny(person, Denial::Moderator)))
            }
            Call::SendBack(_) => {
                let (_, person) = self.present(Standing::Active)?;
                Some(self.depart(&Departure::send_back(person, self.now.plus(setting::LEASE))))
            }
            Call::Remove(user) => self.remove(user, false),
            Call::Ban(user) => self.remove(user, true),
            Call::Unblock(_) => {
                let room = self.running()?;
                let person = self.person().filter(|person| person.is_banned_from(room))?;
                let unblock = PersonTransition::unblock(room.sid, person, self.now);
                Some(Write::of_person(unblock).keeping(room.sid, self.view.person.as_ref()))
            }
            Call::RevokeOf(_) => {
                let room = self.running()?;
                let person = self.person().filter(|person| person.sid == room.sid)?;
                let tokens: Vec<_> = person.tokens.iter().map(|(id, _)| *id).collect();
                let revoke = PersonTransition::revoke(room.sid, tokens, self.now);
                (!person.tokens.is_empty()).then(|| Write::of_person(revoke))
            }
            Call::Revoke => Some(Write::of_room(RoomTransition::revoke(self.running()?.sid, self.now))),
            Call::Lock(locked) => {
                self.change(SettingsChange { locked: Some(locked), ..SettingsChange::default() })
            }
            Call::Seats(most) => {
                self.change(SettingsChange { max_participants: Some(most), ..SettingsChange::default() })
            }
            Call::NoGuests => self.set(|settings| settings.allow_guest_access = false),
            Call::WaitingRoom(on) => self.set(|settings| settings.waiting_room = on),
            Call::End => self.end(Ending::Session(setting::KEPT)),
            Call::EndRoom => self.end(Ending::Room { past_rooms: setting::KEPT.past_rooms }),
            Call::Close => {
                let due = |room: &&Room| room.status == Status::Open && room.due_at <= self.view.at;
                let room = self.room().filter(due)?;
                let close = RoomTransition::close(room, setting::KEPT, self.now);
                Some(Write::of_room(close).remembering(room, self.now, room.due_reason()))
            }
        }
    }

    fn room(&self) -> Option<&Room> {
        self.view.room.as_deref()
    }

    fn person(&self) -> Option<&Participant> {
        self.view.person.as_deref()
    }

    /// The room, if its session runs.
    fn running(&self) -> Option<&Room> {
        self.room().filter(|room| room.is_open(self.view.at))
    }

    /// The room whose session runs, and the person who stands there in it.
    fn present(&self, standing: Standing) -> Option<(&Room, &Participant)> {
        let room = self.running()?;
        let person = self.person().filter(|person| person.sid == room.sid && person.standing == standing)?;
        Some((room, person))
    }

    fn create(&self) -> Option<Write> {
        let new = self.protocol.setting.created(setting::sid(self.place), self.view.at);
        match self.room() {
            // One that is open is the answer.
            Some(room) if room.is_open(self.view.at) => None,
            Some(over) if over.status == Status::Open => {
                let write = Write::of_room(RoomTransition::create_over(over, &new, self.now));
                Some(write.remembering(over, self.now, over.due_reason()))
            }
            _ => Some(Write::of_room(RoomTransition::create(&new, self.now))),
        }
    }

    fn mint(&self, user: User) -> Option<Write> {
        let (room, person) = (self.running()?, self.person());
        if person.is_some_and(|person| person.is_banned_from(room)) {
            return None;
        }
        let token = setting::token(self.place, self.view.at);
        let mint = match person.filter(|person| person.sid == room.sid) {
            None => {
                let invited = Participant {
                    tokens: vec![token],
                    expires_at: Some(token.1),
                    ..Participant::new(room.sid, setting::id(user), Standing::Invited)
                };
                PersonTransition::invite(invited, person, self.now)
            }
            Some(known) => PersonTransition::invite_again(known, token, vec![], self.now),
        };
        let write = Write::of_person(mint).keeping(room.sid, self.view.person.as_ref());
        Some(write.answering(room.sid))
    }

    fn redeem(&self, user: User, token: TokenId) -> Option<Write> {
        self.arrive(user, Applicant { guest: false, role: Role::Participant, proof: Proof::Token(token) })
    }

    fn enter(&self, user: User, guest: bool) -> Option<Write> {
        let hosts = self.room()?.is_hosted_by(&setting::id(user));
        let role = if hosts { Role::Host } else { Role::Participant };
        self.arrive(user, Applicant { guest, role, proof: Proof::Code })
    }

    fn arrive(&self, user: User, applicant: Applicant) -> Option<Write> {
        let (room, person, now) = (self.room(), self.person(), self.now);
        let entry = if self.view.looked {
            judge(room, Record::of(person, room, applicant), applicant, self.view.at).ok()?
        } else {
            Entry::Seat
        };
        let seen = applicant.proof.sid().or(room.map(|room| room.sid))?;
        let sid = if entry.begins_session(room, self.view.at) { setting::sid(self.place) } else { seen };
        let account = || Brings::Account {
            profile: Profile { name: String::new(), avatar_url: None },
            role: applicant.role,
        };
        let id = setting::id(user);
        let arrival = Arrival {
            id: ParticipantId::of(sid, &id),
            user: id,
            applicant,
            brings: applicant.proof.token().map_or_else(account, |token| Brings::Token(token.id)),
            entry,
            seen,
            sid,
            session: setting::session(self.place),
            lasts: applicant
                .proof
                .token()
                .map(|_| self.protocol.setting.duration.map_or(Lasts::Unlimited, Lasts::FromFirstJoin)),
            room: room.cloned(),
            person: person.cloned(),
        };
        let write = Write::of_room(arrival.state(now)).and(arrival.person(self.held(), now));
        let write = match arrival.over() {
            Some(over) => write.remembering(over, now, over.due_reason()),
            None => write,
        };
        Some(write.keeping(sid, self.view.person.as_ref()).admitting(applicant).answering(sid))
    }

    fn depart(&self, departure: &Departure) -> Write {
        let leaving = match (self.room(), self.person()) {
            (_, Some(person)) if person.standing == Standing::Waiting => Leaving::Waiter,
            (Some(room), Some(_)) => Leaving::seat(room, setting::PAUSE, self.view.at),
            _ => Leaving::Others,
        };
        Write::of_room(departure.state(leaving, self.now)).and(departure.person(leaving, self.now))
    }

    fn resume(&self, user: User, of: usize) -> Option<Write> {
        let (room, person, id) = (self.running()?, self.person()?, setting::id(user));
        let (session, (sid, _)) = (setting::session(of), self.world.answer(of)?);
        let present = matches!(person.standing, Standing::Active | Standing::Waiting);
        let his = person.sits_or_sat(session) && room.sid == sid && person.sid == sid;
        if !his || !(present || person.is_released()) {
            return None;
        }
        let participant = ParticipantId::of(sid, &id);
        let token = SessionToken {
            room: setting::key(),
            sid,
            user: id,
            participant,
            session,
            expires_at: Timestamp::NEVER,
        };
        let next = setting::session(self.place);
        let sitting = Sitting { session, lapsed: false, resumes: true, now: self.now };
        if person.is_released() {
            let applicant = Applicant::returning(person);
            let record = Record::of(Some(person), Some(room), applicant);
            let entry = judge(Some(room), record, applicant, self.view.at).ok()?;
            let arrival = Arrival::back(&token, (room, person), entry, next);
            let write = Write::of_room(arrival.state(self.now)).and(arrival.person(self.held(), self.now));
            return Some(write.sitting(sitting).admitting(applicant).answering(sid));
        }
        let resumption = Resumption { token: &token, seen: person, session: next, held: self.held() };
        let write =
            Write { room: resumption.state(self.now), ..Write::of_person(resumption.person(self.now)) };
        Some(write.sitting(sitting).answering(sid))
    }

    /// By what he keeps his place who comes in by this call.
    fn held(&self) -> Held {
        match self.protocol.calls[self.place] {
            Call::RedeemOver(..) | Call::EnterOver(_) | Call::Attach(..) => {
                Held::By(setting::connection(self.place))
            }
            _ => Held::Until(self.now.plus(setting::LEASE)),
        }
    }

    /// The connection's own item says where it is bound, and the person where he stands, if he was looked at.
    fn lose(&self, user: User, of: usize) -> Option<Write> {
        let (sid, _) = self.world.answer(of)?;
        let connection = setting::connection(of).id;
        let person = self.person();
        let still =
            |person: &Participant| person.sid == sid && person.connection == Some(setting::connection(of));
        if self.view.looked && !person.is_some_and(still) {
            return None;
        }
        let seen = person.map_or(Standing::Active, |person| person.standing);
        let loss = Loss { sid, user: setting::id(user), seen, connection: connection.clone() };
        let person = loss.person(self.now.plus(setting::LEASE), self.now);
        let write = Write { room: loss.state(self.now), ..Write::of_person(person) };
        Some(write.of_connection(connection))
    }

    fn show(&self, user: User, by: ConnectionId, change: MediaChange) -> Option<Write> {
        let room = self.running()?;
        let his =
            |person: &&Participant| person.connection.as_ref().is_some_and(|connection| connection.id == by);
        let person = self.person().filter(|person| person.is_in(room)).filter(his)?;
        if change.of(person.media) == person.media {
            return None;
        }
        let showing = Showing { sid: room.sid, user: setting::id(user), by, change };
        Some(Write::of_room(showing.state(self.now)).and(showing.person(self.now)))
    }

    fn mute(&self, user: User) -> Option<Write> {
        let room = self.running()?;
        let person = self.person().filter(|person| person.is_in(room) && person.media.audio)?;
        let muting = Muting { sid: room.sid, users: &[setting::id(user)], by: person.id };
        Some(Write::of_room(muting.state(self.now)).and(muting.person(self.now)))
    }

    fn remove(&self, user: User, ban: bool) -> Option<Write> {
        let (room, person) = (self.running()?, self.person());
        let present = person.filter(|person| {
            person.sid == room.sid && matches!(person.standing, Standing::Active | Standing::Waiting)
        });
        if let Some(person) = present {
            return Some(self.depart(&Departure::remove(person, ban, "")));
        }
        if !ban || person.is_some_and(|person| person.is_banned_from(room)) {
            return None;
        }
        let id = setting::id(user);
        let barring = PersonTransition::ban(room.sid, &id, person, self.now);
        let event = Event::Removed { user: id, banned: true };
        let tell = RoomTransition::tell(Some(room.sid), event, self.now);
        Some(Write::of_room(tell).and(barring).keeping(room.sid, self.view.person.as_ref()))
    }

    fn change(&self, change: SettingsChange) -> Option<Write> {
        let room = self.room().filter(|room| room.status != Status::Ended)?;
        let before = room.by_code.as_ref().map(|by_code| by_code.settings);
        Some(Write::of_room(RoomTransition::settings(&change, before, self.now)))
    }

    fn set(&self, differ: impl FnOnce(&mut Settings)) -> Option<Write> {
        let mut settings = self.room()?.by_code.as_ref()?.settings;
        differ(&mut settings);
        self.change(SettingsChange { settings: Some(settings), ..SettingsChange::default() })
    }

    fn end(&self, ending: Ending) -> Option<Write> {
        let room = self.room().filter(|room| !ending.is_done(room, self.view.at))?;
        let write = Write::of_room(RoomTransition::end(room, ending, EndReason::Api, self.now));
        let open = room.status == Status::Open;
        Some(if open { write.remembering(room, self.now, EndReason::Api) } else { write })
    }
}
