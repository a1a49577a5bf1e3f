//! Reads the fields of a JSON object of the rooms API, and tells all that is wrong with them at once.

use std::ops::RangeInclusive;

use models::{Refusal, Violation};
use serde_json::{Map, Value};

use wire::kind;

/// The fields of a body, taken one by one. [`Fields::finish`] says what was wrong.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    null_is_absent: bool,
    violations: Vec<Violation>,
}

impl Fields {
    /// The fields of a request that makes something: `null` is as good as nothing.
    pub fn of(object: Map<String, Value>) -> Self {
        Self { object, null_is_absent: true, violations: vec![] }
    }

    /// The fields of a request that changes something: `null` means nothing there, so it is refused.
    pub fn of_change(object: Map<String, Value>) -> Self {
        Self { object, null_is_absent: false, violations: vec![] }
    }

    /// A boolean.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.take(name, "must be true or false", Value::as_bool)
    }

    /// Reports a field that is not there; that of one which is there says its own.
    pub fn require(&mut self, name: &str) {
        if self.object.get(name).is_none_or(Value::is_null) {
            self.refuse(name, "is required");
        }
    }

    /// An object.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        self.take(name, "must be an object", |value| value.as_object().cloned())
    }

    /// A text; its rules are the caller's, who reports with [`Fields::refuse`].
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, "must be a string", |value| value.as_str().map(str::to_owned))
    }

    /// A list of so many texts; their rules are the caller's.
    pub fn texts(&mut self, name: &str, range: RangeInclusive<usize>) -> Option<Vec<String>> {
        let expected = format!("must be an array of {} to {} strings", range.start(), range.end());
        self.take(name, &expected, |value| {
            let list = value.as_array().filter(|list| range.contains(&list.len()))?;
            list.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        })
    }

    /// A whole number within the range.
    pub fn integer(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let expected = format!("must be an integer from {} to {}", range.start(), range.end());
        self.take(name, &expected, |value| {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok())?;
            range.contains(&number).then_some(number)
        })
    }

    /// Reports a field.
    pub fn refuse(&mut self, name: &str, expected: impl Into<String>) {
        self.violations.push(Violation::new(name, expected));
    }

    /// Reports every field that was not asked for.
    pub fn refuse_unknown(&mut self) {
        let unknown = self.object.keys().map(|name| Violation::new(name.as_str(), "is not a known field"));
        self.violations.extend(unknown);
    }

    /// The refusal, if anything was wrong.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.violations.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.violations)) }
    }

    fn take<T>(&mut self, name: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.object.remove(name)?;
        if value.is_null() && self.null_is_absent {
            return None;
        }
        let read = read(&value);
        if read.is_none() {
            self.refuse(name, format!("{expected}, it is {}", shown(&value)));
        }
        read
    }
}

/// A value as a message shows it: numbers as they are, all else by its kind, for it may be long or private.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => kind(other).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut fields =
            Fields::of_change(object(json!({"a": 1, "b": null, "c": 101, "d": true, "e": 0, "f": ["a", 1]})));
        assert_eq!(fields.boolean("a"), None);
        assert_eq!(fields.boolean("b"), None);
        assert_eq!(fields.integer("c", 2..=100), None);
        assert_eq!(fields.boolean("d"), Some(true));
        assert_eq!(fields.texts("f", 1..=2), None);
        fields.refuse_unknown();
        let Err(Refusal::Invalid(violations)) = fields.finish() else { panic!("accepted") };
        let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "a: must be true or false, it is 1",
                "b: must be true or false, it is null",
                "c: must be an integer from 2 to 100, it is 101",
                "f: must be an array of 1 to 2 strings, it is an array",
                "e: is not a known field",
            ]
        );
    }

    #[test]
    fn null_is_nothing_where_something_is_made() {
        let mut fields = Fields::of(object(json!({"name": null})));
        assert_eq!(fields.text("name"), None);
        assert!(fields.finish().is_ok());
    }
}
