//! What always holds, by the numbers of the invariants in the design; and what is sometimes reached, so that the model is
//! not empty.

use models::relay::News;
use models::{Media, Participant, Room, Standing, Status, Timestamp};
use stateright::Property;

use crate::call::{Call, Phase};
use crate::protocol::Protocol;
use crate::watch::Fault;
use crate::world::World;

pub(crate) const SEATS_AND_CAPACITY: &str = "1. no admission makes the seats exceed the capacity";
pub(crate) const NOBODY_ENTERS: &str = "2. nobody enters what is locked, over or due, or is barred from";
pub(crate) const WAITING_ROOM: &str = "2. nobody comes past the waiting room, or as a guest where none may";
pub(crate) const TOKEN_ONCE: &str = "3. a token admits once, to its own session, until it is revoked";
pub(crate) const ONE_SITTING: &str = "4. a place is only the newest sitting's";
pub(crate) const ONE_CONNECTION: &str = "4. a connection that was replaced changes nothing";
pub(crate) const PRESENCE: &str = "4. whoever is away, or back, is told of";
pub(crate) const PLACES: &str = "5. a place has a connection or a lease, and nobody else has either";
pub(crate) const SEATS_AND_PEOPLE: &str = "5. seats are the people who are in, and all who came are counted";
pub(crate) const CLOCK: &str = "5. the clock of a session runs when nobody is in, and else to its duration";
pub(crate) const NUMBERS: &str = "6. changes and webhooks are numbered without a gap";
pub(crate) const LAST: &str = "6. the last webhook is room_finished";
pub(crate) const NOT_REVIVED: &str = "7. what is over does not change or end again";
pub(crate) const REMEMBERED: &str = "7. a session is remembered once, as it ended";
pub(crate) const INVITATION: &str = "an invitation lasts as long as its tokens";
pub(crate) const SETTINGS: &str = "changes of settings do not undo each other";

/// Every invariant of the model.
pub(crate) fn properties() -> Vec<Property<Protocol>> {
    vec![
        Property::always(SEATS_AND_CAPACITY, |_, world| fine(world, Fault::Overfull)),
        Property::always(NOBODY_ENTERS, |_, world| fine(world, Fault::Shut)),
        Property::always(WAITING_ROOM, |_, world| fine(world, Fault::Uninvited)),
        Property::always(TOKEN_ONCE, |_, world| fine(world, Fault::Token)),
        Property::always(ONE_SITTING, |_, world| fine(world, Fault::Sitting)),
        Property::always(ONE_CONNECTION, |_, world| fine(world, Fault::Connection)),
        Property::always(PRESENCE, |_, world| fine(world, Fault::Untold)),
        Property::always(PLACES, |_, world: &World| {
            world.people.iter().flatten().all(|person| {
                let present = matches!(person.standing, Standing::Active | Standing::Waiting);
                let (connected, leased) = (person.connection.is_some(), person.lease.is_some());
                if present {
                    connected != leased
                } else {
                    !connected && !leased && person.media == Media::default()
                }
            })
        }),
        Property::always(SEATS_AND_PEOPLE, |_, world| {
            fine(world, Fault::Seats) && running(world).is_none_or(|room| counts(world, room))
        }),
        Property::always(CLOCK, |_, world| running(world).is_none_or(clock_is_right)),
        Property::always(NUMBERS, |_, world| fine(world, Fault::Numbers)),
        Property::always(LAST, |_, world: &World| {
            world.jobs.iter().filter(|(_, job)| job.told).all(|(sid, _)| {
                world.hooks[sid].iter().position(|news| *news == News::RoomFinished)
                    == Some(world.hooks[sid].len() - 1)
            })
        }),
        Property::always(NOT_REVIVED, |_, world| fine(world, Fault::Revived)),
        Property::always(REMEMBERED, |_, world| fine(world, Fault::Remembered)),
        Property::always(INVITATION, |_, world: &World| {
            let invited = world.people.iter().flatten().filter(|person| person.standing == Standing::Invited);
            invited.into_iter().all(|person| {
                let last = person.tokens.iter().map(|(_, expires_at)| *expires_at).max();
                last.is_none() || person.expires_at >= last
            })
        }),
        Property::always(SETTINGS, |protocol: &Protocol, world: &World| {
            let settings = world.room().and_then(|room| room.by_code.as_ref()).map(|room| room.settings);
            let mut calls = protocol.calls.iter().zip(&world.calls);
            calls.all(|(call, phase)| match (call, phase, settings) {
                (Call::NoGuests, Phase::Done(_), Some(settings)) => !settings.allow_guest_access,
                (Call::WaitingRoom(on), Phase::Done(_), Some(settings)) => settings.waiting_room == *on,
                _ => true,
            })
        }),
    ]
}

fn fine(world: &World, fault: Fault) -> bool {
    !world.faults.contains(&fault)
}

fn running(world: &World) -> Option<&Room> {
    world.room().filter(|room| room.status == Status::Open)
}

/// Whether seats and joins are those of the people of the session.
fn counts(world: &World, room: &Room) -> bool {
    let people = || world.people.iter().flatten().filter(|person| person.sid == room.sid);
    let count = |is: fn(&&std::sync::Arc<Participant>) -> bool| people().filter(is).count();
    count(|person| person.standing == Standing::Active) == room.seats as usize
        && count(|person| person.joined_at.is_some()) == room.joined as usize
}

fn clock_is_right(room: &Room) -> bool {
    let Some(started_at) = room.started_at else { return room.seats == 0 && room.due_at < Timestamp::NEVER };
    let end = room.ends_at(started_at);
    if room.seats > 0 { room.due_at == end } else { room.due_at <= end && room.due_at < Timestamp::NEVER }
}
