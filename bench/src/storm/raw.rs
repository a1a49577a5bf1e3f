//! Plain updates of one item, sent until they are decided.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
};
use store::{Halt, StoreError, Usage};
use testing::TestTable;

use super::backoff::Backoff;

/// As the store's.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// An item as DynamoDB has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// One update. Expressions name every attribute as `#attribute`, and of the values those are sent that they mention.
pub(super) struct Update<'a> {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) change: &'a str,
    pub(super) condition: &'a str,
    pub(super) values: &'a [(&'static str, AttributeValue)],
}

/// What became of an update.
pub(super) enum Written {
    /// It was done.
    Done,
    /// Its condition did not hold; with the item as it was.
    Refused(Item),
}

/// The table, by a client that leaves retries to us.
pub(super) struct RawTable {
    dynamo: Client,
    name: String,
    usage: Mutex<Usage>,
}

impl RawTable {
    pub(super) fn new(table: &TestTable) -> Self {
        let env = table.env("redeem_join_token");
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(local::stack::REGION))
            .credentials_provider(local::secrets::aws_credentials())
            .endpoint_url(env.required("AWS_ENDPOINT_URL_DYNAMODB").expect("a table has an address"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build());
        let name = table.template.tables[0].name.clone();
        Self { dynamo: Client::from_conf(config.build()), name, usage: Mutex::default() }
    }

    /// Sends the update until it is done or refused. It is sent again after a lost answer too: its condition must see
    /// that it was done.
    pub(super) async fn write(&self, update: &Update<'_>) -> Result<Written, Halt> {
        let mut backoff = Backoff::new();
        loop {
            self.count(|usage| usage.calls += 1);
            let error = match self.send(update).await {
                Ok(consumed) => {
                    self.count(|usage| add(usage, consumed.as_ref()));
                    return Ok(Written::Done);
                }
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    // Charged as the write that it would have been; the answer does not say so.
                    self.count(|usage| usage.write_units += 1.0);
                    return Ok(Written::Refused(failed.item.clone().unwrap_or_default()));
                }
                Some(failed) if failed.code() == Some("ValidationException") => {
                    return Err(StoreError::Rejected(DisplayErrorContext(&error).to_string()).into());
                }
                _ if backoff.pause().await => {}
                _ => return Err(StoreError::Unavailable(DisplayErrorContext(&error).to_string()).into()),
            }
        }
    }

    async fn send(&self, update: &Update<'_>) -> Result<Option<ConsumedCapacity>, SdkError<UpdateItemError>> {
        let text = format!("{} {}", update.change, update.condition);
        let names = placeholders(&text, '#').map(|name| (format!("#{name}"), name.to_owned())).collect();
        let values = update
            .values
            .iter()
            .filter(|(name, _)| placeholders(&text, ':').any(|used| used == *name))
            .map(|(name, value)| (format!(":{name}"), value.clone()))
            .collect();
        let done = self
            .dynamo
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(update.pk.clone()))
            .key("sk", AttributeValue::S(update.sk.clone()))
            .update_expression(update.change)
            .condition_expression(update.condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await?;
        Ok(done.consumed_capacity)
    }

    /// What was asked of DynamoDB so far.
    pub(super) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Usage)) {
        change(&mut self.usage.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn add(usage: &mut Usage, consumed: Option<&ConsumedCapacity>) {
    let whole = consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or(0.0);
    let table = consumed.and_then(|consumed| consumed.table()?.capacity_units()).unwrap_or(whole);
    usage.write_units += table;
    usage.index_units += whole - table;
}

/// The words that follow `mark` in an expression.
fn placeholders(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).map(|rest| {
        &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())]
    })
}
