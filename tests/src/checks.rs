//! What all functions of a kind refuse in the same way. `ask` sends a request to the handler under test.

use local::secrets::{sign, user_token_at};
use models::{ParticipantId, RoomKey, SessionId, SessionToken, Sid, Tenant, Timestamp, UserId};
use serde_json::Value;

use crate::rooms::session_of;
use crate::{API_KEY, API_SECRET, Call, OTHER_API_SECRET, Reply, TestTable};

/// The server API knows its callers by key and signature, in this order, before it looks into the body. `body` is one
/// that would be accepted.
pub async fn callers(table: &TestTable, ask: impl AsyncFn(Call) -> Reply, path: &str, body: &Value) {
    let text = body.to_string();
    let call = Call::post(path, body);
    let right = sign(API_SECRET.as_bytes(), text.as_bytes());
    let key = || call.clone().header("api-key", API_KEY);
    let signed = |signature: &str| key().header("hash-signature", signature);
    let stamped = |stamp: &str| {
        let signature = sign(API_SECRET.as_bytes(), format!("{stamp}.{text}").as_bytes());
        signed(&signature).header("x-signature-timestamp", stamp)
    };
    let now = table.now().seconds();

    let no_key = ("Missing API-KEY header.", "MISSING_REQUIRED_PARAMETER");
    let wrong_key = ("Invalid API key provided.", "INVALID_API_KEY");
    let no_signature = ("Missing HASH-SIGNATURE header.", "MISSING_REQUIRED_PARAMETER");
    let wrong = ("Failed to verify provided authentication details.", "INVALID_TOKEN_OR_SIGNATURE");
    let before = table.items().await;
    for (call, (msg, code)) in [
        (call.clone(), no_key),
        (call.clone().header("api-key", " ").header("hash-signature", &right), no_key),
        (call.clone().header("api-key", &API_KEY.to_uppercase()).header("hash-signature", &right), wrong_key),
        (call.clone().header("api-key", "unknown"), wrong_key),
        (call.clone().header("api-key", "no id").header("hash-signature", &right), wrong_key),
        (key(), no_signature),
        (signed(""), no_signature),
        (signed(&"0".repeat(64)), wrong),
        (signed(&right.to_uppercase()), wrong),
        (signed(&format!("sha256={right}")), wrong),
        (signed(&sign(API_SECRET.as_bytes(), b"")), wrong),
        (signed(&sign(OTHER_API_SECRET.as_bytes(), text.as_bytes())), wrong),
        (key().raw("not JSON").header("hash-signature", &right), wrong),
        (signed(&right).header("x-signature-timestamp", &now.to_string()), wrong),
        (stamped(&(now - 301).to_string()), wrong),
        (stamped(&(now + 301).to_string()), wrong),
        (stamped("now"), wrong),
    ] {
        assert_eq!(ask(call.clone()).await.failure(), (401, msg, code), "{call:?}");
    }
    assert_eq!(table.items().await, before, "nothing was stored");

    for call in [signed(&format!(" {right} ")), stamped(&(now - 300).to_string())] {
        assert_ne!(ask(call.clone()).await.status, 401, "{call:?}");
    }
}

/// What is no JSON object, as strictly as protobuf's JSON mapping wants it, is refused with `status` and says why. `ask`
/// sends this body with a good credential.
pub async fn bodies(status: u16, ask: impl AsyncFn(Vec<u8>) -> Reply) {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    let cases: [(&[u8], &str); 16] = [
        (b" \n", "the body must be a JSON object, it is empty"),
        (b"hello", "the body must be JSON: "),
        (b"[]", "the body must be a JSON object, it is an array"),
        (b"null", "the body must be a JSON object, it is null"),
        (b"5", "the body must be a JSON object, it is a number"),
        (b"\"text\"", "the body must be a JSON object, it is a string"),
        (b"{\"room_id\":\"a\",\"room_id\":\"a\"}", "room_id: is there twice"),
        (b"{\"a\":{\"bC\":1,\"bC\":1}}", "a.bC: is there twice"),
        (b"{\"a\":1} {}", "the body must be JSON: "),
        (b"{\"a\":1,}", "the body must be JSON: "),
        (b"{\"a\":1/*x*/}", "the body must be JSON: "),
        (b"{\"a\":\"\x01\"}", "the body must be JSON: "),
        (b"{\"a\":\"\\ud800\"}", "the body must be JSON: "),
        (b"{\"a\":\"\xff\xfe\"}", "the body must be JSON: "),
        (b"\xef\xbb\xbf{}", "the body must be JSON: "),
        (deep.as_bytes(), "the body must be JSON: more than 64 levels of nesting"),
    ];
    for (body, reason) in cases {
        let reply = ask(body.to_vec()).await;
        let (said, message) = reply.refusal();
        assert_eq!(said, status, "{message}");
        assert!(message.starts_with(reason), "{message}");
    }
    let padded = |size: usize| format!("{{{}}}", " ".repeat(size - 2)).into_bytes();
    assert_ne!(ask(padded(64 * 1024)).await.status, 413);
    let reply = ask(padded(64 * 1024 + 1)).await;
    assert_eq!(reply.refusal().0, 413);
    assert!(reply.refusal().1.ends_with("body must be 64 KB or less"), "{reply:?}");
}

/// What is no good token of a user is refused. `call` is without a credential, and good otherwise.
pub async fn user_tokens(table: &TestTable, ask: impl AsyncFn(Call) -> Reply, call: &Call) {
    let good = table.user_token("ann", "Ann");
    let yesterday = Timestamp::from_seconds(table.now().seconds() - 25 * 3600);
    let cases = [
        (String::new(), "Invalid token"),
        ("Bearer ".to_owned(), "Invalid token"),
        ("Bearer a b".to_owned(), "Invalid token"),
        ("Basic YW5uOnB3".to_owned(), "Invalid token"),
        ("Bearer garbage".to_owned(), "Invalid token"),
        (format!("Bearer {good}x"), "Invalid token"),
        (format!("Bearer {}", unsigned(&good)), "Invalid token"),
        (format!("Bearer {}", table.foreign_user_token("ann")), "Invalid token"),
        (format!("Bearer {}", table.user_token("guest-1", "Ann")), "Invalid token"),
        (format!("Bearer {}", table.rooms().text_of(&somebody(table.now()))), "Invalid token"),
        (format!("Bearer {}", user_token_at(&table.template, "ann", None, yesterday)), "Token has expired"),
    ];
    refuses(table, ask, call, cases).await;
}

/// What is no good session token is refused. `call` is without a credential, and good otherwise.
pub async fn session_tokens(table: &TestTable, ask: impl AsyncFn(Call) -> Reply, call: &Call) {
    assert_eq!(ask(call.clone()).await.refusal(), (401, "Missing token"));
    let good = somebody(table.now());
    let text = table.rooms().text_of(&good);
    let forged = api::sign_session_token(&good, table.now(), b"another secret");
    let expired = SessionToken { expires_at: table.now(), ..good };
    let cases = [
        (String::new(), "Invalid token"),
        ("Bearer garbage".to_owned(), "Invalid token"),
        (format!("Bearer {text}x"), "Invalid token"),
        (format!("Bearer {}", unsigned(&text)), "Invalid token"),
        (format!("Bearer {forged}"), "Invalid token"),
        (format!("Bearer {}", table.user_token("ann", "Ann")), "Invalid token"),
        (format!("Bearer {}", table.rooms().text_of(&expired)), "Token has expired"),
    ];
    refuses(table, ask, call, cases).await;
}

async fn refuses(
    table: &TestTable,
    ask: impl AsyncFn(Call) -> Reply,
    call: &Call,
    cases: impl IntoIterator<Item = (String, &str)>,
) {
    let before = table.items().await;
    for (header, message) in cases {
        let reply = ask(call.clone().header("authorization", &header)).await;
        assert_eq!(reply.refusal(), (401, message), "{header:?}");
        assert_eq!(reply.body["error"], "Unauthorized");
    }
    assert_eq!(table.items().await, before, "nothing was stored");
}

/// The first answer under an Idempotency-Key is given again, and the key is good for that request alone. `call` has an
/// effect each time that it is done, `other` is another request of the same caller; neither has a key.
pub async fn idempotency(table: &TestTable, ask: impl AsyncFn(Call) -> Reply, call: &Call, other: &Call) {
    let key = "0123456789abcdefghijkl";
    let keyed = |call: &Call, key: &str| call.clone().header("idempotency-key", key);
    for bad in ["", " ", &"k".repeat(256), "schlüssel"] {
        let reply = ask(keyed(call, bad)).await;
        let (status, message) = reply.refusal();
        assert!(status < 401, "{reply:?}");
        assert!(
            message.ends_with("Idempotency-Key: must be 1 to 255 printable ASCII characters"),
            "{message}"
        );
    }
    let first = ask(keyed(call, key)).await;
    assert!(first.status < 300, "{first:?}");
    let stored = table.items().await;
    assert_eq!(ask(keyed(call, key)).await, first);
    let reply = ask(keyed(other, key)).await;
    assert_eq!(reply.refusal(), (409, "Idempotency-Key was used with another request"));
    assert_eq!(table.items().await, stored, "it was done once");
}

/// The payload of a JWT under `{"alg":"none"}`, without a signature.
fn unsigned(token: &str) -> String {
    format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).expect("a payload"))
}

/// A well-formed session token of nobody.
fn somebody(now: Timestamp) -> SessionToken {
    let id = "4a2b1d1e-0000-4000-8000-000000000000".parse::<Sid>().expect("a UUID").0;
    SessionToken {
        room: RoomKey { tenant: Tenant::main(), room: "nowhere".try_into().expect("an id") },
        sid: Sid(id),
        user: UserId::try_from("nobody").expect("an id"),
        participant: ParticipantId(id),
        session: SessionId(id),
        expires_at: now.plus(crate::rooms::SESSION_VALIDITY),
    }
}

/// Holds a call that a moderator makes in the room `room-1` by his session token to it that whoever is out, was put out and
/// barred, or came again, changes nothing; and neither does `adm`, who is in, once his session is over, also when the next one
/// runs. `ask` gives the answer to the call by a token.
pub async fn moderators_who_are_out(
    table: &TestTable,
    key: &RoomKey,
    adm: &str,
    ask: impl AsyncFn(&str) -> Vec<Reply>,
) {
    let rooms = table.rooms();
    let (left, banned) = (rooms.moderator(key, "left").await, rooms.moderator(key, "banned").await);
    rooms.leave(&left).await;
    rooms.ban(&banned).await;
    let replaced = rooms.moderator(key, "eve").await;
    rooms.resume(&session_of(&replaced)).await;
    let refused = async |token: &str, refusal: (u16, &str), why: &str| {
        for reply in ask(token).await {
            assert_eq!(reply.refusal(), refusal, "{why}");
        }
    };
    refused(&rooms.session_text(&left), (401, "Invalid token"), "he left").await;
    refused(&rooms.session_text(&banned), (403, "You are blocked from this room"), "he is barred").await;
    refused(&rooms.session_text(&replaced), (401, "Invalid token"), "he came again").await;
    let over = (400, "Room is no longer active");
    rooms.end_session(key).await;
    refused(adm, over, "it is over").await;
    rooms.open("room-1", None).await;
    rooms.seat(key, "bob").await;
    refused(adm, over, "of an earlier session").await;
}
