//! Over HTTP, by the real SDK.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::operation::delete_message::DeleteMessageError;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
    SendMessageBatchResultEntry,
};
use models::SystemClock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::permissions::Permissions;

/// The server ends with it.
struct Served {
    client: Client,
    queues: Arc<Queues>,
    _server: JoinSet<()>,
}

async fn serve(settings: &[template::Queue]) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let queues = Queues::open(settings, None, Arc::new(SystemClock), Console::memory()).expect("opened");
    let queues = Arc::new(queues);
    let mut server = JoinSet::new();
    let permissions = Permissions::of(&template::Template::default(), Console::memory());
    server.spawn(super::super::protocol::serve(listener, Arc::clone(&queues), Arc::new(permissions)));
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(crate::secrets::aws_credentials())
        .endpoint_url(endpoint)
        .build();
    Served { client: Client::from_conf(config), queues, _server: server }
}

fn url(name: &str) -> String {
    format!("http://127.0.0.1/000000000000/{name}")
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().expect("a type")
}

#[tokio::test]
async fn a_message_goes_through_with_its_attributes() {
    let Served { client, queues, _server } = serve(&[queue("q")]).await;
    let binary = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([1, 2])).build();
    let sent = client
        .send_message()
        .queue_url(url("q"))
        .message_body("hello")
        .message_attributes("kind", text("greeting"))
        .message_attributes("bytes", binary.expect("a type"))
        .send()
        .await
        .expect("sent");
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    assert!(sent.md5_of_message_attributes().is_some() && sent.sequence_number().is_none());

    let received = client
        .receive_message()
        .queue_url(url("q"))
        .message_attribute_names("ki.*")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .expect("received");
    let [message] = received.messages() else { panic!("{received:?}") };
    assert_eq!((message.body(), message.message_id()), (Some("hello"), sent.message_id()));
    let own = message.message_attributes().expect("attributes");
    assert_eq!((own.len(), own["kind"].string_value()), (1, Some("greeting")));
    let system = message.attributes().expect("attributes");
    assert_eq!(system[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    assert!(system.contains_key(&MessageSystemAttributeName::SentTimestamp));

    let handle = message.receipt_handle().expect("a handle");
    let visible = client.change_message_visibility().queue_url(url("q")).receipt_handle(handle);
    visible.visibility_timeout(60).send().await.expect("changed");
    client.delete_message().queue_url(url("q")).receipt_handle(handle).send().await.expect("deleted");
    assert_eq!(queues.depth(QueueId(0)), Depth::default());
}

#[tokio::test]
async fn a_fifo_queue_tells_places_and_groups() {
    let Served { client, queues: _, _server } = serve(&[queue("q.fifo")]).await;
    let send = |body: &str| {
        let call = client.send_message().queue_url(url("q.fifo")).message_body(body);
        call.message_group_id("g").message_deduplication_id(body).send()
    };
    let (first, second) = (send("a").await.expect("sent"), send("b").await.expect("sent"));
    assert!(second.sequence_number() > first.sequence_number());
    assert_eq!(send("a").await.expect("sent").message_id(), first.message_id());
    let received = client
        .receive_message()
        .queue_url(url("q.fifo"))
        .max_number_of_messages(10)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .expect("received");
    let bodies: Vec<_> = received.messages().iter().filter_map(|message| message.body()).collect();
    assert_eq!(bodies, ["a", "b"]);
    let system = received.messages()[0].attributes().expect("attributes");
    assert_eq!(system[&MessageSystemAttributeName::MessageGroupId], "g");
    assert_eq!(system[&MessageSystemAttributeName::MessageDeduplicationId], "a");
    assert_eq!(Some(system[&MessageSystemAttributeName::SequenceNumber].as_str()), first.sequence_number());
}

#[tokio::test]
async fn batches_succeed_and_fail_entry_by_entry() {
    let Served { client, queues, _server } = serve(&[queue("q")]).await;
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().expect("an entry")
    };
    let sent = client
        .send_message_batch()
        .queue_url(url("q"))
        .set_entries(Some(vec![entry("1", "one"), entry("2", "\u{1}"), entry("3", "three")]))
        .send()
        .await
        .expect("answered");
    let ids: Vec<_> = sent.successful().iter().map(SendMessageBatchResultEntry::id).collect();
    assert_eq!(ids, ["1", "3"]);
    let [failed] = sent.failed() else { panic!("{sent:?}") };
    assert_eq!((failed.id(), failed.code(), failed.sender_fault()), ("2", "InvalidMessageContents", true));

    let received = client
        .receive_message()
        .queue_url(url("q"))
        .max_number_of_messages(10)
        .send()
        .await
        .expect("received");
    let handles: Vec<_> = received.messages().iter().filter_map(|message| message.receipt_handle()).collect();
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(5).build().expect("an entry")
    };
    let changed = client
        .change_message_visibility_batch()
        .queue_url(url("q"))
        .set_entries(Some(vec![change("a", handles[0]), change("b", "?")]))
        .send()
        .await
        .expect("answered");
    assert_eq!((changed.successful().len(), changed.failed()[0].code()), (1, "ReceiptHandleIsInvalid"));
    let delete = |(place, handle): (usize, &&str)| {
        DeleteMessageBatchRequestEntry::builder().id(place.to_string()).receipt_handle(*handle).build()
    };
    let entries = handles.iter().enumerate().map(delete).collect::<Result<Vec<_>, _>>();
    let deleted = client.delete_message_batch().queue_url(url("q")).set_entries(entries.ok()).send().await;
    assert_eq!(deleted.expect("answered").successful().len(), 2);
    assert_eq!(queues.depth(QueueId(0)), Depth::default());
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused() {
    let Served { client, queues: _, _server } = serve(&[queue("q")]).await;
    let entry = |id: usize, body: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id.to_string())
            .message_body(body)
            .build()
            .expect("an entry")
    };
    let big = "x".repeat(600_000);
    for (entries, code) in [
        (vec![], "AWS.SimpleQueueService.EmptyBatchRequest"),
        ((0..11).map(|id| entry(id, "a")).collect(), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        (vec![entry(1, "a"), entry(1, "b")], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        (vec![entry(1, &big), entry(2, &big)], "AWS.SimpleQueueService.BatchRequestTooLong"),
    ] {
        let refused = client.send_message_batch().queue_url(url("q")).set_entries(Some(entries)).send().await;
        assert_eq!(refused.expect_err("refused").code(), Some(code));
    }
}

#[tokio::test]
async fn errors_are_those_that_the_sdk_knows() {
    let Served { client, queues: _, _server } = serve(&[queue("q"), queue("q.fifo")]).await;
    let missing = client.send_message().queue_url(url("none")).message_body("a").send().await;
    let missing = missing.expect_err("no queue");
    assert!(missing.as_service_error().is_some_and(SendMessageError::is_queue_does_not_exist));
    let missing = client.get_queue_url().queue_name("none").send().await.expect_err("no queue");
    assert!(missing.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist));
    let invalid = client.delete_message().queue_url(url("q")).receipt_handle("?").send().await;
    let invalid = invalid.expect_err("no handle");
    assert!(invalid.as_service_error().is_some_and(DeleteMessageError::is_receipt_handle_is_invalid));
    let delayed = client.send_message().queue_url(url("q.fifo")).message_body("a").message_group_id("g");
    let delayed = delayed.message_deduplication_id("d").delay_seconds(3).send().await;
    assert_eq!(delayed.expect_err("no delay").code(), Some("InvalidParameterValue"));
    let most = client.receive_message().queue_url(url("q")).max_number_of_messages(11).send().await;
    assert_eq!(most.expect_err("too many").code(), Some("InvalidParameterValue"));
    let unknown = client.create_queue().queue_name("new").send().await;
    assert_eq!(unknown.expect_err("unknown").code(), Some("InvalidAction"));
}

#[tokio::test]
async fn queues_are_found_and_described() {
    let described = template::Queue { delay: Duration::from_secs(7), ..redriven("q", "dead", 4) };
    let Served { client, queues, _server } = serve(&[described, queue("dead")]).await;
    let listed = client.list_queues().send().await.expect("listed");
    assert_eq!(listed.queue_urls(), [url("q"), url("dead")]);
    let found = client.get_queue_url().queue_name("q").send().await.expect("found");
    assert_eq!(found.queue_url(), Some(url("q").as_str()));
    queues.send(QueueId(0), Draft::new("a")).expect("sent");
    let attributes = client.get_queue_attributes().queue_url(url("q"));
    let attributes = attributes.attribute_names(QueueAttributeName::All).send().await.expect("described");
    let attributes = attributes.attributes().expect("attributes");
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessagesDelayed], "1");
    assert_eq!(
        attributes[&QueueAttributeName::RedrivePolicy],
        r#"{"deadLetterTargetArn":"arn:dead","maxReceiveCount":4}"#
    );
    let sources = client.list_dead_letter_source_queues().queue_url(url("dead")).send().await;
    assert_eq!(sources.expect("listed").queue_urls(), [url("q")]);
    client.purge_queue().queue_url(url("q")).send().await.expect("purged");
    assert_eq!(queues.depth(QueueId(0)), Depth::default());
}

#[tokio::test]
async fn a_call_may_wait_for_a_message() {
    let Served { client, queues, _server } = serve(&[queue("q")]).await;
    let waiting = client.receive_message().queue_url(url("q")).wait_time_seconds(20).send();
    let sending = async { queues.send(QueueId(0), Draft::new("late")).expect("sent") };
    let (received, _) = tokio::join!(waiting, sending);
    assert_eq!(received.expect("received").messages()[0].body(), Some("late"));
}
