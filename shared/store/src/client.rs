//! The connection to the table.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig,
};
use models::{Clock, Random, Timestamp};

use crate::meter::{CallCounter, Meter, Usage};
use crate::turn::Crowd;

/// One attempt; on a small function the first one includes a TLS handshake of most of a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the table is and who asks.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The table's name.
    pub table: String,
    /// The AWS region.
    pub region: String,
    /// Another endpoint than the region's, for the local stack.
    pub endpoint: Option<String>,
    /// AWS credentials.
    pub credentials: Credentials,
}

/// The table with all that a request needs of it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) dynamo: Client,
    pub(crate) table: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) crowd: Arc<Crowd>,
}

impl Store {
    /// Prepares a client; nothing is sent yet.
    pub fn connect(connection: Connection, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let meter = Arc::<Meter>::default();
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(connection.region))
            .credentials_provider(connection.credentials)
            // Retries are ours (`retry.rs`): the SDK's know neither conflicts nor cancelled transactions.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
            .interceptor(CallCounter(meter.clone()));
        if let Some(endpoint) = connection.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self {
            dynamo: Client::from_conf(config.build()),
            table: connection.table,
            clock,
            random,
            meter,
            crowd: Arc::default(),
        }
    }

    /// The same table as another process has it, which has not met whom this one has met.
    #[must_use]
    pub fn of_another_process(&self) -> Self {
        Self { crowd: Arc::default(), ..self.clone() }
    }

    /// The present time by the store's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What was asked of DynamoDB through this store and its clones so far.
    pub fn usage(&self) -> Usage {
        self.meter.usage()
    }
}
