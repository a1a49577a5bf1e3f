//! Our tokens as JWTs: signed and verified with HS256 and nothing else. And how a token's signature is verified at all.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use models::{
    ApiKeyId, JoinToken, Lasts, ParticipantId, Refusal, Role, RoomKey, SessionId, SessionToken, Sid, Tenant,
    Timestamp, TokenId, UserId,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// The `kid` of session tokens, whichever secret signed them: it tells them from users' tokens before either is
/// verified.
pub(crate) const SESSION_KID: &str = "vestibule-session";

/// How much earlier than now a token's `nbf` may be by somebody's clock, in seconds.
const LEEWAY: i64 = 5;

/// plugNmeet's claims (`protocol/plugnmeet.md`), and a `jti`: ours are good once.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct JoinClaims {
    iss: String,
    sub: String,
    exp: i64,
    nbf: i64,
    jti: String,
    name: String,
    room_id: String,
    user_id: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_admin: bool,
    /// Ours, in rooms by code: the owner is known from his token, so that his join needs no look at the room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_host: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_hidden: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    client_type: i32,
    /// Ours, in rooms with a duration: how many seconds the session lasts from its first join, or until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_until: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// What the text of a join token says beside the token itself.
#[derive(Clone, Copy, Debug)]
pub struct JoinTokenText {
    /// Whether others will not see him.
    pub hidden: bool,
    /// plugNmeet's `client_type`, passed on to the client.
    pub client_type: i32,
    /// When it was minted.
    pub minted_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SessionClaims {
    sub: UserId,
    room: String,
    sid: Sid,
    participant: ParticipantId,
    jti: SessionId,
    iat: i64,
    exp: i64,
}

/// A join token's text.
pub fn sign_join_token(token: &JoinToken, text: JoinTokenText, secret: &[u8]) -> String {
    let claims = JoinClaims {
        iss: token.api_key.to_string(),
        sub: token.user.to_string(),
        exp: text.expires_at.seconds(),
        nbf: text.minted_at.seconds(),
        jti: token.id.to_string(),
        name: token.name.clone(),
        room_id: token.room.room.to_string(),
        user_id: token.user.to_string(),
        is_admin: token.role != Role::Participant,
        is_host: token.role == Role::Host,
        is_hidden: text.hidden,
        client_type: text.client_type,
        session_seconds: match token.lasts {
            Lasts::FromFirstJoin(duration) => Some(duration.as_secs()),
            Lasts::Unlimited | Lasts::Until(_) => None,
        },
        session_until: match token.lasts {
            Lasts::Until(end) => Some(end.seconds()),
            Lasts::Unlimited | Lasts::FromFirstJoin(_) => None,
        },
    };
    sign(token.api_key.as_str(), &claims, secret)
}

/// Whether the text says that it is a join token, which alone has a `jti` of a session; believed only after its signature
/// was checked.
pub(crate) fn is_join_token(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Id {
        jti: String,
    }
    claims_of::<Id>(text).is_some_and(|id| id.jti.parse::<TokenId>().is_ok())
}

/// When the text says that it runs out, if it does; believed only after its signature was checked.
pub(crate) fn expiry_of(text: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Expiry {
        exp: f64,
    }
    #[expect(clippy::cast_possible_truncation, reason = "a time out of range is far in past or future")]
    claims_of(text).map(|Expiry { exp }| Timestamp::from_seconds(exp as i64))
}

/// What a token says that nobody has verified.
fn claims_of<T: DeserializeOwned>(text: &str) -> Option<T> {
    let payload = text.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok())?;
    serde_json::from_slice(&payload).ok()
}

/// The API key that a join token says it is of; believed only after its signature was checked with that key's secret.
pub(crate) fn join_token_key(text: &str) -> Result<ApiKeyId, Refusal> {
    let kid = decode_header(text).ok().and_then(|header| header.kid).ok_or(Refusal::InvalidToken)?;
    ApiKeyId::try_from(kid.as_str()).map_err(|_| Refusal::InvalidToken)
}

/// The join token that the text is, by one of the key's secrets.
pub(crate) fn verify_join_token<'a>(
    text: &str,
    api_key: &ApiKeyId,
    tenant: &Tenant,
    mut secrets: impl Iterator<Item = &'a Secret>,
    now: Timestamp,
) -> Result<JoinToken, Refusal> {
    let claims: JoinClaims =
        secrets.find_map(|secret| verify(text, secret.as_bytes())).ok_or(Refusal::InvalidToken)?;
    if claims.iss != api_key.as_str() || claims.sub != claims.user_id {
        return Err(Refusal::InvalidToken);
    }
    check_times(Some(claims.exp), Some(claims.nbf), now)?;
    let invalid = |_| Refusal::InvalidToken;
    Ok(JoinToken {
        api_key: api_key.clone(),
        room: RoomKey { tenant: tenant.clone(), room: claims.room_id.as_str().try_into().map_err(invalid)? },
        id: claims.jti.parse().map_err(invalid)?,
        user: claims.sub.as_str().try_into().map_err(invalid)?,
        name: claims.name,
        role: match (claims.is_host, claims.is_admin) {
            (true, _) => Role::Host,
            (false, true) => Role::Moderator,
            (false, false) => Role::Participant,
        },
        lasts: match (claims.session_until, claims.session_seconds) {
            (Some(end), _) => Lasts::Until(Timestamp::from_seconds(end)),
            (None, Some(seconds)) => Lasts::FromFirstJoin(Duration::from_secs(seconds)),
            (None, None) => Lasts::Unlimited,
        },
    })
}

/// A session token's text.
pub fn sign_session_token(token: &SessionToken, now: Timestamp, secret: &[u8]) -> String {
    let claims = SessionClaims {
        sub: token.user.clone(),
        room: token.room.to_string(),
        sid: token.sid,
        participant: token.participant,
        jti: token.session,
        iat: now.seconds(),
        exp: token.expires_at.seconds(),
    };
    sign(SESSION_KID, &claims, secret)
}

/// The session token that the text is.
pub(crate) fn verify_session_token(
    text: &str,
    secret: &[u8],
    now: Timestamp,
) -> Result<SessionToken, Refusal> {
    let claims: SessionClaims = verify(text, secret).ok_or(Refusal::InvalidToken)?;
    check_times(Some(claims.exp), None, now)?;
    Ok(SessionToken {
        room: claims.room.parse().map_err(|_| Refusal::InvalidToken)?,
        sid: claims.sid,
        user: claims.sub,
        participant: claims.participant,
        session: claims.jti,
        expires_at: Timestamp::from_seconds(claims.exp),
    })
}

/// The claims of an HS256 token that this secret signed. Times, issuer and audience are the caller's to check.
pub(crate) fn verify<T: DeserializeOwned>(text: &str, secret: &[u8]) -> Option<T> {
    verify_by(text, &DecodingKey::from_secret(secret), Algorithm::HS256)
}

/// The same of a token of this algorithm, by a key of any kind.
pub(crate) fn verify_by<T: DeserializeOwned>(
    text: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Option<T> {
    let mut validation = Validation::new(algorithm);
    // Checked by hand, by our clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(decode::<T>(text, key, &validation).ok()?.claims)
}

/// Refuses a token before its time or after it; all in seconds.
pub(crate) fn check_times(exp: Option<i64>, nbf: Option<i64>, now: Timestamp) -> Result<(), Refusal> {
    if exp.is_some_and(|exp| exp <= now.seconds()) {
        return Err(Refusal::ExpiredToken);
    }
    if nbf.is_some_and(|nbf| nbf > now.seconds().saturating_add(LEEWAY)) {
        return Err(Refusal::InvalidToken);
    }
    Ok(())
}

fn sign(kid: &str, claims: &impl Serialize, secret: &[u8]) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(secret)).expect("our claims have text keys")
}
