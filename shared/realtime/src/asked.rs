//! What a handler of an event depends on, and who asks.

use std::sync::Arc;
use std::time::Duration;

use api::{ConfigError, Env, Halt, Parts, log};
use models::{Clock, Participant, ParticipantId, Random, Refusal, Room, RoomKey, Sid, Standing, Timestamp};
use serde::Serialize;
use socket::ServerEvent;
use store::{Binding, Connected, Store};

use crate::Sockets;

/// The dependencies of the handlers of events.
#[derive(Clone)]
pub struct Realtime {
    /// The table.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The connections.
    pub sockets: Sockets,
    /// How long a session lasts after its last participant has left.
    pub departure: Duration,
}

/// Somebody who asks, over the connection by which he has his seat.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The room, in a session that runs.
    pub room: Room,
    /// Who.
    pub person: Participant,
}

impl Realtime {
    /// Reads the environment.
    pub fn load(env: &Env, parts: Parts) -> Result<Self, ConfigError> {
        let store = env.store(&parts)?;
        let Parts { clock, random } = parts;
        let sockets = Sockets::connect(env)?;
        Ok(Self { store, clock, random, sockets, departure: env.seconds("DEPARTURE_TIMEOUT_SECONDS")? })
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The place that the connection is bound to, if whoever took it has it still, over this connection. A place in the
    /// waiting room opens nothing but that.
    ///
    /// Refused: session over ([`Refusal::RoomNotActive`]), anything else ([`Refusal::NotInRoom`]).
    pub async fn seat(&self, connected: &Connected) -> Result<Seat, Halt> {
        let Binding { room, sid, user, .. } = connected.bound.as_ref().ok_or(Refusal::NotInRoom)?;
        log::room(room);
        let seen = self.store.look(room, false, Some(user)).await?;
        let room = seen.room.filter(|room| room.sid == *sid && room.is_open(self.now()));
        let room = room.ok_or(Refusal::RoomNotActive)?;
        let is_his = |person: &Participant| person.connection.as_ref() == Some(&connected.connection);
        let person = seen.participant.filter(|person| person.is_in(&room) && is_his(person));
        Ok(Seat { room, person: person.ok_or(Refusal::NotInRoom)? })
    }

    /// The same of somebody who may tell others what to do; else [`Refusal::NotModerator`].
    pub async fn moderator(&self, connected: &Connected) -> Result<Seat, Halt> {
        let seat = self.seat(connected).await?;
        if seat.person.may_moderate() { Ok(seat) } else { Err(Refusal::NotModerator.into()) }
    }

    /// Everybody who has a seat in the session, those first who came first.
    pub async fn present(&self, room: &RoomKey, sid: Sid) -> Result<Vec<Participant>, Halt> {
        Ok(self.store.present(room, sid).await?)
    }

    /// Somebody whom a moderator means: who is in, or waits, and is not hidden.
    ///
    /// Refused: nobody of this id, here ([`Refusal::ParticipantNotFound`]).
    pub async fn somebody(&self, seat: &Seat, id: Option<ParticipantId>) -> Result<Participant, Halt> {
        let mut people = self.store.participants(&seat.room.key).await?;
        people.retain(|person| {
            let is_there = matches!(person.standing, Standing::Active | Standing::Waiting);
            person.sid == seat.room.sid && is_there && !person.hidden
        });
        Ok(of_id(people, id.ok_or(Refusal::ParticipantNotFound)?)?)
    }

    /// Tells something to those of these people who are connected.
    pub async fn tell<'a>(
        &self,
        people: impl IntoIterator<Item = &'a Participant>,
        event: ServerEvent,
        data: &impl Serialize,
    ) -> usize {
        let connections = people.into_iter().filter_map(|person| person.connection.as_ref());
        self.sockets.tell(&self.store, connections, event, data).await
    }
}

/// The one of these people who has this id, as the others address him; [`Refusal::ParticipantNotFound`] where nobody
/// has, whoever may have it in another room.
pub fn of_id(people: Vec<Participant>, id: ParticipantId) -> Result<Participant, Refusal> {
    people.into_iter().find(|person| person.id == id).ok_or(Refusal::ParticipantNotFound)
}
