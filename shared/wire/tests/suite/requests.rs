//! Valid messages by their tables: generated, and otherwise spelled.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tables::{Fields, camel_case, fields_of, is_message, is_own, names_of};

/// Choices, until there are no more: then always the first.
pub(super) struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    pub(super) fn new(of: Vec<u8>) -> Self {
        Self(of.into_iter())
    }

    fn below(&mut self, count: u8) -> u8 {
        self.0.next().unwrap_or(0) % count
    }

    pub(super) fn one<T>(&mut self, of: impl IntoIterator<Item = T>) -> T {
        let mut of: Vec<T> = of.into_iter().collect();
        let count = u8::try_from(of.len()).expect("a few");
        of.swap_remove(usize::from(self.below(count)))
    }
}

/// Bytes to choose by.
pub(super) fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

/// A valid message by its table's schema, in `snake_case`, with numbers as numbers and without what is absent.
pub(super) fn message(schema: &Value, choices: &mut Choices) -> Fields {
    let required = schema["required"].as_array();
    let mut message = Fields::new();
    for (name, field) in fields_of(schema) {
        let is_required = required.is_some_and(|required| required.contains(&json!(name)));
        if is_required || (field["readOnly"] != true && choices.below(3) != 0) {
            message.insert(name.clone(), value(field, choices));
        }
    }
    message
}

fn value(field: &Value, choices: &mut Choices) -> Value {
    if is_message(field) {
        return message(field, choices).into();
    }
    if let Some(names) = names_of(field) {
        return choices.one(names).clone();
    }
    match field["type"].as_str() {
        Some("boolean") => json!(choices.below(2) == 1),
        Some("integer") => json!(choices.one([0, 1, 12, 300, u32::MAX])),
        Some("array") => json!(choices.one([vec![], vec!["pdf"], vec!["b", "a", "b"]])),
        Some("string") if field.get("pattern").is_some() => {
            json!(choices.one([0, 1, 300, u64::from(u32::MAX) + 1]))
        }
        Some("string") if field["format"] == "uri" => {
            json!(choices.one(["https://example.org/a?b=c", "http://h", "HTTPS://h:1/"]))
        }
        Some("string") => {
            let most = field["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok());
            text(field["minLength"] == 1, most.unwrap_or(LONG), choices)
        }
        // The caller's own: any JSON.
        _ => {
            let text = text(false, LONG, choices);
            choices.one([
                json!({}),
                json!({"aB": "c", "a_b": "", "": "x", "roomId": false}),
                json!({"n": u64::MAX, "o": {"roomId": [null, 1.5, -0.1e-7]}}),
                json!(["a", 1, {"roomId": null}]),
                json!(-2.5),
                json!(true),
                text,
            ])
        }
    }
}

/// Characters of a long text that nothing limits.
const LONG: usize = 255;

fn text(is_required: bool, most: usize, choices: &mut Choices) -> Value {
    let other = if is_required { "T" } else { "" };
    json!(choices.one(["Text", other, "ü \u{1F600} \"\\/\u{0}\n\u{2028}<b>&amp;", "null", &"ß".repeat(most)]))
}

/// The same message otherwise spelled.
pub(super) fn respelled(schema: &Value, message: &Fields, choices: &mut Choices) -> Fields {
    let mut spelled = Fields::new();
    for (name, field) in fields_of(schema) {
        let value = match message.get(name) {
            None if choices.below(2) == 0 => continue,
            None => Value::Null,
            Some(Value::Object(part)) if is_message(field) => respelled(field, part, choices).into(),
            Some(own) if is_own(field) => own.clone(),
            Some(Value::Number(number)) => choices.one([
                json!(number),
                json!(number.to_string()),
                json!(number.as_f64()),
                json!(format!("{number}.0")),
                json!(format!("{number}.0e0")),
            ]),
            Some(given) => match names_of(field) {
                Some(names) => {
                    choices.one([given.clone(), json!(names.iter().position(|known| known == given))])
                }
                None => given.clone(),
            },
        };
        // Each spelling alone, or with `null`, which is nothing, under the other.
        let (snake, camel) = (name.clone(), camel_case(name));
        let (name, other) =
            choices.one([(&snake, None), (&camel, None), (&snake, Some(&camel)), (&camel, Some(&snake))]);
        spelled.extend(other.map(|other| (other.clone(), Value::Null)));
        spelled.insert(name.clone(), value);
    }
    spelled.insert("unknown_field".to_owned(), json!([{"a": null}]));
    spelled
}
