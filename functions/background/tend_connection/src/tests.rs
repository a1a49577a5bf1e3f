use std::collections::BTreeSet;
use std::time::Duration;

use models::{Client, Room, Standing};
use realtime::Tending;
use serde_json::{Value, json};
use testing::{Connections, Draft, TestTable};

use super::*;

const QUEUE: &str = "ConnectionsQueue";

/// The template's `RECONNECT_GRACE_SECONDS` and `UNATTACHED_TIMEOUT_SECONDS`.
const SEAT_KEPT: Duration = Duration::from_secs(20);
const PLACE_KEPT: Duration = Duration::from_mins(1);

/// What the tests are about, with nothing in it.
struct Parts {
    table: TestTable,
    connections: Connections,
    worker: Worker<Config>,
}

async fn parts() -> Parts {
    let (table, connections) = (TestTable::new().await, Connections::start().await);
    let worker = table.worker_to(&connections, "tend_connection", Config::load).await;
    Parts { table, connections, worker }
}

impl Parts {
    /// Works on one message; says whether it is done, and what comes next with its delay.
    async fn tend(&self, body: &str) -> (bool, Vec<(Value, Duration)>) {
        self.table.send(QUEUE, Draft::new(body));
        let event = self.table.receive(QUEUE);
        let response = handle(&self.worker, serde_json::from_value(event.clone()).expect("an event"))
            .await
            .expect("handled");
        self.table.delete(QUEUE, &event["Records"][0]);
        let next = self.table.messages(QUEUE).into_iter().map(|message| {
            let delay = message.visible_at.since(message.sent_at);
            (serde_json::from_str(&message.body).expect("JSON"), delay)
        });
        (response.batch_item_failures.is_empty(), next.collect())
    }

    async fn look_after(&self, tending: &Tending) -> (bool, Vec<(Value, Duration)>) {
        self.tend(&serde_json::to_string(tending).expect("it serialises")).await
    }

    async fn is_known(&self, id: &str) -> bool {
        let id = id.try_into().expect("an id");
        self.table.store().connection(&id).await.expect("readable").is_some()
    }

    /// Who is away of those who are in this room or wait there, and until when his place is kept, from now.
    async fn away(&self, room: &Room) -> Vec<(String, Duration)> {
        let people = self.table.store().participants(&room.key).await.expect("readable");
        let leases = people.iter().filter_map(|person| {
            Some((person.user.as_str().to_owned(), person.lease?.since(self.table.now())))
        });
        leases.collect()
    }
}

/// What was said to a connection; nothing where it was closed.
fn said(id: &str, text: Option<&str>) -> (String, Option<String>) {
    (id.to_owned(), text.map(str::to_owned))
}

#[tokio::test]
async fn a_new_connection_of_socket_io_is_greeted_and_checked_a_minute_later() {
    let parts = parts().await;
    let connection = parts.table.rooms().connect("one", Client::SocketIo).await.connection;
    let (done, next) = parts.look_after(&Tending::Open(connection)).await;
    assert!(done);
    assert_eq!(next, [(json!({"check": {"id": "one", "client": "socket_io"}}), JOINS_WITHIN)]);
    let heard = parts.connections.heard();
    let [(id, Some(text))] = &heard[..] else { panic!("one text: {heard:?}") };
    let handshake: Value =
        serde_json::from_str(text.strip_prefix('0').expect("Engine.IO's open")).expect("JSON");
    assert_eq!((id.as_str(), &handshake["sid"]), ("one", &json!("one")));
    assert_eq!(handshake["pingInterval"], json!(PINGED_EVERY.as_millis()));
}

#[tokio::test]
async fn one_that_is_gone_before_it_was_greeted_is_forgotten_and_not_checked() {
    let parts = parts().await;
    let connection = parts.table.rooms().connect("one", Client::SocketIo).await.connection;
    parts.connections.lose("one");
    assert_eq!(parts.look_after(&Tending::Open(connection)).await, (true, vec![]));
    assert!(!parts.is_known("one").await);
}

#[tokio::test]
async fn a_connection_by_which_nobody_has_joined_is_closed_in_its_clients_words_and_forgotten() {
    let parts = parts().await;
    for (client, words) in [(Client::Plain, &[None][..]), (Client::SocketIo, &[Some("41"), None])] {
        let connection = parts.table.rooms().connect("one", client).await.connection;
        assert_eq!(parts.look_after(&Tending::Check(connection)).await, (true, vec![]));
        let words: Vec<_> = words.iter().map(|word| said("one", *word)).collect();
        assert_eq!(parts.connections.heard(), words);
        assert!(!parts.is_known("one").await);
        parts.connections.restore("one");
    }
}

#[tokio::test]
async fn a_connection_by_which_somebody_is_in_is_pinged_again_and_again_where_its_client_needs_it() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let room = rooms.by_code(5).await;
    let (packets, plain) =
        (rooms.connect("packets", Client::SocketIo).await, rooms.connect("plain", Client::Plain).await);
    rooms.join_on(&room.key, "ann", &packets).await;
    rooms.join_on(&room.key, "bob", &plain).await;
    let again = json!({"check": {"id": "packets", "client": "socket_io"}});
    let (done, next) = parts.look_after(&Tending::Check(packets.connection)).await;
    assert_eq!((done, next), (true, vec![(again, PINGED_EVERY)]));
    assert_eq!(parts.connections.heard(), [said("packets", Some("2"))]);
}

#[tokio::test]
async fn a_plain_connection_by_which_somebody_is_in_needs_no_more_messages() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let room = rooms.by_code(5).await;
    let plain = rooms.connect("plain", Client::Plain).await;
    rooms.join_on(&room.key, "bob", &plain).await;
    assert_eq!(parts.look_after(&Tending::Check(plain.connection)).await, (true, vec![]));
    assert_eq!(parts.connections.heard(), []);
    assert!(parts.is_known("plain").await);
}

#[tokio::test]
async fn a_ping_that_finds_nobody_is_as_good_as_a_disconnect() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let room = rooms.by_code(5).await;
    let packets = rooms.connect("packets", Client::SocketIo).await;
    rooms.join_on(&room.key, "ann", &packets).await;
    parts.connections.lose("packets");
    assert_eq!(parts.look_after(&Tending::Check(packets.connection.clone())).await, (true, vec![]));
    assert_eq!(parts.away(&room).await, [("ann".to_owned(), SEAT_KEPT)]);
    assert_eq!(rooms.state(&room.key).await.seats, 1, "for so long");
    assert_eq!(parts.look_after(&Tending::Check(packets.connection)).await, (true, vec![]), "and it is over");
}

#[tokio::test]
async fn one_that_was_forgotten_and_not_closed_is_closed_by_the_next_try() {
    let parts = parts().await;
    let connection = parts.table.rooms().connect("one", Client::Plain).await.connection;
    parts.table.store().forget_unused(&connection.id).await.expect("forgotten");
    assert_eq!(parts.look_after(&Tending::Check(connection)).await, (true, vec![]));
    assert_eq!(parts.connections.heard(), [said("one", None)]);
}

#[tokio::test]
async fn a_seat_whose_connection_only_its_record_knows_of_is_found_by_the_sweep() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let room = rooms.by_code(5).await;
    rooms.join_on(&room.key, "ann", &rooms.connect("ann", Client::Plain).await).await;
    // Whoever is behind it now has joined nothing.
    rooms.connect("ann", Client::Plain).await;
    parts.connections.lose("ann");
    assert_eq!(parts.look_after(&Tending::Rooms(vec![room.key.clone()])).await, (true, vec![]));
    assert_eq!(parts.away(&room).await, [("ann".to_owned(), SEAT_KEPT)]);
}

#[tokio::test]
async fn of_the_rooms_that_the_sweep_names_those_whose_connection_is_gone_are_away_and_no_others() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let (one, other, unnamed) = (rooms.by_code(9).await, rooms.by_code(9).await, rooms.by_code(9).await);
    for (id, room, client) in [
        ("ann", &one, Client::Plain),
        ("bob", &one, Client::SocketIo),
        ("cyd", &other, Client::SocketIo),
        ("dan", &unnamed, Client::Plain),
    ] {
        rooms.join_on(&room.key, id, &rooms.connect(id, client).await).await;
    }
    rooms.set(&one.key, |settings| settings.waiting_room = true).await;
    let eve = rooms.join_on(&one.key, "eve", &rooms.connect("eve", Client::Plain).await).await;
    for id in ["ann", "cyd", "dan", "eve"] {
        parts.connections.lose(id);
    }
    let named = Tending::Rooms(vec![one.key.clone(), other.key.clone()]);
    assert_eq!(parts.look_after(&named).await, (true, vec![]));
    let kept = |of: &[(&str, Duration)]| -> BTreeSet<_> {
        of.iter().map(|(user, kept)| ((*user).to_owned(), *kept)).collect()
    };
    let away = async |room: &Room| parts.away(room).await.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(away(&one).await, kept(&[("ann", SEAT_KEPT), ("eve", PLACE_KEPT)]));
    assert_eq!(away(&other).await, kept(&[("cyd", SEAT_KEPT)]));
    assert_eq!(away(&unnamed).await, kept(&[]));
    assert_eq!(parts.connections.heard(), [], "it is asked for, and told nothing");
    let known = [parts.is_known("ann").await, parts.is_known("bob").await, parts.is_known("dan").await];
    assert_eq!(known, [false, true, true]);

    // Once more, and after somebody came back: nothing new.
    parts.table.clock.advance(Duration::from_secs(5));
    rooms.join_on(&other.key, "cyd", &rooms.connect("again", Client::Plain).await).await;
    assert_eq!(parts.look_after(&named).await, (true, vec![]));
    assert_eq!(away(&other).await, kept(&[]));
    let left = SEAT_KEPT.saturating_sub(Duration::from_secs(5));
    assert!(away(&one).await.contains(&("ann".to_owned(), left)), "her time goes on");
    let seen = parts.table.store().look(&one.key, false, Some(&eve.user)).await.expect("readable");
    assert_eq!(seen.participant.map(|person| person.standing), Some(Standing::Waiting));
}

#[tokio::test]
async fn a_room_that_is_over_or_that_nobody_knows_is_no_failure() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "ann").await;
    rooms.end_session(&room.key).await;
    let unknown = "main/nobody-made-it".parse().expect("a room");
    assert_eq!(parts.look_after(&Tending::Rooms(vec![unknown, room.key])).await, (true, vec![]));
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_takes_nobodys_seat() {
    let table = TestTable::new().await;
    let env = table.env_with("tend_connection", &[("CONNECTIONS_ENDPOINT", "http://127.0.0.1:1")]);
    let worker = table.worker_in(env, Config::load).await;
    let parts = Parts { table, connections: Connections::start().await, worker };
    let rooms = parts.table.rooms();
    let room = rooms.by_code(5).await;
    rooms.join_on(&room.key, "ann", &rooms.connect("ann", Client::Plain).await).await;
    assert_eq!(parts.look_after(&Tending::Rooms(vec![room.key.clone()])).await, (true, vec![]));
    assert_eq!(parts.away(&room).await, []);
}

#[tokio::test]
async fn what_cannot_be_read_comes_again_until_it_is_a_dead_letter() {
    let parts = parts().await;
    for body in ["no JSON", "{}", r#"{"check":{"id":""}}"#, r#"{"rooms":["no room"]}"#] {
        let (done, _) = parts.tend(body).await;
        assert!(!done, "{body}");
    }
}
