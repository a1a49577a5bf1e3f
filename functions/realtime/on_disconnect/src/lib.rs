//! `$disconnect`: a connection is gone. Whoever had his place by it keeps that for a while (`rules.md` 3); of a connection
//! that was replaced it changes nothing. Best effort: what it misses is found by who posts to the connection, or checks it.

use api::{ConfigError, Env, Error, Halt, Worker};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use models::ConnectionId;
use serde_json::{Value, json};
use store::Grace;

/// What this function is configured with.
pub struct Config {
    grace: Grace,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { grace: realtime::grace(env)? })
    }
}

/// Notes that the connection is gone.
pub async fn handle(worker: &Worker<Config>, event: ApiGatewayWebsocketProxyRequest) -> Result<Value, Error> {
    let id = event.request_context.connection_id.unwrap_or_default();
    let id = ConnectionId::try_from(id.as_str())?;
    worker.store.disconnect(&id, worker.config.grace).await.map_err(Halt::into_failure)?;
    Ok(json!({"statusCode": 200}))
}

#[cfg(test)]
mod tests;
