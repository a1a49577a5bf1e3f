//! `POST /auth/room/sessionReport`: all that is known of a session: one that runs, or a past one.

#[cfg(test)]
mod tests;

use api::server::{Common, With, time};
use api::{Answer, App, Halt, KeyRing, Request};
use models::{EndReason, Permission, Refusal, Sid, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Session;
use wire::Message;

/// What this function is configured with.
pub type Config = KeyRing;

/// Which session is meant; the forms of the ids are not checked.
struct SessionReportIn {
    room_id: String,
    sid: String,
}

impl SessionReportIn {
    fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let message = Message::root(body);
        let mut violations = vec![];
        let room_id = message.needed_string("room_id", &mut violations)?;
        let sid = message.needed_string("sid", &mut violations)?;
        if violations.is_empty() { Ok(Self { room_id, sid }) } else { Err(Refusal::Invalid(violations)) }
    }
}

#[derive(Serialize)]
struct SessionReportOut {
    report: ReportOut,
}

#[derive(Serialize)]
struct ReportOut {
    room_id: String,
    sid: String,
    room_title: String,
    created: String,
    started: String,
    ended: String,
    /// From the first join to the end, or until now.
    duration_seconds: String,
    /// Empty while the session runs.
    reason: &'static str,
    joined_participants: String,
    /// 0 until what follows the end has been done.
    peak_participants: String,
    is_running: bool,
}

impl ReportOut {
    fn of(session: Session, now: Timestamp) -> Self {
        let until = session.ended_at.unwrap_or(now);
        let duration = session.started_at.map_or(0, |started_at| until.since(started_at).as_secs());
        Self {
            room_id: session.room.room.to_string(),
            sid: session.sid.to_string(),
            room_title: session.title,
            created: session.created_at.rfc3339(),
            started: time(session.started_at),
            ended: time(session.ended_at),
            duration_seconds: duration.to_string(),
            reason: session.reason.map_or("", EndReason::word),
            joined_participants: session.joined.to_string(),
            peak_participants: session.peak.unwrap_or_default().to_string(),
            is_running: session.ended_at.is_none(),
        }
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let SessionReportIn { room_id, sid } = SessionReportIn::read(request.object()?)?;
    let session = match (caller.room(&room_id), sid.parse::<Sid>()) {
        (Some(key), Ok(sid)) => app.store.session(&key, sid).await?,
        _ => None,
    };
    let Some(session) = session else {
        return Ok(Common::failure("session not found", "NOT_FOUND").answer());
    };
    let report = ReportOut::of(session, app.clock.now());
    Ok(With::new(Common::success(), SessionReportOut { report }).answer())
}
