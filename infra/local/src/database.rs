//! The embedded DynamoDB, and the template's tables in whichever DynamoDB is used.

use std::io;
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use aws_sdk_dynamodb::{Client, Config};
use models::{Random as _, SystemRandom};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::template::{self, Index, Table};

/// How often items past their TTL are deleted. AWS promises a few days; here one need not wait so long to see it.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// The file in the data directory.
const FILE: &str = "dynamodb.sqlite";

/// How long a new table may take until it can be used; AWS needs some seconds, the embedded one none.
const TABLE_READY_WITHIN: Duration = Duration::from_mins(1);

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file of the data could not be opened.
    #[error("cannot open the database in {0}: {1}")]
    Open(String, String),
    /// The folder of the data could not be made.
    #[error("cannot use the data directory {0}: {1}")]
    Directory(String, io::Error),
    /// A table of the template could not be made.
    #[error("cannot create table {0}: {1}")]
    Table(String, String),
}

/// A DynamoDB inside this process, served over HTTP. It ends when it is dropped.
pub struct Embedded {
    tasks: JoinSet<()>,
}

impl Embedded {
    /// Serves a database on `listener`: in memory, or in a file under `directory`.
    pub fn start(listener: TcpListener, directory: Option<&Path>) -> Result<Self, DatabaseError> {
        let (location, shown) = match directory {
            // One that a second connection finds, too.
            None => (format!("file:/{}?vfs=memdb", SystemRandom.uuid()), "memory".to_owned()),
            Some(directory) => {
                let shown = directory.display().to_string();
                std::fs::create_dir_all(directory)
                    .map_err(|error| DatabaseError::Directory(shown.clone(), error))?;
                (directory.join(FILE).to_string_lossy().into_owned(), shown)
            }
        };
        let database = dynoxide::Database::new(&location)
            .map_err(|error| DatabaseError::Open(shown.clone(), error.to_string()))?;
        put_streams_in_order(&location).map_err(|error| DatabaseError::Open(shown, error.to_string()))?;
        let mut tasks = JoinSet::new();
        let sweeping = database.clone();
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_EVERY).await;
                if let Err(error) = sweeping.sweep_ttl() {
                    tracing::warn!(%error, "items past their TTL could not be deleted");
                }
            }
        });
        tasks.spawn(dynoxide::server::serve_on(listener, database));
        Ok(Self { tasks })
    }

    /// Ends it, and waits until it has ended.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Gives the records of streams an index. Without one each write and each look for records goes through all that there
/// are: at 20,000 a write took 18 ms and a look 36, with it 1 to 2 at any number.
fn put_streams_in_order(location: &str) -> rusqlite::Result<()> {
    rusqlite::Connection::open(location)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS stream_records_in_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}

/// A client for the DynamoDB at `endpoint`, with the credentials of this process if there are any.
pub fn client(endpoint: &str, region: &str) -> Client {
    let config = Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(region.to_owned()))
        .credentials_provider(crate::secrets::aws_credentials())
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

/// Makes the tables that are not there yet.
pub async fn create_tables(client: &Client, tables: &[Table]) -> Result<(), DatabaseError> {
    for table in tables {
        create_table(client, table).await.map_err(|text| DatabaseError::Table(table.name.clone(), text))?;
    }
    Ok(())
}

async fn create_table(client: &Client, table: &Table) -> Result<(), String> {
    let described = |error: &(dyn std::error::Error + Send + Sync)| DisplayErrorContext(error).to_string();
    let attributes = table.attributes.iter().map(|(name, kind)| {
        let kind = ScalarAttributeType::from(kind.as_str());
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(kind)
            .build()
            .expect("both are given")
    });
    let indexes: Vec<_> = table.indexes.iter().map(index).collect();
    let stream = table.stream.as_deref().map(|view| {
        let view = StreamViewType::from(view);
        StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(view)
            .build()
            .expect("it is enabled")
    });
    let created = client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .set_key_schema(Some(key_schema(&table.hash, table.range.as_deref())))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .set_stream_specification(stream)
        .send()
        .await;
    match created {
        Ok(_) => {}
        // A table that is there keeps its data: that is what a data directory and another endpoint are for.
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            return Ok(());
        }
        Err(error) => return Err(described(&error)),
    }
    wait_until_active(client, &table.name).await?;
    if let Some(attribute) = &table.ttl {
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(attribute).build();
        client
            .update_time_to_live()
            .table_name(&table.name)
            .time_to_live_specification(ttl.expect("both are given"))
            .send()
            .await
            .map_err(|error| described(&error))?;
    }
    Ok(())
}

async fn wait_until_active(client: &Client, table: &str) -> Result<(), String> {
    let active = async {
        loop {
            let described = client.describe_table().table_name(table).send().await;
            let status = described.ok().and_then(|found| found.table?.table_status);
            if status == Some(aws_sdk_dynamodb::types::TableStatus::Active) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(TABLE_READY_WITHIN, active).await.map_err(|_| "it does not become active".to_owned())
}

fn key_schema(hash: &str, range: Option<&str>) -> Vec<KeySchemaElement> {
    let part = |name: &str, kind| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("both are given")
    };
    let mut schema = vec![part(hash, KeyType::Hash)];
    schema.extend(range.map(|name| part(name, KeyType::Range)));
    schema
}

fn index(index: &Index) -> GlobalSecondaryIndex {
    let (kind, included) = match &index.projection {
        template::Projection::KeysOnly => (ProjectionType::KeysOnly, None),
        template::Projection::All => (ProjectionType::All, None),
        template::Projection::Include(names) => (ProjectionType::Include, Some(names.clone())),
    };
    let projection = Projection::builder().projection_type(kind).set_non_key_attributes(included).build();
    GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&index.hash, index.range.as_deref())))
        .projection(projection)
        .build()
        .expect("name and key are given")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the kind that each write and each look for records asks.
    const QUERIES: [&str; 2] = [
        "SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = 'T'",
        "SELECT * FROM _stream_records WHERE table_name = 'T' AND CAST(sequence_number AS INTEGER) > 7
         ORDER BY CAST(sequence_number AS INTEGER)",
    ];

    #[tokio::test]
    async fn streams_are_read_by_their_index() {
        let directory = std::env::temp_dir().join(format!("vestibule-database-{}", std::process::id()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let embedded = Embedded::start(listener, Some(&directory)).expect("started");
        let connection = rusqlite::Connection::open(directory.join(FILE)).expect("opened");
        for query in QUERIES {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).expect("understood");
            let steps = plan.query_map([], |row| row.get::<_, String>(3));
            let steps: Vec<String> = steps.expect("a plan").map(|step| step.expect("a step")).collect();
            assert!(steps.iter().all(|step| step.contains("stream_records_in_order (")), "{steps:?}");
        }
        embedded.stop().await;
        std::fs::remove_dir_all(directory).expect("it is there");
    }
}
