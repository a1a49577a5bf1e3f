use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use rcgen::generate_simple_self_signed;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::receiver::{Answers, HERE, Reply, serve};
use crate::{Client, Outcome, Policy, Trouble};

const PATIENT: Duration = Duration::from_mins(1);

const BAD_TLS: Outcome = Outcome::Unreachable { why: Trouble::Tls };

/// A receiver on https with a certificate for `hook.test` that it signed itself: its port, and the certificate.
async fn start() -> (u16, CertificateDer<'static>) {
    let signed = generate_simple_self_signed(["hook.test".to_owned()]).expect("a certificate");
    let certificate = signed.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a key and its certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((HERE, 0)).await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    _ = serve(stream, Reply::status(200), Arc::new(Mutex::default())).await;
                }
            });
        }
    });
    (port, certificate)
}

async fn posted(client: &Client, url: String) -> Outcome {
    client.post(&url, HeaderMap::new(), "{}").await
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (port, _) = start().await;
    let client = Client::with(Policy::Anything, PATIENT, Answers::new(&[&[HERE]]));
    assert_eq!(posted(&client, format!("https://hook.test:{port}/")).await, BAD_TLS);
}

#[tokio::test]
async fn a_certificate_that_is_trusted_is_good_for_its_name_only() {
    let (port, certificate) = start().await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let resolver = Answers::new(&[&[HERE], &[HERE]]);
    let client = Client::trusting(roots, Policy::Only(HERE), PATIENT, resolver);
    let outcome = posted(&client, format!("https://hook.test:{port}/")).await;
    assert_eq!(outcome, Outcome::Delivered { status: 200 });
    assert_eq!(posted(&client, format!("https://other.test:{port}/")).await, BAD_TLS);
    assert_eq!(posted(&client, format!("https://127.0.0.1:{port}/")).await, BAD_TLS);
}

#[tokio::test]
async fn https_is_never_spoken_in_the_clear() {
    let listener = TcpListener::bind((HERE, 0)).await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut begun = [0; 5];
        stream.read_exact(&mut begun).await.expect("readable");
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("writable");
        begun
    });
    let client = Client::with(Policy::Anything, PATIENT, Answers::new(&[&[HERE]]));
    assert_eq!(posted(&client, format!("https://hook.test:{port}/")).await, BAD_TLS);
    // A record of TLS that holds a handshake.
    assert_eq!(server.await.expect("asked")[..2], [0x16, 0x03]);
}
