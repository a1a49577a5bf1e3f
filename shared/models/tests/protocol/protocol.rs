//! The model: some calls at once on one room, in every order of their looks and their writes, with the clock, TTL, the
//! relay and the end job between them.

use std::sync::Arc;

use models::Sid;
use models::transition::{Need, PersonNeed};
use stateright::{Model, Property};

use crate::call::{Call, Looks, Phase, View};
use crate::decide::Deciding;
use crate::setting::{Setting, User};
use crate::world::{World, Write};

/// A condition that is left out of every write, to see what it is for.
#[derive(Clone, Copy)]
pub(crate) enum Dropped {
    Nothing,
    Room(fn(&Need) -> bool),
    Person(fn(&PersonNeed) -> bool),
}

/// A small world and what is asked of it.
#[derive(Clone)]
pub(crate) struct Protocol {
    pub(crate) setting: Setting,
    pub(crate) calls: Vec<Call>,
    /// Ticks of the clock.
    pub(crate) ticks: u8,
    /// Whether the relay lags behind and sees things twice; else it sees each change at once.
    pub(crate) relay_lags: bool,
    /// Whether a call's look at the room and its look at the person are of two moments.
    pub(crate) torn: bool,
    pub(crate) dropped: Dropped,
    /// What must be reached, or the model says nothing.
    pub(crate) reached: Vec<Property<Self>>,
}

/// A step of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Tick,
    /// A call begins.
    Begin {
        place: usize,
        looks: Looks,
    },
    /// It looks at what it has not looked at yet.
    LookOn {
        place: usize,
    },
    /// It writes: what it made for the moment of its look, or for the present one.
    Write {
        place: usize,
        late: bool,
    },
    /// TTL removes the room.
    ExpireRoom,
    /// TTL removes somebody's record.
    Expire(User),
    Relay,
    RelayAgain,
    /// The end job tells of the end.
    TellEnd(Sid),
    /// It removes what belonged to the session.
    Clear(Sid),
}

impl Protocol {
    /// What the call would write, without the condition that is dropped.
    fn write(&self, world: &World, place: usize, late: bool) -> Option<Write> {
        let Phase::Looked(view) = &world.calls[place] else { return None };
        let now = if late { view.at } else { world.now() };
        let mut write = Deciding { protocol: self, world, place, view, now }.decide()?;
        if let (Some(room), Dropped::Room(dropped)) = (&mut write.room, self.dropped) {
            room.needs.retain(|need| !dropped(need));
        }
        if let (Some(person), Dropped::Person(dropped)) = (&mut write.person, self.dropped) {
            person.needs.retain(|need| !dropped(need));
        }
        Some(write)
    }

    fn begin(&self, world: &mut World, place: usize, looks: Looks) {
        let at_room = matches!(looks, Looks::Both | Looks::RoomFirst);
        let at_person = matches!(looks, Looks::Both | Looks::PersonFirst);
        let view = Arc::new(View {
            at: world.now(),
            looked: looks != Looks::Nothing,
            room: world.room.clone().filter(|_| at_room),
            person: world.person(self.calls[place].user()).filter(|_| at_person).cloned(),
        });
        world.calls[place] =
            if at_room == at_person { Phase::Looked(view) } else { Phase::Half(view, looks) };
    }

    fn look_on(&self, world: &mut World, place: usize) {
        let Phase::Half(view, looks) = &world.calls[place] else { return };
        let mut view = View { at: world.now(), ..View::clone(view) };
        if *looks == Looks::RoomFirst {
            view.person = world.person(self.calls[place].user()).cloned();
        } else {
            view.room.clone_from(&world.room);
        }
        world.calls[place] = Phase::Looked(Arc::new(view));
    }

    /// Whether a call that has looked has something to write. One that is refused changes nothing, and may be made later.
    fn is_promising(&self, world: &World, place: usize) -> bool {
        matches!(world.calls[place], Phase::Half(..)) || self.write(world, place, false).is_some()
    }

    /// The call writes, or is refused and looks again later.
    fn finish(&self, world: &mut World, place: usize, late: bool) {
        let Phase::Looked(view) = world.calls[place].clone() else { return };
        let user = self.calls[place].user();
        world.calls[place] = match self.write(world, place, late).filter(|write| world.allows(write, user)) {
            Some(write) => {
                world.take(&write, user);
                Phase::Done(write.answer.map(|sid| (sid, view.at)))
            }
            None => Phase::Ready,
        };
    }

    /// A relay that does not lag sees what has changed at once.
    fn relay(&self, world: &mut World) {
        if !self.relay_lags {
            world.relay();
            world.relayed = None;
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.setting.world(self.calls.len())]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if !world.faults.is_empty() {
            return;
        }
        let now = world.now();
        actions.extend((world.tick < self.ticks).then_some(Action::Tick));
        for (place, phase) in world.calls.iter().enumerate() {
            match phase {
                Phase::Ready => {
                    let call = self.calls[place];
                    let looks: &[Looks] = if self.torn && call.user().is_some() {
                        &[Looks::RoomFirst, Looks::PersonFirst]
                    } else {
                        &[Looks::Both]
                    };
                    let blind = call.begins_blind().then_some(&Looks::Nothing);
                    let begins = looks.iter().chain(blind);
                    actions.extend(begins.map(|looks| Action::Begin { place, looks: *looks }));
                }
                Phase::Half(..) => actions.push(Action::LookOn { place }),
                Phase::Looked(view) => {
                    actions.push(Action::Write { place, late: false });
                    actions.extend((view.at < now).then_some(Action::Write { place, late: true }));
                }
                Phase::Done(_) => {}
            }
        }
        actions.extend(world.room().is_some_and(|room| room.expires_at <= now).then_some(Action::ExpireRoom));
        for (user, person) in world.people.iter().enumerate() {
            let Some(person) = person else { continue };
            let expires = person.expires_at.is_some_and(|at| at <= now);
            actions.extend(expires.then_some(Action::Expire(user)));
        }
        if self.relay_lags {
            actions.extend((!world.stream.is_empty()).then_some(Action::Relay));
            actions.extend(world.relayed.is_some().then_some(Action::RelayAgain));
        }
        for (sid, job) in &world.jobs {
            actions.extend((!job.cleared).then_some(Action::TellEnd(*sid)));
            actions.extend((job.told && !job.cleared).then_some(Action::Clear(*sid)));
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Tick => next.tick += 1,
            Action::Begin { place, looks } => {
                self.begin(&mut next, place, looks);
                self.is_promising(&next, place).then_some(())?;
            }
            Action::LookOn { place } => {
                self.look_on(&mut next, place);
                if !self.is_promising(&next, place) {
                    next.calls[place] = Phase::Ready;
                }
            }
            Action::Write { place, late } => self.finish(&mut next, place, late),
            Action::ExpireRoom => next.expire(),
            Action::Expire(user) => next.people[user] = None,
            Action::Relay => next.relay(),
            Action::RelayAgain => next.relay_again(),
            Action::TellEnd(sid) => next.tell_end(sid),
            Action::Clear(sid) => next.clear(sid),
        }
        self.relay(&mut next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        crate::invariants::properties().into_iter().chain(self.reached.iter().cloned()).collect()
    }
}
