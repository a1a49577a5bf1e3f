//! Messages as Socket.IO's clients send and get them: Engine.IO packets, most of which hold a Socket.IO packet.

use models::{Client, Refusal, Violation};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::client::MOST_RECEIVED;
use crate::packet::{Kind, Packet, RESERVED_EVENTS};
use crate::{Auth, ErrorBody, Received, ReplyTo, ServerEvent, json};

/// Most digits of an ack: as many as JavaScript counts without a mistake.
const MOST_DIGITS: usize = 16;

/// How often the server pings, and how long it may be late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// From ping to ping, in seconds.
    pub interval: u32,
    /// How long after that a client waits before it gives the connection up, in seconds.
    pub timeout: u32,
}

impl Heartbeat {
    /// From ping to ping by default, in seconds.
    pub const EVERY: u32 = 300;
}

impl Default for Heartbeat {
    /// Every 300 s, which is half of what the gateway allows a silent connection; given up after 420 s
    /// (`docs/decisions/0020`).
    fn default() -> Self {
        Self { interval: Self::EVERY, timeout: 120 }
    }
}

/// What a text of Socket.IO's client is.
pub(crate) fn decode(text: &str) -> Received {
    let packet = text.strip_prefix('4').map(Packet::read);
    if text.len() > MOST_RECEIVED {
        return too_large(packet.flatten());
    }
    match packet {
        Some(Some(packet)) => of_packet(&packet),
        Some(None) => malformed("the message must hold a Socket.IO packet", nobody()),
        None => of_engine_io(text),
    }
}

fn of_engine_io(text: &str) -> Received {
    let mut characters = text.chars();
    match characters.next() {
        Some('1') => Received::Disconnect,
        Some('2') => Received::Ping { pong: format!("3{}", characters.as_str()), reply_to: None },
        Some('3' | '5' | '6') => Received::Nothing,
        Some('b') => malformed("the message must not be binary", nobody()),
        _ => malformed("the message must be an Engine.IO packet", nobody()),
    }
}

fn of_packet(packet: &Packet<'_>) -> Received {
    match (packet.kind, packet.other_namespace) {
        (Kind::Connect, None) => Received::Connect(auth(packet.payload)),
        (Kind::Connect, Some(namespace)) => Received::OtherNamespace(no_namespace(namespace)),
        (Kind::Disconnect, None) if packet.payload.is_empty() => Received::Disconnect,
        (Kind::Disconnect, None) => malformed("a disconnect must hold nothing", nobody()),
        // From a namespace that never was, or of an event for which no ack was asked.
        (Kind::Disconnect, Some(_)) | (Kind::Ack, _) => Received::Nothing,
        (_, Some(_)) => malformed("the namespace must be /", nobody()),
        (Kind::Event, None) => of_event(packet),
        (Kind::BinaryEvent | Kind::BinaryAck, None) => {
            malformed("the message must not be binary", reply_to(packet))
        }
        (Kind::ConnectError, None) => malformed("only servers send this packet", nobody()),
    }
}

fn too_large(packet: Option<Packet<'_>>) -> Received {
    match packet {
        // Its client waits for one of two answers, and an error is neither.
        Some(Packet { kind: Kind::Connect, other_namespace: None, .. }) => {
            Received::Connect(Err(Refusal::BodyTooLarge))
        }
        Some(packet) => Received::refused(Refusal::BodyTooLarge, reply_to(&packet)),
        None => Received::refused(Refusal::BodyTooLarge, nobody()),
    }
}

fn malformed(expected: &str, reply_to: ReplyTo) -> Received {
    Received::refused(Refusal::malformed("", expected), reply_to)
}

/// To no request of its own: an error goes out as an event.
const fn nobody() -> ReplyTo {
    ReplyTo::new(Client::SocketIo, None)
}

/// To whoever waits for a packet's ack. The numbers of another namespace are of other requests, and those of acks are of
/// our own events.
fn reply_to(packet: &Packet<'_>) -> ReplyTo {
    let is_asked = packet.other_namespace.is_none() && matches!(packet.kind, Kind::Event | Kind::BinaryEvent);
    let ack = if is_asked { ack_of(packet).ok().flatten() } else { None };
    ReplyTo::new(Client::SocketIo, ack)
}

fn ack_of(packet: &Packet<'_>) -> Result<Option<String>, Violation> {
    match packet.ack {
        "" => Ok(None),
        ack if ack.len() <= MOST_DIGITS => Ok(Some(ack.to_owned())),
        _ => Err(Violation::new("id", format!("must be a number of at most {MOST_DIGITS} digits"))),
    }
}

fn of_event(packet: &Packet<'_>) -> Received {
    let read = ack_of(packet).map_err(Refusal::Malformed).and_then(|_| arguments(packet.payload));
    match read {
        Ok((name, data)) => Received::of_event(name, || only(&data), reply_to(packet)),
        Err(refusal) => Received::refused(refusal, reply_to(packet)),
    }
}

/// The name of an event, and what it was emitted with.
fn arguments(payload: &str) -> Result<(String, Vec<&RawValue>), Refusal> {
    let list: Vec<&RawValue> = serde_json::from_str(payload).map_err(|error| not_a_list(&error))?;
    let mut arguments = list.into_iter();
    let name = json::event(arguments.next()).map_err(Refusal::Malformed)?;
    if RESERVED_EVENTS.contains(&name.as_str()) {
        return Err(Refusal::malformed("event", "must not be a name that Socket.IO keeps for itself"));
    }
    Ok((name, arguments.collect()))
}

/// The data among an event's arguments: the first. A callback that is `undefined` arrives as one more that is `null`.
/// Anything else was meant to be heeded, and would not be.
fn only(arguments: &[&RawValue]) -> Result<Map<String, Value>, Refusal> {
    let data = json::data(arguments.first().copied())?;
    if arguments.iter().skip(1).any(|argument| argument.get() != "null") {
        return Err(Refusal::malformed("data", "must be the only argument"));
    }
    Ok(data)
}

fn not_a_list(error: &serde_json::Error) -> Refusal {
    let expected = if error.is_data() {
        "the event must be a JSON list".to_owned()
    } else {
        format!("the event must be a JSON list: {error}")
    };
    Refusal::malformed("", expected)
}

/// What CONNECT brings along.
fn auth(payload: &str) -> Result<Auth, Refusal> {
    if payload.is_empty() {
        return Ok(Auth { token: None });
    }
    match json::object("auth", payload)?.remove("token") {
        None | Some(Value::Null) => Ok(Auth { token: None }),
        Some(Value::String(token)) => Ok(Auth { token: Some(token) }),
        Some(_) => Err(Refusal::malformed("auth.token", "must be a string")),
    }
}

/// Engine.IO's first packet. The client of a WebSocket heeds no `maxPayload`; it says what is read, all the same.
pub(crate) fn open(sid: &str, heartbeat: Heartbeat) -> String {
    let milliseconds = |seconds| u64::from(seconds) * 1_000;
    let handshake = json!({
        "sid": sid,
        "upgrades": [],
        "pingInterval": milliseconds(heartbeat.interval),
        "pingTimeout": milliseconds(heartbeat.timeout),
        "maxPayload": MOST_RECEIVED,
    });
    format!("0{handshake}")
}

/// The text that accepts a CONNECT. `sid` is what the client shows as `socket.id`.
pub fn connected(sid: &str) -> String {
    format!("40{}", json!({ "sid": sid }))
}

/// The text that refuses a CONNECT. The client gets the sentence as its error's message and the whole body as its
/// `data`, and does not try again by itself.
pub fn connect_error(error: &ErrorBody<'_>) -> String {
    format!("44{}", json!({ "message": error.message, "data": error }))
}

/// In the words of Socket.IO's own server.
fn no_namespace(namespace: &str) -> String {
    format!("44{namespace},{}", json!({ "message": "Invalid namespace" }))
}

/// What answers a request.
pub(crate) fn ack(ack: &str, data: &impl Serialize) -> String {
    format!("43{ack}[{}]", json::text(data))
}

/// What is told unasked.
pub(crate) fn event(event: ServerEvent, data: &impl Serialize) -> String {
    format!("42[{},{}]", json::text(&event.as_str()), json::text(data))
}
