//! What the unmodified `socket.io-client` 4.8.4 sends, captured, and what it would not send.

use models::Client;
use serde_json::json;
use socket::{ErrorBody, Heartbeat, MOST_RECEIVED, ServerEvent, Speak as _, connect_error, connected};

use super::shown::shown;

fn received(text: &str) -> String {
    shown(&Client::SocketIo.decode(text))
}

#[test]
fn what_the_client_sends_is_understood() {
    for (text, expected) in [
        // Without `auth`, with an object, with a function that gives one.
        ("40", r#"connect """#),
        (r#"40{"token":"abc","x":"ü\""}"#, r#"connect "abc""#),
        (r#"40{"token":"t"}"#, r#"connect "t""#),
        ("40{}", r#"connect """#),
        (r#"40{"token":null}"#, r#"connect """#),
        // `io("/admin")`, without `auth` and with.
        ("40/admin,", r#"other namespace / 44/admin,{"message":"Invalid namespace"}"#),
        (r#"40/admin,{"token":"n"}"#, r#"other namespace / 44/admin,{"message":"Invalid namespace"}"#),
        // `emit`: without data, with `{}`, with an ack, `emitWithAck`.
        (r#"42["sync"]"#, "sync {} / nothing"),
        (r#"42["sync",{}]"#, "sync {} / nothing"),
        (r#"420["join-room",{"code":"X"}]"#, r#"join-room {"code":"X"} / 430[{"ok":1}]"#),
        (r#"4217["sync"]"#, r#"sync {} / 4317[{"ok":1}]"#),
        // The data, and the callback after it, are `undefined`.
        (r#"42["sync",null]"#, "sync {} / nothing"),
        (r#"42["sync",{"a":1},null]"#, r#"sync {"a":1} / nothing"#),
        (r#"42["sync",{"a":1},null,null]"#, r#"sync {"a":1} / nothing"#),
        // Characters of all kinds.
        ("42[\"sync\",{\"a\":\"😀ü\u{2028}\\u0000\"}]", "sync {\"a\":\"😀ü\u{2028}\\u0000\"} / nothing"),
        // `send`, and names that there are not.
        (r#"42["message",{"hi":1}]"#, r#"unknown "message" / 42["error",E]"#),
        (r#"421["b",1,"two",null,[3]]"#, r#"unknown "b" / 431[E]"#),
        (r#"42[""]"#, r#"unknown "" / 42["error",E]"#),
        (r#"42["error",{}]"#, r#"unknown "error" / 42["error",E]"#),
        // `emit("ping", …)`, which is no packet of Engine.IO's.
        (r#"42["ping"]"#, r#"ping / 42["pong",{}]"#),
        (r#"423["ping","now",1]"#, "ping / 433[{}]"),
        // An answer to a ping, `disconnect()`, and acks that nobody asked for.
        ("3", "nothing"),
        ("41", "disconnect"),
        (r#"4312[{"r":1},2]"#, "nothing"),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn what_the_client_sends_and_we_do_not_take_is_refused_with_its_ack() {
    for (text, expected) in [
        // A string or a list as `auth`.
        (r#"40"tok""#, "connect auth: must be an object"),
        (r#"40["tok"]"#, "connect auth: must be an object"),
        (r#"40{"token":5}"#, "connect auth.token: must be a string"),
        // Several arguments, none of them an object, numbers and halves of characters.
        (r#"42["sync",{},{}]"#, r#"data: must be the only argument / 42["error",E]"#),
        (r#"425["sync",null,0]"#, "data: must be the only argument / 435[E]"),
        (r#"425["sync","x"]"#, "data: must be an object / 435[E]"),
        (r#"425["sync",1e+21]"#, "data: must be an object / 435[E]"),
        (
            r#"425["sync",{"a":"\ud800"}]"#,
            "data: must be JSON: unexpected end of hex escape at line 1 column 13 / 435[E]",
        ),
        ("42[7,1]", r#"event: must be a string / 42["error",E]"#),
        // `Buffer`s within; the frames that follow them close the connection at the gateway.
        (r#"451-0["bin",{"_placeholder":true,"num":0}]"#, "the message must not be binary / 430[E]"),
        (r#"451-["bin",{"_placeholder":true,"num":0}]"#, r#"the message must not be binary / 42["error",E]"#),
        // The ack is of an event of the server's.
        (r#"461-13[{"_placeholder":true,"num":0}]"#, r#"the message must not be binary / 42["error",E]"#),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn what_the_client_would_not_send_is_refused() {
    let refused = |reason: &str| format!(r#"{reason} / 42["error",E]"#);
    for (text, reason) in [
        ("", "the message must be an Engine.IO packet"),
        ("7", "the message must be an Engine.IO packet"),
        ("ü", "the message must be an Engine.IO packet"),
        (r#"{"event":"sync","id":1}"#, "the message must be an Engine.IO packet"),
        (r#"0{"sid":"a"}"#, "the message must be an Engine.IO packet"),
        ("bAQID", "the message must not be binary"),
        ("4", "the message must hold a Socket.IO packet"),
        ("4ü", "the message must hold a Socket.IO packet"),
        ("47", "the message must hold a Socket.IO packet"),
        (r#"45["x"]"#, "the message must hold a Socket.IO packet"),
        (r#"44{"message":"no"}"#, "only servers send this packet"),
        ("41[]", "a disconnect must hold nothing"),
        (r#"42/admin,1["sync"]"#, "the namespace must be /"),
        ("42/", "the event must be a JSON list: EOF while parsing a value at line 1 column 0"),
        ("42", "the event must be a JSON list: EOF while parsing a value at line 1 column 0"),
        (r#"42{"a":1}"#, "the event must be a JSON list"),
        ("42[]", "event: is required"),
        (r#"42123456789012345678["sync"]"#, "id: must be a number of at most 16 digits"),
    ] {
        assert_eq!(received(text), refused(reason), "{text}");
    }
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert_eq!(
            received(&format!(r#"422["{name}",{{}}]"#)),
            "event: must not be a name that Socket.IO keeps for itself / 432[E]"
        );
    }
}

#[test]
fn packets_of_engine_io_and_of_other_namespaces_keep_the_connection_as_it_is() {
    for (text, expected) in [
        ("1", "disconnect"),
        ("2", "ping / 3"),
        ("2probe", "ping / 3probe"),
        ("3probe", "nothing"),
        ("5", "nothing"),
        ("6", "nothing"),
        ("41/admin,", "nothing"),
        ("43/admin,1[]", "nothing"),
        (r#"40/,{"token":"a"}"#, r#"connect "a""#),
        ("40/a?b=c", r#"other namespace / 44/a?b=c,{"message":"Invalid namespace"}"#),
    ] {
        assert_eq!(received(text), expected, "{text}");
    }
}

#[test]
fn a_text_over_64_kb_is_refused_with_its_ack() {
    let of = |head: &str, length: usize| format!("{head}{}", "x".repeat(length - head.len()));
    let large = MOST_RECEIVED + 1;
    assert_eq!(received(&of(r#"428["sync",{"a":"#, large)), "body too large / 438[E]");
    assert_eq!(received(&of("4x", large)), r#"body too large / 42["error",E]"#);
    assert_eq!(received(&of("2", large)), r#"body too large / 42["error",E]"#);
    assert_eq!(received(&of("40/", large)), r#"body too large / 42["error",E]"#);
    assert_eq!(received(&of("40", large)), "connect body too large");
    assert_eq!(received(&"[".repeat(2_000_000)), r#"body too large / 42["error",E]"#);
    let deep = format!(r#"428["sync",{}"#, "[".repeat(10_000));
    assert!(received(&deep).ends_with(" / 438[E]"));
}

#[test]
fn the_connection_is_opened_by_engine_io_and_accepted_or_refused_by_socket_io() {
    assert_eq!(
        Client::SocketIo.open("a\"b", Heartbeat::default()).as_deref(),
        Some(
            r#"0{"maxPayload":65536,"pingInterval":300000,"pingTimeout":120000,"sid":"a\"b","upgrades":[]}"#
        )
    );
    assert_eq!(connected("s1"), r#"40{"sid":"s1"}"#);
    let error = ErrorBody { status_code: 401, message: "Invalid token", error: "Unauthorized" };
    assert_eq!(
        connect_error(&error),
        r#"44{"data":{"error":"Unauthorized","message":"Invalid token","statusCode":401},"message":"Invalid token"}"#
    );
}

#[test]
fn an_event_of_the_server_has_one_argument() {
    let text = Client::SocketIo.event(ServerEvent::RoomLocked, &json!({"locked": true, "seq": 3}));
    assert_eq!(text, r#"42["room-locked",{"locked":true,"seq":3}]"#);
}
