//! A message as a table: what each field holds, what it is when it was left out, and what the caller may say.

mod schema;

use models::{Refusal, Violation};
use serde_json::{Map, Value, json};

use crate::Message;
use crate::uri::is_http_uri;

pub use schema::json_schema;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Bool(Absent<bool>),
    Text(Absent<&'static str>),
    Uint32(Absent<u32>),
    /// Stored as a text, as protobuf writes 64 bits.
    Uint64(Absent<u64>),
    /// Stored by name, or by a number that has none.
    Enum(&'static [&'static str]),
    Texts,
    /// The caller's own: any JSON.
    Json,
    Part(&'static [Field], Presence),
}

/// What a field that was left out is: a value, or not there.
type Absent<T> = Option<T>;

/// Whether a message is there when it was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Always,
    WhenGiven,
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    owned: bool,
    uri: bool,
    most: Option<usize>,
}

impl Field {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, owned: false, uri: false, most: None }
    }

    /// A boolean that is true unless the caller says otherwise.
    pub const fn on(name: &'static str) -> Self {
        Self::new(name, Kind::Bool(Some(true)))
    }

    /// A boolean that is false unless the caller says otherwise.
    pub const fn off(name: &'static str) -> Self {
        Self::new(name, Kind::Bool(Some(false)))
    }

    /// A boolean that is there only when it was given.
    pub const fn flag(name: &'static str) -> Self {
        Self::new(name, Kind::Bool(None))
    }

    /// A text, empty unless it was given.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text(Some("")))
    }

    /// A text that is there only when it was given.
    pub const fn optional_text(name: &'static str) -> Self {
        Self::new(name, Kind::Text(None))
    }

    /// An unsigned integer of 32 bits, 0 unless it was given.
    pub const fn number(name: &'static str) -> Self {
        Self::new(name, Kind::Uint32(Some(0)))
    }

    /// An unsigned integer of 32 bits that is there only when it was given.
    pub const fn optional_number(name: &'static str) -> Self {
        Self::new(name, Kind::Uint32(None))
    }

    /// An unsigned integer of 64 bits, 0 unless it was given.
    pub const fn long(name: &'static str) -> Self {
        Self::new(name, Kind::Uint64(Some(0)))
    }

    /// An unsigned integer of 64 bits that is there only when it was given.
    pub const fn optional_long(name: &'static str) -> Self {
        Self::new(name, Kind::Uint64(None))
    }

    /// One of these names, the first unless it was given.
    pub const fn one_of(name: &'static str, names: &'static [&'static str]) -> Self {
        Self::new(name, Kind::Enum(names))
    }

    /// A list of texts, empty unless it was given.
    pub const fn texts(name: &'static str) -> Self {
        Self::new(name, Kind::Texts)
    }

    /// Any JSON, an empty object unless it was given. The real server takes an object of texts only.
    pub const fn json(name: &'static str) -> Self {
        Self::new(name, Kind::Json)
    }

    /// A message, with its defaults unless it was given.
    pub const fn part(name: &'static str, fields: &'static [Self]) -> Self {
        Self::new(name, Kind::Part(fields, Presence::Always))
    }

    /// A message that is there only when it was given.
    pub const fn optional_part(name: &'static str, fields: &'static [Self]) -> Self {
        Self::new(name, Kind::Part(fields, Presence::WhenGiven))
    }

    /// It must be given, and not empty.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The server says it: of the caller only its default is accepted.
    #[must_use]
    pub const fn owned(self) -> Self {
        Self { owned: true, ..self }
    }

    /// When given, it must be an `http` or `https` URI.
    #[must_use]
    pub const fn uri(self) -> Self {
        Self { uri: true, ..self }
    }

    /// At most so many characters.
    #[must_use]
    pub const fn at_most(self, most: usize) -> Self {
        Self { most: Some(most), ..self }
    }

    const fn is_part(&self) -> bool {
        matches!(self.kind, Kind::Part(..))
    }
}

/// A message as it was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its fields by their names, defaults included.
    pub values: Map<String, Value>,
    /// What the caller may not say, or must: a message's own fields in their order, then its parts'.
    pub violations: Vec<Violation>,
}

/// Reads a message by its table. What cannot be read at all is refused at once.
pub fn read(fields: &[Field], message: &Message) -> Result<Reading, Refusal> {
    let mut reading = Reading::default();
    let mut of_parts = Vec::new();
    for field in fields {
        if let Kind::Part(fields, presence) = field.kind {
            let part = match message.optional_message(field.name)? {
                Some(part) => part,
                None if field.required => {
                    reading.violations.push(Violation::new(message.path(field.name), "value is required"));
                    continue;
                }
                None if presence == Presence::Always => message.message(field.name)?,
                None => continue,
            };
            let part = read(fields, &part)?;
            reading.values.insert(field.name.to_owned(), Value::Object(part.values));
            of_parts.extend(part.violations);
        } else if let Some(value) = value(field, message)? {
            let expected = violated(field, &value);
            reading.violations.extend(expected.map(|text| Violation::new(message.path(field.name), text)));
            reading.values.insert(field.name.to_owned(), value);
        } else if field.required {
            reading.violations.push(Violation::new(message.path(field.name), "value is required"));
        }
    }
    reading.violations.extend(of_parts);
    Ok(reading)
}

/// The value of a field that is no message, as it is stored.
fn value(field: &Field, message: &Message) -> Result<Option<Value>, Refusal> {
    debug_assert!(!field.is_part());
    let name = field.name;
    Ok(match field.kind {
        Kind::Bool(absent) => message.boolean(name)?.or(absent).map(Value::from),
        Kind::Text(absent) => message.optional_string(name)?.or(absent.map(str::to_owned)).map(Value::from),
        Kind::Uint32(absent) => message.uint32(name)?.or(absent).map(Value::from),
        Kind::Uint64(absent) => message.uint64(name)?.or(absent).map(|number| number.to_string().into()),
        Kind::Enum(names) => {
            let number = message.enumeration(name, names)?;
            let known = usize::try_from(number).ok().and_then(|place| names.get(place));
            Some(known.map_or(json!(number), |known| json!(known)))
        }
        Kind::Texts => Some(message.strings(name)?.into()),
        Kind::Json => Some(message.json(name)?),
        Kind::Part(..) => None,
    })
}

/// What was expected of the value, if it is not that.
fn violated(field: &Field, value: &Value) -> Option<String> {
    let text = value.as_str();
    if field.owned {
        return match value {
            Value::Bool(true) => Some("must equal false".to_owned()),
            Value::Array(items) if !items.is_empty() => {
                Some("must contain no more than 0 item(s)".to_owned())
            }
            Value::Number(number) if number.as_u64() != Some(0) => Some("must equal 0".to_owned()),
            Value::String(number) if matches!(field.kind, Kind::Uint64(_)) => {
                (number != "0").then(|| "must equal 0".to_owned())
            }
            Value::String(text) if !text.is_empty() => {
                Some(format!("{} should not contain any value", field.name))
            }
            _ => None,
        };
    }
    if field.required && text == Some("") {
        return Some("value is required".to_owned());
    }
    if field.uri {
        match text {
            Some("") => return Some("value is empty, which is not a valid URI".to_owned()),
            Some(text) if !is_http_uri(text) => return Some("must be a valid URI".to_owned()),
            _ => {}
        }
    }
    let most = field.most?;
    (text?.chars().count() > most).then(|| format!("must be at most {most} characters"))
}
