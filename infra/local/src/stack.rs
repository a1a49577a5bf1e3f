//! A whole stack: database, functions and gateway, from start to stop.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use models::{ApiKeyId, SystemClock, SystemRandom};
use store::{Connection, Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::binaries::{self, BuildError};
use crate::console::Console;
use crate::database::{self, DatabaseError, Embedded};
use crate::endpoint::{self, Endpoint};
use crate::gateway::Gateway;
use crate::options::Options;
use crate::permissions::Permissions;
use crate::queues::{self, Queues, StoreError};
use crate::runtime::{Functions, InvokeError, Invoked, Settings};
use crate::secrets;
use crate::sources::{self, Sources, StreamError};
use crate::template::{self, Surroundings, Template, TemplateError};
use crate::websocket::{Limits, WebSockets};

/// The region of a stack on this machine.
pub const REGION: &str = "us-east-1";
/// Its account.
pub const ACCOUNT_ID: &str = "000000000000";
/// The name of the CloudFormation stack.
const STACK_NAME: &str = "local";
/// The id of its HTTP API.
pub(crate) const HTTP_API_ID: &str = "local";

/// Parameters that have another default here than at AWS, where the template knows them.
const LOCAL_PARAMETERS: [(&str, &str); 3] = [
    ("UserJwtSecret", secrets::USER_JWT_SECRET),
    ("WebhookAllowPrivateNetworks", "true"),
    ("DeletionProtection", "false"),
];

/// Why a stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be had.
    #[error("{option} {port}: {source}")]
    Port {
        /// The option that chose it.
        option: &'static str,
        /// The port.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// An option has a value that cannot be.
    #[error("{0}: {1}")]
    Option(&'static str, String),
    /// The template is not there, or not understood.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// There is no template.
    #[error("there is no template.yaml in {} or above", .0.display())]
    NoTemplate(PathBuf),
    /// The functions' binaries could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// What is in the queues could not be read.
    #[error("cannot open the queues: {0}")]
    Queues(#[from] StoreError),
    /// The stream of a table cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The API key could not be stored.
    #[error("cannot store the API key: {0}")]
    ApiKey(String),
    /// The operating system gave no socket.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// Where a stack can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The HTTP API.
    pub http: String,
    /// The WebSocket API.
    pub ws: String,
    /// The DynamoDB that the functions use, with the simulation if there is one.
    pub dynamodb: String,
    /// SQS.
    pub sqs: String,
}

/// A running stack. Dropping it ends it without waiting; [`Stack::stop`] waits.
pub struct Stack {
    /// Where it can be reached.
    pub addresses: Addresses,
    /// What it was made of.
    pub template: Template,
    /// What its functions may do, and what they have done of it.
    pub permissions: Arc<Permissions>,
    functions: Arc<Functions>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) sources: Sources,
    embedded: Option<Embedded>,
    websockets: WebSockets,
    /// What calls functions.
    front: JoinSet<()>,
    /// What functions call.
    back: JoinSet<()>,
}

impl Stack {
    /// Builds what is missing and starts everything.
    pub async fn start(options: &Options, console: &Console) -> Result<Self, StartError> {
        let http = listen("--http-port", options.http_port).await?;
        let ws = listen("--ws-port", options.ws_port).await?;
        let dynamodb = if options.serves_dynamodb() {
            Some(listen("--dynamodb-port", options.dynamodb_port).await?)
        } else {
            None
        };
        let sqs = TcpListener::bind("127.0.0.1:0").await?;
        let mut addresses = Addresses {
            http: format!("http://{}", http.local_addr()?),
            ws: format!("ws://{}", ws.local_addr()?),
            dynamodb: String::new(),
            sqs: format!("http://{}", sqs.local_addr()?),
        };
        let path = template_path(options)?;
        let template = load_at(&path, options, &addresses)?;
        let root = path.parent().filter(|root| !root.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let names = template.functions.iter().map(|function| function.binary.as_str());
        let binaries = binaries::build(root, names, options.release).await?;

        if options.tick.is_some() && template.functions.iter().all(|function| function.schedules.is_empty()) {
            console.notice("local", "--tick has no effect: the template schedules no function");
        }
        let (mut front, mut back) = (JoinSet::new(), JoinSet::new());
        let permissions = Arc::new(Permissions::of(&template, console.clone()));
        let parameters = [(api_secret_name(options), options.api_secret.text().to_owned())].into();
        let guard = (Arc::clone(&permissions), parameters);
        let (embedded, endpoint) = endpoint::start(options, dynamodb, guard, &mut back).await?;
        addresses.dynamodb.clone_from(&endpoint.public);
        prepare(options, &template, &endpoint).await?;
        let data = options.data_dir.as_deref();
        let queues = Queues::open(&template.queues, data, Arc::new(SystemClock), console.clone())?;
        let queues = Arc::new(queues);
        back.spawn(queues::protocol::serve(sqs, Arc::clone(&queues), Arc::clone(&permissions)));

        let settings = Settings {
            binaries,
            environment: environment(&endpoint, &addresses.sqs),
            most_processes: options.processes.into(),
            has_roles: endpoint.is_guarded,
        };
        let functions = Arc::new(Functions::start(&template.functions, &settings, console).await?);
        let sources = Sources::start(sources::Surroundings {
            template: &template,
            functions: Arc::<Functions>::clone(&functions),
            queues: Arc::clone(&queues),
            dynamodb: (&endpoint.inner, &endpoint.region),
            directory: data,
            most_calls: options.processes.into(),
            tick: options.tick,
            clock: Arc::new(SystemClock),
            console: console.clone(),
        })
        .await?;
        let domain = http.local_addr()?.to_string();
        let gateway = Gateway::new(domain, &template, Arc::clone(&functions), console.clone());
        front.spawn(gateway.serve(http));
        let invoke = Arc::<Functions>::clone(&functions);
        let websockets = WebSockets::start(
            ws,
            &template,
            (invoke, Arc::clone(&permissions)),
            Limits::default(),
            console.clone(),
        )?;
        Ok(Self {
            addresses,
            template,
            permissions,
            functions,
            queues,
            sources,
            embedded,
            websockets,
            front,
            back,
        })
    }

    /// The ids of the functions' processes that run at the moment, by the name of their binary.
    pub fn processes(&self) -> Vec<(String, u32)> {
        self.functions.processes()
    }

    /// Calls the function whose binary has this name with an event, whatever it is.
    pub async fn invoke(&self, binary: &str, event: Bytes) -> Result<Invoked, InvokeError> {
        let function = self.template.functions.iter().find(|function| function.binary == binary);
        let id = function.map_or(binary, |function| &function.logical_id);
        self.functions.invoke(id, event).await
    }

    /// Ends everything, and waits until it has ended: no process is left.
    pub async fn stop(mut self) {
        self.front.shutdown().await;
        tokio::join!(self.websockets.stop(), self.sources.stop());
        self.functions.stop().await;
        self.back.shutdown().await;
        if let Some(embedded) = self.embedded.take() {
            embedded.stop().await;
        }
    }
}

async fn listen(option: &'static str, port: u16) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(("127.0.0.1", port)).await;
    bound.map_err(|source| StartError::Port { option, port, source })
}

/// The template that is named, or the nearest one from here upwards.
pub fn template_path(options: &Options) -> Result<PathBuf, StartError> {
    if let Some(path) = &options.template {
        return Ok(path.clone());
    }
    let here = std::env::current_dir()?;
    let found = here.ancestors().map(|folder| folder.join("template.yaml")).find(|path| path.is_file());
    found.ok_or(StartError::NoTemplate(here))
}

/// Reads the template with the parameters and variables that the options override.
pub fn load(path: &Path, options: &Options, http_url: &str) -> Result<Template, StartError> {
    load_at(path, options, &Addresses { http: http_url.to_owned(), ..Addresses::default() })
}

/// The same, where everything has an address.
pub fn load_at(path: &Path, options: &Options, addresses: &Addresses) -> Result<Template, StartError> {
    let surroundings = Surroundings {
        region: REGION.to_owned(),
        account_id: ACCOUNT_ID.to_owned(),
        stack_name: STACK_NAME.to_owned(),
        http_url: addresses.http.clone(),
        ws_url: addresses.ws.clone(),
        sqs_url: addresses.sqs.clone(),
    };
    let declared = template::declared_parameters(path)?;
    let is_declared = |name: &str| declared.contains(name);
    let mut parameters: BTreeMap<_, _> = LOCAL_PARAMETERS
        .into_iter()
        .filter(|(name, _)| is_declared(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let (given, variables): (Vec<_>, Vec<_>) =
        options.overrides.iter().cloned().partition(|(name, _)| is_declared(name));
    parameters.extend(given);
    let mut template = template::load(path, &parameters, &surroundings)?;
    for (name, value) in variables {
        override_variable(&mut template, &name, &value)?;
    }
    for function in &mut template.functions {
        for value in function.environment.values_mut() {
            *value = secrets::local_value(value);
        }
    }
    Ok(template)
}

/// Sets a variable of the functions that have it; one that none has is given to all.
fn override_variable(template: &mut Template, name: &str, value: &str) -> Result<(), StartError> {
    if !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
        let text = format!("{name} is neither a parameter of the template nor the name of a variable");
        return Err(StartError::Option("--env", text));
    }
    let known = template.functions.iter().any(|function| function.environment.contains_key(name));
    for function in &mut template.functions {
        if !known || function.environment.contains_key(name) {
            function.environment.insert(name.to_owned(), value.to_owned());
        }
    }
    Ok(())
}

/// The name of the SSM parameter that holds the secret of the stack's API key.
fn api_secret_name(options: &Options) -> String {
    format!("/vestibule/{STACK_NAME}/api-keys/{}", options.api_key)
}

/// Makes the tables, and the API key.
async fn prepare(options: &Options, template: &Template, endpoint: &Endpoint) -> Result<(), StartError> {
    let client = database::client(&endpoint.inner, &endpoint.region);
    database::create_tables(&client, &template.tables).await?;
    let Some(table) = template.tables.first() else { return Ok(()) };
    let id = ApiKeyId::try_from(options.api_key.as_str())
        .map_err(|error| StartError::Option("--api-key", error.to_string()))?;
    if options.api_secret.as_bytes().is_empty() {
        return Err(StartError::Option("--api-secret", "must not be empty".to_owned()));
    }
    let connection = Connection {
        table: table.name.clone(),
        region: endpoint.region.clone(),
        endpoint: Some(endpoint.inner.clone()),
        credentials: secrets::aws_credentials(),
    };
    let store = Store::connect(connection, Arc::new(SystemClock), Arc::new(SystemRandom));
    // As at AWS the table has the secret's name, wherever there is an SSM that knows it.
    let named = format!("ssm:{}", api_secret_name(options));
    let secret = if endpoint.is_guarded { &named } else { options.api_secret.text() };
    let stored = secrets::put_api_key(&store, &id, secret).await;
    stored.map_err(|halt| StartError::ApiKey(format!("{halt:?}")))
}

/// What every function finds in its environment, as on Lambda.
fn environment(endpoint: &Endpoint, sqs: &str) -> BTreeMap<String, String> {
    let credentials = secrets::aws_credentials();
    let mut variables = BTreeMap::from(
        [
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
            ("AWS_REGION", &endpoint.region),
            ("AWS_DEFAULT_REGION", &endpoint.region),
            ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint.public),
            ("AWS_ENDPOINT_URL_SQS", sqs),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    if let Some(token) = credentials.session_token() {
        variables.insert("AWS_SESSION_TOKEN".to_owned(), token.to_owned());
    }
    if endpoint.is_guarded {
        variables.insert("AWS_ENDPOINT_URL_SSM".to_owned(), endpoint.public.clone());
    }
    // For whoever looks for a fault.
    for name in ["RUST_BACKTRACE", "RUST_LOG", "AWS_LAMBDA_LOG_LEVEL", "AWS_LAMBDA_LOG_FORMAT"] {
        if let Ok(value) = std::env::var(name) {
            variables.insert(name.to_owned(), value);
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");

    #[test]
    fn what_has_another_default_here_can_be_overridden_all_the_same() {
        let value = |options: &Options, name: &str| {
            load(Path::new(PATH), options, "").unwrap().parameters[name].clone()
        };
        let mut options = Options::on_free_ports();
        for (name, default) in LOCAL_PARAMETERS {
            assert_eq!(value(&options, name), default);
        }
        options.overrides = vec![("WebhookAllowPrivateNetworks".to_owned(), "false".to_owned())];
        assert_eq!(value(&options, "WebhookAllowPrivateNetworks"), "false");
    }

    #[test]
    fn no_secret_shows_when_a_template_is_debugged() {
        let template = load(Path::new(PATH), &Options::on_free_ports(), "").unwrap();
        let variables = template.functions.iter().flat_map(|function| &function.environment);
        let secrets: Vec<&String> =
            variables.filter(|(name, _)| name.ends_with("_SECRET")).map(|(_, value)| value).collect();
        assert!(secrets.iter().any(|secret| *secret == secrets::USER_JWT_SECRET));
        let shown = format!("{template:?}");
        assert!(secrets.iter().all(|secret| !shown.contains(*secret)), "{shown}");
    }
}
