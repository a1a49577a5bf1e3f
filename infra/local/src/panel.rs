//! What is printed when a stack is ready: where everything is, and a first session to copy.

use serde_json::json;

use crate::secrets::{self, sign};
use crate::{Addresses, Options, Stack};

/// The line that programs wait for.
pub fn ready_line(addresses: &Addresses) -> String {
    let Addresses { http, ws, dynamodb, .. } = addresses;
    format!("ready http={http} ws={ws} dynamodb={dynamodb}")
}

/// What is where, and signed commands to copy.
pub fn panel(stack: &Stack, options: &Options) -> String {
    let http = &stack.addresses.http;
    let database = match (&options.dynamodb_endpoint, &options.data_dir) {
        (Some(_), _) => "yours, at the address above".to_owned(),
        (None, Some(directory)) => format!("embedded, kept in {}", directory.display()),
        (None, None) => "embedded, in memory".to_owned(),
    };
    let simulation = match options.simulate {
        None => "none (--simulate aws, --simulate faults)".to_owned(),
        Some(profile) => format!("{profile:?}, seed {}", options.seed).to_lowercase(),
    };
    let queues: Vec<&str> = stack.template.queues.iter().map(|queue| queue.name.as_str()).collect();
    let queues = if queues.is_empty() {
        String::new()
    } else {
        format!("  queues      {}, an SQS at {}\n", queues.join(", "), stack.addresses.sqs)
    };
    let sockets = match &stack.template.websocket_api {
        Some(api) => {
            let routes = stack.template.websocket_routes.len();
            format!("  WebSocket   {}/{}, {routes} routes\n", stack.addresses.ws, api.stage)
        }
        None => String::new(),
    };
    let tables: Vec<&str> = stack.template.tables.iter().map(|table| table.name.as_str()).collect();
    let routes: usize = stack.template.functions.iter().map(|function| function.routes.len()).sum();
    let create = json!({
        "room_id": "demo",
        "max_participants": 2,
        "metadata": {"room_title": "Demo", "room_features": {}},
    });
    let token = json!({"room_id": "demo", "user_info": {"user_id": "alice", "name": "Alice"}});
    let post = |path: &str, body: &serde_json::Value| {
        let body = body.to_string();
        let signature = sign(options.api_secret.as_bytes(), body.as_bytes());
        let key = &options.api_key;
        format!("curl -s {http}{path} -H 'API-KEY: {key}' -H 'HASH-SIGNATURE: {signature}' -d '{body}'")
    };
    let create = post("/auth/room/create", &create);
    let mint = post("/auth/room/getJoinToken", &token);
    let user = secrets::user_token(&stack.template, "ann", Some("Ann"));
    let talk = match &stack.template.websocket_api {
        Some(api) => format!(
            "
# The same host over a WebSocket (docs/realtime.md); type: {{\"event\":\"join-room\",\"id\":1,\"data\":{{\"code\":\"…\"}}}}
# websocat '{}/{}?token={user}'
",
            stack.addresses.ws, api.stage
        ),
        None => String::new(),
    };
    format!(
        "
  functions   {functions} with {routes} routes, from template.yaml
  table       {tables}
{sockets}{queues}  database    {database}
  simulation  {simulation}
  API key     {key} / {secret}

# Create a room, mint a join token, trade it for a seat; the second use of it is refused.
{create}; echo
TOKEN=$({mint} | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')
curl -s -X POST {http}/api/joinRoom -H \"Authorization: $TOKEN\"; echo
curl -s -X POST {http}/api/joinRoom -H \"Authorization: $TOKEN\"; echo

# A room by code, made by a signed-in user (more such tokens: cargo dev token --sub bob --name Bob); a guest joins.
ROOM=$(curl -s -X POST {http}/rooms -H 'Authorization: Bearer {user}' -d '{{\"name\":\"Stand-up\",\"maxParticipants\":2}}')
CODE=$(echo \"$ROOM\" | sed 's/.*\"code\":\"\\([^\"]*\\)\".*/\\1/'); ID=$(echo \"$ROOM\" | sed 's/{{\"id\":\"\\([^\"]*\\)\".*/\\1/')
guest() {{ curl -s -X POST {http}/rooms/$CODE/join -d \"{{\\\"guestName\\\":\\\"$1\\\"}}\"; echo; }}
locked() {{ curl -s -X PATCH {http}/rooms/$ID/settings -H 'Authorization: Bearer {user}' -d \"{{\\\"isLocked\\\":$1}}\"; echo; }}
guest Bo

# Locked, it refuses the next one (403); with both seats taken, the third one (400).
locked true; guest Cy
locked false; guest Cy
guest Di
{talk}",
        functions = stack.template.functions.len(),
        tables = tables.join(", "),
        key = options.api_key,
        secret = options.api_secret.text(),
    )
}
