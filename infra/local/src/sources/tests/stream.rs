//! Streams that a function reads, of the embedded database.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::net::TcpListener;

use super::*;
use crate::database;
use crate::template::Table;

const ARN: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/local";

/// A table with a stream, and what reads it.
pub(super) struct Things {
    client: Client,
    database: dynoxide::Database,
    endpoint: String,
    _server: JoinSet<()>,
}

impl Things {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let database = dynoxide::Database::memory().expect("a database");
        let mut server = JoinSet::new();
        server.spawn(dynoxide::server::serve_on(listener, database.clone()));
        let client = database::client(&endpoint, "us-east-1");
        database::create_tables(&client, &[table()]).await.expect("created");
        Self { client, database, endpoint, _server: server }
    }

    pub(super) async fn read(
        &self,
        source: StreamSource,
        script: &Arc<Script>,
        directory: Option<&Path>,
    ) -> Rig {
        let template = Template {
            tables: vec![table()],
            queues: vec![a_queue("failures")],
            functions: vec![function(vec![source], vec![], vec![])],
            ..Template::default()
        };
        start(&template, script, &self.endpoint, directory, None).await
    }

    pub(super) async fn put(&self, id: &str, value: &str) {
        let [id, value] = [id, value].map(|text| AttributeValue::S(text.to_owned()));
        let put = self.client.put_item().table_name("things").item("id", id).item("value", value);
        put.item("expires_at", AttributeValue::N("4000000000".to_owned())).send().await.expect("put");
    }
}

fn table() -> Table {
    Table {
        logical_id: "Things".to_owned(),
        name: "things".to_owned(),
        hash: "id".to_owned(),
        range: None,
        attributes: vec![("id".to_owned(), "S".to_owned())],
        indexes: vec![],
        stream: Some("NEW_AND_OLD_IMAGES".to_owned()),
        stream_arn: Some(ARN.to_owned()),
        ttl: Some("expires_at".to_owned()),
    }
}

pub(super) fn source() -> StreamSource {
    StreamSource {
        name: "Changes".to_owned(),
        arn: ARN.to_owned(),
        from_horizon: true,
        batch: 100,
        window: Duration::ZERO,
        retries: None,
        most_age: None,
        bisect: false,
        partial: false,
        lanes: 1,
        filters: Filters::default(),
        on_failure: None,
        line: 1,
    }
}

/// The new values in the order in which they came.
pub(super) fn values(records: &[Value]) -> Vec<String> {
    let value = |record: &Value| record["dynamodb"]["NewImage"]["value"]["S"].as_str().map(str::to_owned);
    records.iter().filter_map(value).collect()
}

#[tokio::test]
async fn changes_come_as_lambda_brings_them_but_for_those_that_change_nothing() {
    let (things, script) = (Things::new().await, Script::willing());
    let rig = things.read(source(), &script, None).await;
    things.put("1", "a").await;
    things.put("1", "a").await;
    things.put("1", "b").await;
    let key = AttributeValue::S("1".to_owned());
    things.client.delete_item().table_name("things").key("id", key).send().await.expect("deleted");
    rig.sources.caught_up().await;
    let records = script.records();
    let names: Vec<_> = records.iter().map(|record| record["eventName"].as_str().expect("a name")).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    let image =
        |value: &str| json!({"id": {"S": "1"}, "value": {"S": value}, "expires_at": {"N": "4000000000"}});
    let modified = &records[1];
    assert_eq!(modified["dynamodb"]["Keys"], json!({"id": {"S": "1"}}));
    assert_eq!(modified["dynamodb"]["OldImage"], image("a"));
    assert_eq!(modified["dynamodb"]["NewImage"], image("b"));
    assert_eq!(modified["dynamodb"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert!(modified["dynamodb"]["ApproximateCreationDateTime"].is_number());
    assert!(modified["dynamodb"]["SizeBytes"].is_number() && modified["eventID"].is_string());
    assert_eq!((&modified["eventSourceARN"], &modified["awsRegion"]), (&json!(ARN), &json!("us-east-1")));
    assert_eq!(
        (&modified["eventSource"], &modified["eventVersion"]),
        (&json!("aws:dynamodb"), &json!("1.1"))
    );
    assert!(records[2]["dynamodb"].get("NewImage").is_none() && records[2].get("userIdentity").is_none());
    assert!(rig.console.kept().iter().any(|line| line.starts_with("f | stream of things, 1 record")));
}

#[tokio::test]
async fn what_the_time_to_live_deletes_says_so() {
    let (things, script) = (Things::new().await, Script::willing());
    let rig = things.read(source(), &script, None).await;
    let [id, past] = [AttributeValue::S("1".to_owned()), AttributeValue::N("1".to_owned())];
    let put = things.client.put_item().table_name("things").item("id", id).item("expires_at", past);
    put.send().await.expect("put");
    things.database.sweep_ttl().expect("swept");
    rig.sources.caught_up().await;
    let records = script.records();
    assert_eq!(records[1]["eventName"], "REMOVE");
    assert_eq!(
        records[1]["userIdentity"],
        json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"})
    );
}

#[tokio::test]
async fn a_function_begins_with_the_oldest_record_or_with_the_next() {
    let things = Things::new().await;
    things.put("1", "before").await;
    for (from_horizon, expected) in [(true, &["before", "after"][..]), (false, &["after"])] {
        let script = Script::willing();
        let rig = things.read(StreamSource { from_horizon, ..source() }, &script, None).await;
        things.put("1", "between").await;
        things.put("1", "after").await;
        rig.sources.caught_up().await;
        let mut values = values(&script.records());
        values.retain(|value| value != "between");
        assert_eq!(values, expected);
        things.put("1", "before").await;
        if from_horizon {
            break;
        }
    }
    let script = Script::willing();
    let rig = things.read(StreamSource { from_horizon: false, ..source() }, &script, None).await;
    things.put("1", "next").await;
    rig.sources.caught_up().await;
    assert_eq!(values(&script.records()), ["next"]);
}

#[tokio::test]
async fn a_function_that_begins_with_the_next_record_misses_none_of_an_empty_stream() {
    let (things, script) = (Things::new().await, Script::willing());
    let rig = things.read(StreamSource { from_horizon: false, ..source() }, &script, None).await;
    things.put("1", "first").await;
    rig.sources.caught_up().await;
    assert_eq!(values(&script.records()), ["first"]);
}

#[tokio::test]
async fn what_no_filter_lets_through_does_not_come() {
    let (things, script) = (Things::new().await, Script::willing());
    let pattern = r#"{"dynamodb": {"NewImage": {"value": {"S": [{"prefix": "w"}]}}}}"#;
    let filters = Filters(vec![filter::Filter::parse(pattern).expect("a pattern")]);
    let rig = things.read(StreamSource { filters, ..source() }, &script, None).await;
    for value in ["other", "wanted", "more"] {
        things.put("1", value).await;
    }
    rig.sources.caught_up().await;
    assert_eq!(values(&script.records()), ["wanted"]);
}

#[tokio::test]
async fn records_come_in_batches() {
    let (things, script) = (Things::new().await, Script::willing());
    for number in 0..25 {
        things.put(&number.to_string(), &number.to_string()).await;
    }
    let rig = things.read(StreamSource { batch: 10, ..source() }, &script, None).await;
    rig.sources.caught_up().await;
    let sizes: Vec<_> =
        script.events().iter().map(|event| event["Records"].as_array().map(Vec::len)).collect();
    assert_eq!(sizes, [Some(10), Some(10), Some(5)]);
    let expected: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    assert_eq!(values(&script.records()), expected);
}

#[tokio::test]
async fn several_lanes_keep_the_order_of_each_item() {
    let (things, script) = (Things::new().await, Script::willing());
    for round in 0..8 {
        for item in 0..6 {
            things.put(&item.to_string(), &format!("{item}:{round}")).await;
        }
    }
    let rig = things.read(StreamSource { batch: 3, lanes: 4, ..source() }, &script, None).await;
    rig.sources.caught_up().await;
    let values = values(&script.records());
    assert_eq!(values.len(), 48);
    for item in 0..6 {
        let own: Vec<&String> =
            values.iter().filter(|value| value.starts_with(&format!("{item}:"))).collect();
        assert!(own.is_sorted(), "{own:?}");
    }
    assert!((2..=4).contains(&script.most_at_once()), "{}", script.most_at_once());
}

#[tokio::test]
async fn a_restart_goes_on_where_reading_was_and_skips_nothing() {
    let (things, folder) = (Things::new().await, Folder::new("positions"));
    things.put("1", "before").await;
    let begins_late = || StreamSource { from_horizon: false, batch: 1, ..source() };
    let script = Script::new(|event| {
        let is_bad = values(event["Records"].as_array().expect("records")) == ["unfinished"];
        if is_bad { Err(failure()) } else { Ok(Value::Null) }
    });
    let rig = things.read(begins_late(), &script, Some(&folder.0)).await;
    for value in ["done", "unfinished", "waiting"] {
        things.put("1", value).await;
    }
    until("a failure", || values(&script.records()).contains(&"unfinished".to_owned())).await;
    rig.sources.stop().await;
    things.put("1", "meanwhile").await;
    let script = Script::willing();
    let rig = things.read(begins_late(), &script, Some(&folder.0)).await;
    rig.sources.caught_up().await;
    assert_eq!(values(&script.records()), ["unfinished", "waiting", "meanwhile"]);
}
