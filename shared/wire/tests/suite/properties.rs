//! What must hold of any body, asked of the fuzzer's inputs, of its corpus, and of generated requests.

use std::sync::LazyLock;

use models::{Refusal, Violation};
use serde_json::{Value, json};
use wire::{Allowed, Message, Owned, ROOM_METADATA, RoomMetadata, USER_METADATA, json_schema, object, read};

use super::tables::{Fields, camel_case, fields_of, given, is_message, reading};

/// Most objects and lists within each other.
const MOST_LEVELS: usize = 64;

/// The tables of whole requests.
static REQUESTS: LazyLock<[Value; 2]> = LazyLock::new(|| [room_request(), person_request()]);

/// Reads the body as the requests to create a room and for a join token do.
///
/// # Panics
/// Where a property does not hold.
pub(super) fn check(body: &[u8]) {
    let Some(fields) = check_object(body) else { return };
    let [room, person] = &*REQUESTS;
    check_request(room, &fields, create, |read| check_room(room, &fields, read));
    check_request(person, &fields, mint, |read| check_person(person, &fields, read));
}

/// A body is refused, or it is the one JSON object that every other parser makes of it, too.
fn check_object(body: &[u8]) -> Option<Fields> {
    let known: Result<Value, _> = serde_json::from_slice(body);
    let read = object(body);
    assert_eq!(read, object(body), "two runs");
    match read {
        Ok(fields) => {
            assert_eq!(known.expect("JSON"), Value::Object(fields.clone()));
            let levels = levels(&fields);
            assert!(levels <= MOST_LEVELS, "{levels} levels");
            Some(fields)
        }
        Err(Refusal::Malformed(Violation { field, expected })) => {
            // What others would have taken has something in it that not all take in the same way.
            let is_strict = expected == "is there twice" || expected.contains("64 levels");
            assert!(is_strict || !matches!(known, Ok(Value::Object(_))), "{field}: {expected}");
            None
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Levels of objects and lists.
fn levels(fields: &Fields) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Object(fields) => levels(fields),
            Value::Array(items) => 1 + items.iter().map(of).max().unwrap_or(0),
            _ => 0,
        }
    }
    1 + fields.values().map(of).max().unwrap_or(0)
}

/// The table of a whole request to create a room, with the names of 2022.
fn room_request() -> Value {
    let mut metadata = json_schema(ROOM_METADATA);
    let features = &mut metadata["properties"]["room_features"]["properties"];
    for (part, name) in [
        ("chat_features", "allow_chat"),
        ("chat_features", "allow_file_upload"),
        ("shared_note_pad_features", "allowed_shared_note_pad"),
        ("whiteboard_features", "allowed_whiteboard"),
        ("external_media_player_features", "allowed_external_media_player"),
        ("speech_to_text_translation_features", "is_allow"),
        ("speech_to_text_translation_features", "is_allow_translation"),
    ] {
        features[part]["properties"][name] = first();
    }
    features["allow_polls"] = first();
    json!({"properties": {
        "room_id": {"type": "string"},
        "empty_timeout": {"type": "integer"},
        "max_participants": {"type": "integer"},
        "metadata": metadata,
    }})
}

/// A field of 2022, which is never read as itself.
fn first() -> Value {
    json!({"type": "boolean", "first": true})
}

/// The table of a whole request for a join token.
fn person_request() -> Value {
    let mut metadata = json_schema(USER_METADATA);
    metadata["default"] = json!({});
    let user_info = json!({"name": {"type": "string"}, "user_metadata": metadata});
    json!({"properties": {
        "room_id": {"type": "string"},
        "user_info": {"properties": user_info, "default": {}},
    }})
}

/// A room as it was read.
#[derive(Debug)]
struct Room {
    metadata: RoomMetadata,
    numbers: (Option<u32>, Option<u32>),
}

fn create(body: &Fields) -> Result<Room, Refusal> {
    let root = Message::root(body.clone());
    root.string("room_id")?;
    let numbers = (root.uint32("empty_timeout")?, root.uint32("max_participants")?);
    let (metadata, violations) = RoomMetadata::read(&root.message("metadata")?)?;
    if violations.is_empty() { Ok(Room { metadata, numbers }) } else { Err(Refusal::Invalid(violations)) }
}

fn mint(body: &Fields) -> Result<Fields, Refusal> {
    let root = Message::root(body.clone());
    root.string("room_id")?;
    let user_info = root.message("user_info")?;
    user_info.string("name")?;
    let reading = read(USER_METADATA, &user_info.message("user_metadata")?)?;
    if reading.violations.is_empty() { Ok(reading.values) } else { Err(Refusal::Invalid(reading.violations)) }
}

/// Every spelling of a request has the same outcome, and a refusal names fields that there are.
fn check_request<T: std::fmt::Debug>(
    schema: &Value,
    body: &Fields,
    request: impl Fn(&Fields) -> Result<T, Refusal>,
    check: impl Fn(T),
) {
    let outcome = request(body);
    let told = format!("{outcome:?}");
    let again = object(&serde_json::to_vec_pretty(body).expect("JSON")).expect("an object");
    for (spelling, other) in [
        ("written again", again),
        ("in the other spelling", otherwise(schema, body)),
        ("without nulls", without_nulls(schema, body)),
    ] {
        assert_eq!(told, format!("{:?}", request(&other)), "{spelling}");
    }
    match outcome {
        Ok(read) => check(read),
        Err(Refusal::Malformed(violation)) => check_violations(schema, &[violation]),
        Err(Refusal::Invalid(violations)) => check_violations(schema, &violations),
        Err(other) => panic!("{other:?}"),
    }
}

fn check_violations(schema: &Value, violations: &[Violation]) {
    for (place, violation) in violations.iter().enumerate() {
        let mut names = violation.field.split('.');
        let field = names.try_fold(schema, |schema, name| schema["properties"].get(name));
        assert!(field.is_some() && !violation.expected.is_empty(), "{violation:?}");
        let is_told_once = violations[..place].iter().all(|other| other.field != violation.field);
        assert!(is_told_once, "{violation:?}");
    }
}

/// The message with every name of its table in its other spelling.
fn otherwise(schema: &Value, message: &Fields) -> Fields {
    within(schema, message, &otherwise, &|name, snake| {
        if name == snake { camel_case(snake) } else { snake.to_owned() }
    })
}

/// The message without the fields of its table that are `null`.
fn without_nulls(schema: &Value, message: &Fields) -> Fields {
    let mut message = message.clone();
    message.retain(|_, value| !value.is_null());
    within(schema, &message, &without_nulls, &|name, _| name.to_owned())
}

/// The message with its parts changed by `part`, and with its names changed by `rename`.
fn within(
    schema: &Value,
    message: &Fields,
    part: &dyn Fn(&Value, &Fields) -> Fields,
    rename: &dyn Fn(&str, &str) -> String,
) -> Fields {
    let mut changed = message.clone();
    for (snake, field) in fields_of(schema) {
        let spellings = [snake.clone(), camel_case(snake)];
        changed.retain(|name, _| !spellings.contains(name));
        for name in &spellings {
            let value = match message.get(name) {
                None => continue,
                Some(Value::Object(fields)) if is_message(field) => part(field, fields).into(),
                Some(value) => value.clone(),
            };
            changed.insert(rename(name, snake), value);
        }
    }
    changed
}

/// What deployments may allow, from the least to the most.
pub(super) fn deployments() -> [Allowed; 2] {
    let least = Allowed {
        insights: false,
        sip: false,
        breakout_rooms: 6,
        minutes: None,
        copyright: "<b>ours</b>".to_owned(),
        own_copyright: false,
    };
    let most = Allowed {
        insights: true,
        sip: true,
        breakout_rooms: 16,
        minutes: Some(90),
        copyright: String::new(),
        own_copyright: true,
    };
    [least, most]
}

/// What is stored of a room's metadata.
pub(super) fn settled(mut metadata: RoomMetadata, allowed: &Allowed) -> String {
    let owned = Owned { metadata_id: "id".to_owned(), started_at: 1, encryption_key: "k".repeat(32) };
    metadata.settle(allowed, owned);
    metadata.into_text()
}

/// What is read of a valid request is what it says, what is stored reads as it was written, and what follows from it
/// has followed.
fn check_room(schema: &Value, body: &Fields, room: Room) {
    let Room { metadata, numbers } = room;
    let asked = reading(schema, body);
    for (name, number) in [("empty_timeout", numbers.0), ("max_participants", numbers.1)] {
        assert_eq!(asked.get(name), number.map(Value::from).as_ref(), "{name}");
    }
    let has_first =
        given(body, "metadata").is_some_and(|metadata| is_first(&schema["properties"]["metadata"], metadata));
    assert_eq!(metadata.is_first, has_first);
    if !has_first {
        assert_eq!(Value::Object(stored(&metadata.clone().into_text())), asked["metadata"]);
    }
    for allowed in deployments() {
        let text = settled(metadata.clone(), &allowed);
        let fields = stored(&text);
        let copyright = fields["copyright_conf"].clone();
        check_copyright(copyright["text"].as_str().expect("a text"));
        let (again, _) = RoomMetadata::read(&Message::root(fields)).expect("readable");
        assert!(!again.is_first, "{text}");
        assert_eq!(again.clone().into_text(), text);
        assert_eq!(stored(&settled(again, &allowed))["copyright_conf"], copyright, "filtered again");
    }
}

fn check_person(schema: &Value, body: &Fields, metadata: Fields) {
    assert_eq!(Value::Object(metadata.clone()), reading(schema, body)["user_info"]["user_metadata"]);
    let text = Value::Object(metadata).to_string();
    let again = read(USER_METADATA, &Message::root(stored(&text))).expect("readable");
    assert_eq!((Value::Object(again.values).to_string(), again.violations), (text, vec![]));
}

/// What is stored is as strict as what is sent.
fn stored(text: &str) -> Fields {
    let fields = object(text.as_bytes()).expect("an object");
    assert!(levels(&fields) <= MOST_LEVELS);
    fields
}

/// Whether a name of 2022 is given.
fn is_first(schema: &Value, message: &Value) -> bool {
    let Some(message) = message.as_object() else { return false };
    fields_of(schema).any(|(name, field)| {
        given(message, name).is_some_and(|value| field["first"] == true || is_first(field, value))
    })
}

/// Of HTML there is emphasis, and links to web addresses.
fn check_copyright(text: &str) {
    for (place, _) in text.match_indices('<') {
        let tag = &text[place..];
        let plain = ["<b>", "</b>", "<i>", "</i>", "<em>", "</em>", "<strong>", "</strong>", "</a>"];
        let is_link = || {
            let attributes = tag.strip_prefix("<a")?.split_once('>')?.0;
            let attributes = attributes.strip_suffix(" target=\"_blank\"").unwrap_or(attributes);
            if attributes.is_empty() {
                return Some(());
            }
            let href = attributes.strip_prefix(" href=\"")?.strip_suffix('"')?;
            (href.to_ascii_lowercase().starts_with("http") && !href.contains(['"', '<', ' '])).then_some(())
        };
        assert!(plain.iter().any(|plain| tag.starts_with(plain)) || is_link().is_some(), "{tag}");
    }
}
