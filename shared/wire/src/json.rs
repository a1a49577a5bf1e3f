//! JSON as strict as the protocol asks: one object, no key twice, 64 levels at most.

use std::cell::Cell;
use std::fmt;

use models::Refusal;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Most levels of nesting.
const MOST_DEPTH: usize = 64;

/// Reads a body that must be one JSON object.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::malformed("", "the body must be a JSON object, it is empty"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let twice = Cell::new(None);
    let value = Strict { depth: 0, path: Path::Root, twice: &twice }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| match twice.take() {
            Some(path) => Refusal::malformed(path, "is there twice"),
            None => Refusal::malformed("", format!("the body must be JSON: {error}")),
        })?;
    match value {
        Value::Object(fields) => Ok(fields),
        other => {
            Err(Refusal::malformed("", format!("the body must be a JSON object, it is {}", kind(&other))))
        }
    }
}

/// What a value is, for a message.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The way to a value, key by key.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Within(&'a Self, &'a str),
}

impl Path<'_> {
    /// The keys as they were sent, with points between.
    fn text(self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Within(Self::Root, key) => (*key).to_owned(),
            Self::Within(path, key) => format!("{}.{key}", path.text()),
        }
    }
}

/// Reads a value, refusing what `serde_json::Value` would forgive.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    path: Path<'a>,
    /// Where a key was found twice.
    twice: &'a Cell<Option<String>>,
}

impl Strict<'_> {
    /// Refuses an object or a list, be it empty, within too many others.
    fn enter<E: serde::de::Error>(self) -> Result<(), E> {
        if self.depth < MOST_DEPTH {
            Ok(())
        } else {
            Err(E::custom(format!("more than {MOST_DEPTH} levels of nesting")))
        }
    }

    /// The same for a value within.
    fn within<'a>(&'a self, key: Option<&'a str>) -> Strict<'a> {
        let path = key.map_or(self.path, |key| Path::Within(&self.path, key));
        Strict { depth: self.depth + 1, path, twice: self.twice }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self.within(None))? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let within = self.within(Some(&key));
            if object.contains_key(&key) {
                self.twice.set(Some(within.path.text()));
                return Err(A::Error::custom("a key is there twice"));
            }
            let value = entries.next_value_seed(within)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_object_is_refused_with_a_reason() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70));
        let cases: [(&[u8], &str); 10] = [
            (b"", "empty"),
            (b" \n", "empty"),
            (b"hello", "must be JSON"),
            (b"[]", "an array"),
            (b"null", "null"),
            (b"{\"a\":1} x", "trailing"),
            (b"{\"a\":1,}", "trailing comma"),
            (b"{\"a\":\"\\ud800\"}", "hex escape"),
            (b"{\"a\":\"\xff\"}", "unicode"),
            (deep.as_bytes(), "64 levels"),
        ];
        for (body, reason) in cases {
            let Err(Refusal::Malformed(violation)) = object(body) else { panic!("accepted {body:?}") };
            assert!(violation.expected.contains(reason), "{}", violation.expected);
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_told_with_its_path() {
        for (body, path) in [
            (r#"{"a":1,"a":2}"#, "a"),
            (r#"{"roomId":{"b":[{"cC":1,"cC":null}]}}"#, "roomId.b.cC"),
            (r#"{"a":{"b":1},"c":{"b":1},"a":{}}"#, "a"),
        ] {
            assert_eq!(object(body.as_bytes()), Err(Refusal::malformed(path, "is there twice")), "{body}");
        }
    }

    #[test]
    fn sixty_four_levels_are_read_whatever_is_in_the_last() {
        for last in ["1", ""] {
            let nested = |levels| format!("{{\"a\":{}{last}{}}}", "[".repeat(levels), "]".repeat(levels));
            assert!(object(nested(63).as_bytes()).is_ok(), "{last}");
            assert!(object(nested(64).as_bytes()).is_err(), "{last}");
        }
    }
}
