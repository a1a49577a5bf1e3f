use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use models::Timestamp;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::receiver::{Answers, HERE, Receiver, Reply};
use crate::{Attempt, Client, Outcome, Policy, Signer, SystemResolver, TargetError, Trouble};

/// Longer than a busy machine needs.
const PATIENT: Duration = Duration::from_mins(1);

/// For what never comes.
const IMPATIENT: Duration = Duration::from_millis(300);

const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

const FORBIDDEN: Outcome = Outcome::Refused { why: TargetError::ForbiddenAddress };

fn client(timeout: Duration) -> Client {
    Client::with(Policy::Anything, timeout, Arc::new(SystemResolver))
}

/// A client for which this machine's loopback is the public internet.
fn resolving(answers: &[&[IpAddr]]) -> Client {
    Client::with(Policy::Only(HERE), PATIENT, Answers::new(answers))
}

async fn posted(client: &Client, url: &str) -> Outcome {
    client.post(url, HeaderMap::new(), "{}").await
}

async fn outcome_of(reply: Reply) -> Outcome {
    posted(&client(PATIENT), &Receiver::start(reply).await.url()).await
}

#[tokio::test]
async fn a_webhook_arrives_with_its_headers_and_its_very_body() {
    let receiver = Receiver::start(Reply::status(204)).await;
    let key = "acme-1".try_into().expect("an id");
    let attempt = Attempt { sequence: Some(3), delivery: Uuid::from_u128(5), number: 1 };
    let (body, signer) = ("{\"name\":\"Jörg\"}", Signer { key: &key, secret: b"secret" });
    let now = Timestamp::from_seconds(1_795_385_282);
    let headers = attempt.headers(body.as_bytes(), signer, now);

    let outcome = client(PATIENT).post(&format!("{}?a=b", receiver.url()), headers, body).await;

    assert_eq!(outcome, Outcome::Delivered { status: 204 });
    let request = receiver.requests().concat();
    let (head, rest) = request.split_once("\r\n\r\n").expect("head and body");
    assert_eq!(rest, body);
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /hook?a=b HTTP/1.1"));
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    let signature = signer.sign(body.as_bytes(), now);
    let expected = [
        format!("authorization: {signature}"),
        "content-length: 16".to_owned(),
        "content-type: application/webhook+json".to_owned(),
        format!("hash-token: {signature}"),
        format!("host: 127.0.0.1:{}", receiver.port()),
        format!("user-agent: Vestibule/{}", env!("CARGO_PKG_VERSION")),
        "x-vestibule-attempt: 1".to_owned(),
        format!("x-vestibule-delivery: {}", Uuid::from_u128(5)),
        "x-vestibule-sequence: 3".to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_status_decides() {
    assert_eq!(outcome_of(Reply::status(200)).await, Outcome::Delivered { status: 200 });
    assert_eq!(outcome_of(Reply::status(299)).await, Outcome::Delivered { status: 299 });
    assert_eq!(outcome_of(Reply::status(410)).await, Outcome::Gone);
    for status in [400, 404, 429, 500, 503] {
        assert_eq!(outcome_of(Reply::status(status)).await, Outcome::Rejected { status });
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(Reply::status(200)).await;
    for status in [301, 302, 303, 307, 308] {
        let headers = format!("Location: {}\r\nConnection: close\r\nContent-Length: 0\r\n", elsewhere.url());
        let outcome = outcome_of(Reply::head(&format!("{status} X"), &headers)).await;
        assert_eq!(outcome, Outcome::Rejected { status });
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn no_answer_in_time_is_told_as_such() {
    for begun in ["", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let receiver = Receiver::start(Reply::Silence(begun.into())).await;
        assert_eq!(posted(&client(IMPATIENT), &receiver.url()).await, Outcome::TimedOut);
    }
}

#[tokio::test]
async fn what_was_answered_counts_though_its_body_never_ends() {
    let half = |status: u16| format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\nhalf").into_bytes();
    assert_eq!(outcome_of(Reply::Bytes(half(200))).await, Outcome::Delivered { status: 200 });

    let (good, bad) =
        (Receiver::start(Reply::Silence(half(200))).await, Receiver::start(Reply::Silence(half(500))).await);
    // The heads come at once; it is the bodies that use the time up.
    let client = client(Duration::from_secs(3));
    let (good, bad) = (good.url(), bad.url());
    let outcomes = tokio::join!(posted(&client, &good), posted(&client, &bad));
    assert_eq!(outcomes, (Outcome::Delivered { status: 200 }, Outcome::Rejected { status: 500 }));
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_answer_is_unreachable() {
    for begun in ["", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let outcome = outcome_of(Reply::Bytes(begun.into())).await;
        assert_eq!(outcome, Outcome::Unreachable { why: Trouble::CutOff }, "{begun:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_told_as_such() {
    let immense = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    for answer in ["220 mail.example ESMTP\r\n", &immense] {
        let outcome = outcome_of(Reply::Bytes(answer.into())).await;
        assert_eq!(outcome, Outcome::Unreachable { why: Trouble::NotHttp }, "{answer:.20}");
    }
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_dropped_and_counts() {
    let length = 10 << 20;
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b'x');
    assert_eq!(outcome_of(Reply::Bytes(answer)).await, Outcome::Delivered { status: 200 });
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let listener = TcpListener::bind((HERE, 0)).await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    drop(listener);
    let outcome = posted(&client(PATIENT), &url).await;
    assert_eq!(outcome, Outcome::Unreachable { why: Trouble::Connect });
}

#[tokio::test]
async fn an_address_that_is_not_public_is_refused_however_it_is_spelt() {
    let receiver = Receiver::start(Reply::status(200)).await;
    let client = Client::new(Policy::new(false));
    let hosts = "
        127.0.0.1 127.1 2130706433 0x7f.1 0177.0.0.1 0 [::1] [::] [::ffff:127.0.0.1] [::127.0.0.1]
        [64:ff9b::127.0.0.1] [2002:7f00:1::] 169.254.169.254 [fd00:ec2::254] 10.0.0.1 localhost LOCALHOST
    ";
    for host in hosts.split_whitespace() {
        assert_eq!(posted(&client, &receiver.url_at(host)).await, FORBIDDEN, "{host}");
    }
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_with_its_reason() {
    let client = client(PATIENT);
    let outcome = |why| Outcome::Refused { why };
    assert_eq!(posted(&client, "ftp://example.org/").await, outcome(TargetError::Scheme));
    assert_eq!(posted(&client, "http://a:b@example.org/").await, outcome(TargetError::Credentials));
    assert_eq!(posted(&client, "nowhere").await, outcome(TargetError::Malformed));
}

#[tokio::test]
async fn a_name_is_connected_to_at_the_address_that_was_checked() {
    let receiver = Receiver::start(Reply::status(200)).await;
    let client = resolving(&[&[HERE]]);
    let url = receiver.url_at("hook.test");
    assert_eq!(posted(&client, &url).await, Outcome::Delivered { status: 200 });
    let host = format!("host: hook.test:{}\r\n", receiver.port());
    assert!(receiver.requests()[0].contains(&host), "the name stays in the request");
}

#[tokio::test]
async fn one_address_that_is_not_public_forbids_the_name() {
    let receiver = Receiver::start(Reply::status(200)).await;
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    for other in [PRIVATE, METADATA, mapped, IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let client = resolving(&[&[HERE, other], &[other, HERE]]);
        for _ in 0..2 {
            assert_eq!(posted(&client, &receiver.url_at("hook.test")).await, FORBIDDEN, "{other}");
        }
    }
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_answers_differently_the_second_time_is_checked_again() {
    let receiver = Receiver::start(Reply::status(200)).await;
    let client = resolving(&[&[HERE], &[METADATA], &[HERE]]);
    let url = receiver.url_at("hook.test");
    let delivered = Outcome::Delivered { status: 200 };
    for expected in [delivered, FORBIDDEN, delivered] {
        assert_eq!(posted(&client, &url).await, expected);
    }
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn a_name_without_addresses_is_unreachable() {
    let (unknown, empty): (&[&[IpAddr]], &[&[IpAddr]]) = (&[], &[&[]]);
    for answers in [unknown, empty] {
        let outcome = posted(&resolving(answers), "http://hook.test/").await;
        assert_eq!(outcome, Outcome::Unreachable { why: Trouble::Dns });
    }
}
