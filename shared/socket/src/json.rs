//! JSON as messages carry it: read without trust, written without spaces.

use models::{Refusal, Violation};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Most levels of objects and lists in `data`, as in a body over HTTP.
const MOST_LEVELS: usize = 64;

/// What is sent, as text.
pub(crate) fn text(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("our messages have text keys")
}

/// The name of an event.
pub(crate) fn event(sent: Option<&RawValue>) -> Result<String, Violation> {
    let sent = sent.ok_or_else(|| Violation::new("event", "is required"))?;
    serde_json::from_str(sent.get()).map_err(|_| Violation::new("event", "must be a string"))
}

/// The data of a request: `{}` where there is none, and for `null`, which is what `undefined` becomes on its way.
pub(crate) fn data(sent: Option<&RawValue>) -> Result<Map<String, Value>, Refusal> {
    match sent {
        None => Ok(Map::new()),
        Some(null) if null.get() == "null" => Ok(Map::new()),
        Some(sent) => object("data", sent.get()),
    }
}

/// The object that `field` must be. Of a key that is there twice the last counts, as in JavaScript.
pub(crate) fn object(field: &str, sent: &str) -> Result<Map<String, Value>, Refusal> {
    if !sent.starts_with('{') {
        return Err(Refusal::malformed(field, "must be an object"));
    }
    // The parser itself goes 128 levels deep at most.
    let object: Map<String, Value> = serde_json::from_str(sent)
        .map_err(|error| Refusal::malformed(field, format!("must be JSON: {error}")))?;
    if object.values().any(|value| is_deeper(value, MOST_LEVELS - 1)) {
        return Err(Refusal::malformed(field, format!("must have at most {MOST_LEVELS} levels of nesting")));
    }
    Ok(object)
}

/// Whether there are more than `levels` objects and lists within each other.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels) {
        (Value::Array(_) | Value::Object(_), 0) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_deeper(item, levels - 1)),
        (Value::Object(fields), _) => fields.values().any(|field| is_deeper(field, levels - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_levels_are_read_whatever_is_in_the_last() {
        for last in ["1", ""] {
            let nested = |levels| format!("{{\"a\":{}{last}{}}}", "[".repeat(levels), "]".repeat(levels));
            assert!(object("data", &nested(63)).is_ok(), "{last}");
            for levels in [64, 126, 127, 128, 20_000] {
                assert!(object("data", &nested(levels)).is_err(), "{levels} {last}");
            }
        }
    }
}
