//! The `$default` route: 404 for an unknown path, 405 for an unknown method, in the dialect of the path.

#[cfg(test)]
mod tests;

use api::{Answer, App, ConfigError, Dialect, Env, Halt, Request};
use models::Refusal;

/// What this function is configured with: nothing.
pub struct Config;

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(_env: &Env) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

/// Every route of the template, for a wrong method to be told from a wrong path. A test holds the two together.
pub const ROUTES: &[(&str, &str)] = &[
    ("POST", "/auth/room/create"),
    ("POST", "/room/create"),
    ("POST", "/auth/room/getJoinToken"),
    ("POST", "/room/getJoinToken"),
    ("POST", "/auth/room/isRoomActive"),
    ("POST", "/auth/room/getActiveRoomInfo"),
    ("POST", "/auth/room/endRoom"),
    ("POST", "/auth/room/getActiveRoomsInfo"),
    ("POST", "/auth/room/fetchPastRooms"),
    ("POST", "/auth/room/broadcastToRoom"),
    ("POST", "/auth/room/sessionReport"),
    ("POST", "/auth/room/removeParticipant"),
    ("POST", "/auth/room/unblockUser"),
    ("POST", "/auth/room/revokeTokens"),
    ("POST", "/auth/webhook/deliveries"),
    ("POST", "/auth/webhook/replay"),
    ("POST", "/auth/webhook/test"),
    ("POST", "/auth/getClientFiles"),
    ("POST", "/auth/room/uploadWhiteboardFile"),
    ("POST", "/auth/recording/fetch"),
    ("POST", "/auth/recording/info"),
    ("POST", "/auth/recording/recordingInfo"),
    ("POST", "/auth/recording/getDownloadToken"),
    ("POST", "/auth/recording/updateMetadata"),
    ("POST", "/auth/recording/delete"),
    ("POST", "/auth/recording/mergeRecordings"),
    ("POST", "/auth/analytics/fetch"),
    ("POST", "/auth/analytics/getDownloadToken"),
    ("POST", "/auth/analytics/delete"),
    ("POST", "/auth/artifact/fetch"),
    ("POST", "/auth/artifact/info"),
    ("POST", "/auth/artifact/getDownloadToken"),
    ("POST", "/auth/artifact/delete"),
    ("POST", "/rooms"),
    ("GET", "/rooms/{id}"),
    ("DELETE", "/rooms/{id}"),
    ("PATCH", "/rooms/{id}/settings"),
    ("GET", "/rooms/{id}/participants"),
    ("GET", "/rooms/{id}/waiting"),
    ("GET", "/rooms/code/{code}"),
    ("GET", "/rooms/code/{code}/participants"),
    ("POST", "/rooms/{code}/join"),
    ("POST", "/rooms/{code}/leave"),
    ("POST", "/api/joinRoom"),
    ("POST", "/api/leaveRoom"),
    ("POST", "/api/resume"),
    ("POST", "/api/removeParticipant"),
    ("POST", "/api/waitingRoom/approveUsers"),
    ("POST", "/api/waitingRoom/updateMsg"),
    ("POST", "/api/switchPresenter"),
    ("POST", "/api/updateLockSettings"),
    ("POST", "/api/muteParticipant"),
    ("POST", "/api/endRoom"),
    ("GET", "/health"),
    ("GET", "/version"),
    ("GET", "/openapi.json"),
];

/// Answers one request.
#[expect(clippy::unused_async, reason = "every function is called in the same way")]
pub async fn handle(_app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let known = ROUTES.iter().any(|(_, route)| matches(route, &request.path));
    let refusal = if known { Refusal::UnknownMethod } else { Refusal::UnknownRoute };
    Ok(dialect(&request.path).refuse(&refusal))
}

fn dialect(path: &str) -> Dialect {
    if path.starts_with("/auth/") || path.starts_with("/room/") { Dialect::Server } else { Dialect::Rooms }
}

fn matches(route: &str, path: &str) -> bool {
    let (mut parts, mut given) = (route.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || (part.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}
