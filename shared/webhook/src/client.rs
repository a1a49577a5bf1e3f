//! The HTTP client: one attempt, with all that a stranger's server may do to it.

#[cfg(test)]
mod receiver;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};

use crate::resolver::{CheckedResolver, LookupError};
use crate::{Outcome, Policy, Resolve, SystemResolver, Target, TargetError, Trouble};

/// How long one attempt may take in all: looking up, connecting, sending, and the answer.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// So much of an answer is read, its head and its body each; more is dropped.
const ANSWER_LIMIT: usize = 64 * 1024;

/// How long a connection is kept for the next event of the same session. Shorter than servers keep theirs (5 s is a
/// common default): an event that is sent into a closing connection would count as failed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Posts webhooks. Made once for a process; clones share their connections.
///
/// It follows no redirect, uses no proxy, whatever the environment says, and connects to no address that its policy does
/// not permit. The check is made when a connection is; one that is used again leads where it led.
#[derive(Clone)]
pub struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector<CheckedResolver>>, Full<Bytes>>,
    policy: Policy,
    timeout: Duration,
}

impl Client {
    /// A client that resolves names as the machine does and trusts the certificates that the machine trusts.
    pub fn new(policy: Policy) -> Self {
        Self::with(policy, ATTEMPT_TIMEOUT, Arc::new(SystemResolver))
    }

    /// A client with another patience and another source of addresses.
    pub fn with(policy: Policy, timeout: Duration, resolver: Arc<dyn Resolve>) -> Self {
        let mut roots = RootCertStore::empty();
        // A machine without certificates reaches http only.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::trusting(roots, policy, timeout, resolver)
    }

    fn trusting(roots: RootCertStore, policy: Policy, timeout: Duration, resolver: Arc<dyn Resolve>) -> Self {
        let mut connector = HttpConnector::new_with_resolver(CheckedResolver { resolver, policy });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        // Shared evenly by a name's addresses, so that one that is silent leaves time for the others.
        connector.set_connect_timeout(Some(timeout));
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the ciphers of TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(1)
            .http1_max_buf_size(ANSWER_LIMIT)
            .build(connector);
        Self { http, policy, timeout }
    }

    /// Makes one attempt. Whatever goes wrong is its outcome.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: impl Into<Bytes>) -> Outcome {
        let deadline = Instant::now() + self.timeout;
        let target = match Target::parse(url) {
            Ok(target) => target,
            Err(why) => return why.into(),
        };
        // The connector asks no resolver for an address.
        if let Err(why) = target.check(self.policy) {
            return why.into();
        }
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = target.uri().clone();
        *request.headers_mut() = headers;
        match timeout_at(deadline, self.http.request(request)).await {
            Ok(Ok(answer)) => {
                let outcome = answer.status().into();
                // The status decides. What follows is read so that the connection can be used again, no longer than
                // the attempt may take.
                _ = timeout_at(deadline, drain(answer.into_body())).await;
                outcome
            }
            Ok(Err(error)) => failure(&error),
            Err(_) => Outcome::TimedOut,
        }
    }
}

/// Reads an answer's body to its end, or to [`ANSWER_LIMIT`]: then the connection is closed.
async fn drain(mut body: Incoming) {
    let mut length = 0;
    while length <= ANSWER_LIMIT {
        let Some(Ok(frame)) = body.frame().await else { return };
        length += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// What the error means: the first in the chain of its causes that says something.
fn failure(error: &legacy::Error) -> Outcome {
    let unreachable = |why| Outcome::Unreachable { why };
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = source {
        match error.downcast_ref() {
            Some(LookupError::Forbidden) => return TargetError::ForbiddenAddress.into(),
            Some(LookupError::NoAddress) => return unreachable(Trouble::Dns),
            None => {}
        }
        if error.is::<rustls::Error>() {
            return unreachable(Trouble::Tls);
        }
        match error.downcast_ref().map(io::Error::kind) {
            Some(io::ErrorKind::TimedOut) => return Outcome::TimedOut,
            // While connecting, too: in the middle of the handshake.
            Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
                return unreachable(Trouble::CutOff);
            }
            _ => {}
        }
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return unreachable(Trouble::NotHttp);
        }
        source = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // An I/O error that holds another does not call it its source.
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    unreachable(if error.is_connect() { Trouble::Connect } else { Trouble::CutOff })
}
