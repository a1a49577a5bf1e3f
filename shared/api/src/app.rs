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
        let connection = Connection {
            table: env.required("TABLE_NAME")?.to_owned(),
            region: env.secrets().region().to_owned(),
            endpoint: env.optional("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned),
            credentials: env.secrets().credentials().clone(),
        };
        let Parts { clock, random } = parts;
        let store = Store::connect(connection, clock.clone(), random.clone());
        Ok(Self { store, clock, random, dialect, config })
    }
}
