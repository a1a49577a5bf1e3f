//! The wanted differences, one by one. A rule has a name and a reason, and says exactly what ours must answer where the
//! recorded server answered otherwise: it changes the recorded answer into ours, or what a receiver got.

mod copyright;
mod metadata;
mod position;
mod refusals;
mod rooms;
mod routes;
mod state;
mod webhooks;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::recording::{Asked, KEY, Said};

pub(super) use rooms::Rooms;
pub(super) use webhooks::Session;

/// A wanted difference.
struct Rule {
    name: &'static str,
    why: &'static str,
    /// Changes the recorded answer into ours, if the rule is about it.
    apply: fn(&mut Said, &Step),
}

/// A step of a scenario, as the rules see it.
pub(super) struct Step<'a> {
    pub(super) asked: &'a Asked,
    /// What was recorded.
    pub(super) recorded: &'a Said,
    /// What ours knows of the scenario's rooms by now.
    pub(super) rooms: &'a Rooms,
    pub(super) samples: &'a Samples,
    /// Whether the scenario is one of the other configuration.
    pub(super) is_full: bool,
}

/// Answers to compute others from: a rule that makes a success of a failure has no recorded one.
pub(super) struct Samples(pub(super) BTreeMap<&'static str, Said>);

/// The scenarios whose first answers are samples.
pub(super) const SAMPLES: [&str; 4] =
    ["debugconf/minimal", "fullconf/minimal", "create/first-dialect", "fullconf/first-dialect"];

impl Step<'_> {
    /// What a successful create says: as the sample of this name under this configuration, but about the room that was
    /// asked for and with ids of its own.
    fn created(&self, sample: &str) -> Said {
        let mut samples = self.samples.0.iter().filter(|(id, _)| id.starts_with("fullconf/") == self.is_full);
        let found = samples.find(|(id, _)| id.ends_with(&format!("/{sample}")));
        let mut said = found.expect("a sample").1.clone();
        let room_id = self.asked.text("room_id");
        let info = &mut said.body["room_info"];
        info["room_id"] = json!(room_id);
        info["room_title"] = self.asked.json["metadata"]["room_title"].clone();
        info["sid"] = json!(format!("the session of {room_id}"));
        if let Some(metadata) = said.metadata() {
            metadata.insert("room_title".to_owned(), self.asked.json["metadata"]["room_title"].clone());
            metadata.insert("metadata_id".to_owned(), json!(format!("the metadata of {room_id}")));
        }
        said
    }

    /// What a successful getJoinToken says of the token, before the rules about tokens.
    fn minted(&self) -> Said {
        let user = &self.asked.json["user_info"];
        let claims = json!({
            "iss": KEY, "sub": user["user_id"], "user_id": user["user_id"], "name": user["name"],
            "room_id": self.asked.json["room_id"], "nbf": 0, "exp": 0,
        });
        let mut token = json!({"header": {"alg": "HS256", "typ": "JWT"}, "claims": claims});
        for name in ["is_admin", "is_hidden"].into_iter().filter(|name| user[*name] == true) {
            token["claims"][name] = json!(true);
        }
        Said::common("success", "SUCCESS").with("token", token)
    }

    fn is(&self, path: &str) -> bool {
        self.asked.path == path
    }

    /// The fields of `room_features` in the request.
    fn features(&self) -> &Value {
        &self.asked.json["metadata"]["room_features"]
    }
}

pub(super) const CREATE: &str = "/auth/room/create";
pub(super) const GET_JOIN_TOKEN: &str = "/auth/room/getJoinToken";
pub(super) const IS_ROOM_ACTIVE: &str = "/auth/room/isRoomActive";
pub(super) const GET_ACTIVE_ROOM_INFO: &str = "/auth/room/getActiveRoomInfo";
pub(super) const BROADCAST: &str = "/auth/room/broadcastToRoom";
pub(super) const END_ROOM: &str = "/auth/room/endRoom";

/// The names and the reasons of all rules: of [`RULES`], and of those of webhooks.
pub(super) fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_webhooks = webhooks::RULES.iter().map(|rule| (rule.name, rule.why));
    RULES.iter().map(|rule| (rule.name, rule.why)).chain(of_webhooks)
}

/// What ours must send of a session, and the places of the rules in [`rules`] that make it differ from what was recorded.
pub(super) fn webhooks(mut webhooks: Vec<Value>, session: &Session) -> (Vec<Value>, Vec<usize>) {
    let mut used = vec![];
    for (place, rule) in webhooks::RULES.iter().enumerate() {
        let before = webhooks.clone();
        (rule.apply)(&mut webhooks, session);
        if webhooks != before {
            used.push(RULES.len() + place);
        }
    }
    (webhooks, used)
}

/// What ours must answer to this step, and the places of the rules in [`rules`] that make it differ from what was
/// recorded.
pub(super) fn expected(step: &Step) -> (Said, Vec<usize>) {
    let mut said = step.recorded.clone();
    let mut used = vec![];
    for (place, rule) in RULES.iter().enumerate() {
        let before = said.clone();
        (rule.apply)(&mut said, step);
        if said != before {
            used.push(place);
        }
    }
    (said, used)
}

/// Every wanted difference. The order counts: what makes a success of a failure comes before what changes successes.
const RULES: &[Rule] = &[
    Rule {
        name: "routes in JSON",
        why: "what has no route or another method says so in the dialect's JSON, by 404 and 405; paths are exact",
        apply: routes::unknown,
    },
    Rule {
        name: "two paths without /auth",
        why: "the first documentation has /room/create and /room/getJoinToken without a prefix",
        apply: routes::without_prefix,
    },
    Rule {
        name: "Content-Type is not looked at",
        why: "a body is JSON whatever it is declared as; theirs reads a form from multipart/form-data",
        apply: routes::content_type,
    },
    Rule {
        name: "no HTTP 500",
        why: "what the caller got wrong is told him in the common answer, also where theirs breaks over it",
        apply: refusals::broken,
    },
    Rule {
        name: "parse errors name the field",
        why: "theirs gives a line and a column of Go's parser; ours the field's path and what was expected",
        apply: refusals::parse_errors,
    },
    Rule {
        name: "any JSON in extra_data",
        why: "the caller's own data comes back untouched, whatever it is; theirs takes texts only",
        apply: metadata::extra_data,
    },
    Rule {
        name: "the first dialect's is_active",
        why: "in 2022 is_active of breakout rooms and external links said allowed; theirs refuses it",
        apply: metadata::first_is_active,
    },
    Rule {
        name: "the caller's errors are the caller's",
        why: "INVALID_PARAMETERS where theirs says INTERNAL_SERVER_ERROR over a bad id, with the same message",
        apply: refusals::callers_fault,
    },
    Rule {
        name: "limits are told",
        why: "a text that is too long is a validation error; theirs shows its database's",
        apply: refusals::database_errors,
    },
    Rule {
        name: "user ids have a limit",
        why: "at most 128 characters: every id of ours has a limit, for long ones take theirs down",
        apply: refusals::long_user_ids,
    },
    Rule {
        name: "only web addresses",
        why: "a link is opened in a browser: theirs stores javascript: and file:, ours http and https only",
        apply: refusals::schemes,
    },
    Rule {
        name: "long ids harm nothing",
        why: "one id of 5,000 characters takes theirs down until it is restarted; ours goes on",
        apply: state::after_a_long_id,
    },
    Rule {
        name: "upper and lower case differ",
        why: "theirs mixes up rooms whose ids differ in case only; ours keeps them apart",
        apply: state::case,
    },
    Rule {
        name: "an end is at once",
        why: "theirs ends a room by and by, up to seconds after endRoom has answered; ours before it answers",
        apply: state::at_once,
    },
    Rule {
        name: "an ended room is remembered",
        why: "as long as the history is kept; theirs forgets it after a few seconds",
        apply: state::remembered,
    },
    Rule {
        name: "minting disconnects nobody",
        why: "theirs removes the user who is in when a token is made for him; ours when the token is used",
        apply: state::minting,
    },
    Rule {
        name: "who waits holds no seat",
        why: "theirs lists those in the waiting room as participants; ours when they are admitted",
        apply: state::waiting,
    },
    Rule {
        name: "no media server",
        why: "version and client_protocol are those of LiveKit's client; ours carries no media and has none",
        apply: state::no_media_server,
    },
    Rule {
        name: "permissions are ours",
        why: "theirs shows what a media client's own token allowed; in ours only who is hidden may send nothing",
        apply: state::permissions,
    },
    Rule {
        name: "no telephones",
        why: "numbers and pins are given by a SIP trunk, which ours does not have; the wish for it is kept",
        apply: metadata::dial_in,
    },
    Rule {
        name: "no artifacts",
        why: "theirs makes analytics of every session that ended; ours makes none, and says so",
        apply: state::no_artifacts,
    },
    Rule {
        name: "no analytics of the past",
        why: "for the same reason a past session has no analytics_file_id",
        apply: state::no_analytics,
    },
    Rule {
        name: "all who joined are counted",
        why: "joined_participants of a past session are the people who ever joined; theirs counts who was left at its end",
        apply: state::ever_joined,
    },
    Rule {
        name: "the first dialect is understood",
        why: "callers of 2022 mean what they say: theirs passes over the old names and leaves the feature on",
        apply: metadata::first_dialect,
    },
    Rule {
        name: "an explicit false is a false",
        why: "theirs loses it wherever the default is true, so that no feature can be switched off",
        apply: metadata::explicit_false,
    },
    Rule {
        name: "copyright texts are filtered",
        why: "the text is shown as HTML to everybody: emphasis and web links stay, scripts do not",
        apply: metadata::copyright,
    },
    Rule {
        name: "roomInfo for the first dialect",
        why: "SDKs of 2022 read roomInfo, in the types of that year",
        apply: metadata::room_info_of_2022,
    },
    Rule {
        name: "a token is used once",
        why: "its jti says which one it is and of which session, its kid with which key it is signed",
        apply: refusals::once,
    },
    Rule {
        name: "a token knows the session's length",
        why: "in a room with a duration the join fixes the end; the token carries it, so that no join reads the room",
        apply: state::length,
    },
];
