//! Who calls with a token in `Authorization`: a user, or somebody who has a seat.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, decode_header};
use models::{Clock, Profile, Refusal, Room, RoomKey, SessionToken, Tenant, Timestamp, UserId};
use serde::Deserialize;
use serde_json::Value;
use store::Admission;

use crate::jwks::Jwks;
use crate::rooms::Session;
use crate::signing::SigningSecrets;
use crate::tokens::{SESSION_KID, check_times, expiry_of, is_join_token, verify, verify_by};
use crate::{ConfigError, Env, Request, Secret, log};

/// Most bytes of the URL of a picture: a longer one is left out.
const LONGEST_PICTURE: usize = 2048;

/// Most characters of a name, of which a longer one loses the rest: as many as of the id that is shown in its place. Of all
/// who are in a room, or wait, the names go into one message.
const LONGEST_NAME: usize = UserId::MAX;

/// The token that a request carries.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(&'a str);

impl fmt::Debug for Bearer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bearer(..)")
    }
}

impl<'a> Bearer<'a> {
    /// The token in `Authorization`, with or without `Bearer`; none when there is no such header. A header without a
    /// token in it is a bad credential, not the absence of one.
    pub fn of(request: &'a Request) -> Result<Option<Self>, Refusal> {
        let Some(value) = request.headers.get("authorization") else { return Ok(None) };
        let value = value.to_str().map_err(|_| Refusal::InvalidToken)?.trim();
        let token = match value.split_at_checked(7) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer ") => token.trim(),
            _ => value,
        };
        if token.is_empty() || token.contains(' ') {
            Err(Refusal::InvalidToken)
        } else {
            Ok(Some(Self(token)))
        }
    }

    /// The token of a request that must have one.
    pub fn required(request: &'a Request) -> Result<Self, Refusal> {
        Self::of(request)?.ok_or(Refusal::MissingToken)
    }

    /// A token that came some other way: whatever it is, it is no absence of one.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The token's text.
    pub const fn text(self) -> &'a str {
        self.0
    }

    /// Whether the token says that it is a join token: it is verified by the API key that it names.
    pub fn is_join(self) -> bool {
        is_join_token(self.0)
    }

    /// When the token says that it runs out, if it does; believed only after it was verified.
    pub fn expires_at(self) -> Option<Timestamp> {
        expiry_of(self.0)
    }

    /// Whether the token says that it is a session token.
    pub fn is_session(self) -> bool {
        decode_header(self.0).is_ok_and(|header| header.kid.as_deref() == Some(SESSION_KID))
    }
}

/// A signed-in user of the integrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The token's `sub`, taken as it is.
    pub id: UserId,
    /// `name`, or else the `sub`, and `picture`; the name in as many characters as an id has at most.
    pub profile: Profile,
}

impl User {
    /// The room of this id in the deployment's own tenant, where all users are; the log names it from here on. A text that
    /// is no id is the id of no room.
    pub fn room(&self, id: &str) -> Result<RoomKey, Refusal> {
        let id = id.try_into().map_err(|_| Refusal::RoomNotFound)?;
        let key = RoomKey { tenant: Tenant::main(), room: id };
        log::room(&key);
        Ok(key)
    }

    /// Refuses what only the host may do.
    pub fn must_host(&self, room: &Room) -> Result<(), Refusal> {
        if room.is_hosted_by(&self.id) { Ok(()) } else { Err(Refusal::NotHost) }
    }
}

/// How users' tokens are verified: by a shared secret (HS256), by the public keys of their issuer (RS256, ES256), or each by
/// what its algorithm goes with.
#[derive(Clone)]
pub struct Users {
    secret: Option<Secret>,
    pub(crate) jwks: Option<Arc<Jwks>>,
    issuer: Option<String>,
    audience: Option<String>,
}

#[derive(Deserialize)]
struct UserClaims {
    sub: String,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    picture: Value,
    exp: Option<f64>,
    nbf: Option<f64>,
    iss: Option<String>,
    #[serde(default)]
    aud: Value,
}

impl Users {
    /// Reads how users' tokens are verified; without a secret and an issuer's keys every such token is refused.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        let secret = match env.optional("USER_JWT_SECRET") {
            Some(_) => Some(env.secret("USER_JWT_SECRET").await?),
            None => None,
        };
        let jwks = Jwks::load(env)?.map(Arc::new);
        Ok(Self::of(secret, jwks, env.optional("USER_JWT_ISSUER"), env.optional("USER_JWT_AUDIENCE")))
    }

    pub(crate) fn of(
        secret: Option<Secret>,
        jwks: Option<Arc<Jwks>>,
        issuer: Option<&str>,
        audience: Option<&str>,
    ) -> Self {
        Self { secret, jwks, issuer: issuer.map(str::to_owned), audience: audience.map(str::to_owned) }
    }

    /// The user whom the token names.
    pub async fn verify(&self, token: Bearer<'_>, now: Timestamp) -> Result<User, Refusal> {
        let claims = self.claims(token.text(), now).await?;
        #[expect(clippy::cast_possible_truncation, reason = "a time out of range is far in past or future")]
        let seconds = |time: f64| time as i64;
        check_times(claims.exp.map(seconds), claims.nbf.map(seconds), now)?;
        if self.issuer.is_some() && claims.iss != self.issuer {
            return Err(Refusal::InvalidToken);
        }
        if self.audience.as_ref().is_some_and(|ours| !names(&claims.aud, ours)) {
            return Err(Refusal::InvalidToken);
        }
        let id = UserId::try_from(claims.sub.as_str()).map_err(|_| Refusal::InvalidToken)?;
        if id.is_reserved_for_guests() {
            return Err(Refusal::InvalidToken);
        }
        let name = claims.name.as_str().map(str::trim).filter(|name| !name.is_empty());
        let picture = claims.picture.as_str().filter(|url| {
            url.len() <= LONGEST_PICTURE && (url.starts_with("https://") || url.starts_with("http://"))
        });
        let profile = Profile {
            name: name.unwrap_or(id.as_str()).chars().take(LONGEST_NAME).collect(),
            avatar_url: picture.map(str::to_owned),
        };
        Ok(User { id, profile })
    }

    /// The user of a request that must have one.
    pub async fn required(&self, request: &Request, now: Timestamp) -> Result<User, Refusal> {
        self.verify(Bearer::required(request)?, now).await
    }

    /// What the token says, once its signature is verified. The algorithm decides by what: a public key is never taken for a
    /// secret.
    async fn claims(&self, text: &str, now: Timestamp) -> Result<UserClaims, Refusal> {
        let header = decode_header(text).map_err(|_| Refusal::InvalidToken)?;
        let claims = match (header.alg, &self.secret, &self.jwks) {
            (Algorithm::HS256, Some(secret), _) => verify(text, secret.as_bytes()),
            (Algorithm::RS256 | Algorithm::ES256, _, Some(jwks)) => {
                let claims = verify_by(text, &jwks.key(&header, now).await?, header.alg);
                // Such a key signs for many years; what it signs must not be good as long.
                claims.filter(|claims: &UserClaims| claims.exp.is_some())
            }
            _ => None,
        };
        claims.ok_or(Refusal::InvalidToken)
    }
}

/// Whether an `aud` (a text, or a list of them) names `ours`.
fn names(aud: &Value, ours: &str) -> bool {
    match aud {
        Value::String(one) => one == ours,
        Value::Array(all) => all.iter().any(|one| one == ours),
        _ => false,
    }
}

/// How session tokens are signed and verified: by the deployment's secrets.
#[derive(Clone)]
pub struct Sessions {
    secrets: SigningSecrets,
    web_socket_url: Option<String>,
}

impl Sessions {
    /// Reads the secrets.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: SigningSecrets::load(env).await?,
            web_socket_url: env.optional("WEB_SOCKET_URL").map(str::to_owned),
        })
    }

    /// The session token of a request that must have one.
    pub fn required(&self, request: &Request, clock: &dyn Clock) -> Result<SessionToken, Refusal> {
        self.verify(Bearer::required(request)?, clock.now())
    }

    /// The session token that the text is.
    pub fn verify(&self, token: Bearer<'_>, now: Timestamp) -> Result<SessionToken, Refusal> {
        let token = self.secrets.verify(token.text(), now)?;
        log::room(&token.room);
        Ok(token)
    }

    /// The `session` of an answer: a fresh token for this sitting.
    pub fn issue(&self, token: &SessionToken, now: Timestamp) -> Session {
        Session {
            token: self.secrets.sign(token, now),
            expires_at: token.expires_at.to_string(),
            web_socket_url: self.web_socket_url.clone(),
        }
    }

    /// The `session` of somebody who was let in.
    pub fn of_admission(&self, admission: &Admission, now: Timestamp) -> Session {
        let token = SessionToken {
            room: admission.room.clone(),
            sid: admission.sid,
            user: admission.user.clone(),
            participant: admission.id,
            session: admission.session,
            expires_at: admission.expires_at,
        };
        self.issue(&token, now)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn users() -> Users {
        Users::of(Some("secret".into()), None, Some("iss"), Some("aud"))
    }

    fn token(change: Value) -> String {
        let mut claims = json!({"sub": "auth0|x", "name": "Ann", "exp": NOW.seconds() + 60, "iss": "iss",
            "aud": ["other", "aud"], "picture": "https://example.org/a.png"});
        claims.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"secret")).expect("signs")
    }

    #[tokio::test]
    async fn a_good_token_names_its_user() {
        let user = users().verify(Bearer(&token(json!({}))), NOW).await.expect("good");
        assert_eq!(user.id.as_str(), "auth0|x");
        let profile = Profile { name: "Ann".into(), avatar_url: Some("https://example.org/a.png".into()) };
        assert_eq!(user.profile, profile);
    }

    #[tokio::test]
    async fn without_a_name_the_sub_is_shown_and_a_script_is_no_picture() {
        let text = token(json!({"name": "  ", "picture": "javascript:alert(1)"}));
        let user = users().verify(Bearer(&text), NOW).await.expect("good");
        assert_eq!(user.profile, Profile { name: "auth0|x".into(), avatar_url: None });
    }

    #[tokio::test]
    async fn a_name_that_is_too_long_is_cut_and_a_picture_that_is_too_long_is_left_out() {
        let picture = format!("https://example.org/{}", "a".repeat(LONGEST_PICTURE));
        let text = token(json!({"name": format!("  {}", "😀".repeat(129)), "picture": picture}));
        let user = users().verify(Bearer(&text), NOW).await.expect("good");
        assert_eq!(user.profile, Profile { name: "😀".repeat(128), avatar_url: None });
        let text = token(json!({"name": "é".repeat(128)}));
        let user = users().verify(Bearer(&text), NOW).await.expect("good");
        assert_eq!(user.profile.name, "é".repeat(128));
    }

    #[tokio::test]
    async fn a_users_rooms_are_the_deployments_own() {
        let user = users().verify(Bearer(&token(json!({}))), NOW).await.expect("good");
        assert_eq!(user.room("demo").map(|room| room.to_string()), Ok("main/demo".to_owned()));
        assert_eq!(user.room("no id"), Err(Refusal::RoomNotFound));
    }

    #[tokio::test]
    async fn a_bad_token_is_refused() {
        let cases = [
            (token(json!({"exp": NOW.seconds()})), Refusal::ExpiredToken),
            (token(json!({"nbf": NOW.seconds() + 60})), Refusal::InvalidToken),
            (token(json!({"iss": "else"})), Refusal::InvalidToken),
            (token(json!({"aud": "else"})), Refusal::InvalidToken),
            (token(json!({"sub": ""})), Refusal::InvalidToken),
            (token(json!({"sub": "guest-1"})), Refusal::InvalidToken),
            (token(json!({"sub": 5})), Refusal::InvalidToken),
            ("garbage".to_owned(), Refusal::InvalidToken),
            // {"alg":"none"}, with the payload of a good one
            (
                format!("eyJhbGciOiJub25lIn0.{}.", token(json!({})).split('.').nth(1).expect("a payload")),
                Refusal::InvalidToken,
            ),
        ];
        for (text, refusal) in cases {
            assert_eq!(users().verify(Bearer(&text), NOW).await, Err(refusal), "{text}");
        }
        let foreign = Users { secret: Some("another".into()), ..users() };
        assert_eq!(foreign.verify(Bearer(&token(json!({}))), NOW).await, Err(Refusal::InvalidToken));
        let none = Users { secret: None, ..users() };
        assert_eq!(none.verify(Bearer(&token(json!({}))), NOW).await, Err(Refusal::InvalidToken));
    }
}
