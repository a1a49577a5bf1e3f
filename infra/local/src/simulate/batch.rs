//! Batches of which only a part is carried out.

use serde_json::{Map, Value, json};

use super::call::Operation;
use super::ledger::Verdict;

/// Takes the entries out of a batch that were not admitted (one verdict for each, in their order), and returns
/// them in the form in which the answer names them.
pub(super) fn split(body: &mut Value, verdicts: &[Verdict]) -> Map<String, Value> {
    let mut verdicts = verdicts.iter();
    let mut refused = Map::new();
    let Some(tables) = body["RequestItems"].as_object_mut() else { return refused };
    for (table, requests) in tables.iter_mut() {
        // A batch of reads has the keys of a table beside their options, a batch of writes just the list.
        let mut left = requests.clone();
        if let (Some(all), Some(left)) = (entries(requests), entries(&mut left)) {
            left.clear();
            all.retain(|entry| {
                let goes = verdicts.next().is_none_or(|verdict| *verdict == Verdict::Admitted);
                if !goes {
                    left.push(entry.clone());
                }
                goes
            });
        }
        if entries(&mut left).is_some_and(|left| !left.is_empty()) {
            refused.insert(table.clone(), left);
        }
    }
    tables.retain(|_, requests| entries(requests).is_none_or(|entries| !entries.is_empty()));
    refused
}

/// Whether nothing is left of it.
pub(super) fn is_empty(body: &Value) -> bool {
    body["RequestItems"].as_object().is_some_and(Map::is_empty)
}

fn entries(requests: &mut Value) -> Option<&mut Vec<Value>> {
    match requests {
        Value::Array(entries) => Some(entries),
        Value::Object(table) => table.get_mut("Keys").and_then(Value::as_array_mut),
        _ => None,
    }
}

/// Adds what was not carried out to a batch's answer. The caller is expected to send it again.
pub(super) fn add_unprocessed(answer: &mut Value, operation: Operation, refused: Map<String, Value>) {
    let field = if operation.is_read() { "UnprocessedKeys" } else { "UnprocessedItems" };
    if !answer[field].is_object() {
        answer[field] = json!({});
    }
    for (table, mut requests) in refused {
        // The database may have left some of the same table itself.
        match (entries(&mut answer[field][&table]), entries(&mut requests)) {
            (Some(present), Some(refused)) => present.append(refused),
            _ => answer[field][&table] = requests,
        }
    }
}
