//! All that a handler depends on.

use std::sync::Arc;

use models::{Clock, Random, SystemClock, SystemRandom};
use store::{Connection, Store};

use crate::{ConfigError, Dialect, Env};

/// A function's dependencies: the table, time, randomness, and its own configuration.
#[derive(Clone)]
pub struct App<C> {
    /// The table.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// How it answers.
    pub dialect: Dialect,
    /// What the function itself is configured with.
    pub config: C,
}

/// What is given to an [`App`] from outside, so that a test can set time and randomness.
#[derive(Clone)]
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }
}

impl<C> App<C> {
    /// Connects to the table that the environment names.
    pub fn new(env: &Env, dialect: Dialect, parts: Parts, config: C) -> Result<Self, ConfigError> {
        let store = env.store(&parts)?;
        let Parts { clock, random } = parts;
        Ok(Self { store, clock, random, dialect, config })
    }
}

impl Env {
    /// The table that the environment names; nothing is sent yet.
    pub fn store(&self, parts: &Parts) -> Result<Store, ConfigError> {
        let connection = Connection {
            table: self.required("TABLE_NAME")?.to_owned(),
            region: self.secrets().region().to_owned(),
            endpoint: self.optional("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned),
            credentials: self.secrets().credentials().clone(),
        };
        Ok(Store::connect(connection, parts.clock.clone(), parts.random.clone()))
    }
}
