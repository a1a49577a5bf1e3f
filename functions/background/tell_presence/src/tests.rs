use std::collections::BTreeSet;

use models::{Features, Room};
use realtime::Given;
use serde_json::Value;
use store::{LastRound, Mute, NewRoom};
use testing::rooms::new_room;
use testing::{Asked, Between, Connections, Draft, TestTable, Verdict};

use super::*;

const QUEUE: &str = "RoundsQueue";

/// What the tests are about.
struct Parts {
    table: TestTable,
    connections: Connections,
    worker: Worker<Config>,
}

async fn parts() -> Parts {
    let (table, connections) = (TestTable::new().await, Connections::start().await);
    let worker = table.worker_to(&connections, "tell_presence", Config::load).await;
    Parts { table, connections, worker }
}

/// What somebody heard: his name, who joined, left and changed, and how many there are.
type Heard = (String, [Vec<String>; 3], u64);

impl Parts {
    /// A room where users see one another, or do not.
    async fn room(&self, see_one_another: bool) -> Room {
        let features = Features { allow_view_other_users_list: see_one_another, ..Features::default() };
        self.table.rooms().create(&NewRoom { features, ..new_room("room-1") }).await
    }

    /// Somebody without rights who is in, by the connection of his name.
    async fn connected(&self, room: &Room, user: &str) {
        let seat = self.table.rooms().seat(&room.key, user).await;
        self.table.rooms().speak(&seat).await;
    }

    /// A worker whose calls to the table and to queues are judged, as long as what stands between is kept.
    async fn worker_behind(
        &self,
        judge: impl FnMut(&Asked) -> Verdict + Send + 'static,
    ) -> (Worker<Config>, Between) {
        let between = self.table.between(judge);
        let endpoint = self.connections.endpoint();
        let variables = [&[("CONNECTIONS_ENDPOINT", &*endpoint)], &between.variables()[..]].concat();
        let env = self.table.env_with("tell_presence", &variables);
        (self.table.worker_in(env, Config::load).await, between)
    }

    async fn seq(&self, room: &Room) -> u64 {
        self.table.rooms().state(&room.key).await.seq
    }

    /// Puts on the queue that the room's last change is to be told.
    async fn is_due(&self, room: &Room) {
        let Room { key, sid, seq, .. } = self.table.rooms().state(&room.key).await;
        self.send(&RoundDue { room: key, sid, seq });
    }

    fn send(&self, due: &RoundDue) {
        let text = serde_json::to_string(due).expect("it serialises");
        let draft = Draft::new(text).in_group(due.sid.to_string()).once_as(due.deduplication_id());
        self.table.send(QUEUE, draft);
    }

    /// Works on what is on the queue a second later; says which messages are done.
    async fn work(&self) -> Vec<bool> {
        work(&self.table, &self.worker).await
    }

    /// The same of the room's last change; says who heard what.
    async fn round(&self, room: &Room) -> Vec<Heard> {
        self.is_due(room).await;
        assert_eq!(self.work().await, [true]);
        self.heard()
    }

    fn heard(&self) -> Vec<Heard> {
        let heard = self.connections.heard().into_iter();
        let mut heard: Vec<_> = heard.map(|(user, text)| one_heard(user, &text.expect("said"))).collect();
        heard.sort();
        heard
    }

    async fn last_round(&self, room: &Room) -> LastRound {
        self.table.store().last_round(&room.key).await.expect("readable").expect("a round")
    }
}

fn one_heard(user: String, text: &str) -> Heard {
    let message: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(message["event"], "presence");
    let ids = |list: &str| {
        let people = message["data"][list].as_array().expect("a list");
        let names = people.iter().filter_map(|person| person["displayName"].as_str());
        names.map(|name| name.trim_start_matches("Name of ").to_owned()).collect::<Vec<_>>()
    };
    let lists = ["joined", "left", "changed"].map(ids);
    (user, lists, message["data"]["count"].as_u64().expect("a number"))
}

async fn work(table: &TestTable, worker: &Worker<Config>) -> Vec<bool> {
    // The queue's own delay.
    table.clock.advance(Duration::from_secs(1));
    let event = table.receive(QUEUE);
    let records = event["Records"].as_array().expect("records").clone();
    let response = handle(worker, serde_json::from_value(event).expect("an event")).await.expect("handled");
    let failed: BTreeSet<_> = response.batch_item_failures.iter().map(|one| &*one.item_identifier).collect();
    let mut done = vec![];
    for record in &records {
        let is_done = !failed.contains(record["messageId"].as_str().expect("an id"));
        if is_done {
            table.delete(QUEUE, record);
        }
        done.push(is_done);
    }
    done
}

fn heard(user: &str, lists: [&[&str]; 3], count: u64) -> Heard {
    (user.to_owned(), lists.map(|list| list.iter().map(|name| (*name).to_owned()).collect()), count)
}

#[tokio::test]
async fn everybody_hears_the_same_once_and_what_is_told_is_remembered() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.connected(&room, "bo").await;
    parts.table.rooms().seat(&room.key, "cy").await;
    let all = [&["ann", "bo", "cy"][..], &[], &[]];
    assert_eq!(parts.round(&room).await, [heard("ann", all, 3), heard("bo", all, 3)]);
    let last = parts.last_round(&room).await;
    let seq = parts.seq(&room).await;
    assert_eq!((last.seq, last.posts, last.people.len()), (seq, 2, 3));

    parts.send(&RoundDue { room: room.key.clone(), sid: room.sid, seq: seq - 1 });
    assert_eq!(parts.work().await, [true]);
    // The queue does not know it any more.
    parts.table.clock.advance(Duration::from_mins(6));
    parts.is_due(&room).await;
    let before = parts.worker.store.usage();
    assert_eq!(parts.work().await, [true]);
    assert_eq!((parts.worker.store.usage() - before).calls, 1, "one read finds that it is told");
    assert_eq!(parts.heard(), []);
}

#[tokio::test]
async fn where_users_do_not_see_one_another_each_hears_his_own_and_nothing_of_the_others() {
    let parts = parts().await;
    let (room, rooms) = (parts.room(false).await, parts.table.rooms());
    rooms.speak(&rooms.moderator(&room.key, "admin").await).await;
    parts.connected(&room, "ann").await;
    parts.connected(&room, "bo").await;
    let joined = parts.round(&room).await;
    let expected = [
        heard("admin", [&["admin", "ann", "bo"], &[], &[]], 3),
        heard("ann", [&["admin", "ann"], &[], &[]], 2),
        heard("bo", [&["admin", "bo"], &[], &[]], 2),
    ];
    assert_eq!(joined, expected);
    assert_eq!(parts.last_round(&room).await.posts, 3);

    let cy = rooms.seat(&room.key, "cy").await;
    assert_eq!(parts.round(&room).await, [heard("admin", [&["cy"], &[], &[]], 4)]);
    assert_eq!(parts.last_round(&room).await.posts, 1, "who has nothing to hear is posted nothing");
    rooms.leave(&cy).await;
    assert_eq!(parts.round(&room).await, [heard("admin", [&[], &["cy"], &[]], 3)]);
}

#[tokio::test]
async fn those_who_hear_their_own_are_told_together() {
    let parts = parts().await;
    let room = parts.room(false).await;
    for user in ["ann", "bo", "cy"] {
        parts.connected(&room, user).await;
    }
    parts.connections.wait_for(3);
    let heard = parts.round(&room).await;
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert_eq!(parts.last_round(&room).await.posts, 3);
}

#[tokio::test]
async fn changes_of_a_session_are_one_round() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.is_due(&room).await;
    parts.table.rooms().seat(&room.key, "bo").await;
    parts.is_due(&room).await;
    assert_eq!(parts.work().await, [true, true]);
    assert_eq!(parts.heard(), [heard("ann", [&["ann", "bo"], &[], &[]], 2)]);
}

#[tokio::test]
async fn a_large_round_puts_the_next_one_off_and_that_tells_all() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    let (sid, at) = (room.sid, parts.table.now());
    let large =
        LastRound { sid, seq: 1, at, posts: 300, heard: 0, people: BTreeMap::new(), gone: BTreeMap::new() };
    parts.table.store().note_round(&room.key, &large).await.expect("noted");
    parts.is_due(&room).await;
    assert_eq!(parts.work().await, [false]);
    assert_eq!(parts.heard(), []);
    let hidden = parts.table.messages(QUEUE)[0].visible_at.since(parts.table.now());
    assert_eq!(hidden, Duration::from_secs(10), "nine are left, and SQS counts in whole seconds");
    parts.table.clock.advance(Duration::from_secs(9));
    assert_eq!(parts.work().await, [true]);
    assert_eq!(parts.heard(), [heard("ann", [&["ann"], &[], &[]], 1)]);
}

#[tokio::test]
async fn a_session_that_is_over_is_told_nothing() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.is_due(&room).await;
    parts.table.rooms().end_session(&room.key).await;
    assert_eq!(parts.work().await, [true]);
    assert_eq!(parts.heard(), []);
    assert_eq!(parts.table.store().last_round(&room.key).await.expect("readable"), None);
}

#[tokio::test]
async fn a_connection_that_is_gone_is_no_post_and_the_next_round_shows_its_owner_as_away() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.connected(&room, "bo").await;
    parts.connections.lose("bo");
    assert_eq!(parts.round(&room).await, [heard("ann", [&["ann", "bo"], &[], &[]], 2)]);
    assert_eq!(parts.last_round(&room).await.posts, 1);
    assert_eq!(parts.round(&room).await, [heard("ann", [&[], &[], &["bo"]], 2)]);
}

#[tokio::test]
async fn what_cannot_be_read_fails_alone() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.table.send(QUEUE, Draft::new("no round").in_group("other".to_owned()).once_as("1".to_owned()));
    parts.is_due(&room).await;
    assert_eq!(parts.work().await, [false, true]);
    assert_eq!(parts.heard().len(), 1);
}

#[tokio::test]
async fn a_table_that_does_not_answer_delays_a_round_by_a_second() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    for operation in ["GetItem", "Query", "PutItem"] {
        let fails = move |asked: &Asked| {
            if asked.operation == operation { Verdict::Fails } else { Verdict::Passes }
        };
        let (worker, _between) = parts.worker_behind(fails).await;
        parts.is_due(&room).await;
        assert_eq!(work(&parts.table, &worker).await, [false], "{operation}");
        let hidden = parts.table.messages(QUEUE)[0].visible_at.since(parts.table.now());
        assert_eq!(hidden, Duration::from_secs(1), "{operation}");
    }
    parts.connections.heard();
    assert_eq!(parts.work().await, [true]);
    assert_eq!(parts.heard(), [heard("ann", [&["ann"], &[], &[]], 1)], "told again, for nobody noted it");
}

#[tokio::test]
async fn who_came_back_within_a_round_is_told_once_and_who_passed_too() {
    let parts = parts().await;
    let rooms = parts.table.rooms();
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.connected(&room, "bo").await;
    parts.round(&room).await;
    let cy = rooms.seat(&room.key, "cy").await;
    rooms.leave(&cy).await;
    // Muted, and on again.
    let bo = testing::rooms::user_id("bo");
    let mute = Mute { room: &room.key, sid: room.sid, whom: Some(&bo), by: cy.id };
    rooms.store().mute(mute, None).await.expect("muted");
    testing::rooms::speak(rooms.store(), &room.key, &bo).await;
    let passed = [&[][..], &["cy"], &["bo"]];
    assert_eq!(parts.round(&room).await, [heard("ann", passed, 2), heard("bo", passed, 2)]);
    parts.connected(&room, "dee").await;
    let joined = [&["dee"][..], &[], &[]];
    let told = parts.round(&room).await;
    assert_eq!(told, ["ann", "bo", "dee"].map(|user| heard(user, joined, 3)), "and not again");
}

#[tokio::test]
async fn a_round_says_that_it_begins_before_it_tells_anybody() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    let begun = async || parts.table.store().round_begun(&room.key, room.sid).await.expect("readable");
    assert_eq!(begun().await, 0);
    let fails = |asked: &Asked| {
        let begins = asked.operation == "PutItem"
            && asked.body["Item"]["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("TELLING"));
        if begins { Verdict::Fails } else { Verdict::Passes }
    };
    let (worker, _between) = parts.worker_behind(fails).await;
    parts.is_due(&room).await;
    assert_eq!(work(&parts.table, &worker).await, [false]);
    assert_eq!(parts.heard(), [], "nobody knows that it has begun");
    assert_eq!(parts.work().await, [true]);
    assert_eq!(parts.heard().len(), 1);
    assert_eq!(begun().await, parts.seq(&room).await);
}

#[tokio::test]
async fn whoever_is_given_the_session_after_a_newer_round_hears_what_that_told() {
    let parts = parts().await;
    let room = parts.room(true).await;
    parts.connected(&room, "ann").await;
    parts.round(&room).await;
    let Worker { store, config, clock, .. } = &parts.worker;
    let read = async || Whole::read(store, &room.key, &**clock).await;
    let (first, second) = (read().await, read().await);
    let given = |whole: Result<Option<Whole>, _>| {
        let whole = whole.expect("readable").expect("it runs");
        let to = whole.present[0].connection.clone().expect("connected");
        Given { to, whole, after: vec![] }
    };
    let follow = async |given: Given| {
        let before = store.usage();
        given.follow(store, &config.sockets, &**clock).await;
        (store.usage() - before).calls
    };
    parts.connected(&room, "bo").await;
    assert_eq!(follow(given(first)).await, 1, "one read finds that nothing was told since");
    assert_eq!(parts.heard(), [], "a round tells her");
    let joined = [&["bo"][..], &[], &[]];
    let round = [heard("ann", joined, 2), heard("bo", joined, 2)];
    assert_eq!(parts.round(&room).await, round, "before she is given what was read before");
    follow(given(second)).await;
    assert_eq!(parts.heard(), [heard("ann", joined, 2)]);
}
