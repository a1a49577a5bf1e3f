//! The way from a function to the stack's DynamoDB.

use std::sync::Arc;

use hyper::Uri;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::database::Embedded;
use crate::options::Options;
use crate::permissions::{self, Parameters, Permissions};
use crate::simulate;
use crate::stack::{REGION, StartError};

/// The addresses of the stack's DynamoDB.
pub(crate) struct Endpoint {
    /// The one that the functions use.
    pub(crate) public: String,
    /// The one behind the simulation.
    pub(crate) inner: String,
    pub(crate) region: String,
    /// Whether functions are held to their policies: not where the database is somebody else's, who wants credentials that
    /// he knows.
    pub(crate) is_guarded: bool,
}

/// Starts what there is of it on this machine: the database, unless it is somebody else's, the simulation before it, and the
/// policies before that.
pub(crate) async fn start(
    options: &Options,
    listener: Option<TcpListener>,
    (permissions, parameters): (Arc<Permissions>, Parameters),
    servers: &mut JoinSet<()>,
) -> Result<(Option<Embedded>, Endpoint), StartError> {
    let Some(listener) = listener else {
        let url = options.dynamodb_endpoint.clone().unwrap_or_default();
        let region = std::env::var("AWS_REGION").unwrap_or_else(|_| REGION.to_owned());
        return Ok((None, Endpoint { public: url.clone(), inner: url, region, is_guarded: false }));
    };
    let public = format!("http://{}", listener.local_addr()?);
    let endpoint = |inner: String, is_guarded| Endpoint {
        public: public.clone(),
        inner,
        region: REGION.to_owned(),
        is_guarded,
    };
    if let Some(url) = &options.dynamodb_endpoint {
        simulate(options, listener, url, servers)?;
        return Ok((None, endpoint(url.clone(), false)));
    }
    let hidden = TcpListener::bind("127.0.0.1:0").await?;
    let inner = format!("http://{}", hidden.local_addr()?);
    let embedded = Embedded::start(hidden, options.data_dir.as_deref())?;
    let behind = if options.simulate.is_some() {
        let front = TcpListener::bind("127.0.0.1:0").await?;
        let behind = format!("http://{}", front.local_addr()?);
        simulate(options, front, &inner, servers)?;
        behind
    } else {
        inner.clone()
    };
    let upstream = upstream(&behind)?;
    servers.spawn(async move {
        if let Err(error) = permissions::serve(listener, upstream, permissions, parameters).await {
            tracing::error!(%error, "the way to the database ended");
        }
    });
    Ok((Some(embedded), endpoint(inner, true)))
}

/// Serves the DynamoDB at `url` with the simulation, if there is one.
fn simulate(
    options: &Options,
    listener: TcpListener,
    url: &str,
    servers: &mut JoinSet<()>,
) -> Result<(), StartError> {
    let Some(profile) = options.simulate else { return Ok(()) };
    let (upstream, seed) = (upstream(url)?, options.seed);
    servers.spawn(async move {
        if let Err(error) = simulate::serve(listener, upstream, profile, seed).await {
            tracing::error!(%error, "the simulation ended");
        }
    });
    Ok(())
}

fn upstream(url: &str) -> Result<Uri, StartError> {
    let upstream: Uri =
        url.parse().map_err(|_| StartError::Option("--dynamodb-endpoint", "must be a URL".to_owned()))?;
    if upstream.scheme_str() != Some("http") || upstream.host().is_none() {
        let text = "--simulate needs the http address of a local DynamoDB".to_owned();
        return Err(StartError::Option("--dynamodb-endpoint", text));
    }
    Ok(upstream)
}
