//! Stacks, and rooms with people in them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use models::Client as Kind;
use serde_json::{Value, json};
use testing::Server;

use super::client::{Client, Message};

/// Tokens that are asked for at a time.
const AT_A_TIME: usize = 8;

/// A stack in this process, with the functions as they are here, or optimised.
pub(super) async fn stack(release: bool) -> Server {
    Server::start(|options| options.release = release).await
}

/// Somebody who has joined.
pub(super) struct Person {
    pub(super) client: Client,
    /// His participant's id.
    pub(super) id: String,
    /// What he was answered.
    pub(super) answer: Message,
}

impl Person {
    /// Joins by a connection.
    pub(super) async fn join(client: Client, data: &Value) -> Self {
        let answer = client.ask("join-room", data).await;
        let id = answer.read::<Value>()["id"].as_str().expect("an id").to_owned();
        Self { client, id, answer }
    }
}

/// A room of the server API without a limit of seats, and a join token for each of `people`.
pub(super) async fn open(server: &Server, room: &str, people: usize) -> Vec<String> {
    let created = server.create_room(room, None).await;
    assert_eq!(created.body["status"], true, "{room} is created");
    let mut tokens = vec![];
    let users: Vec<_> = (0..people).map(|number| format!("user-{number}")).collect();
    for some in users.chunks(AT_A_TIME) {
        tokens.extend(join_all(some.iter().map(|user| server.mint(room, user))).await);
    }
    tokens
}

/// All whom these tokens are for connect and join; they begin evenly spread over this time.
pub(super) async fn enter(server: &Server, kind: Kind, tokens: &[String], within: Duration) -> Vec<Person> {
    let pause = within / u32::try_from(tokens.len()).unwrap_or(u32::MAX).max(1);
    let begun = Instant::now();
    let coming = (0_u32..).zip(tokens).map(async |(number, token)| {
        tokio::time::sleep_until((begun + pause * number).into()).await;
        let client = Client::connect(server, kind, Some(token)).await;
        Person::join(client, &json!({})).await
    });
    join_all(coming).await
}
