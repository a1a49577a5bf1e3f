use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Tenant;
use serde_json::{Value, json};
use store::{NewRoom, NewToken};
use testing::rooms::{EMPTY_TIMEOUT, HOST, Rooms, new_room, new_token};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;
use crate::list::LeftOut;

const PATH: &str = "/auth/room/getActiveRoomsInfo";

async fn app(table: &TestTable) -> App<Config> {
    table.app("get_active_rooms_info", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn active(app: &App<Config>) -> Reply {
    ask(app, Call::post(PATH, &json!({})).signed()).await
}

fn none() -> Value {
    json!({"status": false, "msg": "no active room found", "status_code": "NOT_FOUND", "rooms": []})
}

/// The rooms of the answer, each with who is in.
fn rooms_of(reply: &Reply) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let rooms = list(&reply.body["rooms"]);
    let rooms = rooms.iter().map(|room| {
        let people = list(&room["participants_info"]);
        (text(&room["room_info"]["room_id"]), people.iter().map(|person| text(&person["identity"])).collect())
    });
    rooms.collect()
}

/// Metadata of a person with this text in it.
fn of(text: &str) -> String {
    json!({"extra_data": {"text": text}}).to_string()
}

/// Three rooms with a person each, whose metadata is as long as that.
async fn three(rooms: &Rooms, metadata: usize) {
    for room_id in ["one", "two", "three"] {
        let new = NewRoom { metadata: format!("\"{}\"", "x".repeat(1_000)), ..new_room(room_id) };
        let room = rooms.create(&new).await;
        let new = NewToken { metadata: of(&"y".repeat(metadata)), ..new_token("ann", rooms.store().now()) };
        rooms.redeem(&rooms.mint_as(&room.key, new).await).await.expect("a seat");
    }
}

#[tokio::test]
async fn every_open_room_is_described_with_who_is_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.open("empty", None).await;
    table.clock.advance(Duration::from_secs(1));
    let hidden = NewToken { hidden: true, ..new_token("zoe", table.now()) };
    let room = rooms.open("busy", None).await;
    rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    table.clock.advance(Duration::from_secs(1));
    rooms.leave(&rooms.seat(&room.key, "bob").await).await;
    rooms.seat(&room.key, "ann").await;
    let reply = active(&app).await;
    assert_eq!(
        rooms_of(&reply),
        [("empty".to_owned(), vec![]), ("busy".to_owned(), vec!["zoe".to_owned(), "ann".to_owned()])]
    );
    assert_eq!(reply.body["rooms"][1]["room_info"]["joined_participants"], "2");
    let mut shortened = reply.body.clone();
    shortened["rooms"].as_array_mut().expect("a list").truncate(1);
    assert_json_snapshot!(shortened, @r#"
    {
      "msg": "success",
      "rooms": [
        {
          "participants_info": [],
          "room_info": {
            "creation_time": "1800000000",
            "is_active_rtmp": 0,
            "is_breakout_room": 0,
            "is_recording": 0,
            "is_running": 1,
            "joined_participants": "0",
            "metadata": "{}",
            "parent_room_id": "",
            "room_id": "empty",
            "room_title": "Title of empty",
            "sid": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe",
            "webhook_url": ""
          }
        }
      ],
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
}

#[tokio::test]
async fn many_rooms_are_found_in_all_shards() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    for number in 0..70 {
        rooms.open(&format!("room-{number}"), None).await;
        table.clock.advance(Duration::from_millis(1));
    }
    let found: Vec<_> = rooms_of(&active(&app).await).into_iter().map(|(room_id, _)| room_id).collect();
    assert_eq!(found, (0..70).map(|number| format!("room-{number}")).collect::<Vec<_>>());
    let before = app.store.usage();
    active(&app).await;
    assert_eq!((app.store.usage() - before).calls, 8 + 2, "eight shards, and fifty rooms at a time");
}

#[tokio::test]
async fn a_room_is_listed_while_a_session_runs() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    assert_eq!(active(&app).await.body, none());
    let room = rooms.open("ended", None).await;
    rooms.end_session(&room.key).await;
    rooms.open("ran-out", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let code = rooms.by_code(5).await;
    assert_eq!(active(&app).await.body, none());
    rooms.join(&code.key, HOST).await.expect("a seat");
    assert_eq!(rooms_of(&active(&app).await), [(code.key.room.to_string(), vec![HOST.to_owned()])]);
    rooms.end_session(&code.key).await;
    assert_eq!(active(&app).await.body, none());
}

#[tokio::test]
async fn tenants_do_not_see_each_others_rooms() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let call = Call::post(PATH, &json!({})).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.body, none());
}

#[tokio::test]
async fn a_list_that_is_too_long_leaves_out_the_people_then_the_metadata_then_rooms() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    three(&rooms, 2_000).await;
    let store = table.store();
    let within = async |most: usize| {
        let open = store.open_rooms(&Tenant::main()).await.expect("readable");
        let (rooms, left_out) = list(&store, open, most).await.expect("readable");
        let rooms = json!(rooms);
        let first = &rooms[0];
        let people = first["participants_info"].as_array().expect("a list").len();
        let metadata = first["room_info"]["metadata"].as_str().expect("a text").len();
        assert_eq!(first["room_info"]["joined_participants"], "1", "how many are in is always told");
        (rooms.as_array().expect("a list").len(), people, metadata, left_out)
    };
    assert_eq!(within(20_000).await, (3, 1, 1_002, None));
    assert_eq!(within(10_000).await, (3, 0, 1_002, Some(LeftOut::People)));
    assert_eq!(within(3_000).await, (3, 0, 2, Some(LeftOut::Metadata)));
    assert_eq!(within(1_000).await, (2, 0, 2, Some(LeftOut::Rooms(1))));
    assert_eq!(LeftOut::Rooms(1).to_string(), "participants_info, metadata and 1 of the rooms");
}

#[tokio::test]
async fn the_answer_stays_within_what_lambda_passes_on() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("large", None).await;
    for number in 0..140 {
        let metadata = of(&"\"".repeat(12 * 1024));
        let new = NewToken { metadata, ..new_token(&format!("user{number}"), table.now()) };
        rooms.redeem(&rooms.mint_as(&room.key, new).await).await.expect("a seat");
    }
    let reply = active(&app).await;
    assert_eq!(reply.body["status"], true);
    assert_eq!(reply.text("msg"), "success: too many rooms for participants_info");
    assert_eq!(rooms_of(&reply), [("large".to_owned(), vec![])]);
    assert_eq!(reply.body["rooms"][0]["room_info"]["joined_participants"], "140");
}

#[tokio::test]
async fn the_body_is_not_looked_at() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for body in ["", "garbage", "[]", "{\"a\":1,\"a\":2}"] {
        let reply = ask(&app, Call::new("POST", PATH).raw(body).signed()).await;
        assert_eq!(reply.body, none(), "{body}");
    }
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &json!({})).await;
}
