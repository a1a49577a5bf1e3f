//! A reverse proxy that makes a local DynamoDB behave as the one at AWS does under load.
//!
//! Neither the embedded server nor DynamoDB Local ever refuses a call because another one is under way, or
//! because an item is hot, and neither ever fails. Code that was only tested against them has not been tested
//! for what happens at AWS. This layer stands in front of either and adds, for every call that reads or
//! writes items:
//!
//! * **time** ([`Profile::Aws`]): a latency drawn per call around 4 ms, p99 15 ms (`draws.rs`);
//! * **conflicts**: while a call is under way its items are in flight, and a call that meets them is refused
//!   as AWS refuses it when one of the two is a transaction (`ledger.rs`);
//! * **throughput**: each item takes 1,000 write units and 3,000 read units a second (`capacity.rs`);
//! * **faults** ([`Profile::Faults`]): 20 % of the calls fail, half of them after they took effect.
//!
//! Operations on tables and streams pass unharmed and undelayed.
//!
//! # What repeats under one seed
//! All that is drawn for a call depends on the seed and on the call's arrival number alone, so a sequence of
//! calls made one after the other repeats exactly. Calls that race get their numbers in the order in which
//! the network delivers them; then the sequence of draws repeats, but not who gets which.
//!
//! # What is not simulated
//! `Query`, `Scan` and `PartiQL` are delayed and fail like the rest, but are neither charged nor do they conflict.
//! The limits of a table or an index as a whole, and eventual consistency, are absent. Request signatures are
//! passed on as they came, with the caller's `Host`, so AWS itself would refuse them: the upstream has to be
//! local.

mod answer;
mod batch;
mod call;
mod capacity;
mod consumption;
mod draws;
mod item_size;
mod ledger;
mod proxy;
mod upstream;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub(crate) use upstream::Upstream;

use proxy::Proxy;

/// The largest request DynamoDB takes.
const LARGEST_BODY: usize = 16 * 1_024 * 1_024;

/// The end of a connection without an answer: hyper closes the connection of a service that fails.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is cut")
    }
}

impl std::error::Error for Cut {}

/// What the simulation adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Latency, transaction conflicts, and 1,000 write units a second per item, as at AWS under load.
    Aws,
    /// The same, and 20 % of the calls fail, half of those after they took effect.
    Faults,
}

/// Serves `upstream`, the `http` address of a DynamoDB, through the simulation on `listener`.
///
/// It runs until the future is dropped, which closes every connection with it. A call that has already begun
/// goes on upstream, as it would at AWS when its client goes away.
///
/// # Errors
/// `InvalidInput` when `upstream` is not an `http` address with a host.
pub async fn serve(listener: TcpListener, upstream: Uri, profile: Profile, seed: u64) -> io::Result<()> {
    let proxy = Arc::new(Proxy::new(Upstream::new(&upstream)?, profile, seed));
    accept(listener, move |request| Arc::clone(&proxy).receive(request)).await
}

/// Serves what `answer` answers to requests that are whole, until the future is dropped.
pub(crate) async fn accept<A, F>(listener: TcpListener, answer: A) -> io::Result<()>
where
    A: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Bytes>, Cut>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, answer.clone()));
                }
                // Out of file descriptors, or the client has left: neither is a reason to end.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            // Takes finished connections out of the set, which would otherwise grow for ever.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the calls of one connection, one after the other, until it closes or a fault cuts it.
async fn converse<A, F>(stream: TcpStream, answer: A)
where
    A: Fn(Request<Bytes>) -> F + Sync,
    F: Future<Output = Result<Response<Bytes>, Cut>>,
{
    // Without it, small answers wait for the client's delayed acknowledgement: 40 ms that nobody drew.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection has closed already");
        return;
    }
    let service = service_fn(|request: Request<Incoming>| async {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(|_| Cut)?.to_bytes();
        Ok::<_, Cut>(answer(Request::from_parts(head, body)).await?.map(Full::new))
    });
    // An error here is a cut that was drawn, or a client that has left.
    if let Err(error) =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    {
        tracing::debug!(%error, "a connection ended early");
    }
}
