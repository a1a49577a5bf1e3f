//! An issuer on this machine that publishes what a test wants, byte by byte, and the keys that it signs with. They are made
//! for the test, and sign nothing else.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use models::Timestamp;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// PKCS#8 of an RSA key of 2048 bits begins with as many bytes that say so; then comes the key itself (PKCS#1).
const RSA_PREFIX: usize = 26;

/// Making one takes a while in a debug build.
static RSA: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key"));

/// A key pair of an issuer.
pub(super) struct Signer {
    pub(super) kid: Option<&'static str>,
    algorithm: Algorithm,
    key: EncodingKey,
    /// The public key as `SubjectPublicKeyInfo`.
    pub(super) public_der: Vec<u8>,
}

impl Signer {
    pub(super) fn rsa(kid: &'static str) -> Self {
        let key = EncodingKey::from_rsa_der(&RSA.serialize_der()[RSA_PREFIX..]);
        Self::of(kid, Algorithm::RS256, key, &RSA)
    }

    /// Another one each time.
    pub(super) fn ec(kid: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        Self::of(kid, Algorithm::ES256, EncodingKey::from_ec_der(&pair.serialize_der()), &pair)
    }

    fn of(kid: &'static str, algorithm: Algorithm, key: EncodingKey, pair: &KeyPair) -> Self {
        Self { kid: Some(kid), algorithm, key, public_der: pair.subject_public_key_info() }
    }

    /// The same key under no name.
    pub(super) fn nameless(self) -> Self {
        Self { kid: None, ..self }
    }

    /// The public key as a text that is often published, too.
    pub(super) fn public_pem(&self) -> String {
        let text = BASE64_STANDARD.encode(&self.public_der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// What is published of it, with these fields besides or instead; `null` takes one away.
    pub(super) fn jwk(&self, change: Value) -> Value {
        let public = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key");
        let mut jwk = serde_json::to_value(public).expect("JSON");
        jwk["use"] = json!("sig");
        jwk["kid"] = json!(self.kid);
        merge(&mut jwk, change);
        jwk
    }

    /// A token of a user, with these claims besides or instead.
    pub(super) fn token(&self, change: Value) -> String {
        self.token_under(&Header { kid: self.kid.map(str::to_owned), ..Header::new(self.algorithm) }, change)
    }

    /// The same under another header.
    pub(super) fn token_under(&self, header: &Header, change: Value) -> String {
        encode(header, &claims(change), &self.key).expect("signs")
    }
}

/// The claims of a good token, with these besides or instead; `null` takes one away.
pub(super) fn claims(change: Value) -> Value {
    let mut claims = json!({"sub": "ann", "iss": "iss", "aud": "aud", "exp": NOW.seconds() + 3600 * 24});
    merge(&mut claims, change);
    claims
}

fn merge(into: &mut Value, change: Value) {
    let (into, Value::Object(change)) = (into.as_object_mut().expect("an object"), change) else {
        panic!("no object")
    };
    into.extend(change);
    into.retain(|_, value| !value.is_null());
}

/// What an issuer does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Answers with this status, these headers and this body.
    Answer(&'static str, &'static str, Vec<u8>),
    /// Says nothing, and leaves the connection open.
    Silence,
    /// Closes the connection.
    Cut,
}

impl Reply {
    /// A set of these keys, with these headers.
    pub(super) fn set_with(headers: &'static str, keys: &[Value]) -> Self {
        Self::Answer("200 OK", headers, json!({ "keys": keys }).to_string().into_bytes())
    }

    /// A set of these keys.
    pub(super) fn set(keys: &[Value]) -> Self {
        Self::set_with("", keys)
    }
}

/// An issuer on a port of its own, as long as the test runs.
pub(super) struct Issuer {
    address: SocketAddr,
    reply: Arc<Mutex<Reply>>,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Issuer {
    pub(super) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (reply, requests) = (Arc::new(Mutex::new(reply)), Arc::<Mutex<Vec<_>>>::default());
        let (replies, heard) = (Arc::clone(&reply), Arc::clone(&requests));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&replies), Arc::clone(&heard)));
            }
        });
        Self { address, reply, requests, server }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Replies so from now on.
    pub(super) fn reply(&self, reply: Reply) {
        *self.reply.lock().expect("nobody panicked") = reply;
    }

    /// What it was asked.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("nobody panicked").clone()
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.requests().len()
    }
}

/// Reads one request and replies, after a moment in which others may ask, too.
async fn serve(mut stream: TcpStream, reply: Arc<Mutex<Reply>>, heard: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    heard.lock().expect("nobody panicked").push(String::from_utf8_lossy(&request).into_owned());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let reply = reply.lock().expect("nobody panicked").clone();
    match reply {
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            let start = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
            // Whoever hears enough may close the connection before the end.
            _ = stream.write_all(&[start.as_bytes(), &body].concat()).await;
        }
        Reply::Silence => std::future::pending().await,
        Reply::Cut => {}
    }
}
