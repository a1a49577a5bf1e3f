//! From a name to addresses that may be connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::Policy;

/// The addresses of a name, on their way.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where a name's addresses are asked for.
pub trait Resolve: Send + Sync {
    /// All addresses of the name.
    fn resolve(&self, name: &str) -> Resolving;
}

/// As the operating system resolves names.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why a name was not connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error("the name leads to no address")]
    NoAddress,
    #[error("the name leads to an address that is not public")]
    Forbidden,
}

/// The resolver that the HTTP client connects by. What it has checked are the very addresses that are connected to: there
/// is no second look-up that could answer differently (DNS rebinding).
#[derive(Clone)]
pub(crate) struct CheckedResolver {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) policy: Policy,
}

impl Service<Name> for CheckedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = LookupError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, LookupError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LookupError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (resolving, policy) = (self.resolver.resolve(name.as_str()), self.policy);
        Box::pin(async move {
            let found = resolving.await.unwrap_or_default();
            if found.is_empty() {
                return Err(LookupError::NoAddress);
            }
            // One forbidden address forbids the name: nobody publishes both in good faith.
            if !found.iter().all(|address| policy.permits(*address)) {
                return Err(LookupError::Forbidden);
            }
            // The connector puts the URL's port in the place of 0.
            let found: Vec<SocketAddr> = found.into_iter().map(|address| (address, 0).into()).collect();
            Ok(found.into_iter())
        })
    }
}
