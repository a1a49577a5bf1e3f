//! Starts a handler as a Lambda, and does for every request what no handler should have to think of: the limit of the
//! body, the caller's dialect, one line of log.

use std::future::Future;
use std::pin::Pin;

use lambda_http::{Error, service_fn};
use models::Refusal;
use store::Halt;
use tracing::info;

use crate::{Answer, App, ConfigError, Dialect, Env, Parts, Request, log};

/// What a handler's call gives.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<Answer, Halt>> + Send + 'a>>;

/// Runs a function: reads its configuration, warms its connection, and answers until the process ends.
pub async fn run<C, L, H>(dialect: Dialect, load: L, handle: H) -> Result<(), Error>
where
    C: Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    H: for<'a> Fn(&'a App<C>, &'a Request) -> Handling<'a> + Send + Sync,
{
    start(dialect, load, handle, true).await
}

/// Runs a function that asks nothing of the table: it may not even read it.
pub async fn run_without_table<C, L, H>(dialect: Dialect, load: L, handle: H) -> Result<(), Error>
where
    C: Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    H: for<'a> Fn(&'a App<C>, &'a Request) -> Handling<'a> + Send + Sync,
{
    start(dialect, load, handle, false).await
}

async fn start<C, L, H>(dialect: Dialect, load: L, handle: H, has_table: bool) -> Result<(), Error>
where
    C: Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    H: for<'a> Fn(&'a App<C>, &'a Request) -> Handling<'a> + Send + Sync,
{
    log::init();
    let env = Env::of_process();
    let app = App::new(&env, dialect, Parts::default(), load(&env).await?)?;
    // The first call pays for the TLS handshake: it is made while the start is still free of a waiting caller. A
    // failure is the first request's to report.
    if has_table {
        let _ = app.store.warm().await;
    }
    let (app, handle) = (&app, &handle);
    lambda_http::run(service_fn(|event: lambda_http::Request| async move {
        Ok::<_, std::convert::Infallible>(respond(app, &event.into(), handle).await.into_http())
    }))
    .await
}

/// Answers one request.
pub async fn respond<C, H>(app: &App<C>, request: &Request, handle: H) -> Answer
where
    H: for<'a> Fn(&'a App<C>, &'a Request) -> Handling<'a>,
{
    let (started, usage) = (app.clock.now(), app.store.usage());
    let handled = log::with_room(async {
        request.check_size()?;
        store::request(&*app.clock, handle(app, request)).await
    });
    let (handled, room) = handled.await;
    let answer = handled.unwrap_or_else(|halt| explain(app.dialect, halt));
    let usage = app.store.usage() - usage;
    info!(
        // Not the path: the code in it lets anybody in.
        route = request.route.as_str(),
        room = room.as_ref().map(tracing::field::display),
        status = answer.status,
        outcome = answer.refusal.unwrap_or("OK"),
        dynamodb_calls = usage.calls,
        read_units = usage.read_units,
        write_units = usage.write_units + usage.index_units,
        duration_ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    answer
}

/// The answer to whatever kept a handler from its own.
pub(crate) fn explain(dialect: Dialect, halt: Halt) -> Answer {
    match halt {
        Halt::Kept(answer) => answer.into(),
        Halt::Refused(refusal) => dialect.refuse(&refusal),
        Halt::Failed(failure) => {
            failure.log("request");
            dialect.refuse(&Refusal::from(&failure))
        }
    }
}
