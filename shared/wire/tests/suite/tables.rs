//! A message's table by its JSON Schema: what a request says, read once more and as simply as can be.

use serde_json::{Map, Number, Value, json};

/// A message as JSON.
pub(super) type Fields = Map<String, Value>;

/// The fields of a message with the schema of each.
pub(super) fn fields_of(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// `room_id` -> `roomId`
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_ascii_uppercase() + rest
    })
}

/// What stands under a name, in either spelling; `null` is nothing.
pub(super) fn given<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    let values = [name, &camel_case(name)].map(|name| fields.get(name));
    values.into_iter().flatten().find(|value| !value.is_null())
}

/// What a valid message is read as.
pub(super) fn reading(schema: &Value, message: &Fields) -> Fields {
    let fields = fields_of(schema).filter_map(|(name, field)| {
        let value = match given(message, name) {
            Some(value) => value_of(field, value),
            None if is_message(field) => reading(field, field["default"].as_object()?).into(),
            None => field.get("default")?.clone(),
        };
        Some((name.clone(), value))
    });
    fields.collect()
}

/// Whether the field is a message with a table of its own.
pub(super) fn is_message(field: &Value) -> bool {
    field.get("properties").is_some()
}

/// Whether what the field holds is the caller's own, whatever it is.
pub(super) fn is_own(field: &Value) -> bool {
    field["anyOf"][0]["type"] == "object"
}

/// The names of an enumeration; none where the field is something else.
pub(super) fn names_of(field: &Value) -> Option<&Vec<Value>> {
    field["anyOf"][0]["enum"].as_array()
}

fn value_of(field: &Value, given: &Value) -> Value {
    match (given, field["type"].as_str()) {
        (Value::Object(part), _) if is_message(field) => reading(field, part).into(),
        (_, Some("integer")) => u64::try_from(whole(given)).expect("not negative").into(),
        (_, Some("string")) if field.get("pattern").is_some() => whole(given).to_string().into(),
        _ => match (names_of(field), given) {
            (Some(names), Value::String(_)) if names.contains(given) => given.clone(),
            (Some(names), Value::String(_)) => names[0].clone(),
            (Some(names), _) => {
                let number = i64::try_from(whole(given)).expect("32 bits");
                let name = usize::try_from(number).ok().and_then(|place| names.get(place));
                name.cloned().unwrap_or(json!(number))
            }
            (None, _) => given.clone(),
        },
    }
}

/// A whole number: `300`, `"300"`, `300.0`, `"3e2"`.
fn whole(given: &Value) -> i128 {
    let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|_| {
        let number: Number = text.parse().expect("a number");
        format!("{:.0}", number.as_f64().expect("finite")).parse().expect("whole")
    })
}
