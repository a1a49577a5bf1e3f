//! A set of public keys (JWKS, RFC 7517), as far as users' tokens may be verified by it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;

/// RSA keys of fewer bits can be broken; of more, the cryptography takes none.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;

/// The keys of a set that can be used.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

/// A key with the one algorithm that it is good for.
#[derive(Debug)]
struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct SetText {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct KeyText {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// The set that the text is; none if it is no set. A key that cannot be used is passed over: issuers publish keys for
    /// others, too.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let text: SetText = serde_json::from_slice(text).ok()?;
        Some(Self(text.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// How many keys it has.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The key that a token with this header was signed with, if it is genuine: the one of its `kid`, or, of a token without
    /// one, the only one there is. A key of another algorithm than the token's is none.
    pub(super) fn find(&self, header: &Header) -> Option<&DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| key.algorithm == header.alg);
        let key = match &header.kid {
            Some(kid) => fitting.find(|key| key.kid.as_ref() == Some(kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        key.map(|key| &key.public)
    }
}

impl Key {
    fn read(text: Value) -> Option<Self> {
        let text: KeyText = serde_json::from_value(text).ok()?;
        let verifies = text.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && text.key_ops.as_ref().is_none_or(|all| all.iter().any(|one| one == "verify"));
        let (algorithm, name, public) = match (text.kty.as_str(), text.crv.as_deref()) {
            ("RSA", _) => (Algorithm::RS256, "RS256", rsa(&text.n?, &text.e?)?),
            ("EC", Some("P-256")) => (Algorithm::ES256, "ES256", p256(&text.x?, &text.y?)?),
            _ => return None,
        };
        let is_for_this = text.alg.is_none_or(|alg| alg == name);
        (verifies && is_for_this).then_some(Self { kid: text.kid, algorithm, public })
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<DecodingKey> {
    let (modulus, exponent) = (bytes(modulus)?, bytes(exponent)?);
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let modulus = &modulus[zeros..];
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    RSA_BITS.contains(&bits).then(|| DecodingKey::from_rsa_raw_components(modulus, &exponent))
}

fn p256(x: &str, y: &str) -> Option<DecodingKey> {
    let whole = bytes(x)?.len() == COORDINATE && bytes(y)?.len() == COORDINATE;
    if whole { DecodingKey::from_ec_components(x, y).ok() } else { None }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
