//! Tests of the simulation. None of them measures time: clocks come in as values, and calls overlap because an
//! upstream holds them, not because a moment was hit.

mod batches;
mod capacity;
mod conflicts;
mod draws;
mod fault_injection;
mod ledger;
mod shapes;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TransactWriteItem, Update,
};
use aws_sdk_dynamodb::{Client, Config};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use super::{Profile, serve};

const TABLE: &str = "rooms";
const SEED: u64 = 7;

/// The address of a new simulation in front of `upstream`.
async fn simulation(upstream: &str, profile: Profile, seed: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let upstream = upstream.parse().unwrap();
    tokio::spawn(serve(listener, upstream, profile, seed));
    address
}

/// The address of a new embedded database with the table, its keys `pk` and `sk`.
async fn database() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let mut create =
        client(&address).create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    for (name, key_type) in [("sk", KeyType::Range), ("pk", KeyType::Hash)] {
        let string = AttributeDefinition::builder().attribute_name(name);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(key_type);
        create = create
            .attribute_definitions(string.attribute_type(ScalarAttributeType::S).build().unwrap())
            .key_schema(key.build().unwrap());
    }
    // The database wants the partition key first.
    let schema = create.get_key_schema().clone().map(|schema| schema.into_iter().rev().collect());
    create.set_key_schema(schema).send().await.unwrap();
    address
}

/// A client that shows each answer as it came, without retries of its own.
fn client(address: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::from_keys("local", "local", None))
        .endpoint_url(address)
        .retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn key(item: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(item)), ("sk".to_owned(), text("STATE"))])
}

/// Adds 1 to the `count` of an item.
fn increment(item: &str) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(TABLE)
        .set_key(Some(key(item)))
        .update_expression("ADD #count :one")
        .expression_attribute_names("#count", "count")
        .expression_attribute_values(":one", AttributeValue::N("1".into()));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

async fn count(client: &Client, item: &str) -> usize {
    let got = client.get_item().table_name(TABLE).set_key(Some(key(item))).send().await.unwrap();
    got.item().map_or(0, |item| item["count"].as_n().unwrap().parse().unwrap())
}

/// A database that holds each call on items until it is let go, and then gives the same answer to all.
struct Gate {
    address: String,
    arrivals: mpsc::UnboundedReceiver<String>,
    held: Arc<Holding>,
}

struct Holding {
    arrived: mpsc::UnboundedSender<String>,
    open: Semaphore,
    answer: Value,
    bodies: Mutex<Vec<Value>>,
}

impl Gate {
    async fn start() -> Self {
        Self::answering(json!({})).await
    }

    async fn answering(answer: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let held = Arc::new(Holding { arrived, open: Semaphore::new(0), answer, bodies: Mutex::default() });
        let gate = Self { address, arrivals, held: Arc::clone(&held) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let held = Arc::clone(&held);
                let service = service_fn(move |request| hold(request, Arc::clone(&held)));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        gate
    }

    /// The operation of the next call that has reached the database and is held there.
    async fn arrival(&mut self) -> String {
        self.arrivals.recv().await.unwrap()
    }

    /// Lets `calls` calls go on, those held already first.
    fn let_go(&self, calls: usize) {
        self.held.open.add_permits(calls);
    }

    /// The bodies of the calls on items that have reached the database.
    fn bodies(&self) -> Vec<Value> {
        self.held.bodies.lock().unwrap().clone()
    }
}

async fn hold(request: Request<Incoming>, held: Arc<Holding>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    let operation = target.strip_prefix("DynamoDB_20120810.").unwrap().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let answer = if operation == "DescribeTable" {
        let key = |name, kind| json!({"AttributeName": name, "KeyType": kind});
        json!({"Table": {"KeySchema": [key("pk", "HASH"), key("sk", "RANGE")]}})
    } else {
        held.bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        held.arrived.send(operation).unwrap();
        held.open.acquire().await.unwrap().forget();
        held.answer.clone()
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0".parse().unwrap());
    Ok(response)
}
