//! The way to an issuer's keys: one request, with the parts that the DynamoDB client brings along.

use std::error::Error;
use std::iter::successors;
use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::key_set::KeySet;

/// How long a fetch may take in all.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The largest set that is read: a hundred keys, or some thirty with their certificates.
const LARGEST: usize = 64 * 1024;

/// How long a set is good for whose issuer does not say it.
const GOOD_FOR: Duration = Duration::from_mins(10);

/// What an issuer may say of it: not so short that every other request asks him, nor so long that a key which he took
/// back goes on for a day.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(1);

/// Some issuers refuse requests that do not say whose they are.
const AGENT: &str = concat!("Vestibule/", env!("CARGO_PKG_VERSION"));

/// Why a set could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no HTTPS client")]
    NoClient,
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer in time")]
    TimedOut,
    #[error("answered with HTTP {0}")]
    Status(u16),
    #[error("more than 64 KB")]
    TooLarge,
    #[error("answered with something else than a set of keys")]
    NoSet,
}

/// A set, and how long it is good for.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    pub(super) good_for: Duration,
}

/// Where an issuer publishes its keys.
#[derive(Debug)]
pub(super) struct Address {
    url: String,
    pub(super) timeout: Duration,
}

impl Address {
    /// The address; none if the way there is open to others: all must be https, but for what is on this machine.
    pub(super) fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let is_safe = match (uri.scheme_str()?, uri.host()?) {
            ("https", host) => !host.is_empty(),
            ("http", host) => is_this_machine(host),
            _ => false,
        };
        is_safe.then(|| Self { url: url.to_owned(), timeout: TIMEOUT })
    }

    /// Asks for the set, once. No redirect is followed.
    pub(super) async fn fetch(&self) -> Result<Fetched, FetchError> {
        tokio::time::timeout(self.timeout, self.exchange()).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn exchange(&self) -> Result<Fetched, FetchError> {
        let request = http::Request::get(&self.url).header("accept", "application/json");
        let request = request.header("user-agent", AGENT).body(SdkBody::empty());
        let request = request.map_err(|error| unreachable(&error))?;
        let request = HttpRequest::try_from(request).map_err(|error| unreachable(&error))?;
        // Made anew each time: between two fetches Lambda stops the process, and a kept connection would be dead.
        let connector = default_connector(&HttpConnectorSettings::default(), None);
        let connector = connector.ok_or(FetchError::NoClient)?;
        let mut answer = connector.call(request).await.map_err(|error| unreachable(&error))?;
        if answer.status().as_u16() != 200 {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.take_body(), LARGEST).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { FetchError::TooLarge } else { unreachable(&*error) }
        })?;
        let keys = KeySet::read(&body.to_bytes()).ok_or(FetchError::NoSet)?;
        Ok(Fetched { keys, good_for: good_for(answer.headers().get_all("cache-control")) })
    }
}

/// What `Cache-Control` says, within the limits.
fn good_for<'a>(values: impl Iterator<Item = &'a str>) -> Duration {
    let mut good_for = GOOD_FOR;
    for directive in values.flat_map(|value| value.split(',')).map(|one| one.trim().to_ascii_lowercase()) {
        if directive == "no-store" || directive == "no-cache" {
            return SHORTEST;
        }
        if let Some(Ok(seconds)) = directive.strip_prefix("max-age=").map(str::parse) {
            good_for = Duration::from_secs(seconds).clamp(SHORTEST, LONGEST);
        }
    }
    good_for
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The error with its causes: the first alone says little more than that there is one.
fn unreachable(error: &(dyn Error + 'static)) -> FetchError {
    let causes = successors(Some(error), |error| (*error).source()).map(ToString::to_string);
    FetchError::Unreachable(causes.collect::<Vec<_>>().join(": "))
}
