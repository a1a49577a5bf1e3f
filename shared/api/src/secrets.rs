//! Secrets: kept in SSM as SecureStrings, never in the template.

use std::collections::HashMap;
use std::fmt;

use aws_credential_types::Credentials;
use models::Random;

use crate::ssm::{Ssm, SsmError};

/// A secret: what it is shows in no `Debug`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, to sign with or to store.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A new one: 32 random bytes, as many as the SHA-256 of its HMAC gives, in hexadecimal.
    pub fn draw(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// Its bytes, to sign with.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// The place where secrets are looked up.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    region: String,
    credentials: Credentials,
    ssm: Ssm,
}

/// AWS credentials of the process, as Lambda sets them.
fn credentials(variables: &HashMap<String, String>) -> Credentials {
    let variable = |name: &str| variables.get(name).cloned();
    Credentials::new(
        variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
        variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    )
}

impl Secrets {
    pub(crate) fn new(variables: &HashMap<String, String>) -> Self {
        let region = variables.get("AWS_REGION").cloned().unwrap_or_default();
        let credentials = credentials(variables);
        let ssm = Ssm::new(&region, variables.get("AWS_ENDPOINT_URL_SSM").cloned(), credentials.clone());
        Self { region, credentials, ssm }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn ssm(&self) -> &Ssm {
        &self.ssm
    }

    /// The secret that `reference` names (`ssm:<name>`), or is.
    pub(crate) async fn resolve(&self, reference: &str) -> Result<Secret, SsmError> {
        match reference.strip_prefix("ssm:") {
            Some(name) => self.ssm.get(name).await,
            None => Ok(reference.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Bearer, Env, Request};

    #[test]
    fn no_debug_output_shows_a_secret() {
        assert_eq!(format!("{:?}", Some(Secret::from("s3cret"))), "Some(Secret(..))");
        let variables = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SIGNING_SECRET"]
            .map(|name| (name.to_owned(), "s3cret".to_owned()));
        let env = Env::new(variables);
        for shown in [format!("{env:?}"), format!("{:?}", env.secrets())] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
        assert!(format!("{env:?}").contains("SIGNING_SECRET"), "the names are shown");
    }

    #[test]
    fn no_debug_output_shows_a_token_a_code_or_a_body() {
        let event = http::Request::post("https://h/rooms/s3cret/join?t=s3cret")
            .header("authorization", "Bearer s3cret")
            .header("hash-signature", "s3cret")
            .body(lambda_http::Body::from("s3cret"))
            .expect("a request");
        let request = Request::from(event);
        let bearer = Bearer::required(&request).expect("a token");
        let answer = Answer::json(200, &"s3cret");
        let shown = format!("{request:?} {bearer:?} {answer:?}");
        assert!(!shown.contains("s3cret") && shown.contains("hash-signature"), "{shown}");
    }
}
