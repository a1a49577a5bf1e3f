//! What plugNmeet's SDKs call beside rooms: recordings, analytics, artifacts, whiteboard files. There is none of these
//! here, and each call is answered as plugNmeet answers where there is nothing. Nothing is stored.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, Halt, KeyRing, Request};
use models::{Permission, Refusal, Violation};
use wire::{Field, Message};

/// What this function is configured with.
pub type Config = KeyRing;

/// What is looked for, and how many may be found.
const ROOMS: [Field; 2] = [Field::texts("room_ids"), Field::optional_text("room_sid")];
const LIST: [Field; 3] = [Field::number("from"), Field::number("limit"), Field::text("order_by")];
const LONG_LIST: [Field; 3] = [Field::long("from"), Field::long("limit"), Field::text("order_by")];

const RECORDINGS: &[Field] = &[ROOMS[0], ROOMS[1], LIST[0], LIST[1], LIST[2]];
const ANALYTICS: &[Field] = &[ROOMS[0], LIST[0], LIST[1], LIST[2]];
const ARTIFACTS: &[Field] = &[ROOMS[0], ROOMS[1], LONG_LIST[0], LONG_LIST[1], LONG_LIST[2]];

const RECORDING: &[Field] = &[Field::text("record_id").required()];
const FILE: &[Field] = &[Field::text("file_id").required()];
const ARTIFACT: &[Field] = &[Field::text("artifact_id").required()];

const MERGE: &[Field] = &[
    Field::optional_part("by_session", &[Field::text("room_sid").required()]),
    Field::optional_part("by_ids", &[Field::text("room_id").required(), Field::texts("recording_ids")]),
];

/// A call: its route, who may make it, what it holds, and what is said when that is well-formed.
struct Absent(&'static str, Permission, &'static [Field], &'static str);

const CALLS: &[Absent] = &[
    Absent("POST /auth/recording/fetch", Permission::Read, RECORDINGS, "no recording found"),
    Absent("POST /auth/recording/info", Permission::Read, RECORDING, "recording not found"),
    Absent("POST /auth/recording/recordingInfo", Permission::Read, RECORDING, "recording not found"),
    Absent("POST /auth/recording/getDownloadToken", Permission::Read, RECORDING, "recording not found"),
    Absent("POST /auth/recording/updateMetadata", Permission::Create, RECORDING, "recording not found"),
    Absent("POST /auth/recording/delete", Permission::Create, RECORDING, "recording not found"),
    Absent(MERGE_RECORDINGS, Permission::Create, MERGE, "recording not found"),
    Absent("POST /auth/analytics/fetch", Permission::Read, ANALYTICS, "no artifact found"),
    Absent("POST /auth/analytics/getDownloadToken", Permission::Read, FILE, "artifact not found"),
    Absent("POST /auth/analytics/delete", Permission::Create, FILE, "artifact not found"),
    Absent("POST /auth/artifact/fetch", Permission::Read, ARTIFACTS, "no artifact found"),
    Absent("POST /auth/artifact/info", Permission::Read, ARTIFACT, "artifact not found"),
    Absent("POST /auth/artifact/getDownloadToken", Permission::Read, ARTIFACT, "artifact not found"),
    Absent("POST /auth/artifact/delete", Permission::Create, ARTIFACT, "artifact not found"),
];

/// The one call whose body is a form with a file.
const WHITEBOARD: &str = "POST /auth/room/uploadWhiteboardFile";

/// The one call that holds one of two messages.
const MERGE_RECORDINGS: &str = "POST /auth/recording/mergeRecordings";

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let call = CALLS.iter().find(|call| call.0 == request.route);
    let permission = call.map_or(Permission::Create, |Absent(_, permission, ..)| *permission);
    app.config.authenticate(&app.store, &*app.clock, request, permission).await?;
    let said = match call {
        Some(Absent(route, _, fields, said)) => {
            check(route, &Message::root(request.object()?), fields)?;
            *said
        }
        None if request.route == WHITEBOARD => "whiteboard files are not supported by this server",
        None => return Err(Refusal::UnknownRoute.into()),
    };
    Ok(Common::failure(said, "NOT_FOUND").answer())
}

/// Refuses what plugNmeet refuses.
fn check(route: &str, message: &Message, fields: &[Field]) -> Result<(), Refusal> {
    let reading = wire::read(fields, message)?;
    let mut violations = reading.violations;
    if route == MERGE_RECORDINGS && reading.values.is_empty() {
        violations.push(Violation::new("", "one of by_session, by_ids must be set"));
    }
    if violations.is_empty() { Ok(()) } else { Err(Refusal::Invalid(violations)) }
}
