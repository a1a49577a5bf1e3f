//! A whole local stack with a client, for tests over HTTP.

use std::sync::Arc;

use local::console::Console;
use local::{Options, Stack, secrets, stack};
use models::{SystemClock, SystemRandom};
use serde_json::Value;
use store::{Connection, Store};

use crate::{API_KEY, API_SECRET, Client, Socket, history};

/// A running stack.
pub struct Server {
    /// The stack.
    pub stack: Stack,
    /// What the functions and the gateway have said.
    pub console: Console,
    client: Client,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body: `null` when there is none.
    pub body: Value,
}

impl Server {
    /// Starts a stack on free ports, with the options that `choose` changes.
    pub async fn start(choose: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::on_free_ports();
        options.template = Some(crate::root().join("template.yaml"));
        choose(&mut options);
        let console = Console::memory();
        let stack = Stack::start(&options, &console).await.expect("the stack starts");
        Self { stack, console, client: Client::new() }
    }

    /// Ends it. Whatever a function did with the refusal: nothing that it asked was beyond its policies.
    pub async fn stop(self) {
        let denied = self.stack.permissions.denied();
        self.stack.stop().await;
        assert_eq!(denied, [""; 0]);
    }

    /// A request; `headers` are names and values.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answered {
        let url = format!("{}{target}", self.stack.addresses.http);
        let (head, body) = self.client.send(method, &url, headers, body).await.into_parts();
        let (status, headers) = (head.status.as_u16(), head.headers);
        let body =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("a JSON body") };
        Answered { status, headers, body }
    }

    /// A signed call of the server API.
    pub async fn signed(&self, path: &str, body: &Value) -> Answered {
        self.signed_by((API_KEY, API_SECRET), path, &[], body).await
    }

    /// A call of the server API that a key and its secret signed, with more headers.
    pub async fn signed_by(
        &self,
        (key, secret): (&str, &str),
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answered {
        let body = body.to_string().into_bytes();
        let signature = secrets::sign(secret.as_bytes(), &body);
        let headers: Vec<_> = [("api-key", key), ("hash-signature", &signature)]
            .into_iter()
            .chain(headers.iter().copied())
            .collect();
        self.send("POST", path, &headers, body).await
    }

    /// A WebSocket, with a token if there is one.
    pub async fn socket(&self, token: Option<&str>) -> Socket {
        let query = token.map(|token| format!("?token={token}")).unwrap_or_default();
        Socket::connect(&self.stack.addresses.ws, &query).await
    }

    /// A room by code of `host`, with these fields of `POST /rooms`: its id and its code.
    pub async fn room_by_code(&self, host: &str, fields: &Value) -> (String, String) {
        let token = self.user_token(host, host);
        let made = self.call("POST", "/rooms", Some(&token), Some(fields)).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        let text = |name: &str| made.body[name].as_str().expect("a text").to_owned();
        (text("id"), text("code"))
    }

    /// The stack's table, past everything that is in front of it.
    pub fn store(&self) -> Store {
        let connection = Connection {
            table: self.stack.template.tables[0].name.clone(),
            region: stack::REGION.to_owned(),
            endpoint: Some(self.stack.addresses.dynamodb.clone()),
            credentials: secrets::aws_credentials(),
        };
        Store::connect(connection, Arc::new(SystemClock), Arc::new(SystemRandom))
    }

    /// The ids of the connections that the table knows.
    pub async fn connections(&self) -> Vec<String> {
        let items = self.items().await;
        let keys = items.iter().filter_map(|item| item["pk"]["S"].as_str()?.strip_prefix("CONNECTION#"));
        keys.map(str::to_owned).collect()
    }

    /// Puts a message on the queue that the template knows by this name.
    pub async fn enqueue(&self, queue: &str, message: &Value) {
        let url = format!("{}/{}/local-{queue}", self.stack.addresses.sqs, stack::ACCOUNT_ID);
        self.ask_sqs("SendMessage", serde_json::json!({"QueueUrl": url, "MessageBody": message.to_string()}))
            .await;
    }

    /// Every item of the stack's table, in DynamoDB's JSON.
    pub async fn items(&self) -> Vec<Value> {
        history::all_items(&self.stack.addresses.dynamodb, &self.stack.template.tables[0].name).await
    }

    /// An item of the stack's table, in DynamoDB's JSON; `null` when there is none.
    pub async fn item(&self, pk: &str, sk: &str) -> Value {
        history::item(&self.stack.addresses.dynamodb, &self.stack.template.tables[0].name, (pk, sk)).await
    }

    /// Every change so far of an item of the stack's table.
    pub async fn history(&self, pk: &str, sk: &str) -> Vec<history::Step> {
        history::of_item(&self.stack.addresses.dynamodb, &self.stack.template.tables[0].name, pk, sk).await
    }

    /// Gives an item of the stack's table other numbers: so a test moves the times of a session, for the functions' clock
    /// is the machine's.
    pub async fn change(&self, pk: &str, sk: &str, numbers: &[(&str, i64)]) {
        let table = &self.stack.template.tables[0].name;
        history::change(&self.stack.addresses.dynamodb, table, (pk, sk), numbers).await;
    }

    /// Puts an item into the stack's table, in place of whatever has its key.
    pub async fn put(&self, item: &Value) {
        history::put(&self.stack.addresses.dynamodb, &self.stack.template.tables[0].name, item).await;
    }

    /// Asks DynamoDB Streams what an operator asks with the AWS CLI.
    pub async fn ask_streams(&self, operation: &str, body: Value) -> Value {
        let endpoint = &self.stack.addresses.dynamodb;
        history::ask(endpoint, "DynamoDBStreams_20120810", operation, body).await
    }

    /// Asks SQS in the same way.
    pub async fn ask_sqs(&self, operation: &str, body: Value) -> Value {
        history::ask(&self.stack.addresses.sqs, "AmazonSQS", operation, body).await
    }

    /// A call of the other APIs, with a token if there is one.
    pub async fn call(
        &self,
        method: &str,
        target: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answered {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.send(method, target, &headers, body).await
    }

    /// A JWT of a user.
    pub fn user_token(&self, sub: &str, name: &str) -> String {
        secrets::user_token(&self.stack.template, sub, Some(name))
    }

    /// Opens a room of the server API; unlimited when `seats` is none.
    pub async fn create_room(&self, room_id: &str, seats: Option<u32>) -> Answered {
        let mut body = serde_json::json!({
            "room_id": room_id,
            "metadata": {"room_title": room_id, "room_features": {}},
        });
        if let Some(seats) = seats {
            body["max_participants"] = seats.into();
        }
        self.signed("/auth/room/create", &body).await
    }

    /// A join token.
    pub async fn mint(&self, room_id: &str, user_id: &str) -> String {
        let user = serde_json::json!({"user_id": user_id, "name": user_id});
        let body = serde_json::json!({"room_id": room_id, "user_info": user});
        let answered = self.signed("/auth/room/getJoinToken", &body).await;
        answered.body["token"].as_str().unwrap_or_else(|| panic!("no token: {:?}", answered.body)).to_owned()
    }

    /// Trades a join token.
    pub async fn redeem(&self, token: &str) -> Answered {
        self.call("POST", "/api/joinRoom", Some(token), None).await
    }
}
