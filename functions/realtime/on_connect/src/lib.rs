//! `$connect`: finds out who is behind a new connection. It takes no seat, and spends no token (`rules.md` 5).

use api::rooms::refusal_text;
use api::{ConfigError, Env, Error, Halt, Worker, log};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use models::{Connection, ConnectionId, Refusal};
use outbox::{Entry, Queue};
use realtime::{Callers, Tending};
use serde_json::{Value, json};
use socket::client_of_upgrade;

/// What this function is configured with.
pub struct Config {
    callers: Callers,
    connections: Queue,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            callers: Callers::load(env).await?,
            connections: Queue::connect(env, "CONNECTIONS_QUEUE_URL")?,
        })
    }
}

/// Answers the upgrade: with 200 it stands.
pub async fn handle(worker: &Worker<Config>, event: ApiGatewayWebsocketProxyRequest) -> Result<Value, Error> {
    let status = match connect(worker, &event).await {
        Ok(()) => 200,
        Err(Halt::Refused(refusal)) => refusal_text(&refusal).0,
        Err(halt) => {
            log::failure("connect", &halt.into_failure());
            503
        }
    };
    Ok(json!({"statusCode": status}))
}

async fn connect(worker: &Worker<Config>, event: &ApiGatewayWebsocketProxyRequest) -> Result<(), Halt> {
    let Config { callers, connections } = &worker.config;
    let query = &event.query_string_parameters;
    let client = client_of_upgrade(query.first("EIO"))?;
    let id = event.request_context.connection_id.as_deref().unwrap_or_default();
    let id = ConnectionId::try_from(id).map_err(|_| Refusal::malformed("connectionId", "must be an id"))?;
    let token = query.first("token").or_else(|| query.first("access_token")).or_else(|| cookie(event));
    let caller = callers.identify(&worker.store, token, worker.clock.now()).await?;
    let connection = Connection { id, client };
    worker.store.note_connection(connection.clone(), caller).await?;
    let (tending, delay) = Tending::first(connection);
    let text = serde_json::to_string(&tending).expect("it has text keys");
    let sent = connections.send(vec![Entry::delayed(&text, delay)]).await;
    // Without it Socket.IO's client would wait for ever, and nobody would see that a connection is not used.
    sent.map_err(|error| store::StoreError::Unavailable(error.to_string()).into())
}

/// The token in plugNmeet's cookie.
fn cookie(event: &ApiGatewayWebsocketProxyRequest) -> Option<&str> {
    let cookies = event.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == "pnm_access_token").map(|(_, token)| token.trim_matches('"'))
}

#[cfg(test)]
mod tests;
