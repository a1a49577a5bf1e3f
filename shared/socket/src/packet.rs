//! The head of a Socket.IO packet: its type, namespace and ack, before its JSON
//! (<https://github.com/socketio/socket.io-protocol#packet-encoding>).

/// Names that an event must not have, for Socket.IO's libraries have events of their own by them.
pub(crate) const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The namespace that there is.
const MAIN_NAMESPACE: &str = "/";

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
    BinaryEvent,
    BinaryAck,
}

impl Kind {
    fn of(digit: char) -> Option<Self> {
        Some(match digit {
            '0' => Self::Connect,
            '1' => Self::Disconnect,
            '2' => Self::Event,
            '3' => Self::Ack,
            '4' => Self::ConnectError,
            '5' => Self::BinaryEvent,
            '6' => Self::BinaryAck,
            _ => return None,
        })
    }
}

/// A packet in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) kind: Kind,
    /// Other than `/`.
    pub(crate) other_namespace: Option<&'a str>,
    /// The digits by which its sender knows the answer; empty where none is asked for.
    pub(crate) ack: &'a str,
    /// JSON, as yet unread; empty where there is none.
    pub(crate) payload: &'a str,
}

impl<'a> Packet<'a> {
    /// Takes a packet apart: nothing where it has no type that there is.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut characters = text.chars();
        let kind = Kind::of(characters.next()?)?;
        let mut rest = characters.as_str();
        if matches!(kind, Kind::BinaryEvent | Kind::BinaryAck) {
            // How many binary messages follow: none that the gateway lets pass.
            rest = digits(rest).1.strip_prefix('-')?;
        }
        let (namespace, rest) = namespace(rest);
        let (ack, payload) = digits(rest);
        let other_namespace = (namespace != MAIN_NAMESPACE).then_some(namespace);
        Some(Self { kind, other_namespace, ack, payload })
    }
}

/// The namespace that a text begins with, up to a comma or to its end, and what follows.
fn namespace(text: &str) -> (&str, &str) {
    if text.starts_with('/') { text.split_once(',').unwrap_or((text, "")) } else { (MAIN_NAMESPACE, text) }
}

/// The digits that a text begins with, and what follows.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_of_the_protocols_tables_is_taken_apart() {
        let main = |kind, ack, payload| Packet { kind, other_namespace: None, ack, payload };
        let admin =
            |kind, ack, payload| Packet { other_namespace: Some("/admin"), ..main(kind, ack, payload) };
        for (text, packet) in [
            ("0", main(Kind::Connect, "", "")),
            (r#"0{"sid":"a"}"#, main(Kind::Connect, "", r#"{"sid":"a"}"#)),
            ("0/admin,", admin(Kind::Connect, "", "")),
            (r#"0/admin,{"sid":"a"}"#, admin(Kind::Connect, "", r#"{"sid":"a"}"#)),
            (r#"4{"message":"no"}"#, main(Kind::ConnectError, "", r#"{"message":"no"}"#)),
            (r#"2["foo"]"#, main(Kind::Event, "", r#"["foo"]"#)),
            (r#"2/admin,["bar"]"#, admin(Kind::Event, "", r#"["bar"]"#)),
            (r#"212["foo"]"#, main(Kind::Event, "12", r#"["foo"]"#)),
            (r#"2/admin,13["foo"]"#, admin(Kind::Event, "13", r#"["foo"]"#)),
            ("312[]", main(Kind::Ack, "12", "[]")),
            (r#"3/admin,13["bar"]"#, admin(Kind::Ack, "13", r#"["bar"]"#)),
            (r#"51-["baz",1]"#, main(Kind::BinaryEvent, "", r#"["baz",1]"#)),
            (r#"52-/admin,["baz",1]"#, admin(Kind::BinaryEvent, "", r#"["baz",1]"#)),
            (r#"51-14["foo",1]"#, main(Kind::BinaryEvent, "14", r#"["foo",1]"#)),
            (r#"61-15["bar",1]"#, main(Kind::BinaryAck, "15", r#"["bar",1]"#)),
            ("1", main(Kind::Disconnect, "", "")),
            ("1/admin,", admin(Kind::Disconnect, "", "")),
        ] {
            assert_eq!(Packet::read(text), Some(packet), "{text}");
        }
    }

    #[test]
    fn a_namespace_ends_with_a_comma_or_with_the_packet() {
        assert_eq!(Packet::read("0/a?b=c").and_then(|packet| packet.other_namespace), Some("/a?b=c"));
        assert_eq!(
            Packet::read("0/,7[]").map(|packet| (packet.other_namespace, packet.ack)),
            Some((None, "7"))
        );
    }

    #[test]
    fn what_has_no_type_or_no_end_of_its_count_is_no_packet() {
        for text in ["", "7", "x", "ü", "٣[]", "5", "51", "51[]"] {
            assert_eq!(Packet::read(text), None, "{text}");
        }
    }
}
