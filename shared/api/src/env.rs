//! Configuration: read once at start, from the function's environment; what is missing is named.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_credential_types::Credentials;

use crate::secrets::{Secret, Secrets};
use crate::ssm::SsmError;

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable that must be there is not.
    #[error("environment variable {0} is missing")]
    Missing(String),
    /// A variable's value is not what it should be.
    #[error("environment variable {0} must be {1}")]
    Wrong(String, &'static str),
    /// A secret could not be read.
    #[error("environment variable {0}: {1}")]
    Secret(String, SsmError),
}

/// The function's environment.
#[derive(Clone)]
pub struct Env {
    variables: HashMap<String, String>,
    secrets: Secrets,
}

/// The names alone: among the values are secrets.
impl fmt::Debug for Env {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Env {
    /// The process's environment.
    pub fn of_process() -> Self {
        Self::new(std::env::vars())
    }

    /// An environment of these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables: HashMap<_, _> = variables.into_iter().collect();
        let secrets = Secrets::new(&variables);
        Self { variables, secrets }
    }

    /// The value of a variable; an empty one counts as absent.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that must be there.
    pub fn required(&self, name: &str) -> Result<&str, ConfigError> {
        self.optional(name).ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// A whole number.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, ConfigError> {
        self.required(name)?
            .parse()
            .map_err(|_| ConfigError::Wrong(name.to_owned(), "a whole number in range"))
    }

    /// `true` or `false`.
    pub fn switch(&self, name: &str) -> Result<bool, ConfigError> {
        self.required(name)?.parse().map_err(|_| ConfigError::Wrong(name.to_owned(), "true or false"))
    }

    /// A number of seconds.
    pub fn seconds(&self, name: &str) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.number::<u32>(name)?.into()))
    }

    /// A number of days.
    pub fn days(&self, name: &str) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(u64::from(self.number::<u32>(name)?) * 24 * 3600))
    }

    /// A secret: the value itself, or, as `ssm:<name>`, the name of an SSM SecureString that holds it.
    pub async fn secret(&self, name: &str) -> Result<Secret, ConfigError> {
        self.secrets
            .resolve(self.required(name)?)
            .await
            .map_err(|error| ConfigError::Secret(name.to_owned(), error))
    }

    /// The AWS region.
    pub fn region(&self) -> &str {
        self.secrets.region()
    }

    /// AWS credentials.
    pub fn credentials(&self) -> &Credentials {
        self.secrets.credentials()
    }

    /// Where secrets are looked up.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let env = Env::new([("A".to_owned(), "x".to_owned()), ("B".to_owned(), String::new())]);
        assert_eq!(env.required("B").expect_err("empty").to_string(), "environment variable B is missing");
        assert!(env.seconds("A").expect_err("no number").to_string().contains("A must be a whole number"));
    }
}
