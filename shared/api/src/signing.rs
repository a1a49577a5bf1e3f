//! The deployment's signing secret: one, or two while it is rotated (`docs/decisions/0010`).

use models::{Refusal, SessionToken, Timestamp};

use crate::tokens::{sign_session_token, verify_session_token};
use crate::{ConfigError, Env, Secret};

/// The variable that holds it, or its name in SSM.
const VARIABLE: &str = "SIGNING_SECRET";

/// As many characters as HMAC-SHA256 gives bytes: a shorter key would be the weakest part (RFC 7518, section 3.2).
const SHORTEST: usize = 32;

const EXPECTED: &str = "one secret, or two with a comma between, of at least 32 characters each";

/// What session tokens are signed with, and verified by.
#[derive(Clone, Debug)]
pub(crate) struct SigningSecrets {
    /// It signs, and verifies.
    first: Secret,
    /// It verifies only: the coming one, or the one before.
    second: Option<Secret>,
}

impl SigningSecrets {
    /// Reads them.
    pub(crate) async fn load(env: &Env) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Wrong(VARIABLE.to_owned(), EXPECTED);
        Self::of(env.secret(VARIABLE).await?.text()).ok_or_else(wrong)
    }

    /// The secrets that the text holds. White space is taken for a comma: a file ends with a line break.
    fn of(text: &str) -> Option<Self> {
        let parts = text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|part| !part.is_empty());
        let secrets: Vec<&str> = parts.collect();
        if secrets.iter().any(|secret| secret.len() < SHORTEST) {
            return None;
        }
        match *secrets.as_slice() {
            [first] => Some(Self { first: first.into(), second: None }),
            [first, second] => Some(Self { first: first.into(), second: Some(second.into()) }),
            _ => None,
        }
    }

    /// A session token's text.
    pub(crate) fn sign(&self, token: &SessionToken, now: Timestamp) -> String {
        sign_session_token(token, now, self.first.as_bytes())
    }

    /// The session token that the text is, by either secret.
    pub(crate) fn verify(&self, text: &str, now: Timestamp) -> Result<SessionToken, Refusal> {
        let verified = verify_session_token(text, self.first.as_bytes(), now);
        match (&self.second, verified) {
            (Some(second), Err(Refusal::InvalidToken)) => verify_session_token(text, second.as_bytes(), now),
            (_, verified) => verified,
        }
    }
}

#[cfg(test)]
mod tests {
    use models::{ParticipantId, SessionId, Sid};
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const OLD: &str = "an-old-secret-0123456789abcdefghij";
    const NEW: &str = "a-new-secret-0123456789abcdefghijk";

    fn secrets(text: &str) -> SigningSecrets {
        SigningSecrets::of(text).expect("well-formed")
    }

    fn token() -> SessionToken {
        SessionToken {
            room: "main/demo".parse().expect("a room"),
            sid: Sid(Uuid::from_u128(1)),
            user: "ann".try_into().expect("an id"),
            participant: ParticipantId(Uuid::from_u128(2)),
            session: SessionId(Uuid::from_u128(3)),
            expires_at: Timestamp::from_seconds(NOW.seconds() + 60),
        }
    }

    #[test]
    fn the_first_signs_and_both_verify() {
        let (before, after) = (secrets(&format!("{OLD},{NEW}")), secrets(&format!("{NEW},{OLD}")));
        for (signer, sole) in [(&before, OLD), (&after, NEW)] {
            let text = signer.sign(&token(), NOW);
            for verifier in [&before, &after, &secrets(sole)] {
                assert_eq!(verifier.verify(&text, NOW), Ok(token()));
            }
        }
    }

    #[test]
    fn each_step_of_a_rotation_accepts_what_the_step_before_signs_and_the_reverse() {
        let steps =
            [OLD.to_owned(), format!("{OLD},{NEW}"), format!("{NEW},{OLD}")].map(|text| secrets(&text));
        for pair in steps.windows(2) {
            assert_eq!(pair[1].verify(&pair[0].sign(&token(), NOW), NOW), Ok(token()));
            assert_eq!(pair[0].verify(&pair[1].sign(&token(), NOW), NOW), Ok(token()));
        }
    }

    #[test]
    fn a_secret_that_was_removed_verifies_nothing() {
        let text = secrets(OLD).sign(&token(), NOW);
        assert_eq!(secrets(NEW).verify(&text, NOW), Err(Refusal::InvalidToken));
    }

    #[test]
    fn a_token_of_either_secret_expires() {
        let late = token().expires_at;
        for signer in [OLD, NEW] {
            let text = secrets(signer).sign(&token(), NOW);
            assert_eq!(secrets(&format!("{NEW},{OLD}")).verify(&text, late), Err(Refusal::ExpiredToken));
        }
    }

    #[test]
    fn what_is_around_and_between_secrets_does_not_matter() {
        let text = secrets(NEW).sign(&token(), NOW);
        for written in [
            format!("{NEW}\n"),
            format!(" {OLD}, {NEW}\r\n"),
            format!("{NEW}\n{OLD}"),
            format!("{OLD} {NEW},"),
        ] {
            assert_eq!(secrets(&written).verify(&text, NOW), Ok(token()), "{written:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_secret_is_an_error_that_names_the_variable_and_not_the_value() {
        let short = &OLD[..SHORTEST - 1];
        for value in [",", "\n", short, &format!("{NEW},{short}"), &format!("{NEW},{OLD},{NEW}")] {
            let env = Env::new([(VARIABLE.to_owned(), value.to_owned())]);
            let error = SigningSecrets::load(&env).await.expect_err("malformed").to_string();
            assert_eq!(
                error,
                "environment variable SIGNING_SECRET must be one secret, or two with a comma between, of at least 32 \
                 characters each"
            );
        }
        let error = SigningSecrets::load(&Env::new([])).await.expect_err("missing").to_string();
        assert_eq!(error, "environment variable SIGNING_SECRET is missing");
    }
}
