//! Asks ours what the recorded server was asked, step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use local::secrets::sign;
use serde_json::{Value, json};
use testing::{API_SECRET, Answered, Server};

use super::compare::{Ids, differences};
use super::recording::{Asked, KEY, Said, Scenario};
use super::wanted::{self, Rooms, Samples, Step};
use super::webhooks::{self, Webhooks};
use crate::ends::let_time_pass;

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Ours says the same.
    Equal,
    /// Ours says what it must by these rules, by their places in [`wanted::rules`].
    Wanted(Vec<usize>),
    /// Ours says something else.
    Short(Vec<String>),
    /// It was not asked, and why.
    Left(&'static str),
}

impl Outcome {
    /// The rules that were needed.
    pub(super) fn rules(&self) -> &[usize] {
        match self {
            Self::Wanted(rules) => rules,
            _ => &[],
        }
    }
}

/// Steps that ours cannot answer as it must before something else is built, by their scenario and place. This list is to
/// become empty: a step of it that is answered as it must fails the test.
const NOT_BUILT: &[&str] = &[];
const NOT_BUILT_YET: &str = "not built yet";

/// It begins with sessions that have been held already: its first answer lists them.
const PAST_ROOMS: &str = "state/past-rooms-paging";

/// What happened between the steps of a recording through a media client: before the step of this place.
const BETWEEN: &[(&str, usize, &[Act])] = &[
    (
        "clientapi/blocked-online-user",
        7,
        &[Act::Join("adm"), Act::Join("u1"), Act::Join("u2"), Act::Bar("u1"), Act::Remove("u2")],
    ),
    ("clientapi/blocked-online-user", 14, &[Act::Leave("adm")]),
    ("clientapi/blocked-online-user", 15, &[Act::Join("u2")]),
    ("webhooks/participants", 6, &[Act::Join("adm")]),
    ("webhooks/participants", 8, &[Act::Join("u1")]),
    ("webhooks/participants", 20, &[Act::Leave("u1")]),
    (
        "webhooks/participant-kinds",
        8,
        &[
            Act::Join("adm1"),
            Act::Join("adm2"),
            Act::Join("u1"),
            Act::Join("u2"),
            Act::Join("hid"),
            Act::Join("hidadm"),
            Act::Join("every"),
        ],
    ),
    ("webhooks/empty-timeout", 8, &[Act::Pause]),
    ("webhooks/expire-empty", 10, &[Act::Wait]),
    ("clientapi/end-room", 7, &[Act::End]),
    (
        "clientapi/lock-settings",
        12,
        &[Act::Join("adm"), Act::Lock("mic", "lock"), Act::Lock("webcam", "unlock"), Act::Leave("adm")],
    ),
];

/// What somebody did.
#[derive(Clone, Copy)]
enum Act {
    /// Joined with his newest token.
    Join(&'static str),
    /// Left.
    Leave(&'static str),
    /// Was put out by the admin.
    Remove(&'static str),
    /// Was put out by the admin, and barred.
    Bar(&'static str),
    /// Locked or unlocked a service for all, as the admin.
    Lock(&'static str, &'static str),
    /// Ended the room as its admin.
    End,
    /// Nobody did anything for more than a second.
    Pause,
    /// Nobody did anything until the time of all rooms had come.
    Wait,
}

/// Who came (true) and went in the room of a scenario.
fn moves(scenario: &str) -> Vec<(&'static str, bool)> {
    let acts = BETWEEN.iter().filter(|(id, _, _)| *id == scenario).flat_map(|(_, _, acts)| *acts);
    let of_act = |act: &Act| match *act {
        Act::Join(user) => Some((user, true)),
        Act::Leave(user) | Act::Remove(user) | Act::Bar(user) => Some((user, false)),
        Act::Lock(..) | Act::End | Act::Pause | Act::Wait => None,
    };
    acts.filter_map(of_act).collect()
}

/// What came of a scenario.
pub(super) struct Replayed {
    /// Of each step that asks something.
    pub(super) outcomes: Vec<(usize, Outcome)>,
    /// What is still to be compared.
    pub(super) webhooks: Option<(Webhooks, Ids)>,
}

/// Replays a scenario.
pub(super) async fn replay(
    server: &Server,
    scenario: &Scenario,
    samples: &Samples,
    is_full: bool,
) -> Replayed {
    let mut outcomes = vec![];
    let receiver = webhooks::receiver(&scenario.steps);
    let steps = match &receiver {
        Some(receiver) => webhooks::directed(&scenario.steps, receiver),
        None => scenario.steps.clone(),
    };
    let mut running = Running {
        server,
        rooms: Rooms::default(),
        ids: Ids::default(),
        tokens: BTreeMap::new(),
        sessions: BTreeMap::new(),
    };
    if scenario.id == PAST_ROOMS {
        running.hold(&steps[1]["answer"]["result"]["rooms_list"]).await;
    }
    for (place, step) in steps.iter().enumerate() {
        running.act(&scenario.id, place).await;
        let Some(asked) = Asked::of(step, API_SECRET) else { continue };
        let outcome = match left_out(&asked) {
            Some(why) => Outcome::Left(why),
            None => running.compare(step, asked, samples, is_full).await,
        };
        let is_listed = NOT_BUILT.contains(&format!("{} {place}", scenario.id).as_str());
        let outcome = if is_listed { not_built(outcome) } else { outcome };
        outcomes.push((place, outcome));
    }
    let webhooks =
        receiver.map(|receiver| (Webhooks::of(receiver, &steps, &moves(&scenario.id)), running.ids));
    Replayed { outcomes, webhooks }
}

/// Why a step is not asked.
fn left_out(asked: &Asked) -> Option<&'static str> {
    let is_protobuf = asked.header("content-type") == Some("application/protobuf");
    if asked.path.starts_with("/api/") || is_protobuf {
        Some("theirs alone: protobuf, and the API of their own client")
    } else if asked.path == "/auth/recorder/notify" {
        Some("theirs alone: the protobuf of their own recorder")
    } else {
        None
    }
}

/// What came of a step of [`NOT_BUILT`]: it must fall short.
fn not_built(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Short(_) => Outcome::Left(NOT_BUILT_YET),
        _ => Outcome::Short(vec!["is built by now: strike it from NOT_BUILT".to_owned()]),
    }
}

struct Running<'a> {
    server: &'a Server,
    rooms: Rooms,
    ids: Ids,
    /// The newest join tokens by user.
    tokens: BTreeMap<String, String>,
    /// The session tokens by user.
    sessions: BTreeMap<String, String>,
}

impl Running<'_> {
    async fn compare(&mut self, step: &Value, asked: Asked, samples: &Samples, is_full: bool) -> Outcome {
        let headers: Vec<_> =
            asked.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answered = self.server.send(&asked.method, &asked.path, &headers, asked.body.clone()).await;
        if let (Some(token), Some(user)) =
            (answered.body["token"].as_str(), asked.json["user_info"]["user_id"].as_str())
        {
            self.tokens.insert(user.to_owned(), token.to_owned());
        }
        let (mut recorded, mut ours) = (Said::recorded(step), Said::ours(answered));
        // Both servers have rooms of other scenarios.
        for said in [&mut recorded, &mut ours] {
            let listed = said.body.get_mut("rooms").and_then(Value::as_array_mut);
            let is_known =
                |room: &Value| room["room_info"]["room_id"].as_str().is_some_and(|id| self.rooms.is_open(id));
            if let Some(rooms) = listed {
                rooms.retain(is_known);
            }
        }
        let known = Step { asked: &asked, recorded: &recorded, rooms: &self.rooms, samples, is_full };
        let (expected, used) = wanted::expected(&known);
        let differences = differences(&expected, &ours, &mut self.ids);
        self.rooms.see(&asked, &expected);
        match (differences.is_empty(), used.is_empty()) {
            (true, true) => Outcome::Equal,
            (true, false) => Outcome::Wanted(used),
            (false, _) => Outcome::Short(differences),
        }
    }

    /// Opens and ends the rooms of a list of past sessions, the last one first.
    async fn hold(&self, sessions: &Value) {
        for session in sessions.as_array().expect("a list").iter().rev() {
            let room_id = session["room_id"].as_str().expect("a text");
            let webhook_url = session["webhook_url"].as_str().filter(|url| !url.is_empty());
            let create = json!({"room_id": room_id, "metadata": {
                "room_title": session["room_title"], "webhook_url": webhook_url, "room_features": {},
            }});
            for (path, body) in [(wanted::CREATE, create), (wanted::END_ROOM, json!({ "room_id": room_id }))]
            {
                let answered = self.signed(path, &body).await;
                assert_eq!(answered.body["status"], true, "{room_id}: {:?}", answered.body);
            }
        }
    }

    /// A call of the server API.
    async fn signed(&self, path: &str, body: &Value) -> Answered {
        let body = body.to_string().into_bytes();
        let signature = sign(API_SECRET.as_bytes(), &body);
        let headers = [("api-key", KEY), ("hash-signature", signature.as_str())];
        self.server.send("POST", path, &headers, body).await
    }

    /// The admin puts somebody out.
    async fn remove(&self, user: &str, block: bool) -> Answered {
        let body = json!({"user_id": user, "msg": "bye", "block_user": block});
        self.server.call("POST", "/api/removeParticipant", Some(&self.sessions["adm"]), Some(&body)).await
    }

    /// Does what happened before this step.
    async fn act(&mut self, scenario: &str, place: usize) {
        let acts = BETWEEN.iter().filter(|(id, before, _)| (*id, *before) == (scenario, place));
        for act in acts.flat_map(|(_, _, acts)| *acts) {
            let answered = match act {
                Act::Join(user) => {
                    let answered = self.server.redeem(&self.tokens[*user]).await;
                    self.rooms.join(user);
                    if let Some(session) = answered.body["session"]["token"].as_str() {
                        self.sessions.insert((*user).to_owned(), session.to_owned());
                    }
                    answered
                }
                Act::Leave(user) => {
                    self.server.call("POST", "/api/leaveRoom", Some(&self.sessions[*user]), None).await
                }
                Act::Remove(user) => self.remove(user, false).await,
                Act::Bar(user) => self.remove(user, true).await,
                Act::Lock(service, direction) => {
                    let body = json!({"user_id": "all", "service": service, "direction": direction});
                    let adm = Some(self.sessions["adm"].as_str());
                    self.server.call("POST", "/api/updateLockSettings", adm, Some(&body)).await
                }
                Act::End => {
                    let body = json!({"room_id": self.rooms.first()});
                    let answered = self.signed(wanted::END_ROOM, &body).await;
                    self.rooms.end_first();
                    answered
                }
                Act::Pause => {
                    tokio::time::sleep(Duration::from_millis(1001)).await;
                    self.server.stack.tick().await;
                    continue;
                }
                Act::Wait => {
                    for room_id in self.rooms.end_all() {
                        let_time_pass(self.server, &room_id).await;
                    }
                    self.server.stack.tick().await;
                    continue;
                }
            };
            assert!(answered.status < 300, "{scenario}, before step {place}: {:?}", answered.body);
            self.rooms.forget_people();
        }
    }
}
