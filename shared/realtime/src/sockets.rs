//! What the server says to connections, by API Gateway's `@connections`
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>).

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use api::{ConfigError, Env, Halt, log};
use aws_sdk_apigatewaymanagement::Client as Management;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Region};
use aws_sdk_apigatewaymanagement::error::{DisplayErrorContext, SdkError};
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::get_connection::GetConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use futures_util::{StreamExt as _, stream};
use models::{Client, Connection, ConnectionId, Participant, RoomKey};
use serde::Serialize;
use socket::{ServerEvent, Speak as _};
use store::{Binding, Grace, Store, StoreError};
use tracing::{error, warn};

/// Connections that something is said to at a time.
const AT_A_TIME: usize = 64;

/// How long one call may take: a client that does not read must not hold up the others.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// The pauses after which what the gateway did not take is posted again. The SDK's own begin at a second.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(30), Duration::from_millis(120), Duration::from_millis(500)];

/// How often a new connection is greeted that does not stand yet, and the pause between: four seconds in all.
const MOST_GREETINGS: usize = 80;
const GREETING_PAUSE: Duration = Duration::from_millis(50);

/// What became of something that was said to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The gateway has taken it.
    Taken,
    /// There is no such connection.
    Gone,
    /// It was not said, whatever was tried: the client does not read, or the gateway did not answer.
    Lost,
}

/// How long a place outlasts its connection: by `RECONNECT_GRACE_SECONDS` and `UNATTACHED_TIMEOUT_SECONDS`.
pub fn grace(env: &Env) -> Result<Grace, ConfigError> {
    Ok(Grace {
        seat: env.seconds("RECONNECT_GRACE_SECONDS")?,
        waiting: env.seconds("UNATTACHED_TIMEOUT_SECONDS")?,
    })
}

/// The connections of the WebSocket API. Cheap to clone.
#[derive(Clone)]
pub struct Sockets {
    management: Management,
    grace: Grace,
}

impl fmt::Debug for Sockets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sockets").field("grace", &self.grace).finish_non_exhaustive()
    }
}

impl Sockets {
    /// The API whose address is in `CONNECTIONS_ENDPOINT`; for the rest see [`grace`].
    pub fn connect(env: &Env) -> Result<Self, ConfigError> {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
        let config = aws_sdk_apigatewaymanagement::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(env.region().to_owned()))
            .credentials_provider(env.credentials().clone())
            .endpoint_url(env.required("CONNECTIONS_ENDPOINT")?)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled());
        Ok(Self { management: Management::from_conf(config.build()), grace: grace(env)? })
    }

    /// How long a place outlasts its connection.
    pub const fn grace(&self) -> Grace {
        self.grace
    }

    /// Says a text to a connection. Of one that is gone the table is told, for nobody else may: `$disconnect` is best
    /// effort.
    pub async fn post(&self, store: &Store, to: &ConnectionId, text: &str) -> Said {
        let said = self.try_to_post(to, text).await;
        if said == Said::Gone {
            self.forget(store, to).await;
        }
        said
    }

    /// Tells the table that a connection is gone. Where that fails, others hear what they are to hear all the same:
    /// `$disconnect`, the next post and the next check make up for it.
    async fn forget(&self, store: &Store, connection: &ConnectionId) {
        if let Err(halt) = store.disconnect(connection, self.grace).await {
            log::failure("a connection that is gone", &halt.into_failure());
        }
    }

    async fn try_to_post(&self, to: &ConnectionId, text: &str) -> Said {
        if !socket::fits(text) {
            error!(bytes = text.len(), "what was to be said is larger than the gateway sends");
            return Said::Lost;
        }
        let mut pauses = PAUSES.iter();
        loop {
            let post = self.management.post_to_connection().connection_id(to.as_str());
            let posted = Box::pin(post.data(Blob::new(text)).send()).await;
            let Err(failed) = posted else { return Said::Taken };
            if is_gone(&failed) {
                return Said::Gone;
            }
            let Some(pause) = pauses.next().filter(|_| may_be_repeated(&failed)) else {
                warn!(error = %DisplayErrorContext(&failed), "a connection could not be told something");
                return Said::Lost;
            };
            tokio::time::sleep(*pause).await;
        }
    }

    /// Says the first text to a connection, which may not quite stand yet: nobody is posted to before `$connect` has
    /// answered.
    pub async fn greet(&self, store: &Store, to: &ConnectionId, text: &str) -> Said {
        for _ in 0..MOST_GREETINGS {
            let said = self.try_to_post(to, text).await;
            if said != Said::Gone {
                return said;
            }
            tokio::time::sleep(GREETING_PAUSE).await;
        }
        self.post(store, to, text).await
    }

    /// Tells all of these connections the same, many at a time; each client in its own words. Says how many were told.
    pub async fn tell<'a>(
        &self,
        store: &Store,
        to: impl IntoIterator<Item = &'a Connection>,
        event: ServerEvent,
        data: &impl Serialize,
    ) -> usize {
        let mut texts = HashMap::<Client, String>::new();
        let to: Vec<&Connection> = to.into_iter().collect();
        for connection in &to {
            texts.entry(connection.client).or_insert_with(|| connection.client.event(event, data));
        }
        let mut posts = Vec::<Call<'_, Said>>::with_capacity(to.len());
        for connection in &to {
            posts.push(Box::pin(self.post(store, &connection.id, &texts[&connection.client])));
        }
        all(posts).await.into_iter().filter(|said| *said == Said::Taken).count()
    }

    /// Tells each of these connections something of its own, in its order, many connections at a time. Says how many posts
    /// that took.
    pub async fn tell_each<'a>(
        &self,
        store: &Store,
        event: ServerEvent,
        told: impl IntoIterator<Item = (&'a Connection, Vec<impl Serialize + Send + Sync + 'a>)>,
    ) -> usize {
        let mut tellings = Vec::<Call<'_, usize>>::new();
        for (connection, messages) in told {
            tellings.push(Box::pin(async move {
                let mut posts = 0;
                for message in &messages {
                    let text = connection.client.event(event, message);
                    let said = self.post(store, &connection.id, &text).await;
                    posts += usize::from(said == Said::Taken);
                }
                posts
            }));
        }
        all(tellings).await.into_iter().sum()
    }

    /// Closes a connection from our side, which no client takes as a reason to come again. Of one that is gone the table
    /// is told. A failure means that it stands still.
    pub async fn close(&self, store: &Store, connection: &Connection) -> Result<(), Halt> {
        if let Some(text) = connection.client.before_close() {
            self.post(store, &connection.id, text).await;
        }
        let mut pauses = PAUSES.iter();
        loop {
            let delete = self.management.delete_connection().connection_id(connection.id.as_str());
            let Err(failed) = delete.send().await else { return Ok(()) };
            if failed.as_service_error().is_some_and(DeleteConnectionError::is_gone_exception) {
                self.forget(store, &connection.id).await;
                return Ok(());
            }
            let Some(pause) = pauses.next() else {
                let why = format!("a connection could not be closed: {}", DisplayErrorContext(&failed));
                return Err(StoreError::Unavailable(why).into());
            };
            tokio::time::sleep(*pause).await;
        }
    }

    /// Tells a connection the last that it hears, and closes it.
    async fn dismiss(
        &self,
        store: &Store,
        connection: &Connection,
        event: ServerEvent,
        data: &impl Serialize,
    ) -> Result<(), Halt> {
        self.tell(store, [connection], event, data).await;
        self.close(store, connection).await
    }

    /// The same with those of many connections by which nobody has taken another place than that which `is_left`. One may
    /// be on its way into another room, or be gone.
    pub async fn dismiss_from<'a>(
        &self,
        store: &Store,
        is_left: impl Fn(&Binding) -> bool + Sync,
        connections: impl IntoIterator<Item = &'a Connection>,
        (event, data): (ServerEvent, &(impl Serialize + Sync)),
    ) -> Result<(), Halt> {
        let is_left = &is_left;
        let mut dismissals = Vec::<Call<'_, Result<(), Halt>>>::new();
        for connection in connections {
            dismissals.push(Box::pin(async move {
                let connected = store.connection(&connection.id).await?;
                match connected.and_then(|connected| connected.bound).filter(is_left) {
                    Some(_) => self.dismiss(store, connection, event, data).await,
                    None => Ok(()),
                }
            }));
        }
        all(dismissals).await.into_iter().collect()
    }

    /// Asks the gateway whether the connections of these people in a room stand, many at a time. Of those that are gone the
    /// table is told.
    pub async fn check(&self, store: &Store, room: &RoomKey, people: &[Participant]) -> Result<(), Halt> {
        let looks = people.iter().filter_map(|person| Some((person, &person.connection.as_ref()?.id)));
        let looks = looks.map(|(person, id)| {
            let look = async move {
                if self.is_gone(id).await {
                    store.lose_connection(room, person, self.grace).await?;
                }
                Ok(())
            };
            Box::pin(look) as Call<'_, Result<(), Halt>>
        });
        all(looks.collect()).await.into_iter().collect()
    }

    /// Asks the gateway whether a connection is gone. If it does not say so, it is not.
    async fn is_gone(&self, id: &ConnectionId) -> bool {
        let asked = self.management.get_connection().connection_id(id.as_str()).send().await;
        asked.err().is_some_and(|failed| {
            failed.as_service_error().is_some_and(GetConnectionError::is_gone_exception)
        })
    }
}

/// A call that is made beside others. Of a type that names no closure: else the compiler does not see that whoever waits for
/// it may go from thread to thread.
type Call<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Waits for all, some at a time.
async fn all<T>(calls: Vec<Call<'_, T>>) -> Vec<T> {
    stream::iter(calls).buffer_unordered(AT_A_TIME).collect().await
}

/// Whether a post that failed can be made again without being heard twice: the gateway said that it did not take it, or
/// could not be reached. After a timeout nobody knows.
fn may_be_repeated(failed: &SdkError<PostToConnectionError>) -> bool {
    match failed {
        SdkError::ServiceError(refused) => {
            refused.err().is_limit_exceeded_exception() || refused.raw().status().is_server_error()
        }
        SdkError::DispatchFailure(unreached) => !unreached.is_timeout(),
        _ => false,
    }
}

fn is_gone(failed: &SdkError<PostToConnectionError>) -> bool {
    failed.as_service_error().is_some_and(PostToConnectionError::is_gone_exception)
}
