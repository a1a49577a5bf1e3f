//! `$default`: every message that no other route is for, which is all that Socket.IO's clients send. What each asks for
//! is done as by the function of its event.

use api::{ConfigError, Env, Halt};
use models::Refusal;
use realtime::events::join_room::{self, Joining};
use realtime::events::{leave_room, lock_room, sync};
use realtime::{Callers, Data, Realtime};

use socket::{ClientEvent, Request};
use store::Connected;

/// What this function is configured with, beside [`Realtime`].
pub struct Config {
    callers: Callers,
    joining: Joining,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { callers: Callers::load(env).await?, joining: Joining::load(env).await? })
    }
}

impl AsRef<Callers> for Config {
    fn as_ref(&self) -> &Callers {
        &self.callers
    }
}

/// Does what a request asks for.
pub async fn handle(
    realtime: &Realtime,
    config: &Config,
    connected: &Connected,
    request: &Request,
) -> Result<Data, Halt> {
    match request.event {
        ClientEvent::JoinRoom => join_room::handle(realtime, &config.joining, connected, request).await,
        ClientEvent::LeaveRoom => leave_room::handle(realtime, connected, request).await,
        ClientEvent::LockRoom => lock_room::handle(realtime, connected, request).await,
        ClientEvent::Sync => sync::handle(realtime, connected, request).await,
        _ => Err(Refusal::UnknownEvent.into()),
    }
}
