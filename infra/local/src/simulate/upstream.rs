//! The database behind the simulation, and behind what is in front of that.

use std::collections::hash_map::Entry;
use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, Uri, http::uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::call::Keys;

/// Why no answer came.
pub(crate) type SendError = Box<dyn std::error::Error + Send + Sync>;

/// These belong to one connection, or to a body's framing, and the two sides of a proxy each have their own.
const HOP_HEADERS: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A pool of connections to it, and what is known of its tables.
pub(crate) struct Upstream {
    client: Client<HttpConnector, Full<Bytes>>,
    scheme: uri::Scheme,
    authority: uri::Authority,
    keys: Mutex<Keys>,
}

impl Upstream {
    pub(crate) fn new(address: &Uri) -> io::Result<Self> {
        let scheme = address.scheme().filter(|scheme| **scheme == uri::Scheme::HTTP);
        let (Some(scheme), Some(authority)) = (scheme, address.authority()) else {
            let message = format!("a DynamoDB on this machine has to be at http://host:port, not {address}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        };
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            scheme: scheme.clone(),
            authority: authority.clone(),
            keys: Mutex::default(),
        })
    }

    /// Sends a request on and waits for the whole answer.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, SendError> {
        let (mut head, body) = request.into_parts();
        let mut target = uri::Parts::default();
        target.scheme = Some(self.scheme.clone());
        target.authority = Some(self.authority.clone());
        target.path_and_query =
            head.uri.path_and_query().cloned().or(Some(uri::PathAndQuery::from_static("/")));
        head.uri = Uri::from_parts(target)?;
        head.version = hyper::Version::HTTP_11;
        remove_hop_headers(&mut head.headers);
        let answer = self.client.request(Request::from_parts(head, Full::new(body))).await?;
        let (mut head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        remove_hop_headers(&mut head.headers);
        Ok(Response::from_parts(head, body))
    }

    /// The primary keys of `tables`, asked for once, in the name of the caller whose `headers` these are: the
    /// upstream may know tables by account. A table that it does not know is left out.
    pub(super) async fn keys(&self, tables: &[&str], headers: &HeaderMap) -> Keys {
        let mut keys = Keys::new();
        for table in tables {
            let Entry::Vacant(unknown) = keys.entry((*table).to_owned()) else { continue };
            let known = self.known_keys().get(*table).cloned();
            let key = match known {
                Some(key) => key,
                None => match self.describe(table, headers).await {
                    Some(names) => {
                        self.known_keys().entry((*table).to_owned()).or_insert(names.into()).clone()
                    }
                    None => continue,
                },
            };
            unknown.insert(key);
        }
        keys
    }

    /// Tables may have changed.
    pub(super) fn forget_keys(&self) {
        self.known_keys().clear();
    }

    fn known_keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn describe(&self, table: &str, headers: &HeaderMap) -> Option<Vec<String>> {
        let mut request =
            Request::post("/").body(Bytes::from(json!({"TableName": table}).to_string())).ok()?;
        *request.headers_mut() = headers.clone();
        let target = HeaderValue::from_static("DynamoDB_20120810.DescribeTable");
        request.headers_mut().insert("x-amz-target", target);
        let answer = self.send(request).await.ok()?;
        let description: Value = serde_json::from_slice(answer.body()).ok()?;
        let mut schema = description["Table"]["KeySchema"].as_array()?.clone();
        schema.sort_by_key(|part| part["KeyType"] != "HASH");
        schema.iter().map(|part| part["AttributeName"].as_str().map(str::to_owned)).collect()
    }
}

fn remove_hop_headers(headers: &mut HeaderMap) {
    for name in HOP_HEADERS {
        headers.remove(name);
    }
}
