//! A whole stack whose function is called by a stream, a queue and a schedule. The process of the
//! function ends at each call, for it lacks its variables, so that what becomes of failures can be seen.

use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use local::console::Console;
use local::queues::{Depth, Draft};
use local::{Options, Stack, database, secrets, stack};

const TEMPLATE: &str = r"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 1}
  Dead: {Type: AWS::SQS::Queue}
  GivenUp: {Type: AWS::SQS::Queue}
  VersionFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: version}}
    Properties:
      Timeout: 1
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      Policies: [{Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt GivenUp.Arn}]}]
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: LATEST
            MaximumRetryAttempts: 0
            DestinationConfig: {OnFailure: {Destination: !GetAtt GivenUp.Arn}}
        Job: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
        Often: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
";

/// The template in a folder of the workspace, where Cargo finds the functions, and Git nothing.
fn template(name: &str) -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp"));
    std::fs::create_dir_all(&folder).expect("made");
    let path = folder.join(format!("{name}-{}.yaml", std::process::id()));
    std::fs::write(&path, TEMPLATE).expect("written");
    path
}

async fn start(name: &str) -> (Stack, Console) {
    let mut options = Options::on_free_ports();
    let template = template(name);
    options.template = Some(template.clone());
    let console = Console::memory();
    let stack = Stack::start(&options, &console).await.expect("it starts");
    std::fs::remove_file(template).expect("it is there");
    (stack, console)
}

async fn put(stack: &Stack, pk: &str) {
    let client = database::client(&stack.addresses.dynamodb, stack::REGION);
    let [pk, sk] = [pk, "x"].map(|text| AttributeValue::S(text.to_owned()));
    client.put_item().table_name("local-Table").item("pk", pk).item("sk", sk).send().await.expect("put");
}

#[tokio::test]
async fn what_a_function_fails_at_is_told_of_and_put_aside() {
    let (stack, console) = start("failures").await;
    stack.settled().await;
    assert!(stack.processes().is_empty(), "there was nothing to do");

    put(&stack, "a").await;
    let sent = stack.send("Jobs", Draft::new("work")).expect("sent");
    stack.settled().await;
    assert_eq!(stack.queue_depth("Jobs"), Ok(Depth::default()));
    let dead = stack.queue_messages("Dead").expect("the queue");
    assert_eq!(dead.iter().map(|message| &message.id).collect::<Vec<_>>(), [&sent.id]);
    assert_eq!(stack.queue_messages("GivenUp").expect("the queue").len(), 1);

    stack.tick().await;
    let said = console.kept();
    for part in ["queue local-Jobs, 1 message", "stream of local-Table, 1 record", "schedule Often: given up"]
    {
        assert!(said.iter().any(|line| line.starts_with(&format!("version | {part}"))), "{part}: {said:?}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_queues_of_a_stack_are_an_sqs() {
    let (stack, _) = start("queues").await;
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(stack::REGION))
        .credentials_provider(secrets::aws_credentials())
        .endpoint_url(&stack.addresses.sqs);
    let client = aws_sdk_sqs::Client::from_conf(config.build());
    let url = client.get_queue_url().queue_name("local-GivenUp").send().await.expect("found").queue_url;
    let url = url.expect("a URL");
    assert!(url.starts_with(&stack.addresses.sqs), "{url}");
    client.send_message().queue_url(&url).message_body("a").delay_seconds(900).send().await.expect("sent");
    stack.settled().await;
    assert_eq!(stack.queue_depth("GivenUp"), Ok(Depth { delayed: 1, ..Depth::default() }));
    assert!(stack.queue_depth("None").is_err());
    stack.stop().await;
}
