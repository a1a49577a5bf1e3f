//! `sync`: the whole state of the session again.

use api::Halt;
use models::Refusal;

use socket::Request;
use store::Connected;

use crate::people::Whole;
use crate::{Answer, Given, Realtime};

/// Does it.
pub async fn handle(realtime: &Realtime, connected: &Connected, _: &Request) -> Result<Answer, Halt> {
    let seat = realtime.seat(connected).await?;
    let now = realtime.now();
    let session = (&seat.room.key, seat.room.sid);
    let whole = Whole::read_of(&realtime.store, session, &*realtime.clock).await?;
    let whole = whole.ok_or(Refusal::RoomNotActive)?;
    let (state, after) = whole.shown_to(&seat.person, now);
    let given = Given { to: connected.connection.clone(), whole, after };
    Ok(Answer { given: Some(given), ..super::data(&state) })
}
