//! What a call touches: the operation and the items its body names.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::item_size::item_size;

/// The attribute names of each table's primary key, the partition key first.
pub(super) type Keys = HashMap<String, Arc<[String]>>;

/// An item's identity: its table and primary key.
///
/// Key values compare as they are written: `{"N": "1"}` and `{"N": "1.0"}` count as two items.
pub(super) type ItemKey = Arc<str>;

/// The operations on items. All others pass through the simulation untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Get,
    Put,
    Update,
    Delete,
    BatchGet,
    BatchWrite,
    TransactGet,
    TransactWrite,
    /// `Query`, `Scan` and `PartiQL`: their bodies do not name the items they touch.
    Search,
}

impl Operation {
    /// The operation of an `x-amz-target` header.
    pub(super) fn of(target: &str) -> Option<Self> {
        Some(match target.strip_prefix("DynamoDB_20120810.")? {
            "GetItem" => Self::Get,
            "PutItem" => Self::Put,
            "UpdateItem" => Self::Update,
            "DeleteItem" => Self::Delete,
            "BatchGetItem" => Self::BatchGet,
            "BatchWriteItem" => Self::BatchWrite,
            "TransactGetItems" => Self::TransactGet,
            "TransactWriteItems" => Self::TransactWrite,
            "Query" | "Scan" | "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction" => {
                Self::Search
            }
            _ => return None,
        })
    }

    pub(super) fn is_transaction(self) -> bool {
        matches!(self, Self::TransactGet | Self::TransactWrite)
    }

    pub(super) fn is_batch(self) -> bool {
        matches!(self, Self::BatchGet | Self::BatchWrite)
    }

    /// Whether the request leaves open how large its items become, so that the answer has to tell.
    pub(super) fn changes_items(self) -> bool {
        matches!(self, Self::Update | Self::TransactWrite)
    }

    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::BatchGet | Self::TransactGet | Self::Search)
    }
}

/// What an action does to its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Replaces the whole item; its new size in bytes.
    Put(usize),
    /// Changes an item, or checks a condition on it, which AWS charges as a write.
    Change,
    /// Removes the item.
    Delete,
    /// Reads it; an eventually consistent read costs half.
    Read { consistent: bool },
}

/// One item that a call touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) table: String,
    pub(super) item: ItemKey,
    pub(super) effect: Effect,
}

/// One action of a call, before the table's key is known.
struct Action<'a> {
    table: &'a str,
    /// The item of a put, the key of all others.
    attributes: &'a Map<String, Value>,
    effect: Effect,
}

/// The tables a call names.
pub(super) fn tables(operation: Operation, body: &Value) -> Vec<&str> {
    actions(operation, body).into_iter().flatten().map(|action| action.table).collect()
}

/// What a call touches, in the order of its actions. `None` stands for an action that names no item the
/// simulation understands: the database will refuse the call, or knows better.
pub(super) fn touches(operation: Operation, body: &Value, keys: &Keys) -> Vec<Option<Touch>> {
    actions(operation, body)
        .into_iter()
        .map(|action| {
            let Action { table, attributes, effect } = action?;
            let values: Option<Vec<_>> = keys.get(table)?.iter().map(|name| attributes.get(name)).collect();
            let item = serde_json::to_string(&(table, values?)).ok()?.into();
            Some(Touch { table: table.to_owned(), item, effect })
        })
        .collect()
}

fn actions(operation: Operation, body: &Value) -> Vec<Option<Action<'_>>> {
    match operation {
        Operation::Get => vec![action(body, "Key", |_| read(body))],
        Operation::Put => vec![action(body, "Item", put)],
        Operation::Update => vec![action(body, "Key", |_| Effect::Change)],
        Operation::Delete => vec![action(body, "Key", |_| Effect::Delete)],
        Operation::BatchGet => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.flat_map(|(table, wanted)| batch_reads(table, wanted)).collect()
        }
        Operation::BatchWrite => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.flat_map(|(table, requests)| batch_writes(table, requests)).collect()
        }
        Operation::TransactGet => {
            let consistent = |_: &_| Effect::Read { consistent: true };
            let items = body["TransactItems"].as_array().into_iter().flatten();
            items.map(|item| action(&item["Get"], "Key", consistent)).collect()
        }
        Operation::TransactWrite => {
            body["TransactItems"].as_array().into_iter().flatten().map(transact_write).collect()
        }
        Operation::Search => Vec::new(),
    }
}

fn action<'a>(
    body: &'a Value,
    attributes: &str,
    effect: impl FnOnce(&Map<String, Value>) -> Effect,
) -> Option<Action<'a>> {
    let attributes = body[attributes].as_object()?;
    Some(Action { table: table_name(body["TableName"].as_str()?), attributes, effect: effect(attributes) })
}

fn transact_write(item: &Value) -> Option<Action<'_>> {
    let (kind, body) = item.as_object()?.iter().next()?;
    match kind.as_str() {
        "Put" => action(body, "Item", put),
        "Update" | "ConditionCheck" => action(body, "Key", |_| Effect::Change),
        "Delete" => action(body, "Key", |_| Effect::Delete),
        _ => None,
    }
}

fn batch_reads<'a>(table: &'a str, wanted: &'a Value) -> impl Iterator<Item = Option<Action<'a>>> {
    wanted["Keys"].as_array().into_iter().flatten().map(move |key| {
        Some(Action { table: table_name(table), attributes: key.as_object()?, effect: read(wanted) })
    })
}

fn batch_writes<'a>(table: &'a str, requests: &'a Value) -> impl Iterator<Item = Option<Action<'a>>> {
    requests.as_array().into_iter().flatten().map(move |request| {
        let (attributes, effect) = match request["PutRequest"]["Item"].as_object() {
            Some(item) => (item, put(item)),
            None => (request["DeleteRequest"]["Key"].as_object()?, Effect::Delete),
        };
        Some(Action { table: table_name(table), attributes, effect })
    })
}

fn put(item: &Map<String, Value>) -> Effect {
    Effect::Put(item_size(item))
}

fn read(body: &Value) -> Effect {
    Effect::Read { consistent: body["ConsistentRead"] == Value::Bool(true) }
}

/// A table may be named by its ARN.
fn table_name(name_or_arn: &str) -> &str {
    name_or_arn.rsplit_once(":table/").map_or(name_or_arn, |(_, name)| name)
}
