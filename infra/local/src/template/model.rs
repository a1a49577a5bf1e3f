//! What the local stack learns from a template.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::sources::{Queue, QueueSource, Schedule, StreamSource};
use super::websocket_api::{WebSocketApi, WebSocketRoute};

/// What the local stack knows and a template asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account_id: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// Where the HTTP API is served here, without a slash at the end: `ApiEndpoint`, and what an address at
    /// `execute-api` becomes.
    pub http_url: String,
    /// Where the WebSocket API is served here, `ws://…` without a slash at the end. What functions call of it is at the same
    /// place over HTTP.
    pub ws_url: String,
    /// Where SQS is served here, without a slash at the end: what the addresses of queues begin with.
    pub sqs_url: String,
}

/// A template, resolved: what there is to run.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// The value of every parameter, given or by default.
    pub parameters: BTreeMap<String, String>,
    /// The functions, in the order of the file.
    pub functions: Vec<Function>,
    /// The tables, in the order of the file.
    pub tables: Vec<Table>,
    /// The queues, in the order of the file.
    pub queues: Vec<Queue>,
    /// The HTTP API, if there is one.
    pub http_api: Option<HttpApi>,
    /// The WebSocket API, if there is one.
    pub websocket_api: Option<WebSocketApi>,
    /// Its routes.
    pub websocket_routes: Vec<WebSocketRoute>,
}

impl Template {
    /// The queue that has this ARN.
    pub fn queue_of(&self, arn: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.arn == arn)
    }

    /// Whether what fails elsewhere is put into this queue, by its redrive policy or by an event source.
    pub fn is_for_failures(&self, queue: &Queue) -> bool {
        let redrives = self.queues.iter().filter_map(|other| other.redrive.as_ref());
        let streams = self.functions.iter().flat_map(|function| &function.streams);
        redrives.map(|redrive| &redrive.dead_letter_arn).any(|arn| *arn == queue.arn)
            || streams.filter_map(|stream| stream.on_failure.as_ref()).any(|arn| *arn == queue.arn)
    }
}

/// Without the values of the parameters: there may be secrets among them.
impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Template")
            .field("functions", &self.functions)
            .field("tables", &self.tables)
            .field("queues", &self.queues)
            .field("http_api", &self.http_api)
            .field("websocket_api", &self.websocket_api)
            .field("websocket_routes", &self.websocket_routes)
            .finish_non_exhaustive()
    }
}

/// An `AWS::Serverless::Function`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// Its key in the template.
    pub logical_id: String,
    /// `FunctionName`, or `<stack>-<logical id>`.
    pub name: String,
    /// `Metadata.BuildProperties.Binary`: the binary of the workspace that it is.
    pub binary: String,
    /// 128 to 10,240; 128 by default.
    pub memory_mb: u32,
    /// 1 to 900 seconds; 3 by default.
    pub timeout: Duration,
    /// How many may run at once, where the template limits that.
    pub reserved_concurrency: Option<u32>,
    /// The environment variables. Values that begin with `ssm:` are names of secrets, as they are in the template.
    pub environment: BTreeMap<String, String>,
    /// What its role allows, in the order of the file.
    pub grants: Vec<Grant>,
    /// Its routes on the HTTP API, in the order of the file.
    pub routes: Vec<Route>,
    /// The streams it reads, in the order of the file.
    pub streams: Vec<StreamSource>,
    /// The queues it reads, in the order of the file.
    pub queues: Vec<QueueSource>,
    /// The schedules it runs on, in the order of the file.
    pub schedules: Vec<Schedule>,
    /// `EventInvokeConfig.MaximumRetryAttempts`: how often a scheduled call that failed is made again; 2 by default.
    pub async_retries: u32,
}

/// Without the values of its variables: there are secrets among them.
impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Function")
            .field("binary", &self.binary)
            .field("routes", &self.routes)
            .field("streams", &self.streams)
            .field("queues", &self.queues)
            .field("schedules", &self.schedules)
            .finish_non_exhaustive()
    }
}

/// An action that a role allows on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// `dynamodb:GetItem`.
    pub action: String,
    /// Its ARN; an asterisk at its end stands for the rest of any name.
    pub resource: String,
    /// Where it is in the template, from 1.
    pub line: usize,
}

impl Grant {
    /// Whether this is it.
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let is_resource = match self.resource.strip_suffix('*') {
            Some(beginning) => resource.starts_with(beginning),
            None => resource == self.resource,
        };
        is_resource && action == self.action
    }
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// In upper case; none for `ANY`.
    pub method: Option<String>,
    /// `/rooms/{id}`, `/files/{path+}`, or `$default`.
    pub path: String,
    /// Where its event is in the template, from 1.
    pub line: usize,
}

/// The `AWS::Serverless::HttpApi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    /// Its key in the template.
    pub logical_id: String,
    /// What it tells browsers; none: nothing.
    pub cors: Option<Cors>,
}

/// `CorsConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// `AllowOrigins`.
    pub allow_origins: Vec<String>,
    /// `AllowMethods`.
    pub allow_methods: Vec<String>,
    /// `AllowHeaders`.
    pub allow_headers: Vec<String>,
    /// `ExposeHeaders`.
    pub expose_headers: Vec<String>,
    /// `MaxAge`, in seconds.
    pub max_age: Option<u32>,
    /// `AllowCredentials`.
    pub allow_credentials: bool,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its key in the template.
    pub logical_id: String,
    /// `TableName`, or `<stack>-<logical id>`.
    pub name: String,
    /// The partition key.
    pub hash: String,
    /// The sort key.
    pub range: Option<String>,
    /// The attributes that are keys of the table or of an index, each with its type: `S`, `N` or `B`.
    pub attributes: Vec<(String, String)>,
    /// The global secondary indexes.
    pub indexes: Vec<Index>,
    /// The view type of its stream, if it has one.
    pub stream: Option<String>,
    /// What `Fn::GetAtt` gives as its ARN.
    pub stream_arn: Option<String>,
    /// The attribute that says when an item expires, if one does.
    pub ttl: Option<String>,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// `IndexName`.
    pub name: String,
    /// The partition key.
    pub hash: String,
    /// The sort key.
    pub range: Option<String>,
    /// What of an item it holds beside the keys.
    pub projection: Projection,
}

/// What of an item an index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// `KEYS_ONLY`.
    KeysOnly,
    /// `ALL`.
    All,
    /// `INCLUDE`: the keys and these.
    Include(Vec<String>),
}
