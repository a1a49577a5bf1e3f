use std::collections::BTreeSet;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use testing::{Call, Reply, TestTable, checks};

use super::*;

async fn app(table: &TestTable) -> App<Config> {
    table.app("absent_features", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn path_of(route: &'static str) -> &'static str {
    route.strip_prefix("POST ").expect("a route")
}

async fn post(app: &App<Config>, path: &str, body: Value) -> Reply {
    ask(app, Call::post(&format!("/auth/{path}"), &body).signed()).await
}

#[tokio::test]
async fn there_is_nothing_to_be_found() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let reply = post(&app, "recording/fetch", json!({})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "no recording found",
      "status": false,
      "status_code": "NOT_FOUND"
    }
    "#);
    for (path, body, msg) in [
        ("recording/fetch", json!({"room_ids": ["none"], "limit": 5}), "no recording found"),
        ("recording/info", json!({"record_id": "none"}), "recording not found"),
        ("recording/recordingInfo", json!({"recordId": "none"}), "recording not found"),
        ("recording/getDownloadToken", json!({"record_id": "none"}), "recording not found"),
        (
            "recording/updateMetadata",
            json!({"record_id": "a", "metadata": {"title": "x"}}),
            "recording not found",
        ),
        ("recording/delete", json!({"record_id": "none"}), "recording not found"),
        ("recording/mergeRecordings", json!({"by_session": {"room_sid": "x"}}), "recording not found"),
        ("analytics/fetch", json!({}), "no artifact found"),
        ("analytics/getDownloadToken", json!({"file_id": "none"}), "artifact not found"),
        ("analytics/delete", json!({"file_id": "none"}), "artifact not found"),
        ("artifact/fetch", json!({"artifact_id": "none"}), "no artifact found"),
        ("artifact/info", json!({"artifact_id": "none"}), "artifact not found"),
        ("artifact/getDownloadToken", json!({"artifact_id": "none"}), "artifact not found"),
        ("artifact/delete", json!({"artifact_id": "none"}), "artifact not found"),
    ] {
        assert_eq!(post(&app, path, body).await.failure(), (200, msg, "NOT_FOUND"), "{path}");
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_told_first() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (path, body, msg) in [
        ("recording/info", json!({}), "validation error: record_id: value is required"),
        ("analytics/delete", json!({"room_ids": ["a"]}), "validation error: file_id: value is required"),
        ("artifact/info", json!({"artifact_id": ""}), "validation error: artifact_id: value is required"),
        ("recording/mergeRecordings", json!({}), "validation error: one of by_session, by_ids must be set"),
        (
            "recording/mergeRecordings",
            json!({"by_ids": {}}),
            "validation error: by_ids.room_id: value is required",
        ),
        (
            "artifact/fetch",
            json!({"limit": -1}),
            "limit: must be an integer from 0 to 18446744073709551615, it is a number",
        ),
    ] {
        assert_eq!(post(&app, path, body).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{path}");
    }
    let path = "/auth/recording/fetch";
    checks::bodies(200, async |body| ask(&app, Call::new("POST", path).raw(body).signed()).await).await;
}

#[tokio::test]
async fn a_whiteboard_file_is_not_taken_whatever_the_form() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::new("POST", path_of(WHITEBOARD)).raw("--form\r\n").signed();
    let msg = "whiteboard files are not supported by this server";
    assert_eq!(ask(&app, call).await.failure(), (200, msg, "NOT_FOUND"));
}

#[tokio::test]
async fn every_route_of_the_template_is_answered() {
    let table = TestTable::new().await;
    let function = table.template.functions.iter().find(|function| function.binary == "absent_features");
    let routes: BTreeSet<_> =
        function.expect("it is there").routes.iter().map(|route| format!("POST {}", route.path)).collect();
    let known = CALLS.iter().map(|Absent(route, ..)| *route).chain([WHITEBOARD]);
    assert_eq!(routes, known.map(str::to_owned).collect());
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for route in CALLS.iter().map(|Absent(route, ..)| *route).chain([WHITEBOARD]) {
        checks::callers(&table, async |call| ask(&app, call).await, path_of(route), &json!({})).await;
    }
}
