//! Tokens that must not be accepted, whoever made them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::issuer::{Reply, Signer, claims};
use super::*;

/// An issuer with a key of each kind.
async fn start() -> (Issuer, Signer, Signer) {
    let (rsa, ec) = (Signer::rsa("rsa"), Signer::ec("ec"));
    let issuer = Issuer::start(Reply::set(&[rsa.jwk(json!({})), ec.jwk(json!({}))])).await;
    (issuer, rsa, ec)
}

fn named(algorithm: Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) }
}

fn hmac(algorithm: Algorithm, kid: &str, secret: &[u8]) -> String {
    encode(&named(algorithm, kid), &claims(json!({})), &EncodingKey::from_secret(secret)).expect("signs")
}

/// The parts of a token under another header.
fn under(header: &Value, token: &str) -> String {
    let rest = token.split_once('.').expect("a token").1;
    format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[tokio::test]
async fn genuine_tokens_of_either_kind_and_by_the_secret_are_good() {
    let (issuer, rsa, ec) = start().await;
    let users = users(&issuer);
    assert_eq!(user(&users, &hmac(Algorithm::HS256, "x", SECRET.as_bytes())).await, ann());
    assert_eq!(issuer.asked(), 0, "a token by the secret needs no key of the issuer");
    for signer in [&rsa, &ec] {
        assert_eq!(user(&users, &signer.token(json!({}))).await, ann());
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let (issuer, rsa, ec) = start().await;
    for users in [users(&issuer), Users::of(None, users(&issuer).jwks, Some("iss"), Some("aud"))] {
        for signer in [&rsa, &ec] {
            let jwk = signer.jwk(json!({}));
            let text = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
            let (whole, pem) = (jwk.to_string(), signer.public_pem());
            let secrets = [
                pem.as_bytes(),
                pem.trim_end().as_bytes(),
                &signer.public_der,
                whole.as_bytes(),
                text("n").as_bytes(),
                text("x").as_bytes(),
                b"",
            ]
            .map(<[u8]>::to_vec);
            for secret in secrets {
                for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                    let forged = hmac(algorithm, signer.kid.expect("a name"), &secret);
                    assert_eq!(user(&users, &forged).await, Err(Refusal::InvalidToken), "{algorithm:?}");
                    // The same signature said to be by the key itself.
                    for alg in ["RS256", "ES256"] {
                        let forged = under(&json!({"alg": alg, "kid": signer.kid}), &forged);
                        assert_eq!(user(&users, &forged).await, Err(Refusal::InvalidToken), "{alg}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_none() {
    let (issuer, rsa, ec) = start().await;
    let users = users(&issuer);
    for signer in [&rsa, &ec] {
        let token = signer.token(json!({}));
        let unsigned = format!("{}.", token.rsplit_once('.').expect("a token").0);
        for alg in ["none", "None", "NONE", "", "HS256", "RS256", "ES256", "PS256", "EdDSA", "x"] {
            for token in [&token, &unsigned] {
                let forged = under(&json!({"alg": alg, "kid": signer.kid}), token);
                assert_eq!(user(&users, &forged).await, Err(Refusal::InvalidToken), "{alg}");
            }
        }
        for header in [json!({}), json!({"alg": null}), json!({"alg": ["RS256"]}), json!(7)] {
            assert_eq!(user(&users, &under(&header, &token)).await, Err(Refusal::InvalidToken), "{header}");
        }
    }
}

#[tokio::test]
async fn a_key_verifies_by_its_own_algorithm_and_under_its_own_name() {
    let (issuer, rsa, ec) = start().await;
    let users = users(&issuer);
    let stranger = Signer::ec("ec");
    let cases = [
        ("unknown kid", rsa.token_under(&named(Algorithm::RS256, "unknown"), json!({}))),
        ("no kid at all in the set", ec.token_under(&named(Algorithm::ES256, ""), json!({}))),
        ("RSA under the name of EC", rsa.token_under(&named(Algorithm::RS256, "ec"), json!({}))),
        ("EC under the name of RSA", ec.token_under(&named(Algorithm::ES256, "rsa"), json!({}))),
        ("another hash", rsa.token_under(&named(Algorithm::RS512, "rsa"), json!({}))),
        ("another padding", rsa.token_under(&named(Algorithm::PS256, "rsa"), json!({}))),
        ("a stranger's key", stranger.token(json!({}))),
        ("EC said to be RSA", under(&json!({"alg": "RS256", "kid": "rsa"}), &ec.token(json!({})))),
        ("RSA said to be EC", under(&json!({"alg": "ES256", "kid": "ec"}), &rsa.token(json!({})))),
        ("a stranger's key brought along", {
            let header = json!({"alg": "ES256", "kid": "ec", "jwk": stranger.jwk(json!({}))});
            under(&header, &stranger.token(json!({})))
        }),
        ("what must be understood", {
            let header = Header { crit: Some(vec!["exp".into()]), ..named(Algorithm::ES256, "ec") };
            ec.token_under(&header, json!({}))
        }),
    ];
    for (what, token) in cases {
        assert_eq!(user(&users, &token).await, Err(Refusal::InvalidToken), "{what}");
    }
    let token = ec.token(json!({}));
    let (head, signature) = token.rsplit_once('.').expect("a token");
    let nobody = ec.token(json!({"sub": "bob"}));
    let other = nobody.rsplit_once('.').expect("a token").0;
    for forged in [format!("{other}.{signature}"), format!("{head}.{}", &signature[2..])] {
        assert_eq!(user(&users, &forged).await, Err(Refusal::InvalidToken));
    }
    let zeros = BASE64_URL_SAFE_NO_PAD.encode([0; 64]);
    assert_eq!(user(&users, &format!("{head}.{zeros}")).await, Err(Refusal::InvalidToken));
    assert_eq!(user(&users, &token).await, ann());
}

#[tokio::test]
async fn times_issuer_audience_and_subject_are_checked() {
    let (issuer, rsa, ec) = start().await;
    let users = users(&issuer);
    let now = NOW.seconds();
    for signer in [&rsa, &ec] {
        for (change, refusal) in [
            (json!({"exp": now}), Refusal::ExpiredToken),
            (json!({"exp": null}), Refusal::InvalidToken),
            (json!({"exp": "tomorrow"}), Refusal::InvalidToken),
            (json!({"nbf": now + 6}), Refusal::InvalidToken),
            (json!({"iss": "else"}), Refusal::InvalidToken),
            (json!({"iss": null}), Refusal::InvalidToken),
            (json!({"aud": "else"}), Refusal::InvalidToken),
            (json!({"aud": null}), Refusal::InvalidToken),
            (json!({"sub": "guest-1"}), Refusal::InvalidToken),
            (json!({"sub": null}), Refusal::InvalidToken),
        ] {
            assert_eq!(user(&users, &signer.token(change.clone())).await, Err(refusal), "{change}");
        }
        let good = json!({"exp": now + 1, "nbf": now + 5, "aud": ["other", "aud"]});
        assert_eq!(user(&users, &signer.token(good)).await, ann());
    }
}

#[tokio::test]
async fn without_an_address_or_a_secret_its_tokens_are_refused() {
    let (issuer, rsa, _) = start().await;
    let only_secret = Users::of(Some(SECRET.into()), None, None, None);
    assert_eq!(user(&only_secret, &rsa.token(json!({}))).await, Err(Refusal::InvalidToken));
    let only_keys = Users::of(None, users(&issuer).jwks, None, None);
    let by_secret = hmac(Algorithm::HS256, "rsa", SECRET.as_bytes());
    assert_eq!(user(&only_keys, &by_secret).await, Err(Refusal::InvalidToken));
    assert_eq!(user(&only_keys, &rsa.token(json!({}))).await, ann());
}
