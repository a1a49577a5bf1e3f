//! `$default`: every message that no other route is for, which is all that Socket.IO's clients send. What each asks for
//! is done as by the function of its event.

use api::{ConfigError, Env, Halt};
use models::Refusal;
use realtime::events::join_room::{self, Joining};
use realtime::events::{
    admit_participant, chat_message, deny_participant, leave_room, lock_room, mute_participant,
    remove_participant, send_to_waiting, show, signal, sync, typing, update_lock_settings,
};
use realtime::{Answer, Callers, Realtime};

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
) -> Result<Answer, Halt> {
    match request.event {
        ClientEvent::JoinRoom => join_room::handle(realtime, &config.joining, connected, request).await,
        ClientEvent::LeaveRoom => leave_room::handle(realtime, connected, request).await,
        ClientEvent::LockRoom => lock_room::handle(realtime, connected, request).await,
        ClientEvent::Sync => sync::handle(realtime, connected, request).await,
        ClientEvent::MuteParticipant => mute_participant::handle(realtime, connected, request).await,
        ClientEvent::RemoveParticipant => remove_participant::handle(realtime, connected, request).await,
        ClientEvent::UpdateLockSettings => update_lock_settings::handle(realtime, connected, request).await,
        ClientEvent::ChatMessage => chat_message::handle(realtime, connected, request).await,
        ClientEvent::Offer | ClientEvent::Answer | ClientEvent::IceCandidate => {
            signal::handle(realtime, connected, request).await
        }
        ClientEvent::ToggleAudio
        | ClientEvent::ToggleVideo
        | ClientEvent::StartScreenShare
        | ClientEvent::StopScreenShare
        | ClientEvent::ToggleHandRaise => show::handle(realtime, connected, request).await,
        ClientEvent::TypingStart | ClientEvent::TypingStop => {
            typing::handle(realtime, connected, request).await
        }
        ClientEvent::AdmitParticipant => admit_participant::handle(realtime, connected, request).await,
        ClientEvent::DenyParticipant => deny_participant::handle(realtime, connected, request).await,
        ClientEvent::SendToWaiting => send_to_waiting::handle(realtime, connected, request).await,
        // It was answered when it was read.
        ClientEvent::Ping => Err(Refusal::UnknownEvent.into()),
    }
}
