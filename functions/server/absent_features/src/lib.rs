//! What plugNmeet's SDKs call beside rooms: recordings, analytics, artifacts, whiteboard files. There is none of these
//! here, and each call is answered as plugNmeet answers where there is nothing. Nothing is stored.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request};
use models::{Permission, Refusal, Violation};
use wire::{Field, Message};

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: KeyRing::new(env) })
    }
}

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

/// A call: its path, who may make it, what it holds, and what is said when that is well-formed.
struct Absent(&'static str, Permission, &'static [Field], &'static str);

const CALLS: &[Absent] = &[
    Absent("/auth/recording/fetch", Permission::Read, RECORDINGS, "no recording found"),
    Absent("/auth/recording/info", Permission::Read, RECORDING, "recording not found"),
    Absent("/auth/recording/recordingInfo", Permission::Read, RECORDING, "recording not found"),
    Absent("/auth/recording/getDownloadToken", Permission::Read, RECORDING, "recording not found"),
    Absent("/auth/recording/updateMetadata", Permission::Create, RECORDING, "recording not found"),
    Absent("/auth/recording/delete", Permission::Create, RECORDING, "recording not found"),
    Absent(MERGE_RECORDINGS, Permission::Create, MERGE, "recording not found"),
    Absent("/auth/analytics/fetch", Permission::Read, ANALYTICS, "no artifact found"),
    Absent("/auth/analytics/getDownloadToken", Permission::Read, FILE, "artifact not found"),
    Absent("/auth/analytics/delete", Permission::Create, FILE, "artifact not found"),
    Absent("/auth/artifact/fetch", Permission::Read, ARTIFACTS, "no artifact found"),
    Absent("/auth/artifact/info", Permission::Read, ARTIFACT, "artifact not found"),
    Absent("/auth/artifact/getDownloadToken", Permission::Read, ARTIFACT, "artifact not found"),
    Absent("/auth/artifact/delete", Permission::Create, ARTIFACT, "artifact not found"),
];

/// The one call whose body is a form with a file.
const WHITEBOARD: &str = "/auth/room/uploadWhiteboardFile";

/// The one call that holds one of two messages.
const MERGE_RECORDINGS: &str = "/auth/recording/mergeRecordings";

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let call = CALLS.iter().find(|call| call.0 == request.path);
    let permission = call.map_or(Permission::Create, |Absent(_, permission, ..)| *permission);
    app.config.keys.authenticate(&app.store, &*app.clock, request, permission).await?;
    let said = match call {
        Some(Absent(path, _, fields, said)) => {
            check(path, &Message::root(request.object()?), fields)?;
            *said
        }
        None if request.path == WHITEBOARD => "whiteboard files are not supported by this server",
        None => return Err(Refusal::UnknownRoute.into()),
    };
    Ok(Common::failure(said, "NOT_FOUND").answer())
}

/// Refuses what plugNmeet refuses.
fn check(path: &str, message: &Message, fields: &[Field]) -> Result<(), Refusal> {
    let reading = wire::read(fields, message)?;
    let mut violations = reading.violations;
    if path == MERGE_RECORDINGS && reading.values.is_empty() {
        violations.push(Violation::new("", "one of by_session, by_ids must be set"));
    }
    if violations.is_empty() { Ok(()) } else { Err(Refusal::Invalid(violations)) }
}
