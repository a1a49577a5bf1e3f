//! What issuers publish, and where.

use serde_json::{Value, json};

use super::issuer::{Reply, Signer};
use super::*;

/// Whose token `signer`'s is, where these keys are published.
async fn by(keys: &[Value], signer: &Signer) -> Result<String, Refusal> {
    let issuer = Issuer::start(Reply::set(keys)).await;
    user(&users(&issuer), &signer.token(json!({}))).await
}

#[tokio::test]
async fn what_cannot_be_used_is_passed_over() {
    let (rsa, ec) = (Signer::rsa("rsa"), Signer::ec("ec"));
    let garbage = [
        json!(null),
        json!(7),
        json!("key"),
        json!([]),
        json!({}),
        json!({"kty": "RSA", "kid": "rsa"}),
        json!({"kty": "RSA", "kid": "rsa", "n": "", "e": ""}),
        json!({"kty": "RSA", "kid": "rsa", "n": "AAAA", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": 7, "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": "AQ", "y": "AQ"}),
        json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": "not base64!", "y": "AQ"}),
        json!({"kty": "oct", "kid": "ec", "k": "AQAB", "alg": "HS256"}),
        json!({"kty": "OKP", "kid": "ec", "crv": "Ed25519", "x": "AQAB", "alg": "EdDSA"}),
    ];
    let keys: Vec<_> = garbage.into_iter().chain([rsa.jwk(json!({})), ec.jwk(json!({}))]).collect();
    assert_eq!(by(&keys, &rsa).await, ann());
    assert_eq!(by(&keys, &ec).await, ann());
}

#[tokio::test]
async fn a_key_for_something_else_is_not_used() {
    let (rsa, ec) = (Signer::rsa("rsa"), Signer::ec("ec"));
    for good in [json!({"use": null}), json!({"alg": null}), json!({"key_ops": ["sign", "verify"]})] {
        for signer in [&rsa, &ec] {
            assert_eq!(by(&[signer.jwk(good.clone())], signer).await, ann(), "{good}");
        }
    }
    let (n, e) = (rsa.jwk(json!({}))["n"].clone(), rsa.jwk(json!({}))["e"].clone());
    let half = n.as_str().expect("a text")[..171].to_owned();
    let bad = [
        json!({"use": "enc"}),
        json!({"use": ""}),
        json!({"use": ["sig"]}),
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS384"}),
        json!({"alg": "PS256"}),
        json!({"alg": "ES384"}),
        json!({"key_ops": []}),
        json!({"key_ops": ["sign"]}),
        json!({"key_ops": "verify"}),
        json!({"kid": "another"}),
        json!({"kid": null}),
        json!({"crv": "P-384", "kty": "EC"}),
        json!({"crv": "secp256k1", "kty": "EC"}),
        json!({"kty": "oct", "k": n}),
        json!({"kty": "RSA", "n": half, "e": e}),
    ];
    for change in bad {
        for signer in [&rsa, &ec] {
            let refused = by(&[signer.jwk(change.clone())], signer).await;
            assert_eq!(refused, Err(Refusal::InvalidToken), "{change}");
        }
    }
    for (signer, alg) in [(&rsa, "ES256"), (&ec, "RS256")] {
        let refused = by(&[signer.jwk(json!({ "alg": alg }))], signer).await;
        assert_eq!(refused, Err(Refusal::InvalidToken), "{alg}");
    }
}

#[tokio::test]
async fn a_token_without_a_kid_is_good_where_one_key_of_its_kind_is() {
    let (rsa, ec, other) = (Signer::rsa("rsa"), Signer::ec("ec"), Signer::ec("other"));
    let published = [rsa.jwk(json!({})), ec.jwk(json!({}))];
    let (rsa, nameless) = (rsa.nameless(), Signer::ec("ec"));
    assert_eq!(by(&published, &rsa).await, ann());
    assert_eq!(by(&[rsa.jwk(json!({}))], &rsa).await, ann(), "a key without a name");
    assert_eq!(by(&published, &nameless.nameless()).await, Err(Refusal::InvalidToken), "of another key");
    let two = [ec.jwk(json!({})), other.jwk(json!({}))];
    assert_eq!(by(&two, &ec).await, ann());
    let unused = [ec.jwk(json!({})), other.jwk(json!({"use": "enc"}))];
    let ec = ec.nameless();
    assert_eq!(by(&two, &ec).await, Err(Refusal::InvalidToken), "either may be meant");
    assert_eq!(by(&unused, &ec).await, ann());
}

#[tokio::test]
async fn a_hundred_keys_are_read_and_more_than_64_kb_are_not() {
    let rsa = Signer::rsa("rsa");
    let mut keys = vec![rsa.jwk(json!({"kid": "another"})); 99];
    keys.push(rsa.jwk(json!({})));
    assert_eq!(by(&keys, &rsa).await, ann());
    keys[0]["x5c"] = json!(["x".repeat(64 * 1024)]);
    assert_eq!(by(&keys, &rsa).await, Err(Refusal::IssuerUnavailable));
}

#[tokio::test]
async fn what_is_no_set_of_keys_is_as_good_as_no_answer() {
    let rsa = Signer::rsa("rsa");
    let set = json!({"keys": [rsa.jwk(json!({}))]}).to_string();
    let moved = "Location: /elsewhere.json\r\n";
    for reply in [
        Reply::Answer("200 OK", "", b"<html>".to_vec()),
        Reply::Answer("200 OK", "", Vec::new()),
        Reply::Answer("200 OK", "", b"{}".to_vec()),
        Reply::Answer("200 OK", "", b"[]".to_vec()),
        Reply::Answer("200 OK", "", b"{\"keys\": {}}".to_vec()),
        Reply::Answer("200 OK", "", set.as_bytes()[..set.len() - 1].to_vec()),
        Reply::Answer("204 No Content", "", Vec::new()),
        Reply::Answer("301 Moved Permanently", moved, set.clone().into_bytes()),
        Reply::Answer("302 Found", moved, set.clone().into_bytes()),
        Reply::Answer("404 Not Found", "", set.clone().into_bytes()),
        Reply::Answer("503 Service Unavailable", "", set.clone().into_bytes()),
        Reply::Cut,
    ] {
        let issuer = Issuer::start(reply).await;
        assert_eq!(user(&users(&issuer), &rsa.token(json!({}))).await, Err(Refusal::IssuerUnavailable));
        assert_eq!(issuer.asked(), 1, "no redirect is followed, nothing is asked twice");
    }
    assert_eq!(by(&[], &rsa).await, Err(Refusal::InvalidToken), "an issuer may have no key");
}

#[tokio::test]
async fn an_issuer_is_asked_as_what_we_are() {
    let rsa = Signer::rsa("rsa");
    let issuer = Issuer::start(Reply::set(&[rsa.jwk(json!({}))])).await;
    assert_eq!(user(&users(&issuer), &rsa.token(json!({}))).await, ann());
    let request = issuer.requests()[0].to_ascii_lowercase();
    assert!(request.starts_with("get /jwks.json http/1.1\r\n"), "{request}");
    assert!(request.contains(concat!("user-agent: vestibule/", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(!request.contains("authorization"), "{request}");
}

#[test]
fn the_way_to_the_keys_is_https_or_does_not_leave_the_machine() {
    let load = |url: &str| Jwks::load(&Env::new([(VARIABLE.to_owned(), url.to_owned())]));
    for good in [
        "https://issuer.example/.well-known/jwks.json",
        "HTTPS://issuer.example",
        "https://10.0.0.1:8443/keys?a=b",
        "http://127.0.0.1:9000/jwks",
        "http://127.8.8.8/jwks",
        "http://localhost:9000/jwks",
        "http://[::1]:9000/jwks",
    ] {
        assert!(load(good).expect(good).is_some(), "{good}");
    }
    for bad in [
        "http://issuer.example/jwks",
        "http://10.0.0.1/jwks",
        "http://127.0.0.1.example/jwks",
        "http://localhost.example/jwks",
        "http://127.0.0.1@issuer.example/jwks",
        "http://[::2]/jwks",
        "ftp://127.0.0.1/jwks",
        "file:///etc/passwd",
        "127.0.0.1:9000",
        "/jwks",
        "https://",
        "not an address",
    ] {
        let error = load(bad).expect_err(bad).to_string();
        let expected = "must be an https address, or an http one of this machine";
        assert_eq!(error, format!("environment variable {VARIABLE} {expected}"), "{bad}");
    }
    assert!(load("").expect("absent").is_none());
}
