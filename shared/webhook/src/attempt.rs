//! The headers of one attempt, with LiveKit's signature: a JWT that says the hash of the body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use models::{ApiKeyId, Timestamp};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How long a signature is good for, in seconds; plugNmeet's own have the same.
const VALID_FOR: i64 = 300;

const HASH_TOKEN: HeaderName = HeaderName::from_static("hash-token");
const SEQUENCE: HeaderName = HeaderName::from_static("x-vestibule-sequence");
const DELIVERY: HeaderName = HeaderName::from_static("x-vestibule-delivery");
const ATTEMPT: HeaderName = HeaderName::from_static("x-vestibule-attempt");

const AGENT: &str = concat!("Vestibule/", env!("CARGO_PKG_VERSION"));

/// The API key that signs, with its secret. There is no `Debug`.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The key's name: the receiver finds the secret by it.
    pub key: &'a ApiKeyId,
    /// Its secret.
    pub secret: &'a [u8],
}

/// One attempt to deliver an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The event's place among its session's, from 1; none in a test, which is of no session.
    pub sequence: Option<u32>,
    /// The delivery: [`crate::delivery_id`].
    pub delivery: Uuid,
    /// Which attempt it is, from 1.
    pub number: u32,
}

/// LiveKit's claims of a webhook.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a ApiKeyId,
    nbf: i64,
    iat: i64,
    exp: i64,
    sha256: String,
}

impl Signer<'_> {
    /// The signature of a body, good for five minutes from `now`. LiveKit's receivers take it without `Bearer`.
    pub fn sign(&self, body: &[u8], now: Timestamp) -> String {
        let now = now.seconds();
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(body));
        let claims = Claims { iss: self.key, nbf: now, iat: now, exp: now + VALID_FOR, sha256 };
        let key = EncodingKey::from_secret(self.secret);
        encode(&Header::new(Algorithm::HS256), &claims, &key).expect("texts and numbers are signed")
    }
}

impl Attempt {
    /// All headers of ours; length and host are the client's.
    pub fn headers(&self, body: &[u8], signer: Signer<'_>, now: Timestamp) -> HeaderMap {
        let mut signature =
            HeaderValue::try_from(signer.sign(body, now)).expect("base64 and dots are a header's value");
        signature.set_sensitive(true);
        let delivery = HeaderValue::try_from(self.delivery.to_string()).expect("digits and dashes are, too");
        let mut headers = HeaderMap::from_iter([
            // The documented type; plugNmeet itself sends application/json.
            (CONTENT_TYPE, HeaderValue::from_static("application/webhook+json")),
            (USER_AGENT, HeaderValue::from_static(AGENT)),
            (AUTHORIZATION, signature.clone()),
            (HASH_TOKEN, signature),
            (DELIVERY, delivery),
            (ATTEMPT, self.number.into()),
        ]);
        if let Some(sequence) = self.sequence {
            headers.insert(SEQUENCE, sequence.into());
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_385_282_750);
    const SECRET: &[u8] = b"secret-0123456789abcdef0123456789";
    const BODY: &[u8] = b"{\"event\":\"room_created\"}";

    fn key() -> ApiKeyId {
        "acme-1".try_into().expect("an id")
    }

    fn headers(number: u32, sequence: Option<u32>) -> HeaderMap {
        let attempt = Attempt { sequence, delivery: Uuid::from_u128(5), number };
        attempt.headers(BODY, Signer { key: &key(), secret: SECRET }, NOW)
    }

    /// What LiveKit's receivers do: find the secret by the issuer, verify, hash the body, compare. (They look at the
    /// machine's clock besides; the test's time is not now.)
    fn received(token: &str, body: &[u8], secret: &[u8]) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.set_issuer(&["acme-1"]);
        let claims = decode::<Value>(token, &DecodingKey::from_secret(secret), &validation).ok()?.claims;
        let hash = BASE64_STANDARD.decode(claims["sha256"].as_str()?).ok()?;
        (hash == Sha256::digest(body).as_slice()).then_some(claims)
    }

    #[test]
    fn a_receiver_of_livekits_verifies_it() {
        let headers = headers(1, Some(3));
        let token = headers["authorization"].to_str().expect("text");
        assert_eq!(headers["hash-token"], token);
        let header = serde_json::to_value(decode_header(token).expect("a JWT")).expect("JSON");
        assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
        let mut claims = received(token, BODY, SECRET).expect("genuine");
        claims.as_object_mut().expect("an object").remove("sha256");
        let from = 1_795_385_282_i64;
        assert_eq!(claims, json!({"iss": "acme-1", "nbf": from, "iat": from, "exp": from + 300}));
    }

    #[test]
    fn another_body_or_another_secret_does_not_pass() {
        let token = Signer { key: &key(), secret: SECRET }.sign(BODY, NOW);
        assert!(received(&token, b"{\"event\":\"room_creatED\"}", SECRET).is_none());
        assert!(received(&token, BODY, b"another").is_none());
    }

    #[test]
    fn the_hash_is_the_recorded_one_for_the_recorded_body() {
        let recorded = include_str!("../../../tests/fixtures/recorded/webhooks/participants.json");
        let recorded: Value = serde_json::from_str(recorded).expect("JSON");
        let hook = &recorded["steps"][31]["webhooks"][0];
        let body = hook["body"].as_str().expect("text").as_bytes();
        let token = Signer { key: &key(), secret: SECRET }.sign(body, NOW);
        let claims = received(&token, body, SECRET).expect("genuine");
        assert_eq!(claims["sha256"], hook["authorization_jwt"]["claims"]["sha256"]);
    }

    #[test]
    fn an_attempt_says_what_it_is() {
        let headers = headers(2, Some(3));
        let text = |name: &str| headers[name].to_str().expect("text").to_owned();
        assert_eq!(text("content-type"), "application/webhook+json");
        assert_eq!(text("x-vestibule-sequence"), "3");
        assert_eq!(text("x-vestibule-delivery"), Uuid::from_u128(5).to_string());
        assert_eq!(text("x-vestibule-attempt"), "2");
        assert_eq!(text("user-agent"), concat!("Vestibule/", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_test_has_no_place_in_a_sequence() {
        assert!(headers(1, None).get("x-vestibule-sequence").is_none());
    }

    #[test]
    fn a_log_of_the_headers_does_not_show_the_signature() {
        let headers = headers(1, Some(3));
        let token = headers["authorization"].to_str().expect("text").to_owned();
        assert!(!format!("{headers:?}").contains(&token));
    }
}
