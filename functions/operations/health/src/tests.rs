use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use api::{Dialect, Parts, respond};
use insta::assert_json_snapshot;
use models::{Clock, SystemRandom, Timestamp};
use testing::{Call, Reply, TestTable};

use super::*;

async fn ask(app: &App<Config>) -> Reply {
    let request = Call::new("GET", "/health").request();
    respond(app, &request, |app, request| Box::pin(handle(app, request))).await.into()
}

#[tokio::test]
async fn it_is_well_while_the_table_answers() {
    let table = TestTable::new().await;
    let app = table.app("health", Dialect::Rooms, Config::load).await;
    let before = table.items().await;
    let reply = ask(&app).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "checks": {
        "dynamodb": {
          "ms": 0,
          "status": "ok"
        }
      },
      "status": "ok"
    }
    "#);
    assert_eq!(table.items().await, before);
}

/// A clock on which three seconds pass between one look and the next: deadlines come soon.
struct Hasty(AtomicI64);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.fetch_add(3, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn it_is_unwell_and_says_what_is_missing_when_the_table_cannot_be_reached() {
    let env = Env::new(
        [
            ("TABLE_NAME", "none"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let parts = Parts { clock: Arc::new(Hasty(AtomicI64::new(0))), random: Arc::new(SystemRandom) };
    let app = App::new(&env, Dialect::Rooms, parts, Config).expect("complete");
    let reply = ask(&app).await;
    assert_eq!((reply.status, reply.text("status")), (503, "unreachable"));
    assert_eq!(reply.body["checks"]["dynamodb"]["status"], "unreachable");
    assert!(reply.body["checks"]["dynamodb"]["ms"].is_u64());
}
