//! What a caller has to be allowed for a call
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>, and so on by service).

use std::fmt;

use serde_json::Value;

use crate::stack::{ACCOUNT_ID, REGION};

/// An action on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// `dynamodb:GetItem`.
    pub(crate) action: String,
    /// Its ARN.
    pub(crate) resource: String,
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on resource: {}", self.action, self.resource)
    }
}

impl Need {
    fn of_table(action: &str, table: &Value, index: &Value) -> Self {
        let mut resource = arn("dynamodb", &format!("table/{}", table.as_str().unwrap_or_default()));
        if let Some(index) = index.as_str() {
            resource = format!("{resource}/index/{index}");
        }
        Self { action: format!("dynamodb:{action}"), resource }
    }

    /// An operation of SQS on a queue.
    pub(crate) fn of_queue(operation: &str, arn: &str) -> Self {
        // A batch is as many of the action.
        let action = operation.strip_suffix("Batch").unwrap_or(operation);
        Self { action: format!("sqs:{action}"), resource: arn.to_owned() }
    }

    /// A call of `@connections`, of the API and its stage that the connection is of.
    pub(crate) fn of_connection(api: &str, stage: &str, method: &str, id: &str) -> Self {
        let resource = arn("execute-api", &format!("{api}/{stage}/{method}/@connections/{id}"));
        Self { action: "execute-api:ManageConnections".to_owned(), resource }
    }

    /// An operation of SSM on a parameter.
    pub(super) fn of_parameter(operation: &str, name: &str) -> Self {
        Self { action: format!("ssm:{operation}"), resource: arn("ssm", &format!("parameter{name}")) }
    }
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}")
}

/// What an operation of DynamoDB needs: a transaction what each of its actions needs, of all others the action of its
/// name on the table or index.
pub(super) fn of_dynamodb(operation: &str, body: &Value) -> Vec<Need> {
    match operation {
        "TransactGetItems" | "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let actions = items.filter_map(Value::as_object).flatten();
            actions.map(|(kind, action)| of_action(kind, action)).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(table, _)| Need::of_table(operation, &table.as_str().into(), &Value::Null)).collect()
        }
        _ => vec![Need::of_table(operation, &body["TableName"], &body["IndexName"])],
    }
}

fn of_action(kind: &str, action: &Value) -> Need {
    // `ConditionCheck` is `ConditionCheckItem`, and so are the others.
    Need::of_table(&format!("{kind}Item"), &action["TableName"], &Value::Null)
}
