//! Somebody who wants to look into a room: its host by his user token, or somebody who is in.

use models::{Refusal, RoomKey, SessionToken, Timestamp};
use store::{Halt, Seen, Store};

use crate::{Bearer, Request, Sessions, User, Users, log};

/// Who looks.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// A signed-in user, in the deployment's own tenant.
    User(User),
    /// Somebody with a session token.
    Seated(SessionToken),
}

impl Visitor {
    /// The visitor of a request that must have a token.
    pub async fn of(
        users: &Users,
        sessions: &Sessions,
        request: &Request,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let bearer = Bearer::required(request)?;
        if bearer.is_session() {
            sessions.verify(bearer, now).map(Self::Seated)
        } else {
            users.verify(bearer, now).await.map(Self::User)
        }
    }

    /// The room of this id in the visitor's tenant; see [`User::room`].
    pub fn room(&self, id: &str) -> Result<RoomKey, Refusal> {
        match self {
            Self::User(user) => user.room(id),
            Self::Seated(token) => {
                let id = id.try_into().map_err(|_| Refusal::RoomNotFound)?;
                let key = RoomKey { tenant: token.room.tenant.clone(), room: id };
                log::room(&key);
                Ok(key)
            }
        }
    }

    /// The room with its metadata, if the visitor may look into it: the host always, others while they are in.
    pub async fn enter(&self, store: &Store, key: &RoomKey, now: Timestamp) -> Result<Seen, Halt> {
        match self {
            Self::Seated(token) if token.room != *key => Err(Refusal::InvalidToken.into()),
            Self::Seated(token) => {
                let seen = store.sitting(token, true).await?;
                // A ticket of the waiting room opens nothing else.
                if is_in(&seen) { Ok(seen) } else { Err(Refusal::NotInRoom.into()) }
            }
            Self::User(user) => {
                let seen = store.look(key, true, Some(&user.id)).await?;
                let room =
                    seen.room.as_ref().filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
                let welcome = room.is_hosted_by(&user.id) || (room.is_open(now) && is_in(&seen));
                if welcome { Ok(seen) } else { Err(Refusal::NotInRoom.into()) }
            }
        }
    }
}

fn is_in(seen: &Seen) -> bool {
    seen.room.as_ref().zip(seen.participant.as_ref()).is_some_and(|(room, person)| person.is_in(room))
}
