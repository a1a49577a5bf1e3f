//! However a request is spelled, what is stored is the same, and reads as it was written.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Field, Kind, read};
use crate::message::camel_case;
use crate::{Allowed, Message, Owned, ROOM_METADATA, RoomMetadata, USER_METADATA};

/// Choices, until there are no more: then always the first.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn below(&mut self, count: u8) -> u8 {
        self.0.next().unwrap_or(0) % count
    }

    fn one<T>(&mut self, of: impl IntoIterator<Item = T>) -> T {
        let mut of: Vec<T> = of.into_iter().collect();
        let count = u8::try_from(of.len()).expect("a few");
        of.swap_remove(usize::from(self.below(count)))
    }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

/// A valid message by its table, in `snake_case`, with numbers as numbers and without what is absent.
fn message(fields: &[Field], choices: &mut Choices) -> Map<String, Value> {
    let mut message = Map::new();
    for field in fields {
        if !field.required && (field.owned || choices.below(3) == 0) {
            continue;
        }
        let value = match field.kind {
            Kind::Part(fields, _) => self::message(fields, choices).into(),
            Kind::Bool(_) => json!(choices.below(2) == 1),
            Kind::Text(_) => json!(choices.one(["https://example.org/a?b=c", "http://h", "HTTPS://h:1/"])),
            Kind::Uint32(_) => json!(choices.one([0, 1, 12, 300, u32::MAX])),
            Kind::Uint64(_) => json!(choices.one([0, 1, 300, u64::from(u32::MAX) + 1])),
            Kind::Enum(names) => json!(choices.one(names.iter().copied())),
            Kind::Texts => json!(choices.one([vec![], vec!["pdf"], vec!["b", "a", "b"]])),
            Kind::Json => choices.one([
                json!({}),
                json!({"aB": "c", "a_b": "", "": "x"}),
                json!({"n": 1, "o": {"roomId": [null, 1.5]}}),
                json!("a text"),
                json!(["a", 1, {"b": null}]),
                json!(-2.5),
                json!(false),
            ]),
        };
        message.insert(field.name.to_owned(), value);
    }
    message
}

/// The same message otherwise spelled.
fn respelled(fields: &[Field], message: &Map<String, Value>, choices: &mut Choices) -> Map<String, Value> {
    let mut spelled = Map::new();
    for field in fields {
        let name = choices.one([field.name.to_owned(), camel_case(field.name)]);
        let value = match (message.get(field.name), field.kind) {
            (None, _) if choices.below(2) == 0 => continue,
            (None, _) => Value::Null,
            (Some(Value::Object(part)), Kind::Part(fields, _)) => respelled(fields, part, choices).into(),
            (Some(own), Kind::Json) => own.clone(),
            (Some(Value::Number(number)), _) => choices.one([
                json!(number),
                json!(number.to_string()),
                json!(number.as_f64()),
                json!(format!("{number}.0")),
                json!(format!("{number}.0e0")),
            ]),
            (Some(Value::String(name)), Kind::Enum(names)) => {
                let place = names.iter().position(|known| known == name);
                choices.one([json!(name), json!(place)])
            }
            (Some(value), _) => value.clone(),
        };
        spelled.insert(name, value);
    }
    spelled.insert("unknown_field".to_owned(), json!([{"a": null}]));
    spelled
}

/// What is stored of a room's metadata.
fn stored(metadata: Map<String, Value>, own_copyright: bool) -> String {
    let (mut metadata, violations) = RoomMetadata::read(&Message::root(metadata)).expect("readable");
    assert_eq!(violations, []);
    let allowed = Allowed {
        insights: own_copyright,
        sip: own_copyright,
        breakout_rooms: 6,
        minutes: own_copyright.then_some(90),
        copyright: "ours".to_owned(),
        own_copyright,
    };
    let owned = Owned { metadata_id: "id".to_owned(), started_at: 1, encryption_key: "key".to_owned() };
    metadata.settle(&allowed, owned);
    metadata.into_text()
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("an object")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_spellings_of_a_room_store_the_same(given in choices(), spelling in choices(), full in any::<bool>()) {
        let request = message(ROOM_METADATA, &mut Choices(given.into_iter()));
        let other = respelled(ROOM_METADATA, &request, &mut Choices(spelling.into_iter()));
        prop_assert_eq!(stored(request, full), stored(other, full));
    }

    #[test]
    fn two_spellings_of_a_person_store_the_same(given in choices(), spelling in choices()) {
        let request = message(USER_METADATA, &mut Choices(given.into_iter()));
        let other = respelled(USER_METADATA, &request, &mut Choices(spelling.into_iter()));
        let [request, other] = [request, other].map(|request| {
            let reading = read(USER_METADATA, &Message::root(request)).expect("readable");
            assert_eq!(reading.violations, []);
            reading.values
        });
        prop_assert_eq!(request, other);
    }

    #[test]
    fn what_was_stored_reads_as_it_was_written(given in choices(), full in any::<bool>()) {
        let stored = stored(message(ROOM_METADATA, &mut Choices(given.clone().into_iter())), full);
        // What the server said counts as said by a caller now, so there are violations.
        let (again, _) = RoomMetadata::read(&Message::root(object(&stored))).expect("readable");
        prop_assert_eq!(again.into_text(), stored);

        let person = message(USER_METADATA, &mut Choices(given.into_iter()));
        let once = read(USER_METADATA, &Message::root(person)).expect("readable").values;
        let twice = read(USER_METADATA, &Message::root(once.clone())).expect("readable").values;
        prop_assert_eq!(twice, once);
    }
}
