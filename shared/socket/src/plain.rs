//! Messages as plain clients send and get them: `{"event": …, "id": …, "data": …}`.

use std::fmt;

use models::{Client, Refusal, Violation};
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::client::MOST_RECEIVED;
use crate::{Received, ReplyTo, json};

/// Most characters of an id, in quotes or as a number.
const MOST_ID: usize = 64;

/// What a plain client's text is.
pub(crate) fn decode(text: &str) -> Received {
    let mut envelope = Envelope::default();
    let whole = envelope.read(text);
    let id = envelope.id.map(id).transpose();
    let reply_to = ReplyTo::new(Client::Plain, id.clone().unwrap_or_default());
    if text.len() > MOST_RECEIVED {
        return Received::refused(Refusal::BodyTooLarge, reply_to);
    }
    match whole.and(id).and_then(|_| json::event(envelope.event)) {
        Ok(event) => Received::of_event(event, || json::data(envelope.data), reply_to),
        Err(violation) => Received::refused(Refusal::Malformed(violation), reply_to),
    }
}

/// A message; `id` is JSON already.
pub(crate) fn message(event: &str, id: Option<&str>, data: &impl Serialize) -> String {
    let (event, data) = (json::text(&event), json::text(data));
    match id {
        Some(id) => format!(r#"{{"event":{event},"id":{id},"data":{data}}}"#),
        None => format!(r#"{{"event":{event},"data":{data}}}"#),
    }
}

/// An id as it was written: a number has more spellings than one, and its sender may compare texts.
fn id(sent: &RawValue) -> Result<String, Violation> {
    let text = sent.get();
    let is_id = if text.starts_with('"') {
        serde_json::from_str::<String>(text).is_ok_and(|id| id.chars().count() <= MOST_ID)
    } else {
        text.len() <= MOST_ID && serde_json::from_str::<Number>(text).is_ok()
    };
    let expected = || format!("must be a string or a number of at most {MOST_ID} characters");
    is_id.then(|| text.to_owned()).ok_or_else(|| Violation::new("id", expected()))
}

/// The parts of a message, unread. Parts of other names are ignored.
#[derive(Default)]
struct Envelope<'a> {
    event: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    twice: Option<&'static str>,
}

impl<'a> Envelope<'a> {
    /// Finds the parts. Those before the place where the text is wrong are there even then.
    fn read(&mut self, text: &'a str) -> Result<(), Violation> {
        let mut reader = serde_json::Deserializer::from_str(text);
        Parts(self).deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| {
            let expected = if error.is_data() {
                "the message must be a JSON object".to_owned()
            } else {
                format!("the message must be JSON: {error}")
            };
            Violation::new("", expected)
        })?;
        // The gateway may have chosen the route by the other one.
        self.twice.map_or(Ok(()), |part| Err(Violation::new(part, "is there twice")))
    }

    fn part(&mut self, name: &str) -> Option<(&'static str, &mut Option<&'a RawValue>)> {
        match name {
            "event" => Some(("event", &mut self.event)),
            "id" => Some(("id", &mut self.id)),
            "data" => Some(("data", &mut self.data)),
            _ => None,
        }
    }
}

/// Reads an object's parts into an envelope.
struct Parts<'e, 'a>(&'e mut Envelope<'a>);

impl<'a> DeserializeSeed<'a> for Parts<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Parts<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<(), A::Error> {
        let envelope = self.0;
        while let Some(name) = entries.next_key::<String>()? {
            let Some((name, part)) = envelope.part(&name) else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            if part.replace(entries.next_value::<&RawValue>()?).is_some() {
                envelope.twice = Some(name);
            }
        }
        Ok(())
    }
}
