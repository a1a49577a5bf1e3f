//! Starts the handler of an event as a Lambda, and does for every message what no handler should have to think of: the
//! count, the client's own words, the answer, one line of log.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use api::rooms::{refusal_text, status_text};
use api::{ConfigError, Env, Error, Halt, Parts, log};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use models::{Client, Connection, ConnectionId, Refusal};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use socket::{Auth, ErrorBody, Received, ReplyTo, Request, ServerEvent, Speak as _, connect_error};
use store::{Connected, Pace, StoredAnswer};
use tracing::{info, warn};

use crate::{Callers, Given, Realtime};

/// How long an answer waits for others to hear what it is about: so they hear what one says after another in that order. Of
/// those who do not read he need not know.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// The data of an answer, as JSON.
pub type Data = Box<RawValue>;

/// What a request is answered, and what its sender is told right after that.
#[derive(Debug)]
pub struct Answer {
    /// The data of the answer.
    pub data: Data,
    /// The session, where the answer is all of it.
    pub given: Option<Given>,
    /// What others are told.
    pub telling: Option<Telling>,
}

/// What others are told.
#[derive(Debug)]
pub struct Telling {
    /// Their connections.
    pub to: Vec<Connection>,
    /// The event.
    pub event: ServerEvent,
    /// Its data.
    pub data: Data,
}

impl From<Data> for Answer {
    fn from(data: Data) -> Self {
        Self { data, given: None, telling: None }
    }
}

/// What a handler's call gives.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<Answer, Halt>> + Send + 'a>>;

/// Runs the function of a route, until the process ends. `load` reads what its handler needs beside [`Realtime`].
pub async fn run<X, L, H>(load: L, handle: H) -> Result<(), Error>
where
    X: Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<X, ConfigError>,
    H: for<'a> Fn(&'a Realtime, &'a X, &'a Connected, &'a Request) -> Handling<'a> + Send + Sync,
{
    start(load, |_| None, handle).await
}

/// Runs the function of `$default`, which Socket.IO's clients are greeted by, too.
pub async fn run_default<X, L, H>(load: L, handle: H) -> Result<(), Error>
where
    X: AsRef<Callers> + Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<X, ConfigError>,
    H: for<'a> Fn(&'a Realtime, &'a X, &'a Connected, &'a Request) -> Handling<'a> + Send + Sync,
{
    start(load, |extra| Some(extra.as_ref()), handle).await
}

async fn start<X, L, H>(load: L, callers: fn(&X) -> Option<&Callers>, handle: H) -> Result<(), Error>
where
    X: Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<X, ConfigError>,
    H: for<'a> Fn(&'a Realtime, &'a X, &'a Connected, &'a Request) -> Handling<'a> + Send + Sync,
{
    log::init();
    let env = Env::of_process();
    let realtime = Realtime::load(&env, Parts::default())?;
    let extra = load(&env).await?;
    // As in functions behind HTTP: the handshake is made while nobody waits.
    let _ = realtime.store.warm().await;
    let (realtime, extra, handle) = (&realtime, &extra, &handle);
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| async move {
        Box::pin(receive(realtime, (extra, callers(extra)), event.payload, handle)).await
    }))
    .await
}

/// Works on one message. What went wrong is the client's to hear; the gateway wants to know only that it was heard.
pub async fn receive<X, H>(
    realtime: &Realtime,
    (extra, callers): (&X, Option<&Callers>),
    event: ApiGatewayWebsocketProxyRequest,
    handle: H,
) -> Result<Value, Error>
where
    H: for<'a> Fn(&'a Realtime, &'a X, &'a Connected, &'a Request) -> Handling<'a>,
{
    let (started, usage) = (realtime.now(), realtime.store.usage());
    let route = event.request_context.route_key.unwrap_or_default();
    let id = ConnectionId::try_from(event.request_context.connection_id.unwrap_or_default().as_str())?;
    let text = event.body.unwrap_or_default();
    let work = store::request(&*realtime.clock, answer(realtime, (extra, callers), (&id, &text), handle));
    let (outcome, room) = log::with_room(work).await;
    let usage = realtime.store.usage() - usage;
    info!(
        route,
        room = room.as_ref().map(tracing::field::display),
        outcome = match &outcome {
            Ok(outcome) => outcome,
            Err(halt) => refusal_of(halt).code(),
        },
        dynamodb_calls = usage.calls,
        read_units = usage.read_units,
        write_units = usage.write_units + usage.index_units,
        duration_ms = u64::try_from(realtime.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "message"
    );
    Ok(json!({"statusCode": 200}))
}

/// Counts, reads, does and answers; says what came of it, for the log.
async fn answer<X, H>(
    realtime: &Realtime,
    (extra, callers): (&X, Option<&Callers>),
    (id, text): (&ConnectionId, &str),
    handle: H,
) -> Result<&'static str, Halt>
where
    H: for<'a> Fn(&'a Realtime, &'a X, &'a Connected, &'a Request) -> Handling<'a>,
{
    let counted = match realtime.store.message(id).await {
        Ok(counted) => counted,
        // Whoever it is, he is told: else he would wait for an answer that never comes.
        Err(failure) => {
            let refusal = refusal_of(&failure.into());
            let client = client_by(text);
            let error = unread(client, &client.decode(text), &refusal);
            realtime.sockets.post(&realtime.store, id, &error).await;
            return Ok(refusal.code());
        }
    };
    let Some((connected, pace)) = counted else {
        // Nobody knows it any more: it was counted as gone, or was to be closed, and waits for an answer in vain.
        warn!("a message of an unknown connection");
        let connection = Connection { id: id.clone(), client: client_by(text) };
        realtime.sockets.close(&realtime.store, &connection).await?;
        return Ok("UNKNOWN_CONNECTION");
    };
    let client = connected.connection.client;
    let received = client.decode(text);
    if pace != Pace::Fine {
        let error = unread(client, &received, &Refusal::TooManyMessages);
        realtime.sockets.post(&realtime.store, id, &error).await;
        if pace == Pace::Close {
            realtime.sockets.close(&realtime.store, &connected.connection).await?;
        }
        return Ok(Refusal::TooManyMessages.code());
    }
    let (mut given, mut telling) = (None, None);
    let (answer, outcome) = match received {
        Received::Request(request) => match handle(realtime, extra, &connected, &request).await {
            Ok(answer) => {
                (given, telling) = (answer.given, answer.telling);
                match request.answer(&answer.data) {
                    // Better than no answer at all.
                    Some(text) if !socket::fits(&text) => {
                        given = None;
                        (Some(error(&request.reply_to, &Refusal::Internal)), "TOO_LARGE")
                    }
                    text => (text, "OK"),
                }
            }
            Err(Halt::Kept(kept)) => (Some(said_before(&request.reply_to, &kept)), "KEPT"),
            Err(halt) => {
                let refusal = refusal_of(&halt);
                (Some(error(&request.reply_to, &refusal)), refusal.code())
            }
        },
        Received::UnknownEvent { reply_to, .. } => {
            (Some(error(&reply_to, &Refusal::UnknownEvent)), Refusal::UnknownEvent.code())
        }
        Received::Refused { refusal, reply_to } => (Some(error(&reply_to, &refusal)), refusal.code()),
        Received::Ping { pong, .. } => (Some(pong), "OK"),
        Received::OtherNamespace(text) => (Some(text), "OK"),
        Received::Nothing => (None, "OK"),
        Received::Connect(auth) => match callers {
            Some(callers) => greet(realtime, callers, &connected, auth).await?,
            None => (None, "OK"),
        },
        Received::Disconnect => {
            realtime.sockets.close(&realtime.store, &connected.connection).await?;
            (None, "OK")
        }
    };
    let mut others = Box::pin(async {
        if let Some(Telling { to, event, data }) = telling {
            realtime.sockets.tell(&realtime.store, &to, event, &data).await;
        }
    });
    let all_heard = tokio::time::timeout(HEARD_WITHIN, &mut others).await.is_ok();
    if let Some(answer) = answer {
        realtime.sockets.post(&realtime.store, id, &answer).await;
    }
    if let Some(given) = given {
        given.follow(&realtime.store, &realtime.sockets, &*realtime.clock).await;
    }
    if !all_heard {
        others.await;
    }
    Ok(outcome)
}

/// Answers Socket.IO's CONNECT. A token in it wins over the one that the connection was made with, unless somebody has
/// joined by that already.
async fn greet(
    realtime: &Realtime,
    callers: &Callers,
    connected: &Connected,
    auth: Result<Auth, Refusal>,
) -> Result<(Option<String>, &'static str), Halt> {
    let connection = &connected.connection;
    let known = async {
        let token = auth?.token;
        if token.is_some() {
            let caller = callers.identify(&realtime.store, token.as_deref(), realtime.now()).await?;
            realtime.store.identify_connection(&connection.id, &caller).await?;
        }
        Ok::<_, Halt>(())
    };
    Ok(match known.await {
        Ok(()) => (Some(socket::connected(connection.id.as_str())), "OK"),
        Err(halt) => {
            let refusal = refusal_of(&halt);
            (Some(with_body(&refusal, connect_error)), refusal.code())
        }
    })
}

/// Why something could not be done, as the client is told. What failed of ours is logged, and not told.
fn refusal_of(halt: &Halt) -> Refusal {
    match halt {
        Halt::Refused(refusal) => refusal.clone(),
        Halt::Failed(failure) => {
            failure.log("message");
            Refusal::from(failure)
        }
        // Of what is kept only refusals get here, and only from a handler.
        Halt::Kept(_) => Refusal::Internal,
    }
}

/// A refusal that was kept, as it was told the first time.
fn said_before(reply_to: &ReplyTo, kept: &StoredAnswer) -> String {
    #[derive(Deserialize)]
    struct Kept {
        message: String,
    }
    let message =
        serde_json::from_slice::<Kept>(&kept.body).map_or_else(|_| String::new(), |kept| kept.message);
    reply_to.error(&ErrorBody {
        status_code: kept.status,
        message: &message,
        error: status_text(kept.status),
    })
}

/// Which client says this, where the table cannot be asked: Socket.IO's packets begin with a digit.
fn client_by(text: &str) -> Client {
    if text.starts_with(|first: char| first.is_ascii_digit()) { Client::SocketIo } else { Client::Plain }
}

/// The error that answers a message which nobody has looked into, whatever it is.
fn unread(client: Client, received: &Received, refusal: &Refusal) -> String {
    match received {
        Received::Request(Request { reply_to, .. })
        | Received::UnknownEvent { reply_to, .. }
        | Received::Ping { reply_to: Some(reply_to), .. }
        | Received::Refused { reply_to, .. } => error(reply_to, refusal),
        _ => with_body(refusal, |body| client.event(ServerEvent::Error, body)),
    }
}

fn error(reply_to: &ReplyTo, refusal: &Refusal) -> String {
    with_body(refusal, |body| reply_to.error(body))
}

/// The refusal as the rooms API writes it, for the client's own words around it.
fn with_body(refusal: &Refusal, write: impl FnOnce(&ErrorBody<'_>) -> String) -> String {
    let (status_code, message) = refusal_text(refusal);
    write(&ErrorBody { status_code, message: &message, error: status_text(status_code) })
}
