//! An issuer of users' tokens on this machine: it publishes the keys that a test gives it, or is away. The keys are made
//! for the test.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use models::{Clock as _, SystemClock};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The `iss` of its tokens.
pub const ISSUER: &str = "https://issuer.test";

/// PKCS#8 of an RSA key of 2048 bits begins with as many bytes that say so; then comes the key itself (PKCS#1).
const RSA_PREFIX: usize = 26;

/// How long its tokens are good, in seconds.
const TOKEN_SECONDS: i64 = 3600;

/// A key that an issuer signs with.
pub struct IssuerKey {
    kid: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl IssuerKey {
    /// A new one for RS256.
    pub fn rsa(kid: &'static str) -> Self {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
        let key = EncodingKey::from_rsa_der(&pair.serialize_der()[RSA_PREFIX..]);
        Self { kid, algorithm: Algorithm::RS256, key }
    }

    /// A new one for ES256.
    pub fn ec(kid: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        Self { kid, algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(&pair.serialize_der()) }
    }

    /// A token of a user, signed with it.
    pub fn token(&self, sub: &str) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) };
        let claims = json!({"sub": sub, "iss": ISSUER, "exp": SystemClock.now().seconds() + TOKEN_SECONDS});
        encode(&header, &claims, &self.key).expect("signs")
    }

    /// What is published of it.
    fn jwk(&self) -> Value {
        let public = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key");
        let mut jwk = serde_json::to_value(public).expect("JSON");
        jwk["kid"] = self.kid.into();
        jwk
    }
}

/// An issuer on a port of its own, as long as the test runs.
pub struct Issuer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    published: Option<String>,
    asked: usize,
}

impl Issuer {
    /// One that is away.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (shared, mut tasks) = (Arc::<Mutex<Shared>>::default(), JoinSet::new());
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, _tasks: tasks }
    }

    /// Where it publishes its keys.
    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&IssuerKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        lock(&self.shared).published = Some(json!({ "keys": keys }).to_string());
    }

    /// Is away from now on: whoever asks is cut off.
    pub fn leave(&self) {
        lock(&self.shared).published = None;
    }

    /// How often it was asked, in vain or not.
    pub fn asked(&self) -> usize {
        lock(&self.shared).asked
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|_| std::future::ready(answer(&shared)));
            // Whoever was cut off is meant to be.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Without an answer the server closes the connection.
fn answer(shared: &Mutex<Shared>) -> io::Result<Response<Full<Bytes>>> {
    let mut shared = lock(shared);
    shared.asked += 1;
    let published = shared.published.clone().ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok(Response::new(Full::from(published)))
}
