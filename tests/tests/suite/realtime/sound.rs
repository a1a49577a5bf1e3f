//! What holds of every room and every connection once nothing is left to do, whatever was lost on the way.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use testing::Server;
use testing::history::Step;

/// A room, as its table has it.
struct Stored {
    state: Value,
    /// Of the present session.
    people: Vec<Value>,
}

/// The text of an attribute.
fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item[name]["S"].as_str()
}

fn number(item: &Value, name: &str) -> usize {
    item[name]["N"].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {name}: {item}"))
}

fn stands(person: &Value, standing: &str) -> bool {
    text(person, "status") == Some(standing)
}

/// Checks the whole table against itself: a running session's seats are its people, nobody sits twice, every place has
/// either a connection, which knows of it, or a lease. And every change of a room was a lawful one.
pub(super) async fn check(server: &Server) {
    server.stack.settled().await;
    let items = server.items().await;
    let mut connections = HashMap::new();
    let mut rooms = BTreeMap::<&str, Stored>::new();
    for item in &items {
        let key = text(item, "pk").expect("a key");
        if let Some(id) = key.strip_prefix("CONNECTION#") {
            connections.insert(id, item);
        }
        if text(item, "sk") == Some("STATE") {
            rooms.insert(key, Stored { state: item.clone(), people: vec![] });
        }
    }
    for item in &items {
        let is_person = text(item, "sk").is_some_and(|sk| sk.starts_with("PARTICIPANT#"));
        let room = text(item, "pk").and_then(|key| rooms.get_mut(key)).filter(|_| is_person);
        if let Some(room) = room.filter(|room| room.state["sid"] == item["sid"]) {
            room.people.push(item.clone());
        }
    }
    for (key, room) in rooms {
        if text(&room.state, "status") == Some("open") {
            check_people(key, &room, &connections);
        }
        check_history(key, &server.history(key, "STATE").await);
    }
}

fn check_people(key: &str, Stored { state, people }: &Stored, connections: &HashMap<&str, &Value>) {
    let active: Vec<_> = people.iter().filter(|person| stands(person, "active")).collect();
    assert_eq!(number(state, "seats"), active.len(), "{key}: seats are those who are in: {active:#?}");
    let ids: HashSet<_> = active.iter().map(|person| text(person, "id").expect("an id")).collect();
    assert_eq!(ids.len(), active.len(), "{key}: nobody is in twice");
    let mut taken = HashSet::new();
    for person in people {
        let connection = text(person, "connection");
        if !stands(person, "active") && !stands(person, "waiting") {
            assert_eq!((connection, &person["due_at"]), (None, &Value::Null), "{key}: {person:#}");
            continue;
        }
        assert_ne!(connection.is_some(), person["due_at"].is_object(), "{key}: one of both: {person:#}");
        let Some(connection) = connection else { continue };
        assert!(taken.insert(connection), "{key}: a connection keeps one place: {person:#}");
        let known = connections.get(connection).unwrap_or_else(|| panic!("{key}: it is gone: {person:#}"));
        let is_his = |bound: &Value| bound["M"]["participant"]["S"] == person["id"]["S"];
        assert!(is_his(&known["bound"]) || is_his(&known["bound_before"]), "{key}: {person:#} {known:#}");
    }
}

/// No seat too many, no change without its number, nobody let in by a lock, and no session after its end.
fn check_history(key: &str, history: &[Step]) {
    let mut over = HashSet::new();
    for step in history.iter().filter(|step| step.old != step.new && !step.new.is_null()) {
        let (seats, seats_before) = (step.number_after("seats"), step.number_before("seats"));
        let (sid, sid_before) = (text(&step.new, "sid"), text(&step.old, "sid"));
        let same = sid == sid_before;
        if same {
            assert_eq!(step.number_after("seq"), step.number_before("seq") + 1, "{key}: the next number");
        } else if let Some(before) = sid_before {
            over.insert(before);
        }
        assert!(!over.contains(sid.expect("a session")), "{key}: nothing follows the end of a session");
        let is_ended = text(&step.new, "status") == Some("ended");
        if seats > if same { seats_before } else { 0 } && !is_ended {
            assert!(seats <= step.number_after("max_participants"), "{key}: {seats} seats");
            assert_ne!(step.old["locked"]["BOOL"], true, "{key}: nobody enters a locked room");
        }
        let was_over = same && text(&step.old, "status").is_some_and(|status| status != "open");
        assert!(!was_over || text(&step.new, "status") != Some("open"), "{key}: nothing begins again");
    }
}
