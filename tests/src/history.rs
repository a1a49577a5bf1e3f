//! What is in the table, and what has happened to an item: every version of it, in order, from the table's stream.

use serde_json::{Map, Value, json};

use crate::Client;

/// How often a call is tried that the service fails.
const MOST_TRIES: usize = 20;

/// One change of an item: its images before and after, in DynamoDB's JSON; `null` where there was none.
#[derive(Clone, Debug)]
pub struct Step {
    /// Before the change.
    pub old: Value,
    /// After it.
    pub new: Value,
}

impl Step {
    /// The event that the image after the change carries, without its moment.
    pub fn event(&self) -> Value {
        let text = self.new["event"]["S"].as_str().expect("an event");
        let mut event: Value = serde_json::from_str(text).expect("JSON");
        let at = event.as_object_mut().expect("an object").remove("at");
        assert!(at.is_some_and(|at| at.is_i64()), "{text}");
        event
    }

    /// A number in the image before; 0 where there is none.
    pub fn number_before(&self, name: &str) -> i64 {
        number(&self.old, name)
    }

    /// A number in the image after; 0 where there is none.
    pub fn number_after(&self, name: &str) -> i64 {
        number(&self.new, name)
    }
}

fn number(image: &Value, name: &str) -> i64 {
    image[name]["N"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Every change so far of the item with this key, from the stream of the DynamoDB at `endpoint`.
pub(crate) async fn of_item(endpoint: &str, table: &str, pk: &str, sk: &str) -> Vec<Step> {
    let records = records(endpoint, table).await.into_iter();
    records
        .filter_map(|mut record| {
            let record = record["dynamodb"].take();
            let key = &record["Keys"];
            (key["pk"]["S"] == pk && key["sk"]["S"] == sk)
                .then(|| Step { old: record["OldImage"].clone(), new: record["NewImage"].clone() })
        })
        .collect()
}

/// Every record so far of the table's stream, as Lambda passes it on.
pub(crate) async fn records(endpoint: &str, table: &str) -> Vec<Value> {
    let streams = Service::new(endpoint, "DynamoDBStreams_20120810");
    let stream = streams.ask("ListStreams", json!({ "TableName": table })).await;
    let stream = stream["Streams"][0]["StreamArn"].clone();
    let described = streams.ask("DescribeStream", json!({ "StreamArn": stream })).await;
    let mut all = Vec::new();
    for shard in described["StreamDescription"]["Shards"].as_array().expect("shards") {
        let mut iterator = streams
            .ask(
                "GetShardIterator",
                json!({"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}),
            )
            .await["ShardIterator"]
            .clone();
        loop {
            let mut page = streams.ask("GetRecords", json!({ "ShardIterator": iterator })).await;
            let Value::Array(records) = page["Records"].take() else { panic!("no records: {page}") };
            let is_last = records.is_empty() || page["NextShardIterator"].is_null();
            all.extend(records.into_iter().map(|mut record| {
                record["eventSourceARN"] = stream.clone();
                record
            }));
            if is_last {
                break;
            }
            iterator = page["NextShardIterator"].take();
        }
    }
    all
}

/// Every item of the table, in DynamoDB's JSON.
pub(crate) async fn all_items(endpoint: &str, table: &str) -> Vec<Value> {
    let scanned =
        Service::new(endpoint, "DynamoDB_20120810").ask("Scan", json!({ "TableName": table })).await;
    assert!(scanned["LastEvaluatedKey"].is_null(), "a test's table fits one page");
    scanned["Items"].as_array().expect("items").clone()
}

/// An item, in DynamoDB's JSON; `null` when there is none.
pub(crate) async fn item(endpoint: &str, table: &str, (pk, sk): (&str, &str)) -> Value {
    let body = json!({"TableName": table, "Key": key(pk, sk), "ConsistentRead": true});
    Service::new(endpoint, "DynamoDB_20120810").ask("GetItem", body).await["Item"].clone()
}

/// Gives an item that is there other numbers.
pub(crate) async fn change(endpoint: &str, table: &str, (pk, sk): (&str, &str), numbers: &[(&str, i64)]) {
    let sets: Vec<_> = numbers.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
    let names: Map<_, _> = numbers.iter().map(|(name, _)| (format!("#{name}"), json!(name))).collect();
    let values = numbers.iter().map(|(name, value)| (format!(":{name}"), json!({"N": value.to_string()})));
    let body = json!({
        "TableName": table,
        "Key": key(pk, sk),
        "UpdateExpression": format!("SET {}", sets.join(", ")),
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values.collect::<Map<_, _>>(),
    });
    Service::new(endpoint, "DynamoDB_20120810").ask("UpdateItem", body).await;
}

/// Puts an item in place of whatever has its key.
pub(crate) async fn put(endpoint: &str, table: &str, item: &Value) {
    let body = json!({"TableName": table, "Item": item});
    Service::new(endpoint, "DynamoDB_20120810").ask("PutItem", body).await;
}

/// Asks one of AWS's services at `endpoint` without an SDK, such as `AmazonSQS`.
pub(crate) async fn ask(endpoint: &str, service: &'static str, operation: &str, body: Value) -> Value {
    Service::new(endpoint, service).ask(operation, body).await
}

fn key(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

/// A service, asked without an SDK.
struct Service<'a> {
    endpoint: &'a str,
    name: &'static str,
    client: Client,
}

impl<'a> Service<'a> {
    fn new(endpoint: &'a str, name: &'static str) -> Self {
        Self { endpoint, name, client: Client::new() }
    }

    async fn ask(&self, operation: &str, body: Value) -> Value {
        let credential = "Credential=local/20270115/us-east-1/dynamodb/aws4_request";
        let headers = [
            ("x-amz-target", &*format!("{}.{operation}", self.name)),
            ("x-amz-date", "20270115T080000Z"),
            ("content-type", "application/x-amz-json-1.0"),
            ("authorization", &format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0")),
        ];
        let body = body.to_string().into_bytes();
        let mut why = String::new();
        // A simulation lets calls fail, and cuts them off; all that is asked here may be done twice.
        for _ in 0..MOST_TRIES {
            match self.client.try_send("POST", self.endpoint, &headers, body.clone()).await {
                Ok(answered) if answered.status().is_success() => {
                    let body = answered.body();
                    // Of a call of SQS that gives nothing.
                    if body.is_empty() {
                        return Value::Null;
                    }
                    return serde_json::from_slice(body).expect("JSON");
                }
                Ok(answered) => why = format!("{:?}", answered.body()),
                Err(error) => why = error.to_string(),
            }
        }
        panic!("{operation}: {why}");
    }
}
