//! The strict comparison: keys, types, values. Only ids, times and secrets are matched by their form, and ids have to be
//! the same where the recorded ones are, and others where those are.

use std::collections::HashMap;

use serde_json::Value;

use super::recording::{OPENED, Said};

/// How paths within webhooks begin.
const WEBHOOK: &str = "webhook";

/// What is expected of a text of ours: an object with this key, and how the text begins.
pub(super) const BEGINS: &str = "<begins>";

/// Which of our ids stands for which recorded one, in one scenario.
#[derive(Default)]
pub(super) struct Ids {
    ours: HashMap<String, String>,
    recorded: HashMap<String, String>,
}

impl Ids {
    /// Our id for a recorded one, if there is any by now.
    pub(super) fn ours(&self, recorded: &str) -> Option<String> {
        self.ours.get(recorded).cloned()
    }

    fn agree(&mut self, recorded: &str, ours: &str) -> bool {
        self.is_same(recorded, ours)
            && self.recorded.entry(ours.to_owned()).or_insert_with(|| recorded.to_owned()) == recorded
    }

    /// Whether ours is the same where the recorded one is.
    fn is_same(&mut self, recorded: &str, ours: &str) -> bool {
        self.ours.entry(recorded.to_owned()).or_insert_with(|| ours.to_owned()) == ours
    }
}

/// Where the answers differ, in words; nothing if they do not.
pub(super) fn differences(expected: &Said, ours: &Said, ids: &mut Ids) -> Vec<String> {
    let mut found = vec![];
    if expected.status != ours.status {
        found.push(format!("HTTP status: {} expected, {}", expected.status, ours.status));
    }
    if expected.content_type != ours.content_type {
        found.push(format!("Content-Type: {:?} expected, {:?}", expected.content_type, ours.content_type));
    }
    compare("", &expected.body, &ours.body, ids, &mut found);
    found
}

/// Where the webhooks of a session differ, in words; nothing if they do not.
pub(super) fn webhook_differences(expected: &[Value], ours: &[Value], ids: &mut Ids) -> Vec<String> {
    let events = |webhooks: &[Value]| {
        let event = |webhook: &Value| webhook["body"]["event"].as_str().unwrap_or_default().to_owned();
        webhooks.iter().map(event).collect::<Vec<_>>()
    };
    if events(expected) != events(ours) {
        return vec![format!("webhooks: {:?} expected, {:?}", events(expected), events(ours))];
    }
    let mut found = vec![];
    for (place, (expected, ours)) in expected.iter().zip(ours).enumerate() {
        compare(&format!("{WEBHOOK}[{place}]"), expected, ours, ids, &mut found);
    }
    for (path, is_lawful) in [
        // The session's in every event.
        ("/body/room/creation_time", i64::eq as fn(&i64, &i64) -> bool),
        ("/body/created_at", i64::le),
    ] {
        let seconds = |webhook: &Value| webhook.pointer(path)?.as_str()?.parse::<i64>().ok();
        let times: Vec<_> = ours.iter().filter_map(seconds).collect();
        if times.len() != ours.len() || times.windows(2).any(|pair| !is_lawful(&pair[0], &pair[1])) {
            found.push(format!("{WEBHOOK}: {path}: {times:?}"));
        }
    }
    found
}

fn compare(path: &str, expected: &Value, ours: &Value, ids: &mut Ids, found: &mut Vec<String>) {
    let name = path.rsplit('.').next().unwrap_or_default();
    if let Some(begins) = expected.get(BEGINS).and_then(Value::as_str) {
        let text = ours.as_str().unwrap_or_default();
        if text.strip_prefix(begins).is_none_or(|rest| rest.trim().is_empty()) {
            found.push(format!("{path}: {begins:?} and more expected, {ours}"));
        }
        return;
    }
    if let Some(is_right) = by_form(path, name, expected, ours, ids) {
        if !is_right {
            found.push(format!("{path}: something like {expected} expected, {ours}"));
        }
        return;
    }
    match (expected, ours) {
        (Value::Object(wanted), Value::Object(given)) => {
            let missing = wanted.keys().filter(|key| !given.contains_key(*key));
            found.extend(missing.map(|key| format!("{path}.{key}: missing")));
            let added = given.iter().filter(|(key, _)| !wanted.contains_key(*key));
            found.extend(added.map(|(key, value)| format!("{path}.{key}: not expected, {value}")));
            for (key, wanted) in wanted {
                if let Some(given) = given.get(key) {
                    let path = if key == OPENED { path.to_owned() } else { format!("{path}.{key}") };
                    compare(&path, wanted, given, ids, found);
                }
            }
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => {
            for (place, (wanted, given)) in wanted.iter().zip(given).enumerate() {
                compare(&format!("{path}[{place}]"), wanted, given, ids, found);
            }
        }
        _ if expected == ours => {}
        _ => found.push(format!("{path}: {expected} expected, {ours}")),
    }
}

/// Whether a value that differs by its nature has the form of the expected one; none for all others.
fn by_form(path: &str, name: &str, expected: &Value, ours: &Value, ids: &mut Ids) -> Option<bool> {
    let [wanted, given] = [expected, ours].map(|value| value.as_str().unwrap_or_default());
    let is_in_extra_data = path.contains(".extra_data");
    let is_in_claims = path.ends_with(&format!(".claims.{name}"));
    let is_in_webhook = path.starts_with(WEBHOOK);
    Some(match name {
        _ if is_in_extra_data => return None,
        "id" | "x-vestibule-delivery" if is_in_webhook => is_uuid(given) && ids.agree(wanted, given),
        "created_at" if is_in_webhook => is_number(wanted) && is_number(given),
        // The receiver has verified it.
        "sha256" if is_in_claims => given.len() == wanted.len(),
        "sid" if path.contains(".participants_info") => !given.is_empty() && ids.agree(wanted, given),
        "sid" | "room_sid" => is_uuid(given) && ids.agree(wanted, given),
        // Theirs gives a new one when somebody joins first.
        "metadata_id" => is_uuid(given) && ids.is_same(wanted, given),
        "encryption_key" => {
            given.len() == 32 && given.bytes().all(|b| b.is_ascii_alphanumeric()) && ids.agree(wanted, given)
        }
        "sub" | "user_id" if is_in_claims && is_uuid(wanted) => is_uuid(given) && ids.agree(wanted, given),
        "jti" if is_in_claims => given.split_once('.').is_some_and(|(sid, id)| is_uuid(sid) && is_uuid(id)),
        "exp" | "nbf" | "iat" if is_in_claims => ours.is_u64(),
        "created" | "ended" if is_moment(wanted) => is_moment(given),
        "creation_time" | "started_at" | "joined_at" | "joined_at_ms" => match expected {
            Value::Number(_) => ours.is_u64(),
            _ => is_number(wanted) == is_number(given) && (wanted == "0") == (given == "0"),
        },
        _ => return None,
    })
}

/// Whether the text is a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Whether the text is a moment in RFC 3339, to the second, and not the one that stands for none.
fn is_moment(text: &str) -> bool {
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    form == "0000-00-00T00:00:00Z" && !text.starts_with("0001")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn count(expected: Value, ours: Value) -> usize {
        let mut found = vec![];
        compare("", &expected, &ours, &mut Ids::default(), &mut found);
        found.len()
    }

    const A: &str = "0cfffe56-222e-4e87-b5e0-4b5e44022e8b";
    const B: &str = "1cfffe56-222e-4e87-b5e0-4b5e44022e8b";

    #[test]
    fn keys_types_and_values_count() {
        assert_eq!(count(json!({"a": {"b": [1, "x"]}}), json!({"a": {"b": [1, "x"]}})), 0);
        for ours in [json!({}), json!({"a": 1, "b": null}), json!({"a": "1"}), json!({"a": 1.0}), json!([1])]
        {
            assert_eq!(count(json!({"a": 1}), ours.clone()), 1, "{ours}");
        }
        assert_eq!(count(json!([1, 2]), json!([2, 1])), 2);
        assert_eq!(count(json!([1, 2]), json!([1])), 1);
    }

    #[test]
    fn ids_and_times_have_a_form() {
        for (expected, ours) in [
            (json!({"sid": B}), json!({"sid": A})),
            (json!({"creation_time": "17"}), json!({"creation_time": "18"})),
            (json!({"started_at": "0"}), json!({"started_at": "0"})),
            (json!({"ended": "2026-11-22T22:25:23Z"}), json!({"ended": "2027-01-02T03:04:05Z"})),
        ] {
            assert_eq!(count(expected, ours), 0);
        }
        for (expected, ours) in [
            (json!({"sid": B}), json!({"sid": "x"})),
            (json!({"creation_time": "17"}), json!({"creation_time": 17})),
            (json!({"started_at": "17"}), json!({"started_at": "0"})),
            (json!({"ended": "2026-11-22T22:25:23Z"}), json!({"ended": "0001-01-01T00:00:00Z"})),
            (json!({"ended": "0001-01-01T00:00:00Z"}), json!({"ended": "2026-11-22T22:25:23Z"})),
            (json!({"extra_data": {"sid": B}}), json!({"extra_data": {"sid": A}})),
        ] {
            assert_eq!(count(expected, ours), 1);
        }
    }

    #[test]
    fn ids_are_the_same_where_the_recorded_ones_are() {
        let pair = |first: &str, second: &str| json!([{"sid": first}, {"sid": second}]);
        assert_eq!(count(pair(A, A), pair(B, B)), 0);
        assert_eq!(count(pair(A, B), pair(B, A)), 0);
        assert_eq!(count(pair(A, A), pair(A, B)), 1);
        assert_eq!(count(pair(A, B), pair(A, A)), 1);
    }

    #[test]
    fn a_text_of_ours_begins_as_it_must_and_goes_on() {
        let expected = json!({"msg": {BEGINS: "a.b: "}});
        assert_eq!(count(expected.clone(), json!({"msg": "a.b: must be"})), 0);
        for ours in ["a.b: ", "b: must be", ""] {
            assert_eq!(count(expected.clone(), json!({"msg": ours})), 1, "{ours}");
        }
    }

    #[test]
    fn webhooks_count_in_their_order_with_the_sessions_times() {
        let webhook = |event: &str, id: &str, began: &str, at: &str| {
            let room = json!({"sid": A, "creation_time": began});
            json!({"body": {"event": event, "id": id, "created_at": at, "room": room}})
        };
        let [first, last] = [("room_created", A), ("room_finished", B)]
            .map(|(event, id)| move |began, at| webhook(event, id, began, at));
        let expected = [first("17", "17"), last("17", "18")];
        let count = |ours: &[Value]| webhook_differences(&expected, ours, &mut Ids::default()).len();
        assert_eq!(count(&[first("27", "27"), last("27", "27")]), 0);
        for ours in [
            vec![last("17", "18"), first("17", "17")],
            vec![first("17", "17")],
            vec![first("17", "17"), last("18", "18")],
            vec![first("17", "18"), last("17", "17")],
            vec![first("17", "17"), webhook("room_finished", A, "17", "18")],
        ] {
            assert_eq!(count(&ours), 1, "{ours:?}");
        }
    }
}
