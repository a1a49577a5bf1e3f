//! What the database says a call has consumed.

use serde_json::{Value, json};

use super::ledger::Consumed;

const ASK: &str = "ReturnConsumedCapacity";
const TOLD: &str = "ConsumedCapacity";

/// Makes a request ask what it consumes. True if the caller did not want to know, and so must not be told.
pub(super) fn ask(body: &mut Value) -> bool {
    let Some(request) = body.as_object_mut() else { return false };
    let unasked = request.get(ASK).is_none_or(|asked| *asked == "NONE");
    if unasked {
        request.insert(ASK.to_owned(), json!("INDEXES"));
    }
    unasked
}

/// Removes it from an answer again.
pub(super) fn hide(answer: &mut Value) {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove(TOLD);
    }
}

/// The write units by table; `None` if the call has written nothing: a transaction whose token the database
/// has seen before is answered from memory, for the price of reads.
pub(super) fn told(answer: &Value) -> Option<Consumed> {
    let told = &answer[TOLD];
    let tables = match told {
        Value::Array(tables) => tables.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    if tables.iter().any(|table| table["ReadCapacityUnits"].as_f64().is_some_and(|units| units > 0.0)) {
        return None;
    }
    let consumed = tables.iter().filter_map(|table| {
        // With TOTAL there is only the sum with the indexes: a little too much, never too little.
        let units = table["Table"]["CapacityUnits"].as_f64().or(table["CapacityUnits"].as_f64())?;
        Some((table["TableName"].as_str()?.to_owned(), units))
    });
    Some(consumed.collect())
}
