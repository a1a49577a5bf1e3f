//! `POST /auth/room/fetchPastRooms`: the tenant's sessions, or those of some rooms; past ones, and those that run.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use api::server::{Common, With, time};
use api::{Answer, App, Caller, Halt, KeyRing, Request};
use models::{Permission, Refusal};
use serde::Serialize;
use store::{History, Page, Session};
use wire::Message;

/// Most rooms that may be named in one request: each is a query of its own.
const MOST_ROOMS: usize = 100;

/// Sessions of a page, where the caller does not say.
const LIMIT: u32 = 20;

/// Most sessions of a page; who wants more gets these.
const MOST: u32 = 100;

/// What this function is configured with.
pub type Config = KeyRing;

#[derive(Serialize)]
struct PastRoomsOut {
    result: ResultOut,
}

#[derive(Serialize)]
struct ResultOut {
    total_rooms: String,
    from: u32,
    limit: u32,
    order_by: String,
    rooms_list: Vec<PastRoomOut>,
}

#[derive(Serialize)]
struct PastRoomOut {
    room_title: String,
    room_id: String,
    room_sid: String,
    joined_participants: String,
    webhook_url: String,
    created: String,
    ended: String,
}

impl From<Session> for PastRoomOut {
    fn from(session: Session) -> Self {
        Self {
            room_title: session.title,
            room_id: session.room.room.to_string(),
            room_sid: session.sid.to_string(),
            joined_participants: session.joined.to_string(),
            webhook_url: session.webhook_url.unwrap_or_default(),
            created: session.created_at.rfc3339(),
            ended: time(session.ended_at),
        }
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let message = Message::root(request.object()?);
    let room_ids: HashSet<_> = message.strings("room_ids")?.into_iter().collect();
    let from = message.uint32("from")?.unwrap_or_default();
    let limit = message.uint32("limit")?.filter(|limit| *limit > 0).unwrap_or(LIMIT).min(MOST);
    let order_by = Some(message.string("order_by")?).filter(|order| !order.is_empty());
    let order_by = order_by.unwrap_or_else(|| "DESC".to_owned());
    if room_ids.len() > MOST_ROOMS {
        let expected = format!("must contain no more than {MOST_ROOMS} item(s)");
        return Err(Refusal::invalid("room_ids", expected).into());
    }
    let page = Page { from: from as usize, limit: limit as usize, ascending: order_by == "ASC" };
    let History { total, sessions } = history(app, &caller, &room_ids, page).await?;
    if total == 0 {
        return Ok(Common::failure("no room found", "NOT_FOUND").answer());
    }
    let rooms_list = sessions.into_iter().map(PastRoomOut::from).collect();
    let result = ResultOut { total_rooms: total.to_string(), from, limit, order_by, rooms_list };
    Ok(With::new(Common::success(), PastRoomsOut { result }).answer())
}

async fn history(
    app: &App<Config>,
    caller: &Caller,
    room_ids: &HashSet<String>,
    page: Page,
) -> Result<History, Halt> {
    if room_ids.is_empty() {
        return Ok(app.store.history(&caller.tenant, page).await?);
    }
    let rooms = room_ids.iter().filter_map(|room_id| caller.room(room_id)).collect();
    Ok(app.store.history_of(&rooms, page).await?)
}
