//! Protobuf's JSON mapping on the way in: `snake_case` and `lowerCamelCase` names, numbers that may be texts, `null` for
//! nothing, unknown fields passed over.

use models::{IdError, Refusal, UserId, Violation};
use serde_json::{Map, Number, Value};

use crate::kind;

/// A message of a request, with the path that leads to it.
#[derive(Clone, Debug)]
pub struct Message {
    path: String,
    fields: Map<String, Value>,
}

impl Message {
    /// The message that a body is.
    pub fn root(fields: Map<String, Value>) -> Self {
        Self { path: String::new(), fields }
    }

    /// A message of no fields, for one that was left out.
    fn empty(path: String) -> Self {
        Self { path, fields: Map::new() }
    }

    /// The full path of a field, in `snake_case`.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The same message with other fields.
    pub(crate) fn with_fields(&self, fields: Map<String, Value>) -> Self {
        Self { path: self.path.clone(), fields }
    }

    /// The raw fields, as they were sent.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// A field by either of its spellings; both at once are an error, `null` is nothing.
    pub fn value(&self, name: &str) -> Result<Option<&Value>, Refusal> {
        Ok(spelled(&self.fields, name, || self.path(name))?.map(|(_, value)| value))
    }

    /// A text; empty when it was left out.
    pub fn string(&self, name: &str) -> Result<String, Refusal> {
        Ok(self.optional_string(name)?.unwrap_or_default())
    }

    /// A text that must be there, and not be empty.
    pub fn required_string(&self, name: &str) -> Result<String, Refusal> {
        let text = self.string(name)?;
        if text.is_empty() { Err(Refusal::invalid(self.path(name), "value is required")) } else { Ok(text) }
    }

    /// The same where all is told that is wrong: a text that is missing is one more of the violations.
    pub fn needed_string(&self, name: &str, violations: &mut Vec<Violation>) -> Result<String, Refusal> {
        let text = self.string(name)?;
        if text.is_empty() {
            violations.push(Violation::new(self.path(name), "value is required"));
        }
        Ok(text)
    }

    /// The id of a user that must be given, likewise.
    pub fn needed_user_id(
        &self,
        name: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<Option<UserId>, Refusal> {
        Ok(user_id(&self.path(name), &self.needed_string(name, violations)?, violations))
    }

    /// A text, if it was given.
    pub fn optional_string(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.read(name, "must be a string", |value| value.as_str().map(str::to_owned))
    }

    /// A boolean, if it was given; `"true"` and `1` are none.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.read(name, "must be true or false", Value::as_bool)
    }

    /// An unsigned integer of 32 bits, if it was given.
    pub fn uint32(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let read = |value: &Value| u32::try_from(integer(value)?).ok();
        self.read(name, "must be an integer from 0 to 4294967295", read)
    }

    /// An unsigned integer of 64 bits, if it was given.
    pub fn uint64(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.read(name, "must be an integer from 0 to 18446744073709551615", integer)
    }

    /// An enumeration by name or number; a name that is not among `names` counts as the first, an unknown number is kept.
    pub fn enumeration(&self, name: &str, names: &[&str]) -> Result<i32, Refusal> {
        let number = |value: &Value| match value {
            Value::String(text) => {
                let place = names.iter().position(|known| known == text).unwrap_or(0);
                i32::try_from(place).ok()
            }
            Value::Number(number) => whole(number).and_then(|number| i32::try_from(number).ok()),
            _ => None,
        };
        Ok(self.read(name, "must be a name or a number of the enumeration", number)?.unwrap_or(0))
    }

    /// A list of texts; empty when it was left out. `null` in it is no text.
    pub fn strings(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts = |value: &Value| value.as_array()?.iter().map(text).collect::<Option<Vec<_>>>();
        Ok(self.read(name, "must be a list of strings", texts)?.unwrap_or_default())
    }

    /// Any JSON, untouched, but for `null` as a value of an object or in a list; an empty object when it was left out.
    pub fn json(&self, name: &str) -> Result<Value, Refusal> {
        let Some(value) = self.value(name)? else { return Ok(Value::Object(Map::new())) };
        let has_null = match value {
            Value::Object(values) => values.values().any(Value::is_null),
            Value::Array(values) => values.contains(&Value::Null),
            _ => false,
        };
        if has_null {
            return Err(Refusal::malformed(self.path(name), "must have no null among its values"));
        }
        Ok(value.clone())
    }

    /// A message, if it was given.
    pub fn optional_message(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let fields = self.read(name, "must be an object", |value| value.as_object().cloned())?;
        Ok(fields.map(|fields| Self { path: self.path(name), fields }))
    }

    /// A message; one without fields when it was left out.
    pub fn message(&self, name: &str) -> Result<Self, Refusal> {
        Ok(self.optional_message(name)?.unwrap_or_else(|| Self::empty(self.path(name))))
    }

    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(Refusal::malformed(self.path(name), format!("{expected}, it is {}", kind(value)))),
        }
    }
}

/// The id of a user that the text at this path is; none when it is empty. One that cannot be an id is one more of the
/// violations.
pub fn user_id(path: &str, text: &str, violations: &mut Vec<Violation>) -> Option<UserId> {
    let expected = match UserId::try_from(text) {
        Ok(user) => return Some(user),
        Err(IdError::Empty) => return None,
        Err(IdError::TooLong(most)) => format!("must be at most {most} characters"),
        Err(error) => error.to_string(),
    };
    violations.push(Violation::new(path, expected));
    None
}

/// What a message gives under a name, and in which of its spellings; both at once are an error, `null` is nothing.
pub(crate) fn spelled<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    path: impl FnOnce() -> String,
) -> Result<Option<(&'a String, &'a Value)>, Refusal> {
    let camel = camel_case(name);
    let given = |name: &str| fields.get_key_value(name).filter(|(_, value)| !value.is_null());
    match (given(name), given(&camel).filter(|_| camel != name)) {
        (Some(_), Some(_)) => Err(Refusal::malformed(path(), "is there twice, in two spellings")),
        (snake, camel) => Ok(snake.or(camel)),
    }
}

/// An unsigned integer: a number, or a text that is one.
fn integer(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => whole(number),
        Value::String(text) if text.trim() == text => whole(&serde_json::from_str(text).ok()?),
        _ => None,
    };
    u64::try_from(number?).ok()
}

/// A number that is whole, also as `300.0` or `3e2`.
fn whole(number: &Number) -> Option<i128> {
    number.as_i128().or_else(|| {
        let float = number.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        let whole =
            (float.fract() == 0.0 && float.abs() < 18_446_744_073_709_551_616.0).then_some(float as i128);
        whole
    })
}

/// `room_id` -> `roomId`
pub(crate) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter => {
                camel.push(if upper { letter.to_ascii_uppercase() } else { letter });
                upper = false;
            }
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(value: Value) -> Message {
        Message::root(value.as_object().expect("an object").clone())
    }

    #[test]
    fn a_field_is_found_by_either_spelling_but_not_by_both() {
        assert_eq!(message(json!({"roomId": "a"})).string("room_id"), Ok("a".to_owned()));
        assert_eq!(message(json!({"room_id": "a"})).string("room_id"), Ok("a".to_owned()));
        assert!(message(json!({"room_id": "a", "roomId": "a"})).string("room_id").is_err());
        assert_eq!(message(json!({"room_id": null, "roomId": "a"})).string("room_id"), Ok("a".to_owned()));
        assert_eq!(message(json!({"ROOM_ID": "a"})).string("room_id"), Ok(String::new()));
    }

    #[test]
    fn integers_may_be_texts_and_must_be_whole() {
        for good in [json!(300), json!("300"), json!(300.0), json!(3e2), json!("3e2"), json!("300.0")] {
            assert_eq!(message(json!({"n": good})).uint32("n"), Ok(Some(300)), "{good}");
        }
        for bad in [json!(300.5), json!(-1), json!(" 300"), json!(""), json!(true), json!(4_294_967_296_u64)]
        {
            assert!(message(json!({"n": bad})).uint32("n").is_err(), "{bad}");
        }
        assert_eq!(message(json!({"n": null})).uint32("n"), Ok(None));
    }

    #[test]
    fn an_enumeration_is_a_name_or_a_number() {
        let read = |value: Value| message(json!({ "kind": value })).enumeration("kind", &["A", "B"]);
        for (value, number) in [
            (json!("B"), 1),
            (json!(1.0), 1),
            (json!("b"), 0),
            (json!("1"), 0),
            (json!(7), 7),
            (json!(-1), -1),
            (json!(null), 0),
        ] {
            assert_eq!(read(value.clone()), Ok(number), "{value}");
        }
        for bad in [json!(true), json!(1.5), json!(3_000_000_000_u64), json!([])] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_that_is_missing_is_told() {
        let read = |value: Value| {
            let (message, mut violations) = (message(value), vec![]);
            let room = message.needed_string("room_id", &mut violations).expect("a text");
            let user = message.needed_user_id("user_id", &mut violations).expect("a text");
            let told: Vec<_> = violations.iter().map(ToString::to_string).collect();
            (room, user.map(|user| user.to_string()), told)
        };
        let good = ("a".to_owned(), Some("b c".to_owned()), vec![]);
        assert_eq!(read(json!({"roomId": "a", "user_id": "b c"})), good);
        let required = vec!["room_id: value is required".to_owned(), "user_id: value is required".to_owned()];
        assert_eq!(read(json!({"user_id": ""})), (String::new(), None, required));
        let (_, user, told) = read(json!({"room_id": "a", "user_id": "u".repeat(129)}));
        assert_eq!((user, told), (None, vec!["user_id: must be at most 128 characters".to_owned()]));
        let (_, user, told) = read(json!({"room_id": "a", "user_id": "u\n"}));
        assert_eq!((user, told), (None, vec!["user_id: has characters that are not allowed".to_owned()]));
    }

    #[test]
    fn a_wrong_type_is_told_with_its_path() {
        let outer = message(json!({"metadata": {"roomTitle": 5}}));
        let inner = outer.message("metadata").expect("an object");
        assert_eq!(
            inner.string("room_title"),
            Err(Refusal::malformed("metadata.room_title", "must be a string, it is a number"))
        );
    }
}
