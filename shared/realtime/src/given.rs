//! The whole session, as somebody was given it who joined, was admitted or asked for it.

use api::{Halt, log};
use models::{Clock, Connection};
use socket::ServerEvent;
use store::Store;
use tracing::warn;

use crate::Sockets;
use crate::people::Whole;
use crate::presence::{PresenceOut, Round};

/// How often it is looked whether something newer was told while it was on its way. Rounds are a second apart.
const MOST_LOOKS: u32 = 4;

/// What somebody was given, and what he is still to be told of it.
#[derive(Debug)]
pub struct Given {
    /// To whom.
    pub to: Connection,
    /// The session as it was read.
    pub whole: Whole,
    /// The people for whom there was no room in it.
    pub after: Vec<PresenceOut>,
}

impl Given {
    /// Tells him the rest, when he has been told the first part. A round of presence may have told him something newer before
    /// that, of which he then knows nothing: so he is told what has changed since the session was read, if a round has begun
    /// since. Rounds say that they begin before they tell anybody.
    ///
    /// What fails is logged: he has his answer.
    pub async fn follow(self, store: &Store, sockets: &Sockets, clock: &dyn Clock) {
        let Self { to, whole, after } = self;
        sockets.tell_each(store, ServerEvent::Presence, [(&to, after)]).await;
        if let Err(halt) = catch_up(&to, &whole, store, sockets, clock).await {
            log::failure("what was told meanwhile", &halt.into_failure());
        }
    }
}

async fn catch_up(
    to: &Connection,
    given: &Whole,
    store: &Store,
    sockets: &Sockets,
    clock: &dyn Clock,
) -> Result<(), Halt> {
    let (key, sid) = (&given.room.key, given.room.sid);
    let mut seq = given.room.seq;
    for _ in 0..MOST_LOOKS {
        if store.round_begun(key, sid).await? <= seq {
            return Ok(());
        }
        let Some(whole) = Whole::read_of(store, (key, sid), clock).await? else { return Ok(()) };
        let own = whole.present.iter().find(|person| person.connection.as_ref() == Some(to));
        // He has left, or has another connection, by which he is given it anew.
        let Some(own) = own else { return Ok(()) };
        // All since he was given it: of what was told in between he may not have taken notice.
        let mut before = given.as_told();
        if !given.is_settled {
            // It may have been newer than it said, and that round have put back what it did not know yet.
            (before.people, before.gone) = Default::default();
        }
        let told = Round::of(&whole, Some(&before)).shown_to(own);
        sockets.tell_each(store, ServerEvent::Presence, [(to, told)]).await;
        seq = whole.room.seq;
    }
    warn!(room = %key, "rounds of presence come faster than somebody can be told of them");
    Ok(())
}
