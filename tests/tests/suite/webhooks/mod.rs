//! Webhooks from the change to the receiver, over the whole stack: what is told of a session, and what receivers, crashes
//! and races make of it.

pub(crate) mod crashes;
mod receivers;
mod recovery;
mod reuse;
mod session;
mod sweeps;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use local::Options;
use serde_json::{Value, json};
use testing::Server;
use testing::receiver::{Received, Receiver};

/// The path of the URL that every session is told at.
pub(crate) const EVERYWHERE: &str = "everywhere";

/// What was told of a session in one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) event: String,
    /// Whom it is about.
    pub(crate) user: Option<String>,
    /// How many are in.
    pub(crate) people: u64,
}

/// This in short.
pub(crate) fn told<'a>(events: impl IntoIterator<Item = (&'a str, Option<&'a str>, u64)>) -> Vec<Told> {
    let one = |(event, user, people): (&str, Option<&str>, u64)| Told {
        event: event.to_owned(),
        user: user.map(str::to_owned),
        people,
    };
    events.into_iter().map(one).collect()
}

/// A stack that tells of all its sessions at this URL, and sweeps when the test says so.
pub(crate) async fn start(url: String, choose: impl FnOnce(&mut Options)) -> Server {
    Server::start(|options| {
        options.overrides.push(("WebhookUrl".to_owned(), url));
        options.tick = Some(Duration::from_hours(24));
        choose(options);
    })
    .await
}

/// The same by another template: in each of these resources the first of these texts is the second one.
pub(crate) async fn start_changed(url: String, changes: &[(&str, &str, &str)]) -> Server {
    let template = changed_template(changes);
    let server = start(url, |options| options.template = Some(template.clone())).await;
    std::fs::remove_file(template).expect("it is there");
    server
}

/// In a folder of the workspace, where Cargo finds the functions, and Git nothing.
fn changed_template(changes: &[(&str, &str, &str)]) -> PathBuf {
    let root = testing::root();
    let mut text = std::fs::read_to_string(root.join("template.yaml")).expect("the template");
    for (resource, from, to) in changes {
        let begin = text.find(&format!("\n  {resource}:\n")).expect("the resource");
        let (before, rest) = text.split_at(begin);
        assert!(rest.contains(from), "{resource}");
        text = format!("{before}{}", rest.replacen(from, to, 1));
    }
    let folder = root.join("target/tmp");
    std::fs::create_dir_all(&folder).expect("made");
    let name = std::thread::current().name().unwrap_or_default().replace(':', "-");
    let path = folder.join(format!("{name}-{}.yaml", std::process::id()));
    std::fs::write(&path, text).expect("written");
    path
}

/// Begins a session of the server API with a URL of its own, and more of the request; gives the session's id.
pub(crate) async fn create(server: &Server, room_id: &str, own: Option<&str>, with: Value) -> String {
    let metadata = json!({"room_title": format!("Title of {room_id}"), "room_features": {}});
    let mut body = json!({"room_id": room_id, "metadata": metadata});
    if let Some(url) = own {
        body["metadata"]["webhook_url"] = json!(url);
    }
    merge(&mut body, with);
    let created = server.signed("/auth/room/create", &body).await;
    assert_eq!(created.body["status"], true, "{:?}", created.body);
    text(&created.body["room_info"]["sid"])
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Mints a token and trades it; gives the session token.
pub(crate) async fn join(server: &Server, room_id: &str, user: &str) -> String {
    let seated = server.redeem(&server.mint(room_id, user).await).await;
    assert_eq!(seated.status, 201, "{:?}", seated.body);
    text(&seated.body["session"]["token"])
}

/// Gives the seat of a session token up.
pub(crate) async fn leave(server: &Server, token: &str) {
    let left = server.call("POST", "/api/leaveRoom", Some(token), None).await;
    assert_eq!(left.status, 200, "{:?}", left.body);
}

/// Ends a session by the server API.
pub(crate) async fn end(server: &Server, room_id: &str) {
    let ended = server.signed("/auth/room/endRoom", &json!({ "room_id": room_id })).await;
    assert_eq!(ended.body["status"], true, "{:?}", ended.body);
}

/// The text that a value is.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What was told of a session at a path, each number once. What must hold of every session, whatever happened to it and
/// to its webhooks, is checked: see `check_attempts` and `check_events`.
pub(crate) fn told_at(receiver: &Receiver, path: &str, sid: &str) -> Vec<Told> {
    let attempts = receiver.attempts(path, sid);
    check_attempts(&attempts);
    let mut hooks: BTreeMap<u32, Received> = BTreeMap::new();
    for attempt in attempts {
        hooks.entry(attempt.sequence()).or_insert(attempt);
    }
    let hooks: Vec<_> = hooks.into_values().collect();
    check_events(&hooks);
    let number = |hook: &Received| hook.json["room"]["num_participants"].as_u64().expect("a number");
    let who = |hook: &Received| hook.json["participant"]["identity"].as_str().map(str::to_owned);
    hooks
        .iter()
        .map(|hook| Told { event: hook.event().to_owned(), user: who(hook), people: number(hook) })
        .collect()
}

/// Numbers from 1 without a gap, in their order, and none after one that was not taken. The attempts of one have the same
/// delivery and the same body, and are counted; what it is sent as does not change.
fn check_attempts(attempts: &[Received]) {
    let mut last = 0;
    for hook in attempts {
        let number = hook.sequence();
        assert!(number == last || number == last + 1, "{number} after {last}: {attempts:#?}");
        if number == last + 1 {
            let before = attempts.iter().filter(|before| before.sequence() == last);
            assert!(
                last == 0 || before.clone().any(Received::is_taken),
                "{last} was not taken: {attempts:#?}"
            );
        }
        last = number;
        assert_eq!(hook.header("content-type"), "application/webhook+json");
    }
    for number in 1..=last {
        let same: Vec<_> = attempts.iter().filter(|hook| hook.sequence() == number).collect();
        for pair in same.windows(2) {
            let delivery = |hook: &Received| hook.header("x-vestibule-delivery").to_owned();
            let attempt = |hook: &Received| hook.number("x-vestibule-attempt");
            assert_eq!(delivery(pair[0]), delivery(pair[1]), "{attempts:#?}");
            assert_eq!(pair[0].body, pair[1].body, "{attempts:#?}");
            assert!(attempt(pair[0]) < attempt(pair[1]), "{attempts:#?}");
        }
    }
    let deliveries: BTreeSet<_> = attempts.iter().map(|hook| hook.header("x-vestibule-delivery")).collect();
    assert_eq!(deliveries.len(), last as usize, "each has its own: {attempts:#?}");
}

/// Exactly the keys of the protocol; the session's own values in all of them; whoever comes and goes is counted exactly;
/// it begins once, and the end is the end.
fn check_events(hooks: &[Received]) {
    let mut present = BTreeSet::new();
    let mut over = false;
    for (place, hook) in hooks.iter().enumerate() {
        let (json, event) = (&hook.json, hook.event());
        let is_lawful = match (place, event) {
            (0, event) => event == "room_created",
            (1, "room_started") => true,
            (1.., "participant_joined" | "participant_left") => place > 1 && !over,
            (1.., "session_ended") => present.is_empty() && !over,
            (2.., "room_finished") => over && place + 1 == hooks.len(),
            _ => false,
        };
        assert!(is_lawful, "{hook:?}: {hooks:#?}");
        over = over || event == "session_ended";
        let person = json.get("participant");
        let mut expected = vec!["created_at", "event", "id", "room"];
        expected.extend(person.map(|_| "participant"));
        assert_eq!(keys(json), expected.into_iter().collect(), "{json}");
        assert_seconds(&json["created_at"]);
        check_room(&json["room"], &hooks[0].json["room"]);
        if let Some(person) = person {
            check_person(person, event);
            let user = text(&person["identity"]);
            let is_news =
                if event == "participant_joined" { present.insert(user) } else { present.remove(&user) };
            assert!(is_news, "nobody comes twice, or goes: {hooks:#?}");
        }
        // Who starts it is told to have joined next.
        let people = if event == "room_started" { 1 } else { present.len() };
        assert_eq!(json["room"]["num_participants"], people, "{hook:?}: {hooks:#?}");
    }
}

fn check_room(room: &Value, first: &Value) {
    let mut expected: BTreeSet<_> =
        ["sid", "room_id", "empty_timeout", "creation_time", "metadata", "num_participants"].into();
    expected.extend(room.get("max_participants").map(|_| "max_participants"));
    assert_eq!(keys(room), expected, "{room}");
    for same in ["sid", "room_id", "empty_timeout", "max_participants", "creation_time", "metadata"] {
        assert_eq!(room[same], first[same], "{same}");
    }
    assert_seconds(&room["creation_time"]);
    let metadata: Value = serde_json::from_str(&text(&room["metadata"])).expect("JSON");
    assert!(metadata.is_object(), "{metadata}");
}

fn check_person(person: &Value, event: &str) {
    let expected = ["sid", "identity", "name", "state", "joined_at", "metadata"];
    assert_eq!(keys(person), expected.into(), "{person}");
    let state = if event == "participant_joined" { "ACTIVE" } else { "DISCONNECTED" };
    assert_eq!(person["state"], state);
    assert_seconds(&person["joined_at"]);
    let metadata: Value = serde_json::from_str(&text(&person["metadata"])).expect("JSON");
    assert!(metadata.is_object(), "{metadata}");
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().map(String::as_str).collect()
}

/// Protobuf's JSON has 64-bit numbers as texts.
fn assert_seconds(value: &Value) {
    assert!(value.as_str().is_some_and(|text| text.parse::<u32>().is_ok()), "{value}");
}
