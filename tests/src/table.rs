//! The template's table on an embedded DynamoDB of its own, its queues, and what a handler needs to run on them.

use std::sync::Arc;

use api::{App, ConfigError, Dialect, Env, Parts, Worker};
use local::console::Console;
use local::database::{self, Embedded};
use local::permissions::{self, Parameters, Permissions};
use local::queues::{self, Draft, Message, QueueId, Queues};
use local::template::Template;
use local::{Addresses, Options, secrets, simulate, sources, stack};
use models::{
    ApiKeyId, FixedClock, Random, RoomKey, SeededRandom, SystemClock, SystemRandom, Tenant, Timestamp, UserId,
};
use serde_json::{Value, json};
use store::{ApiKey, Connection, Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::between::{Asked, Between, Verdict};
use crate::connections::Connections;
use crate::rooms::Rooms;
use crate::{API_KEY, API_SECRET, OTHER_API_KEY, OTHER_API_SECRET, history};

/// When tests begin, by a clock that stands still.
const BEGINNING: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A table for one test, with the API keys of two tenants. It ends when it is dropped.
pub struct TestTable {
    /// The clock of a table made by [`TestTable::new`]; it stands still until a test moves it.
    pub clock: Arc<FixedClock>,
    /// The template, as the local stack reads it.
    pub template: Template,
    parts: Parts,
    endpoint: String,
    /// What functions meet before it, who have their policies.
    gate: String,
    permissions: Arc<Permissions>,
    /// The DynamoDB behind the simulation, or the same.
    inner: String,
    queues: Arc<Queues>,
    /// Where the queues answer.
    sqs: String,
    _embedded: Embedded,
    _servers: JoinSet<()>,
}

impl TestTable {
    /// A table with a clock that stands still and randomness that repeats.
    pub async fn new() -> Self {
        let clock = Arc::new(FixedClock::new(BEGINNING));
        let parts = Parts { clock: clock.clone(), random: Arc::new(SeededRandom::new(1)) };
        Self::start(clock, parts, None).await
    }

    /// A table that behaves as the one at AWS does under load, with the machine's clock.
    pub async fn simulated(profile: simulate::Profile, seed: u64) -> Self {
        Self::start(Arc::new(FixedClock::new(BEGINNING)), Self::real_parts(), Some((profile, seed))).await
    }

    /// A table with the machine's clock and randomness, for tests that race.
    pub async fn with_real_time() -> Self {
        Self::start(Arc::new(FixedClock::new(BEGINNING)), Self::real_parts(), None).await
    }

    fn real_parts() -> Parts {
        Parts { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }

    async fn start(
        clock: Arc<FixedClock>,
        parts: Parts,
        simulated: Option<(simulate::Profile, u64)>,
    ) -> Self {
        // Nothing listens there: it is what those who join are told.
        let addresses = Addresses { ws: "ws://127.0.0.1:3001".to_owned(), ..Addresses::default() };
        let path = crate::root().join("template.yaml");
        let template = stack::load_at(&path, &Options::on_free_ports(), &addresses);
        let template = template.expect("the template is understood");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let inner = format!("http://{}", listener.local_addr().expect("bound"));
        let embedded = Embedded::start(listener, None).expect("a database");
        let client = database::client(&inner, stack::REGION);
        database::create_tables(&client, &template.tables).await.expect("tables");
        let mut servers = JoinSet::new();
        let endpoint = match simulated {
            None => inner.clone(),
            Some((profile, seed)) => {
                let front = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let address = format!("http://{}", front.local_addr().expect("bound"));
                let upstream = inner.parse().expect("an address");
                servers.spawn(async move {
                    simulate::serve(front, upstream, profile, seed).await.expect("the simulation runs");
                });
                address
            }
        };
        let permissions = Arc::new(Permissions::of(&template, Console::memory()));
        let front = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let gate = format!("http://{}", front.local_addr().expect("bound"));
        let (behind, guard) = (endpoint.parse().expect("an address"), Arc::clone(&permissions));
        servers.spawn(async move {
            permissions::serve(front, behind, guard, Parameters::new()).await.expect("the gate stands");
        });
        let sqs = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let sqs_endpoint = format!("http://{}", sqs.local_addr().expect("bound"));
        let queues = Queues::open(&template.queues, None, parts.clock.clone(), Console::memory());
        let queues = Arc::new(queues.expect("opened"));
        servers.spawn(queues::protocol::serve(sqs, Arc::clone(&queues), Arc::clone(&permissions)));
        let table = Self {
            clock,
            template,
            parts,
            endpoint,
            gate,
            inner,
            permissions,
            queues,
            sqs: sqs_endpoint,
            _embedded: embedded,
            _servers: servers,
        };
        let store = table.calm_store();
        for (id, secret, tenant) in
            [(API_KEY, API_SECRET, "main"), (OTHER_API_KEY, OTHER_API_SECRET, "other")]
        {
            let tenant = Tenant::try_from(tenant).expect("a tenant");
            let key = ApiKey::new(tenant, secret.to_owned(), BEGINNING);
            let id = ApiKeyId::try_from(id).expect("an id");
            store.put_api_key(&id, &key, true).await.expect("stored");
        }
        table
    }

    /// The store, by the table's own clock and randomness.
    pub fn store(&self) -> Store {
        self.store_at(&self.endpoint)
    }

    /// The store without the simulation, to look at what has become of things.
    pub fn calm_store(&self) -> Store {
        self.store_at(&self.inner)
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Every change so far of the state of a room.
    pub async fn history(&self, room: &RoomKey) -> Vec<history::Step> {
        let table = &self.template.tables[0].name;
        history::of_item(&self.inner, table, &format!("ROOM#{room}"), "STATE").await
    }

    /// Every change so far of somebody in a room.
    pub async fn history_of(&self, room: &RoomKey, user: &UserId) -> Vec<history::Step> {
        let table = &self.template.tables[0].name;
        history::of_item(&self.inner, table, &format!("ROOM#{room}"), &format!("PARTICIPANT#{user}")).await
    }

    /// Every item that is stored, in DynamoDB's JSON: two of these are equal when nothing was written in between.
    pub async fn items(&self) -> Vec<Value> {
        history::all_items(&self.inner, &self.template.tables[0].name).await
    }

    /// Every record so far of the table's stream, as Lambda passes it on, before any filter.
    pub async fn records(&self) -> Vec<Value> {
        history::records(&self.inner, &self.template.tables[0].name).await
    }

    /// The messages on the queue of this logical id, in their order.
    pub fn messages(&self, logical_id: &str) -> Vec<Message> {
        self.queues.messages(self.queue(logical_id))
    }

    /// The bodies of the messages on the queue of this logical id, in their order.
    pub fn queued(&self, logical_id: &str) -> Vec<Value> {
        let messages = self.messages(logical_id).into_iter();
        messages.map(|message| serde_json::from_str(&message.body).expect("JSON")).collect()
    }

    /// Puts a message on the queue of this logical id.
    pub fn send(&self, logical_id: &str, draft: Draft) {
        self.queues.send(self.queue(logical_id), draft).expect("sent");
    }

    /// Receives what can be received on the queue of this logical id, up to ten messages: the event that Lambda makes of
    /// it.
    pub fn receive(&self, logical_id: &str) -> Value {
        let queue = self.queue(logical_id);
        let received = self.queues.receive(queue, 10, None).expect("a queue");
        let settings = self.queues.settings(queue);
        let records: Vec<_> =
            received.iter().map(|received| sources::queue_record(settings, received)).collect();
        json!({ "Records": records })
    }

    /// Deletes a message of such an event, as Lambda does when the function is done with it.
    pub fn delete(&self, logical_id: &str, record: &Value) {
        let receipt = record["receiptHandle"].as_str().expect("a handle");
        self.queues.delete(self.queue(logical_id), receipt).expect("deleted");
    }

    fn queue(&self, logical_id: &str) -> QueueId {
        self.queues.find(|queue| queue.logical_id == logical_id).expect("the template has the queue")
    }

    /// What stands between a function and the table and queues from now on, and does with its calls what `judge` says.
    pub fn between(&self, judge: impl FnMut(&Asked) -> Verdict + Send + 'static) -> Between {
        Between::start(&self.gate, &self.sqs, judge)
    }

    /// Makes rooms and lets people in, by the table's store.
    pub fn rooms(&self) -> Rooms {
        Rooms::new(self.store(), self.parts.random.clone(), &self.signing_secret())
    }

    /// What session tokens are signed with.
    fn signing_secret(&self) -> String {
        let secret = self.template.functions.iter().find_map(|known| known.environment.get("SIGNING_SECRET"));
        secret.expect("a function of the template has it").clone()
    }

    fn store_at(&self, endpoint: &str) -> Store {
        let connection = Connection {
            table: self.template.tables[0].name.clone(),
            region: stack::REGION.to_owned(),
            endpoint: Some(endpoint.to_owned()),
            credentials: secrets::aws_credentials(),
        };
        Store::connect(connection, self.parts.clock.clone(), self.parts.random.clone())
    }

    /// The present time, by the table's clock.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The table's clock and randomness.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Randomness, of the table's kind.
    pub fn random(&self) -> &dyn Random {
        &*self.parts.random
    }

    /// The environment that the template gives the function whose binary has this name.
    pub fn env(&self, function: &str) -> Env {
        self.env_with(function, &[])
    }

    /// The same with these variables instead.
    pub fn env_with(&self, function: &str, variables: &[(&str, &str)]) -> Env {
        let known = self.template.functions.iter().find(|known| known.binary == function);
        let known = known.expect("the template has the function");
        let (given, id) = (known.environment.clone(), permissions::access_key_id(known));
        let own = [
            ("AWS_REGION", stack::REGION),
            ("AWS_ACCESS_KEY_ID", &id),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.gate),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs),
        ];
        let others =
            own.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Env::new(given.into_iter().chain(others))
    }

    /// The function's dependencies, configured by the template.
    pub async fn app<C, L>(&self, function: &str, dialect: Dialect, load: L) -> App<C>
    where
        L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    {
        let env = self.env(function);
        let config = load(&env).await.expect("the template gives all that the function reads");
        App::new(&env, dialect, self.parts.clone(), config).expect("the template names the table")
    }

    /// The dependencies of a function that is not behind HTTP, configured by the template.
    pub async fn worker<C, L>(&self, function: &str, load: L) -> Worker<C>
    where
        L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    {
        self.worker_in(self.env(function), load).await
    }

    /// The same that tells these connections.
    pub async fn worker_to<C, L>(&self, connections: &Connections, function: &str, load: L) -> Worker<C>
    where
        L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    {
        let endpoint = connections.endpoint();
        self.worker_in(self.env_with(function, &[("CONNECTIONS_ENDPOINT", &endpoint)]), load).await
    }

    /// The same in another environment.
    pub async fn worker_in<C, L>(&self, env: Env, load: L) -> Worker<C>
    where
        L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    {
        let config = load(&env).await.expect("the template gives all that the function reads");
        Worker::new(&env, self.parts.clone(), config).expect("the template names the table")
    }

    /// A JWT of a user, as the template's stack accepts it.
    pub fn user_token(&self, sub: &str, name: &str) -> String {
        secrets::user_token_at(&self.template, sub, Some(name), self.now())
    }

    /// The same, but signed with another secret.
    pub fn foreign_user_token(&self, sub: &str) -> String {
        let mut template = self.template.clone();
        template.parameters.insert("UserJwtSecret".to_owned(), "a-secret-of-somebody-else".to_owned());
        secrets::user_token_at(&template, sub, None, self.now())
    }
}

/// Whatever a function did with the refusal: nothing may be beyond its policies.
impl Drop for TestTable {
    fn drop(&mut self) {
        let denied = self.permissions.denied();
        assert!(denied.is_empty() || std::thread::panicking(), "{denied:#?}");
    }
}
