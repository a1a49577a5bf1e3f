//! Which key signs.

use models::{ApiKeyId, Tenant};
use store::{ApiKey, KeyStatus};
use testing::{API_KEY, API_SECRET, OTHER_API_KEY, opened};

use super::*;

/// Who signs a webhook in a process that knows no keys yet.
async fn signed_by(table: &TestTable, message: &Message, path: &str) -> Option<String> {
    let receiver = receiver(table);
    receiver.trust("newer", "newer-secret");
    let message = Message { url: receiver.url(path), ..message.clone() };
    deliver_new(table, &deliverer(table).await, &message).await;
    let hooks = receiver.received();
    let token = hooks.first()?.header("authorization");
    opened(token)["claims"]["iss"].as_str().map(str::to_owned)
}

async fn put(table: &TestTable, id: &str, key: &ApiKey) {
    let id = ApiKeyId::try_from(id).expect("an id");
    table.store().put_api_key(&id, key, true).await.expect("stored");
}

#[tokio::test]
async fn the_key_that_made_the_room_signs_or_the_tenants_oldest_that_is_active_or_nobody() {
    let table = TestTable::new().await;
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, "");
    let (made, by_code) = (message.clone(), Message { api_key: None, ..message.clone() });
    table.clock.advance(Duration::from_secs(1));
    let newer = ApiKey::new(Tenant::main(), "newer-secret".to_owned(), table.now());
    put(&table, "newer", &newer).await;
    let foreign = Message { api_key: Some(OTHER_API_KEY.try_into().expect("an id")), ..message.clone() };
    let newest = Message { api_key: Some("newer".try_into().expect("an id")), ..message.clone() };
    for (message, path, key) in [
        (&made, "made", API_KEY),
        (&by_code, "by-code", API_KEY),
        (&foreign, "foreign", API_KEY),
        (&newest, "newest", "newer"),
    ] {
        assert_eq!(signed_by(&table, message, path).await.as_deref(), Some(key), "{path}");
    }

    let oldest = ApiKey::new(Tenant::main(), API_SECRET.to_owned(), room.created_at);
    put(&table, API_KEY, &ApiKey { status: KeyStatus::Disabled, ..oldest }).await;
    assert_eq!(signed_by(&table, &made, "disabled").await.as_deref(), Some("newer"));
    put(&table, "newer", &ApiKey { status: KeyStatus::Disabled, ..newer }).await;
    assert_eq!(signed_by(&table, &made, "nobody").await, None, "nothing goes out unsigned");
}

#[tokio::test]
async fn what_nobody_can_sign_waits_as_for_a_receiver_that_is_away() {
    let table = TestTable::new().await;
    let receiver = receiver(&table);
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    let key = ApiKey::new(Tenant::main(), API_SECRET.to_owned(), room.created_at);
    put(&table, API_KEY, &ApiKey { status: KeyStatus::Disabled, ..key.clone() }).await;
    assert!(!deliver_new(&table, &deliverer(&table).await, &message).await);
    assert_eq!(stands(&table, &message).await, (DeliveryStatus::Retrying, 1, Value::Null));
    assert_eq!((receiver.received().len(), hidden_for(&table)), (0, Duration::from_secs(1)));
    put(&table, API_KEY, &key).await;
    table.clock.advance(Duration::from_secs(1));
    assert!(deliver_one(&table, &deliverer(&table).await).await);
    assert_eq!(sent(&receiver, "hook"), [(1, 2)]);
}
