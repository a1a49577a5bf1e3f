//! Differences in what receivers of webhooks get. A rule changes the recorded webhooks of a session into ours.

#![expect(clippy::ptr_arg, reason = "all rules have the form of those that add and remove")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CREATE, GET_ACTIVE_ROOM_INFO, GET_JOIN_TOKEN};
use crate::conformance::compare::BEGINS;
use crate::conformance::recording::{Asked, OPENED, Said};

/// A wanted difference.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    /// Changes the recorded webhooks into ours, if the rule is about them.
    pub(super) apply: fn(&mut Vec<Value>, &Session),
}

/// What a recording says of a session beside its webhooks.
pub(crate) struct Session {
    /// What the caller asked for, if he did.
    empty_timeout: Option<Value>,
    /// So many seconds pass in the recording's pauses.
    pauses: u64,
    has_url: bool,
    /// Name and metadata of those who had a token, by their ids.
    people: BTreeMap<String, Value>,
    /// Who came (true) and went.
    moves: Vec<(&'static str, bool)>,
}

impl Session {
    /// The session of this id in these steps.
    pub(crate) fn of(sid: &str, steps: &[Value], moves: &[(&'static str, bool)]) -> Self {
        let mut creates = steps.iter().filter(|step| step["path"] == CREATE);
        let create = creates.find(|step| step["answer"]["room_info"]["sid"] == sid).expect("its create");
        let request = request(create);
        Self {
            empty_timeout: request.get("empty_timeout").cloned(),
            pauses: steps.iter().filter_map(|step| step["wait_s"].as_u64()).sum(),
            has_url: request["metadata"]["webhook_url"].is_string(),
            people: people(steps),
            moves: moves.to_vec(),
        }
    }

    fn waits(&self, user: &Value) -> bool {
        let person = user.as_str().and_then(|user| self.people.get(user));
        person.is_some_and(|person| person["metadata"][OPENED]["wait_for_approval"] == true)
    }
}

fn request(step: &Value) -> Value {
    Asked::of(step, "").expect("a request").json
}

/// Those who got a token, with the metadata that was seen of them, or what it is when nothing is set.
fn people(steps: &[Value]) -> BTreeMap<String, Value> {
    let mut people = BTreeMap::new();
    let to = |path: &'static str| steps.iter().filter(move |step| step["path"] == path);
    for user in to(GET_JOIN_TOKEN).map(|step| request(step)["user_info"].take()) {
        let id = user["user_id"].as_str().expect("a text");
        let metadata = json!({ OPENED: plain(id, user["is_admin"] == true) });
        people.entry(id.to_owned()).or_insert(json!({"name": user["name"], "metadata": metadata}));
    }
    for mut seen in to(GET_ACTIVE_ROOM_INFO).map(|step| Said::recorded(step).body) {
        for person in seen["room"]["participants_info"].as_array_mut().into_iter().flatten() {
            let id = person["identity"].as_str().expect("a text").to_owned();
            people.entry(id).and_modify(|known| known["metadata"] = person["metadata"].take());
        }
    }
    people
}

/// The metadata of somebody whom nothing was set of, as it is recorded of the first admin and of others.
fn plain(user: &str, is_admin: bool) -> Value {
    let locks = json!({"lock_screen_sharing": true, "lock_whiteboard": true, "lock_shared_notepad": true});
    json!({
        "is_admin": is_admin,
        "is_presenter": is_admin,
        "record_webcam": true,
        "raised_hand": {"is_raised": false, "raised_at": "0"},
        "wait_for_approval": false,
        "lock_settings": if is_admin { json!({}) } else { locks },
        "metadata_id": format!("the metadata of {user}"),
        "extra_data": {},
        "ex_user_id": user,
    })
}

/// Every wanted difference in webhooks. The order counts: first which there are, then what they say.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "no artifacts are told of",
        why: "theirs makes analytics of every session that ended and tells of the file; ours makes none",
        apply: no_artifacts,
    },
    Rule {
        name: "a session has its own URL",
        why: "theirs tells of a session made without a URL where the one before it under that id was told of",
        apply: own_url,
    },
    Rule {
        name: "the timeout that was asked for",
        why: "theirs turns an empty_timeout under 120 into 1800; in ours a session of a second ends after it",
        apply: empty_timeout,
    },
    Rule {
        name: "who waits is not told of",
        why: "theirs tells of those in the waiting room as if they were in; ours when they take a seat",
        apply: waiting,
    },
    Rule {
        name: "who is in is told of",
        why: "theirs tells of those only who are connected to its media server, too; ours of everybody with a seat",
        apply: all_moves,
    },
    Rule {
        name: "the end is the end",
        why: "everybody has left before session_ended; theirs tells of it before those whom it puts out",
        apply: left_before_end,
    },
    Rule {
        name: "room_finished always comes",
        why: "it is the last webhook of every session; theirs sends it only if somebody had joined",
        apply: always_finished,
    },
    Rule {
        name: "people are counted",
        why: "num_participants is exact in every event; theirs leaves it out, or says 0 or what it was before",
        apply: counts,
    },
    Rule {
        name: "creation_time is the session's",
        why: "the same in every event; theirs has that of its media room in some",
        apply: creation_time,
    },
    Rule {
        name: "the same room in every event",
        why: "with its timeout, and its limit when it has one; theirs leaves them out of session_ended, or says 0",
        apply: same_room,
    },
    Rule {
        name: "no codecs",
        why: "ours carries no media: a room has no codecs, and a participant no client of a media server",
        apply: no_media_server,
    },
    Rule {
        name: "six fields of a person",
        why: "sid, identity, name, state, joined_at and metadata; theirs has more of its media server's, and no metadata",
        apply: person,
    },
    Rule {
        name: "the documented Content-Type",
        why: "application/webhook+json, as theirs documents; it sends application/json",
        apply: content_type,
    },
    Rule {
        name: "webhooks are numbered",
        why: "headers of ours say which number, which delivery and which attempt it is, and who sends it",
        apply: headers,
    },
];

fn event(webhook: &Value) -> &str {
    webhook["body"]["event"].as_str().expect("an event")
}

/// The same webhook for another event, with an id of its own.
fn other(webhook: &Value, event: &str, place: usize) -> Value {
    let mut other = webhook.clone();
    let body = &mut other["body"];
    body["event"] = json!(event);
    body["id"] = json!(format!("the id of {event}, {place}, in {}", body["room"]["sid"]));
    other
}

fn no_artifacts(webhooks: &mut Vec<Value>, _session: &Session) {
    webhooks.retain(|webhook| !["artifact_created", "analytics_proceeded"].contains(&event(webhook)));
}

fn own_url(webhooks: &mut Vec<Value>, session: &Session) {
    if !session.has_url {
        webhooks.clear();
    }
}

fn waiting(webhooks: &mut Vec<Value>, session: &Session) {
    webhooks.retain(|webhook| !session.waits(&webhook["body"]["participant"]["identity"]));
}

/// Where theirs tells of nobody: everybody's coming and going, to the end.
fn all_moves(webhooks: &mut Vec<Value>, session: &Session) {
    let is_of_person = |webhook: &Value| webhook["body"]["participant"].is_object();
    if session.moves.is_empty() || webhooks.is_empty() || webhooks.iter().any(is_of_person) {
        return;
    }
    let mut present: Vec<&str> = vec![];
    for (user, came) in &session.moves {
        present.retain(|known| known != user);
        present.extend(came.then_some(*user));
    }
    let at_end = present.into_iter().map(|user| (user, false));
    let created = webhooks[0].clone();
    let mut told = vec![other(&created, "room_started", 0)];
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, (user, came)) in session.moves.iter().copied().chain(at_end).enumerate() {
        let (event, state) = if came { ("joined", "ACTIVE") } else { ("left", "DISCONNECTED") };
        let time = times.entry(user).or_default();
        *time += usize::from(came);
        let mut metadata = session.people[user]["metadata"].clone();
        // Every token brings another one.
        metadata[OPENED]["metadata_id"] = json!(format!("the metadata {time} of {user}"));
        let mut webhook = other(&created, &format!("participant_{event}"), place);
        webhook["body"]["participant"] = json!({
            "sid": format!("the sid of {user}"),
            "identity": user,
            "name": session.people[user]["name"],
            "state": state,
            "joined_at": "1",
            "metadata": metadata,
        });
        told.push(webhook);
    }
    webhooks.splice(1..1, told);
}

fn left_before_end(webhooks: &mut Vec<Value>, _session: &Session) {
    let ended = webhooks.iter().position(|webhook| event(webhook) == "session_ended");
    let Some(ended) = ended else { return };
    // Stable: nothing else changes its place.
    webhooks[ended..].sort_by_key(|webhook| event(webhook) != "participant_left");
}

fn always_finished(webhooks: &mut Vec<Value>, _session: &Session) {
    let last = webhooks.last().filter(|last| event(last) == "session_ended").cloned();
    webhooks.extend(last.map(|last| other(&last, "room_finished", 0)));
}

fn counts(webhooks: &mut Vec<Value>, _session: &Session) {
    let mut present = 0;
    for webhook in webhooks {
        match event(webhook) {
            "participant_joined" => present += 1,
            "participant_left" => present -= 1,
            _ => {}
        }
        let starts = event(webhook) == "room_started";
        webhook["body"]["room"]["num_participants"] = json!(if starts { 1 } else { present });
    }
}

fn creation_time(webhooks: &mut Vec<Value>, _session: &Session) {
    same(webhooks, "creation_time");
}

fn same_room(webhooks: &mut Vec<Value>, _session: &Session) {
    same(webhooks, "empty_timeout");
    same(webhooks, "max_participants");
}

/// What the first one says of the room, or leaves out, all others do.
fn same(webhooks: &mut [Value], name: &str) {
    let Some(first) = webhooks.first().map(|first| first["body"]["room"].get(name).cloned()) else { return };
    for room in webhooks.iter_mut().filter_map(|webhook| webhook["body"]["room"].as_object_mut()) {
        match &first {
            Some(value) => room.insert(name.to_owned(), value.clone()),
            None => room.remove(name),
        };
    }
}

/// With its consequence: who asks for a second has a session of a second.
fn empty_timeout(webhooks: &mut Vec<Value>, session: &Session) {
    let Some(asked) = &session.empty_timeout else { return };
    let Some(created) = webhooks.first_mut() else { return };
    created["body"]["room"]["empty_timeout"] = asked.clone();
    if webhooks.len() == 1 && asked.as_u64().is_some_and(|asked| asked < session.pauses) {
        webhooks.push(other(&webhooks[0], "session_ended", 0));
    }
}

fn no_media_server(webhooks: &mut Vec<Value>, _session: &Session) {
    for webhook in webhooks {
        remove(webhook, "/body/room", &["enabled_codecs"]);
        remove(webhook, "/body/participant", &["version", "client_protocol", "permission"]);
    }
}

fn remove(webhook: &mut Value, part: &str, names: &[&str]) {
    if let Some(fields) = webhook.pointer_mut(part).and_then(Value::as_object_mut) {
        fields.retain(|name, _| !names.contains(&name.as_str()));
    }
}

fn person(webhooks: &mut Vec<Value>, session: &Session) {
    for webhook in webhooks {
        remove(webhook, "/body/participant", &["joined_at_ms", "disconnect_reason"]);
        let Some(person) = webhook["body"].get_mut("participant") else { continue };
        if person.get("metadata").is_none() {
            let user = person["identity"].as_str().expect("a text");
            person["metadata"] = session.people[user]["metadata"].clone();
        }
    }
}

fn content_type(webhooks: &mut Vec<Value>, _session: &Session) {
    for webhook in webhooks {
        webhook["headers"]["content-type"] = json!("application/webhook+json");
    }
}

fn headers(webhooks: &mut Vec<Value>, _session: &Session) {
    let (mut number, mut attempt, mut last) = (0, 0, Value::Null);
    for webhook in webhooks {
        let id = webhook["body"]["id"].clone();
        (number, attempt) = if id == last { (number, attempt + 1) } else { (number + 1, 1) };
        let headers = &mut webhook["headers"];
        headers["x-vestibule-sequence"] = json!(number.to_string());
        headers["x-vestibule-attempt"] = json!(attempt.to_string());
        headers["x-vestibule-delivery"] = json!(format!("the delivery of {id}"));
        headers["user-agent"] = json!({BEGINS: "Vestibule/"});
        last = id;
    }
}
