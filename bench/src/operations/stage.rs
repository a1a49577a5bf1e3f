//! The handlers with all that they need, on one table.

use std::time::{Duration, Instant};

use api::{Answer, App, Dialect, Handling, Request, respond};
use serde_json::Value;
use store::Usage;
use testing::{Call, TestTable};

/// The functions whose operations are measured.
pub(super) struct Stage {
    pub(super) table: TestTable,
    pub(super) create_room: App<create_room::Config>,
    pub(super) get_join_token: App<get_join_token::Config>,
    pub(super) is_room_active: App<is_room_active::Config>,
    pub(super) get_active_room_info: App<get_active_room_info::Config>,
    pub(super) get_active_rooms_info: App<get_active_rooms_info::Config>,
    pub(super) fetch_past_rooms: App<fetch_past_rooms::Config>,
    pub(super) broadcast_to_room: App<broadcast_to_room::Config>,
    pub(super) end_room: App<end_room::Config>,
    pub(super) create_room_by_code: App<create_room_by_code::Config>,
    pub(super) get_room: App<get_room::Config>,
    pub(super) get_room_by_code: App<get_room_by_code::Config>,
    pub(super) list_participants: App<list_participants::Config>,
    pub(super) update_room_settings: App<update_room_settings::Config>,
    pub(super) join_room: App<join_room::Config>,
    pub(super) leave_room: App<leave_room::Config>,
    pub(super) end_room_by_host: App<end_room_by_host::Config>,
    pub(super) redeem_join_token: App<redeem_join_token::Config>,
    pub(super) resume: App<resume::Config>,
    pub(super) leave: App<leave::Config>,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let table = TestTable::with_real_time().await;
        macro_rules! app {
            ($function:ident, $dialect:expr) => {
                table
                    .app(stringify!($function), $dialect, async |env| $function::Config::load(env).await)
                    .await
            };
        }
        Self {
            create_room: app!(create_room, Dialect::Server),
            get_join_token: app!(get_join_token, Dialect::Server),
            is_room_active: app!(is_room_active, Dialect::Server),
            get_active_room_info: app!(get_active_room_info, Dialect::Server),
            get_active_rooms_info: app!(get_active_rooms_info, Dialect::Server),
            fetch_past_rooms: app!(fetch_past_rooms, Dialect::Server),
            broadcast_to_room: app!(broadcast_to_room, Dialect::Server),
            end_room: app!(end_room, Dialect::Server),
            create_room_by_code: app!(create_room_by_code, Dialect::Rooms),
            get_room: app!(get_room, Dialect::Rooms),
            get_room_by_code: app!(get_room_by_code, Dialect::Rooms),
            list_participants: app!(list_participants, Dialect::Rooms),
            update_room_settings: app!(update_room_settings, Dialect::Rooms),
            join_room: app!(join_room, Dialect::Rooms),
            leave_room: app!(leave_room, Dialect::Rooms),
            end_room_by_host: app!(end_room_by_host, Dialect::Rooms),
            redeem_join_token: app!(redeem_join_token, Dialect::Rooms),
            resume: app!(resume, Dialect::Rooms),
            leave: app!(leave, Dialect::Rooms),
            table,
        }
    }
}

/// What an operation took.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    /// Of DynamoDB.
    pub(super) usage: Usage,
    /// Of time, but for the waiting for DynamoDB.
    pub(super) own: Duration,
}

/// Answers the call, and says what that took. What is measured has to succeed.
pub(super) async fn ask<C, H>(app: &App<C>, call: Call, handle: H) -> (Value, Cost)
where
    H: for<'a> Fn(&'a App<C>, &'a Request) -> Handling<'a>,
{
    let request = call.request();
    let (before, started) = (app.store.usage(), Instant::now());
    let Answer { status, body, .. } = respond(app, &request, handle).await;
    let took = started.elapsed();
    let usage = app.store.usage() - before;
    let cost = Cost { usage, own: took.saturating_sub(usage.waited) };
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
    assert!((200..300).contains(&status), "{} {}: {status} {body}", request.method, request.path);
    assert_ne!(body["status"], false, "{} {}: {body}", request.method, request.path);
    (body, cost)
}
