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

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use proxy::Proxy;
use upstream::Upstream;

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
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&proxy)));
                }
                // Out of file descriptors, or the client has left: neither is a reason to end.
                Err(error) => {
                    tracing::warn!(%error, "the simulation could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            // Takes finished connections out of the set, which would otherwise grow for ever.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the calls of one connection, one after the other, until it closes or a fault cuts it.
async fn converse(stream: TcpStream, proxy: Arc<Proxy>) {
    // Without it, small answers wait for the client's delayed acknowledgement: 40 ms that nobody drew.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection has closed already");
        return;
    }
    let service = service_fn(move |request| Arc::clone(&proxy).receive(request));
    // An error here is a cut that was drawn, or a client that has left.
    if let Err(error) =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    {
        tracing::debug!(%error, "a connection ended early");
    }
}
