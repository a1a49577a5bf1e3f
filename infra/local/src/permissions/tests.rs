use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::database::{self, Embedded};
use crate::queues::{self, Queues};
use crate::stack::REGION;
use crate::template;

const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/rooms";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:jobs";

/// A template of one function, `reader`, that may do this.
fn template(grants: &[(&str, &str)]) -> Template {
    let grant = |(action, resource): &(&str, &str)| Grant {
        action: (*action).to_owned(),
        resource: (*resource).to_owned(),
        line: 1,
    };
    let function = Function {
        logical_id: "ReaderFunction".to_owned(),
        binary: "reader".to_owned(),
        grants: grants.iter().map(grant).collect(),
        ..template::Function::default()
    };
    Template { functions: vec![function], ..Template::default() }
}

fn signed_by(id: &str) -> HeaderMap {
    let text =
        format!("AWS4-HMAC-SHA256 Credential={id}/20270115/us-east-1/sqs/aws4_request, SignedHeaders=x");
    HeaderMap::from_iter([(AUTHORIZATION, text.parse().expect("a value"))])
}

fn need(action: &str, resource: &str) -> Need {
    Need { action: action.to_owned(), resource: resource.to_owned() }
}

#[test]
fn a_function_may_do_what_its_policies_allow_and_everybody_else_everything() {
    let console = Console::memory();
    let grants = [("dynamodb:GetItem", TABLE), ("dynamodb:PutItem", TABLE)];
    let permissions = Permissions::of(&template(&grants), console.clone());
    let (get, query) = (need("dynamodb:GetItem", TABLE), need("dynamodb:Query", TABLE));
    let of_function = signed_by("ReaderFunctionRole");
    assert_eq!(permissions.check(&of_function, vec![get.clone()]), Ok(()));
    for headers in [signed_by("local"), HeaderMap::new()] {
        assert_eq!(permissions.check(&headers, vec![query.clone()]), Ok(()));
    }
    assert_eq!(permissions.denied(), [""; 0]);
    let denied = permissions.check(&of_function, vec![get, query]).expect_err("one of the two");
    assert_eq!(
        denied.to_string(),
        "User: arn:aws:sts::000000000000:assumed-role/ReaderFunctionRole is not authorized to perform: \
         dynamodb:Query on resource: arn:aws:dynamodb:us-east-1:000000000000:table/rooms because no identity-based \
         policy allows the dynamodb:Query action"
    );
    let line = format!("no policy of template.yaml allows dynamodb:Query on resource: {TABLE}");
    assert_eq!(permissions.denied(), [format!("reader: {line}")]);
    assert_eq!(console.kept(), [format!("reader | {line}")]);
    let unused: Vec<_> = permissions.unused().into_iter().map(|allowed| allowed.action).collect();
    assert_eq!(unused, ["dynamodb:PutItem"]);
}

#[test]
fn each_call_of_dynamodb_needs_its_actions_on_its_tables_and_indexes() {
    let of = |operation: &str, body: Value| {
        let needs = needs::of_dynamodb(operation, &body);
        let table = "arn:aws:dynamodb:us-east-1:000000000000:table/";
        let short = |need: Need| {
            let (service, action) = need.action.split_once(':').expect("a service");
            assert_eq!(service, "dynamodb");
            format!("{action} {}", need.resource.strip_prefix(table).expect("a table"))
        };
        needs.into_iter().map(short).collect::<Vec<_>>()
    };
    assert_eq!(of("GetItem", json!({"TableName": "rooms"})), ["GetItem rooms"]);
    assert_eq!(of("Query", json!({"TableName": "rooms"})), ["Query rooms"]);
    let indexed = json!({"TableName": "rooms", "IndexName": "by_due"});
    assert_eq!(of("Query", indexed), ["Query rooms/index/by_due"]);
    let batch = json!({"RequestItems": {"past": {}, "rooms": {}}});
    assert_eq!(of("BatchGetItem", batch), ["BatchGetItem past", "BatchGetItem rooms"]);
    let transaction = json!({"TransactItems": [
        {"Put": {"TableName": "rooms"}}, {"Update": {"TableName": "rooms"}}, {"Delete": {"TableName": "past"}},
        {"ConditionCheck": {"TableName": "rooms"}},
    ]});
    let actions = ["PutItem rooms", "UpdateItem rooms", "DeleteItem past", "ConditionCheckItem rooms"];
    assert_eq!(of("TransactWriteItems", transaction), actions);
    let reads = json!({"TransactItems": [{"Get": {"TableName": "rooms"}}]});
    assert_eq!(of("TransactGetItems", reads), ["GetItem rooms"]);
    assert_eq!(of("DescribeTable", json!({"TableName": "rooms"})), ["DescribeTable rooms"]);
}

#[test]
fn a_batch_of_sqs_needs_what_one_of_it_needs() {
    let action = |operation: &str| Need::of_queue(operation, QUEUE).action;
    assert_eq!(action("SendMessageBatch"), "sqs:SendMessage");
    assert_eq!(action("ChangeMessageVisibility"), "sqs:ChangeMessageVisibility");
}

/// A client of DynamoDB at `endpoint` with this access key id.
fn client(endpoint: &str, id: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(REGION))
        .credentials_provider(Credentials::new(id, "local", None, None, "test"))
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, url)
}

#[tokio::test]
async fn the_way_to_dynamodb_is_open_as_far_as_the_policies_are() {
    let (hidden, inner) = listen().await;
    let _embedded = Embedded::start(hidden, None).expect("a database");
    let table = template::Table {
        logical_id: "Table".to_owned(),
        name: "rooms".to_owned(),
        hash: "pk".to_owned(),
        range: None,
        attributes: vec![("pk".to_owned(), "S".to_owned())],
        indexes: vec![],
        stream: None,
        stream_arn: None,
        ttl: None,
    };
    database::create_tables(&database::client(&inner, REGION), &[table]).await.expect("a table");
    let parameter = "arn:aws:ssm:us-east-1:000000000000:parameter/keys/*";
    let template = template(&[("dynamodb:GetItem", TABLE), ("ssm:GetParameter", parameter)]);
    let permissions = Arc::new(Permissions::of(&template, Console::memory()));
    let (front, url) = listen().await;
    let parameters = Parameters::from(
        [("/keys/a", "s3cret"), ("/other", "hidden")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let mut server = JoinSet::new();
    server.spawn(serve(front, inner.parse().expect("an address"), Arc::clone(&permissions), parameters));

    let key = || AttributeValue::S("a".to_owned());
    let put = |client: &Client| client.put_item().table_name("rooms").item("pk", key()).send();
    put(&client(&url, "local")).await.expect("whoever is no function may");
    let function = client(&url, "ReaderFunctionRole");
    let found = function.get_item().table_name("rooms").key("pk", key()).send().await.expect("allowed");
    assert!(found.item.is_some());
    let denied = put(&function).await.expect_err("not allowed").into_service_error();
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    assert!(
        denied.message().is_some_and(|text| text.contains("dynamodb:PutItem on resource: ")),
        "{denied:?}"
    );

    let variables = [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "ReaderFunctionRole"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_ENDPOINT_URL_SSM", &url),
    ];
    let env = api::Env::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let ssm = api::Ssm::of(&env).expect("complete");
    assert_eq!(ssm.get("/keys/a").await.expect("allowed").text(), "s3cret");
    assert_eq!(ssm.get("/keys/b").await.expect_err("unknown").reason, "ParameterNotFound");
    assert_eq!(ssm.get("/other").await.expect_err("not allowed").reason, "AccessDeniedException");
    assert_eq!(permissions.denied().len(), 2);
    assert!(permissions.unused().is_empty());
}

#[tokio::test]
async fn the_queues_are_open_as_far_as_the_policies_are() {
    let queue = |name: &str| template::Queue {
        arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
        ..queues::tests::queue(name)
    };
    let queues = Queues::open(
        &[queue("jobs"), queue("other")],
        None,
        Arc::new(models::SystemClock),
        Console::memory(),
    );
    let (listener, url) = listen().await;
    let permissions = Arc::new(Permissions::of(&template(&[("sqs:SendMessage", QUEUE)]), Console::memory()));
    let mut server = JoinSet::new();
    server.spawn(queues::protocol::serve(
        listener,
        Arc::new(queues.expect("opened")),
        Arc::clone(&permissions),
    ));
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new(REGION))
        .credentials_provider(Credentials::new("ReaderFunctionRole", "local", None, None, "test"))
        .endpoint_url(&url);
    let function = aws_sdk_sqs::Client::from_conf(config.build());
    let send = |queue: &str| {
        function.send_message().queue_url(format!("{url}/000000000000/{queue}")).message_body("x").send()
    };
    send("jobs").await.expect("allowed");
    let denied = send("other").await.expect_err("not allowed").into_service_error();
    assert_eq!(denied.code(), Some("AccessDenied"));
    let received = function.receive_message().queue_url(format!("{url}/000000000000/jobs")).send().await;
    assert!(received.is_err(), "of what is sent nothing may be read");
    assert_eq!(permissions.denied().len(), 2);
}
