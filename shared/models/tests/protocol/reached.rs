//! What worlds must reach, or they say nothing.

use models::relay::News;
use models::{Standing, Status};
use stateright::Property;

use crate::call::Call::{self, *};
use crate::call::{Phase, View};
use crate::protocol::Protocol;
use crate::setting::{self, FIRST};
use crate::world::World;

/// Something that a world must reach.
pub(crate) type Reached = Property<Protocol>;

fn reached(name: &'static str, is: fn(&Protocol, &World) -> bool) -> Reached {
    Property::sometimes(name, is)
}

pub(crate) fn full() -> Reached {
    reached("a room is full", |_, world| {
        world.room().is_some_and(|room| room.status == Status::Open && room.is_full())
    })
}

pub(crate) fn replaced() -> Reached {
    reached("a sitting is replaced", |_, world| {
        world.people.iter().flatten().any(|person| person.previous_session.is_some())
    })
}

pub(crate) fn away() -> Reached {
    reached("somebody is away", |_, world| world.people.iter().flatten().any(|person| person.is_away()))
}

/// Whether the call of which this is the connection is done, and its person has another one, or none.
fn is_stale(protocol: &Protocol, world: &World, place: usize) -> bool {
    let Disconnect(user, of) = protocol.calls[place] else { return false };
    let has =
        |person: &std::sync::Arc<models::Participant>| person.connection == Some(setting::connection(of));
    world.answer(of).is_some() && !world.person(Some(user)).is_some_and(has)
}

pub(crate) fn late() -> Reached {
    reached("a disconnect of a connection comes late that has been replaced", |protocol, world| {
        let mut calls = world.calls.iter().enumerate();
        calls.any(|(place, phase)| matches!(phase, Phase::Looked(_)) && is_stale(protocol, world, place))
    })
}

pub(crate) fn back() -> Reached {
    reached("somebody is back whose connection was lost", |protocol, world| {
        let mut calls = protocol.calls.iter().zip(&world.calls).enumerate();
        let lost = calls.any(|(_, (call, phase))| matches!((call, phase), (Disconnect(..), Phase::Done(_))));
        lost && world.people.iter().flatten().any(|person| person.connection.is_some())
    })
}

pub(crate) fn released() -> Reached {
    reached("somebody's seat is released", |protocol, world| {
        let mut calls = protocol.calls.iter().zip(&world.calls);
        calls.any(|(call, phase)| matches!((call, phase), (Release(_), Phase::Done(_))))
    })
}

pub(crate) fn heard() -> Reached {
    reached("somebody's microphone is on who has another connection than before", |_, world| {
        let mut people = world.people.iter().flatten();
        people.any(|person| person.media.audio && person.previous_session.is_some())
    })
}

pub(crate) fn recreated() -> Reached {
    reached("another session has begun and the one before has been told to its end", |_, world| {
        let finished = world.hooks.values().any(|told| told.last() == Some(&News::RoomFinished));
        finished && world.room().is_some_and(|room| room.status == Status::Open)
    })
}

pub(crate) fn kept_from_before() -> Reached {
    reached("somebody is in while the end of his session before is still to be told", |_, world| {
        !world.former.is_empty()
    })
}

pub(crate) fn ended() -> Reached {
    reached("a session that people were in has ended by a call and is told", |_, world| {
        world.jobs.values().any(|job| job.told && job.over.room.seats > 0)
    })
}

pub(crate) fn removed_by_ttl() -> Reached {
    reached("TTL has removed the room, which is told as an end", |_, world| {
        world.room.is_none() && world.jobs.values().any(|job| job.cleared)
    })
}

/// Whether a call that lets somebody in has looked at the room and is about to write, and this is true of its view.
fn meets_join(protocol: &Protocol, world: &World, met: fn(&World, &View) -> bool) -> bool {
    let joins = |call: &Call| {
        matches!(
            call,
            Redeem(..) | RedeemMinted(..) | RedeemOver(..) | Enter(_) | EnterOver(_) | EnterAsGuest(_)
        )
    };
    let mut joins = protocol.calls.iter().zip(&world.calls).filter(|(call, _)| joins(call));
    joins.any(|(_, phase)| matches!(phase, Phase::Looked(view) if met(world, view)))
}

pub(crate) fn lock_meets_join() -> Reached {
    reached("the lock lands between the steps of a join", |protocol, world| {
        meets_join(protocol, world, |world, view| {
            let rooms = view.room.as_ref().zip(world.room());
            rooms.is_some_and(|(then, now)| !then.locked && now.locked)
        })
    })
}

pub(crate) fn expiry_meets_join() -> Reached {
    reached("the session is due between the steps of a join", |protocol, world| {
        meets_join(protocol, world, |world, view| {
            view.room.as_ref().is_some_and(|room| room.is_open(view.at) && !room.is_open(world.now()))
        })
    })
}

pub(crate) fn lock_meets_admission() -> Reached {
    reached("the lock lands between the steps of an admission", |protocol, world| {
        let mut calls = protocol.calls.iter().zip(&world.calls);
        calls.any(|(call, phase)| match (call, phase) {
            (Call::Admit(_), Phase::Looked(view)) => {
                let rooms = view.room.as_ref().zip(world.room());
                rooms.is_some_and(|(then, now)| !then.locked && now.locked)
            }
            _ => false,
        })
    })
}

pub(crate) fn admitted_again() -> Reached {
    reached("somebody is admitted again who was sent back", |_, world| {
        world.people.iter().flatten().any(|person| person.admitted && person.joined_before.is_some())
    })
}

pub(crate) fn waits() -> Reached {
    reached("somebody waits", |_, world| {
        world.people.iter().flatten().any(|person| person.standing == Standing::Waiting)
    })
}

pub(crate) fn banned() -> Reached {
    reached("somebody is barred who is about to come in", |protocol, world| {
        meets_join(protocol, world, |world, view| {
            let Some(seen) = &view.person else { return false };
            let people = world.people.iter().flatten();
            seen.standing != Standing::Banned
                && people.into_iter().any(|now| now.user == seen.user && now.standing == Standing::Banned)
        })
    })
}

pub(crate) fn lags() -> Reached {
    reached("a session is over of whose beginning the relay has not told", |_, world| {
        let told = world.hooks.get(&FIRST).map_or(0, Vec::len);
        told == 1 && world.past.contains_key(&FIRST) && world.stream.len() > 2
    })
}

pub(crate) fn returned() -> Reached {
    reached("somebody is in again whose seat was released,", |protocol, world| {
        let mut calls = protocol.calls.iter().zip(&world.calls);
        let lapsed = calls.any(|(call, phase)| matches!((call, phase), (Release(_), Phase::Done(_))));
        let returned = |person: &models::Participant| {
            person.standing == Standing::Active
                && person.joined_before.is_some()
                && person.previous_session.is_some()
        };
        lapsed && world.people.iter().flatten().any(|person| returned(person))
    })
}

pub(crate) fn waits_to_return() -> Reached {
    reached("somebody waits who had a seat, in another sitting than before", |_, world| {
        let mut people = world.people.iter().flatten();
        people.any(|person| {
            person.standing == Standing::Waiting
                && person.joined_at.is_some()
                && person.previous_session.is_some()
        })
    })
}

pub(crate) fn lock_meets_return() -> Reached {
    reached("the lock lands between the steps of a return", |protocol, world| {
        let mut calls = protocol.calls.iter().zip(&world.calls);
        calls.any(|(call, phase)| match (call, phase) {
            (Call::Resume(..) | Call::Attach(..), Phase::Looked(view)) => {
                let rooms = view.room.as_ref().zip(world.room());
                let released = view.person.as_ref().is_some_and(|person| person.is_released());
                released && rooms.is_some_and(|(then, now)| !then.locked && now.locked)
            }
            _ => false,
        })
    })
}
