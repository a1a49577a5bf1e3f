//! The size of an item, by which AWS charges.

use serde_json::{Map, Value};

/// Bytes of an item in DynamoDB JSON.
///
/// Names and strings count their UTF-8 bytes, binaries their decoded bytes, a number about a byte for every
/// two digits and one more, a list or map 3 bytes and one for each element.
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>)
pub(super) fn item_size(item: &Map<String, Value>) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, content)) = value.as_object().and_then(|typed| typed.iter().next()) else {
        return 0; // not a value: the database refuses the call
    };
    match (kind.as_str(), content) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(number)) => number_size(number),
        ("B", Value::String(base64)) => binary_size(base64),
        ("SS", Value::Array(texts)) => texts.iter().filter_map(Value::as_str).map(str::len).sum(),
        ("NS", Value::Array(numbers)) => numbers.iter().filter_map(Value::as_str).map(number_size).sum(),
        ("BS", Value::Array(binaries)) => binaries.iter().filter_map(Value::as_str).map(binary_size).sum(),
        ("L", Value::Array(list)) => 3 + list.iter().map(|element| 1 + value_size(element)).sum::<usize>(),
        ("M", Value::Object(map)) => 3 + map.len() + item_size(map),
        _ => 1, // BOOL and NULL
    }
}

fn number_size(number: &str) -> usize {
    number.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1
}

fn binary_size(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}
