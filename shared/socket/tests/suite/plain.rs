//! JSON, and what is none.

use models::Client;
use serde_json::json;
use socket::{MOST_RECEIVED, ServerEvent, Speak as _};

use super::shown::shown;

fn received(text: &str) -> String {
    shown(&Client::Plain.decode(text))
}

#[test]
fn a_request_is_answered_under_its_name_and_with_its_id_as_it_was_written() {
    for (text, expected) in [
        (
            r#"{"event":"join-room","id":"1","data":{"code":"ab-c"}}"#,
            r#"join-room {"code":"ab-c"} / {"event":"join-room","id":"1","data":{"ok":1}}"#,
        ),
        (r#"{"event":"sync"}"#, "sync {} / nothing"),
        (r#"{"event":"sync","data":null}"#, "sync {} / nothing"),
        (r#" {"data":{}, "id":7 ,"event":"sync"} "#, r#"sync {} / {"event":"sync","id":7,"data":{"ok":1}}"#),
        (r#"{"event":"sync","id":1.50e2}"#, r#"sync {} / {"event":"sync","id":1.50e2,"data":{"ok":1}}"#),
        (r#"{"event":"sync","id":-0}"#, r#"sync {} / {"event":"sync","id":-0,"data":{"ok":1}}"#),
        (r#"{"event":"sync","id":""}"#, r#"sync {} / {"event":"sync","id":"","data":{"ok":1}}"#),
        (
            r#"{"event":"sync","id":"\u00e9é\n\/\u2028"}"#,
            r#"sync {} / {"event":"sync","id":"\u00e9é\n\/\u2028","data":{"ok":1}}"#,
        ),
        (
            r#"{"event":"sync","id":12345678901234567890123}"#,
            r#"sync {} / {"event":"sync","id":12345678901234567890123,"data":{"ok":1}}"#,
        ),
        (r#"{"event":"\u0073ync","other":[[{"event":1}]]}"#, "sync {} / nothing"),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn a_ping_is_answered_with_pong_whatever_is_in_it() {
    for (text, expected) in [
        (r#"{"event":"ping"}"#, r#"ping / {"event":"pong","data":{}}"#),
        (r#"{"event":"ping","id":"p","data":5}"#, r#"ping / {"event":"pong","id":"p","data":{}}"#),
        (r#"{"event":"ping","data":"now"}"#, r#"ping / {"event":"pong","data":{}}"#),
        (r#"{"event":"Ping"}"#, r#"unknown "Ping" / {"event":"error","data":E}"#),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused_with_the_requests_id() {
    for (text, expected) in [
        (
            "hello",
            r#"the message must be JSON: expected value at line 1 column 1 / {"event":"error","data":E}"#,
        ),
        (
            "",
            r#"the message must be JSON: EOF while parsing a value at line 1 column 0 / {"event":"error","data":E}"#,
        ),
        ("[]", r#"the message must be a JSON object / {"event":"error","data":E}"#),
        (r#""text""#, r#"the message must be a JSON object / {"event":"error","data":E}"#),
        ("40", r#"the message must be a JSON object / {"event":"error","data":E}"#),
        (r#"42["sync",{}]"#, r#"the message must be a JSON object / {"event":"error","data":E}"#),
        ("{}", r#"event: is required / {"event":"error","data":E}"#),
        (r#"{"id":3,"data":{}}"#, r#"event: is required / {"event":"error","id":3,"data":E}"#),
        (r#"{"event":null,"id":3}"#, r#"event: must be a string / {"event":"error","id":3,"data":E}"#),
        (r#"{"event":["sync"],"id":3}"#, r#"event: must be a string / {"event":"error","id":3,"data":E}"#),
        (
            r#"{"event":"sync","id":3,"data":[]}"#,
            r#"data: must be an object / {"event":"error","id":3,"data":E}"#,
        ),
        (
            r#"{"event":"sync","id":3,"data":"x"}"#,
            r#"data: must be an object / {"event":"error","id":3,"data":E}"#,
        ),
        (
            r#"{"event":"sync","data":{"a":"\ud800"},"id":3}"#,
            r#"data: must be JSON: unexpected end of hex escape at line 1 column 13 / {"event":"error","id":3,"data":E}"#,
        ),
        (
            r#"{"event":"sync","data":{"a":1e999},"id":3}"#,
            r#"data: must be JSON: number out of range at line 1 column 10 / {"event":"error","id":3,"data":E}"#,
        ),
        (
            r#"{"event":"sync","id":3,"data":{"a":1}"#,
            r#"the message must be JSON: EOF while parsing an object at line 1 column 37 / {"event":"error","id":3,"data":E}"#,
        ),
        (
            r#"{"event":"sync","id":3} {}"#,
            r#"the message must be JSON: trailing characters at line 1 column 25 / {"event":"error","id":3,"data":E}"#,
        ),
        // The gateway may have chosen another route than we would.
        (
            r#"{"event":"sync","id":3,"event":"leave-room"}"#,
            r#"event: is there twice / {"event":"error","id":3,"data":E}"#,
        ),
        (
            r#"{"event":"sync","id":3,"d\u0061ta":{},"data":{}}"#,
            r#"data: is there twice / {"event":"error","id":3,"data":E}"#,
        ),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn an_id_is_a_string_or_a_number_and_not_long() {
    let longest = format!("\"{}\"", "\\u00e9".repeat(64));
    let answer = format!(r#"sync {{}} / {{"event":"sync","id":{longest},"data":{{"ok":1}}}}"#);
    assert_eq!(received(&format!(r#"{{"event":"sync","id":{longest}}}"#)), answer);
    let [long, digits] = [format!("\"{}\"", "é".repeat(65)), "1".repeat(65)];
    for id in ["null", "true", "{}", r#"{"a":1}"#, "[1]", "1e999", r#""\udc00""#, &long, &digits] {
        assert_eq!(
            received(&format!(r#"{{"id":{id},"event":"sync"}}"#)),
            r#"id: must be a string or a number of at most 64 characters / {"event":"error","data":E}"#,
            "{id}"
        );
    }
}

#[test]
fn an_event_that_there_is_not_is_known_by_its_name_whatever_its_data() {
    for (text, expected) in [
        (r#"{"event":"dance","id":1,"data":3}"#, r#"unknown "dance" / {"event":"error","id":1,"data":E}"#),
        (r#"{"event":"","id":1}"#, r#"unknown "" / {"event":"error","id":1,"data":E}"#),
        (r#"{"event":"presence"}"#, r#"unknown "presence" / {"event":"error","data":E}"#),
        (r#"{"event":"connect"}"#, r#"unknown "connect" / {"event":"error","data":E}"#),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn a_text_over_64_kb_is_refused_with_its_id() {
    let of =
        |length: usize| format!(r#"{{"event":"sync","id":5,"data":{{"a":"{}"}}}}"#, "x".repeat(length - 39));
    assert!(received(&of(MOST_RECEIVED)).starts_with("sync {"));
    assert_eq!(received(&of(MOST_RECEIVED + 1)), r#"body too large / {"event":"error","id":5,"data":E}"#);
    for deep in ["[", "{\"a\":"] {
        assert_eq!(received(&deep.repeat(2_000_000)), r#"body too large / {"event":"error","data":E}"#);
        let within = format!(r#"{{"id":5,"event":"sync","data":{}"#, deep.repeat(10_000));
        assert!(received(&within).ends_with(r#" / {"event":"error","id":5,"data":E}"#));
    }
}

#[test]
fn an_event_of_the_server_has_no_id() {
    let text = Client::Plain.event(ServerEvent::RoomLocked, &json!({"locked": true, "seq": 3}));
    assert_eq!(text, r#"{"event":"room-locked","data":{"locked":true,"seq":3}}"#);
}
