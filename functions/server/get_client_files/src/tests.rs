use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::json;
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/getClientFiles";

/// The function with this manifest.
async fn app(table: &TestTable, manifest: &str) -> App<Config> {
    table
        .app("get_client_files", Dialect::Server, async |env| {
            let keys = KeyRing::new(env);
            let given = Env::new([(MANIFEST.to_owned(), manifest.to_owned())]);
            Ok(Config { keys, ..Config::load(&given).await? })
        })
        .await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

#[tokio::test]
async fn the_files_come_in_the_order_in_which_they_are_loaded() {
    let table = TestTable::new().await;
    let manifest = json!({
        "css": ["main.1a2b3c.css", "vendor.99.css"],
        "js": ["runtime.abc.js", "main-module.def.js", "vendor.ghi.js", "tflite.1.js"],
        "static_assets_path": "https://cdn.example.org/assets",
    });
    let app = app(&table, &manifest.to_string()).await;
    let reply = ask(&app, Call::post(PATH, &json!({})).signed()).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "css": [
        "vendor.99.css",
        "main.1a2b3c.css"
      ],
      "css_files": [
        "vendor.99.css",
        "main.1a2b3c.css"
      ],
      "js": [
        "main-module.def.js",
        "runtime.abc.js",
        "tflite.1.js",
        "vendor.ghi.js"
      ],
      "js_files": [
        "main-module.def.js",
        "runtime.abc.js",
        "tflite.1.js",
        "vendor.ghi.js"
      ],
      "msg": "success",
      "static_assets_path": "https://cdn.example.org/assets",
      "status": true,
      "status_code": "UNKNOWN_STATUS"
    }
    "#);
}

#[tokio::test]
async fn a_deployment_without_a_client_has_no_files_whatever_the_body() {
    let table = TestTable::new().await;
    let app = table.app("get_client_files", Dialect::Server, Config::load).await;
    for body in ["", "{}", "garbage", "[]"] {
        let reply = ask(&app, Call::new("POST", PATH).raw(body).signed()).await;
        let none = json!({"status": true, "msg": "success", "status_code": "UNKNOWN_STATUS",
            "css": [], "js": [], "css_files": [], "js_files": []});
        assert_eq!(reply.body, none, "{body}");
    }
}

#[tokio::test]
async fn a_bad_manifest_fails_the_start_by_its_name() {
    for bad in ["x", "[]", r#"{"css": "a.css"}"#, r#"{"js": [1]}"#, r#"{"static_asset_path": ""}"#] {
        let env = Env::new([(MANIFEST.to_owned(), bad.to_owned())]);
        let error = Config::load(&env).await.err().expect("refused");
        assert_eq!(
            error.to_string(),
            "environment variable CLIENT_FILES_MANIFEST must be a JSON object of css and js (lists of file names) and \
             static_assets_path (a text)",
            "{bad}"
        );
    }
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table, "").await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &json!({})).await;
}
