//! What ours must know of a scenario's rooms: the little of it that some rules need.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{CREATE, END_ROOM, GET_ACTIVE_ROOM_INFO, GET_JOIN_TOKEN, IS_ROOM_ACTIVE};
use crate::conformance::recording::{Asked, OPENED, Said};

/// The rooms by their ids, upper and lower case told apart.
#[derive(Default)]
pub(crate) struct Rooms(BTreeMap<String, Room>);

struct Room {
    is_open: bool,
    /// Its `room_info`, with the metadata opened.
    info: Value,
    /// Minutes that its session lasts.
    minutes: Option<u64>,
    /// The last getActiveRoomInfo, as long as nobody has come or gone since.
    people: Option<Value>,
    /// Whether a token was made since then for one of them.
    is_minted: bool,
    /// Who has ever joined its session.
    joined: BTreeSet<&'static str>,
}

impl Rooms {
    /// Takes notice of a step and what ours said to it.
    pub(crate) fn see(&mut self, asked: &Asked, said: &Said) {
        let room_id = asked.text("room_id");
        let is_success = said.body["status"] == true;
        match asked.path.as_str() {
            CREATE if is_success && !self.is_open(room_id) => {
                let info = said.body["room_info"].clone();
                let features = &info["metadata"][OPENED]["room_features"];
                let minutes = features["room_duration"].as_str().and_then(|minutes| minutes.parse().ok());
                let minutes = minutes.filter(|minutes| *minutes > 0);
                let (people, joined) = (None, BTreeSet::new());
                let room = Room { is_open: true, minutes, info, people, is_minted: false, joined };
                self.0.insert(room_id.to_owned(), room);
            }
            END_ROOM if is_success => {
                if let Some(room) = self.0.get_mut(room_id) {
                    room.is_open = false;
                }
            }
            GET_ACTIVE_ROOM_INFO if is_success => {
                if let Some(room) = self.0.get_mut(room_id) {
                    room.people = Some(said.body.clone());
                }
            }
            GET_JOIN_TOKEN if is_success => {
                let user = &asked.json["user_info"]["user_id"];
                if let Some(room) = self.0.get_mut(room_id) {
                    let people =
                        room.people.as_ref().and_then(|said| said["room"]["participants_info"].as_array());
                    room.is_minted |= people.into_iter().flatten().any(|person| person["identity"] == *user);
                }
            }
            _ => {}
        }
    }

    /// Somebody joins the scenario's room.
    pub(crate) fn join(&mut self, user: &'static str) {
        self.0.values_mut().take(1).for_each(|room| _ = room.joined.insert(user));
    }

    /// How many people have joined the room's present or last session.
    pub(super) fn joined(&self, room_id: &str) -> usize {
        self.0.get(room_id).map_or(0, |room| room.joined.len())
    }

    /// Somebody has come or gone.
    pub(crate) fn forget_people(&mut self) {
        for room in self.0.values_mut() {
            (room.people, room.is_minted) = (None, false);
        }
    }

    /// What getActiveRoomInfo said before a token was made for somebody who was in.
    pub(super) fn people_before_a_token(&self, room_id: &str) -> Option<&Value> {
        self.0.get(room_id).filter(|room| room.is_minted)?.people.as_ref()
    }

    /// The scenario's room, where there is one.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }

    /// That room has ended.
    pub(crate) fn end_first(&mut self) {
        self.0.values_mut().take(1).for_each(|room| room.is_open = false);
    }

    /// All rooms have ended; gives their ids.
    pub(crate) fn end_all(&mut self) -> Vec<String> {
        self.0.values_mut().for_each(|room| room.is_open = false);
        self.0.keys().cloned().collect()
    }

    pub(crate) fn is_open(&self, room_id: &str) -> bool {
        self.0.get(room_id).is_some_and(|room| room.is_open)
    }

    pub(super) fn has_ended(&self, room_id: &str) -> bool {
        self.0.get(room_id).is_some_and(|room| !room.is_open)
    }

    /// Whether another room differs in upper and lower case only.
    pub(super) fn has_a_twin(&self, room_id: &str) -> bool {
        self.0.keys().any(|known| known != room_id && known.eq_ignore_ascii_case(room_id))
    }

    /// Whether the running session has a length.
    pub(super) fn has_a_length(&self, room_id: &str) -> Option<u64> {
        self.0.get(room_id).filter(|room| room.is_open)?.minutes
    }

    /// What a call that only reads says of a room in which nobody is.
    pub(super) fn read(&self, path: &str, room_id: &str) -> Option<Said> {
        let room = self.0.get(room_id);
        let open = room.filter(|room| room.is_open);
        match path {
            IS_ROOM_ACTIVE => {
                let (msg, status_code) = match (room, open) {
                    (_, Some(_)) => ("room is active", "SUCCESS"),
                    (Some(_), None) => ("room is not active", "ROOM_NOT_ACTIVE"),
                    (None, None) => ("room not found", "ROOM_NOT_FOUND"),
                };
                let said = Said::common(msg, status_code).with("is_active", json!(open.is_some()));
                Some(said.with("status", json!(true)))
            }
            GET_ACTIVE_ROOM_INFO => Some(match open {
                Some(room) => {
                    let room = json!({"room_info": room.info, "participants_info": []});
                    Said::common("success", "SUCCESS").with("room", room)
                }
                None => {
                    Said::common("room not found in active state", "ROOM_NOT_FOUND").with("room", Value::Null)
                }
            }),
            _ => None,
        }
    }
}
