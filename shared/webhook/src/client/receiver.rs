//! A receiver of webhooks that answers as it is told, byte by byte: what servers do wrong no server library does.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::{Resolve, Resolving};

/// Where receivers listen.
pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a receiver does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Sends this and closes the connection.
    Bytes(Vec<u8>),
    /// Sends this and then nothing, leaving the connection open.
    Silence(Vec<u8>),
}

impl Reply {
    /// An answer with this status and without a body, and the end of the connection.
    pub(super) fn status(status: u16) -> Self {
        Self::head(&format!("{status} X"), "Connection: close\r\nContent-Length: 0\r\n")
    }

    /// An answer with this status line and these headers.
    pub(super) fn head(status: &str, headers: &str) -> Self {
        Self::Bytes(format!("HTTP/1.1 {status}\r\n{headers}\r\n").into_bytes())
    }
}

/// A receiver on a port of its own, as long as the test runs.
pub(super) struct Receiver {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// A receiver that replies to every request alike.
    pub(super) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind((HERE, 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, reply.clone(), Arc::clone(&heard)));
            }
        });
        Self { address, requests }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Its URL by a name, or by another spelling of an address.
    pub(super) fn url_at(&self, host: &str) -> String {
        format!("http://{host}:{}/hook", self.port())
    }

    /// What it was sent, head and body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("nobody panicked").clone()
    }
}

/// Reads one request and replies.
pub(super) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: Reply,
    heard: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        let length = stream.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..length]);
    }
    heard.lock().expect("nobody panicked").push(String::from_utf8_lossy(&request).into_owned());
    match reply {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Silence(bytes) => {
            stream.write_all(&bytes).await?;
            std::future::pending().await
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().expect("a number"))
}

/// A DNS that gives these answers one after the other; then it knows no name any more.
pub(super) struct Answers(Mutex<Vec<Vec<IpAddr>>>);

impl Answers {
    pub(super) fn new(answers: &[&[IpAddr]]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.iter().rev().map(|answer| answer.to_vec()).collect())))
    }
}

impl Resolve for Answers {
    fn resolve(&self, _: &str) -> Resolving {
        let answer = self.0.lock().expect("nobody panicked").pop();
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}
