use api::{Dialect, respond};
use serde_json::json;
use testing::{Call, Reply, TestTable};

use super::*;

#[tokio::test]
async fn it_says_what_is_deployed() {
    let table = TestTable::new().await;
    let app = table.app("version", Dialect::Rooms, Config::load).await;
    let request = Call::new("GET", "/version").request();
    let reply: Reply = respond(&app, &request, |app, request| Box::pin(handle(app, request))).await.into();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, json!({"name": "vestibule", "version": env!("CARGO_PKG_VERSION")}));
}
