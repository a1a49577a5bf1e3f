//! Removal, bans and revocation against the joins and the mints that are under way, with and without a DynamoDB that
//! fails; and once over the whole stack.

use std::sync::Arc;
use std::time::Duration;

use local::Options;
use local::simulate::Profile;
use models::{JoinToken, Participant, Refusal, Room, RoomKey, Standing};
use serde_json::{Value, json};
use store::{Admission, Halt, Revoked};
use testing::rooms::{Rooms, new_token, user_id};
use testing::{Answered, Server, TestTable};
use tokio::task::JoinSet;

use crate::races::tables;

/// Who is put out.
const EVE: &str = "eve";

/// The room, with seats that are as many as the people in it, and what is known of eve.
async fn look(name: &str, table: &TestTable, key: &RoomKey) -> (Room, Option<Participant>) {
    let whole = table.calm_store().whole_room(key).await.expect("readable");
    let state = whole.room.expect("a room");
    let active = whole.participants.iter().filter(|person| person.is_in(&state)).count();
    assert_eq!(usize::try_from(state.seats).expect("few"), active, "{name}: seats are those who are in");
    let eve = whole.participants.into_iter().find(|person| person.user == user_id(EVE));
    (state, eve)
}

/// Mints a token for eve and trades it, again and again, until she is told that she is barred.
async fn come(rooms: Rooms, key: RoomKey) -> (Vec<Admission>, Vec<JoinToken>) {
    let (mut admitted, mut unused) = (vec![], vec![]);
    loop {
        match rooms.try_mint(&key, new_token(EVE, rooms.store().now()), || ()).await {
            Ok(token) => match rooms.redeem(&token).await {
                Ok(admission) => admitted.push(admission),
                Err(Refusal::Banned) => unused.push(token),
                Err(refusal) => panic!("{refusal:?}"),
            },
            Err(Halt::Refused(Refusal::Banned)) => return (admitted, unused),
            // Her record kept changing under a mint's hands, or the table failed until the deadline.
            Err(Halt::Failed(_)) => {}
            Err(halt) => panic!("{halt:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_ban_nothing_of_a_user_gets_in_however_much_is_under_way() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let key = rooms.open("barred", None).await.key;
        rooms.seat(&key, "ann").await;
        let mut kept = vec![];
        for _ in 0..4 {
            kept.push(rooms.mint(&key, EVE).await);
        }
        let crowd: JoinSet<_> = (0..6).map(|_| come(rooms.clone(), key.clone())).collect();
        tokio::time::sleep(Duration::from_millis(150)).await;
        // Two at once: a moderator and a back end.
        let removals = (0..2).map(|_| {
            let (rooms, key) = (rooms.clone(), key.clone());
            async move { rooms.remove(&key, EVE, true).await }
        });
        for removed in removals.collect::<JoinSet<_>>().join_all().await {
            removed.unwrap_or_else(|halt| panic!("{name}: {halt:?}"));
        }
        let (_, eve) = look(name, &table, &key).await;
        assert_eq!(eve.expect("eve").standing, Standing::Banned, "{name}: at once");
        let (admitted, unused): (Vec<_>, Vec<_>) = crowd.join_all().await.into_iter().unzip();

        let (state, eve) = look(name, &table, &key).await;
        assert_eq!(state.seats, 1, "{name}: ann alone is in");
        assert_eq!(eve.expect("eve").standing, Standing::Banned, "{name}");
        for token in kept.iter().chain(unused.iter().flatten()) {
            assert_eq!(rooms.redeem(token).await, Err(Refusal::Banned), "{name}");
        }
        for admission in admitted.iter().flatten() {
            assert!(!rooms.leave(admission).await, "{name}: her sittings are over");
        }
        told_once(name, &table, &key).await;

        assert!(rooms.store().unblock(&key, &user_id(EVE), None).await.expect("answered"), "{name}");
        for token in kept.iter().chain(unused.iter().flatten()) {
            assert_eq!(rooms.redeem(token).await, Err(Refusal::UsedToken), "{name}: dead for good");
        }
        rooms.seat(&key, EVE).await;
        let (state, _) = look(name, &table, &key).await;
        assert_eq!((state.seats, state.joined), (2, 2), "{name}");
    }
}

/// Every change of the room has the next number, and one of them barred her: after it she has never come.
async fn told_once(name: &str, table: &TestTable, key: &RoomKey) {
    let history = table.history(key).await;
    let changes: Vec<_> = history.iter().filter(|step| step.old != step.new && !step.old.is_null()).collect();
    for step in &changes {
        assert_eq!(step.number_after("seq"), step.number_before("seq") + 1, "{name}: the next number");
    }
    let about_eve = changes.iter().map(|step| step.event()).filter(|event| event["user"] == EVE);
    let about_eve: Vec<Value> = about_eve.collect();
    let bans = about_eve.iter().filter(|event| event["type"] == "removed" && event["banned"] == true).count();
    assert_eq!(bans, 1, "{name}: {about_eve:?}");
    assert_eq!(about_eve.last().expect("a change")["type"], "removed", "{name}: {about_eve:?}");
}

/// Mints tokens for eve until she is barred; gives the last ones.
async fn invite(rooms: Rooms, key: RoomKey) -> Vec<JoinToken> {
    let mut tokens = vec![];
    loop {
        match rooms.try_mint(&key, new_token(EVE, rooms.store().now()), || ()).await {
            Ok(token) => tokens.push(token),
            Err(Halt::Refused(Refusal::Banned)) => return tokens.split_off(tokens.len().saturating_sub(3)),
            Err(Halt::Failed(_)) => {}
            Err(halt) => panic!("{halt:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_minted_in_the_moment_of_a_ban_brings_nobody_in() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let key = rooms.open("invited", None).await.key;
        let mints: JoinSet<_> = (0..6).map(|_| invite(rooms.clone(), key.clone())).collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        rooms.remove(&key, EVE, true).await.unwrap_or_else(|halt| panic!("{name}: {halt:?}"));
        let tokens: Vec<_> = mints.join_all().await.into_iter().flatten().collect();
        let redeemed: JoinSet<_> = tokens
            .into_iter()
            .map(|token| {
                let rooms = rooms.clone();
                async move { rooms.redeem(&token).await }
            })
            .collect();
        for refused in redeemed.join_all().await {
            assert_eq!(refused, Err(Refusal::Banned), "{name}");
        }
        let (state, eve) = look(name, &table, &key).await;
        assert_eq!((state.seats, state.hooks), (0, 2), "{name}: nobody has come or gone");
        assert_eq!(eve.expect("eve").standing, Standing::Banned, "{name}");
        told_once(name, &table, &key).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_put_out_while_he_comes_and_goes_leaves_no_seat_behind() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let key = rooms.open("again", None).await.key;
        rooms.seat(&key, "ann").await;
        let comes: JoinSet<_> = (0..4)
            .map(|_| {
                let (rooms, key) = (rooms.clone(), key.clone());
                async move {
                    for _ in 0..5 {
                        let token = rooms.mint(&key, EVE).await;
                        match rooms.redeem(&token).await {
                            Ok(admission) => _ = rooms.leave(&admission).await,
                            // It was minted before a removal.
                            Err(refusal) => assert_eq!(refusal, Refusal::UsedToken),
                        }
                    }
                }
            })
            .collect();
        let removals: JoinSet<_> = (0..2)
            .map(|_| {
                let (rooms, key) = (rooms.clone(), key.clone());
                async move {
                    for _ in 0..10 {
                        match rooms.remove(&key, EVE, false).await {
                            Ok(()) | Err(Halt::Refused(Refusal::ParticipantNotFound) | Halt::Failed(_)) => {}
                            Err(halt) => panic!("{halt:?}"),
                        }
                    }
                }
            })
            .collect();
        comes.join_all().await;
        removals.join_all().await;
        let (state, eve) = look(name, &table, &key).await;
        let is_in = eve.is_some_and(|eve| eve.is_in(&state));
        assert_eq!(state.seats, 1 + u32::from(is_in), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_revocation_of_a_room_divides_its_joins_into_those_before_and_none_after() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let key = rooms.open("revoked", None).await.key;
        let mut tokens = vec![];
        for number in 0..40 {
            tokens.push(Arc::new(rooms.mint(&key, &format!("user{number}")).await));
        }
        let joins: JoinSet<_> = tokens
            .iter()
            .enumerate()
            .map(|(place, token)| {
                let (rooms, token) = (rooms.clone(), Arc::clone(token));
                async move {
                    tokio::time::sleep(Duration::from_millis(4 * place as u64)).await;
                    rooms.redeem(&token).await
                }
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(40)).await;
        rooms.store().revoke(&key, &Revoked::All, None).await.expect("revoked");
        // Nobody comes from here on, not even who had asked before.
        let (then, _) = look(name, &table, &key).await;
        let (mut admitted, mut refused) = (0, 0);
        for joined in joins.join_all().await {
            match joined {
                Ok(_) => admitted += 1,
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::InvalidToken, "{name}");
                    refused += 1;
                }
            }
        }
        let (state, _) = look(name, &table, &key).await;
        assert_eq!((then.seats, admitted), (state.seats, state.seats), "{name}: {refused} came too late");
        for token in &tokens {
            let late = rooms.redeem(token).await.expect_err("dead");
            assert!(matches!(late, Refusal::InvalidToken | Refusal::UsedToken), "{name}: {late:?}");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        rooms.seat(&key, "late").await;
    }
}

/// A stack as it is, and one whose table fails.
async fn stacks() -> [(&'static str, Server); 2] {
    let failing = |options: &mut Options| {
        options.simulate = Some(Profile::Faults);
        options.seed = 7;
    };
    [("plain", Server::start(|_| {}).await), ("faults", Server::start(failing).await)]
}

/// Asks until the table has let it be answered.
async fn answered(ask: impl AsyncFn() -> Answered) -> Answered {
    for _ in 0..5 {
        let answered = ask().await;
        if answered.status != 503 {
            return answered;
        }
    }
    panic!("busy for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_stack_a_barred_user_is_out_and_comes_again_when_he_may() {
    for (name, server) in stacks().await {
        let server = Arc::new(server);
        let room = json!({"room_id": "demo"});
        let about_eve = json!({"room_id": "demo", "user_id": EVE});
        let user = json!({"room_id": "demo", "user_info": {"user_id": EVE, "name": "Eve"}});
        let admin =
            json!({"room_id": "demo", "user_info": {"user_id": "adm", "name": "A", "is_admin": true}});
        assert_eq!(answered(async || server.create_room("demo", None).await).await.status, 200);
        let minted = async |body: &Value| {
            let answered = answered(async || server.signed("/auth/room/getJoinToken", body).await).await;
            answered.body["token"].as_str().unwrap_or_else(|| panic!("{name}: {answered:?}")).to_owned()
        };
        let join = async |token: &str| answered(async || server.redeem(token).await).await;
        let session = async |body: &Value| {
            // A join whose answer was lost by the gateway's limit has used its token.
            let joined = join(&minted(body).await).await;
            joined.body["session"]["token"]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: {joined:?}"))
                .to_owned()
        };
        let (adm, eve) = (session(&admin).await, session(&user).await);
        let unused = minted(&user).await;
        let removal = json!({"user_id": EVE, "msg": "bye", "block_user": true});

        // While she tries to come again and again.
        let tries: JoinSet<_> = (0..4)
            .map(|_| {
                let (server, user) = (Arc::clone(&server), user.clone());
                async move {
                    for _ in 0..4 {
                        let minted = server.signed("/auth/room/getJoinToken", &user).await;
                        if let Some(token) = minted.body["token"].as_str() {
                            server.redeem(token).await;
                        }
                    }
                }
            })
            .collect();
        let put_out =
            async || server.call("POST", "/api/removeParticipant", Some(&adm), Some(&removal)).await;
        let removed = answered(put_out).await;
        assert_eq!((removed.status, &removed.body["msg"]), (200, &json!("success")), "{name}");
        let blocked = (403, json!("You are blocked from this room"));
        for path in ["/api/joinRoom", "/api/resume"] {
            let token = if path == "/api/resume" { &eve } else { &unused };
            let refused = answered(async || server.call("POST", path, Some(token), None).await).await;
            assert_eq!((refused.status, refused.body["message"].clone()), blocked, "{name}: {path}");
        }
        tries.join_all().await;
        let refused = answered(async || server.signed("/auth/room/getJoinToken", &user).await).await;
        assert_eq!(refused.body["status_code"], "USER_BLOCKED", "{name}");
        let info = async || server.signed("/auth/room/getActiveRoomInfo", &room).await;
        let people = answered(info).await.body["room"]["participants_info"].clone();
        assert_eq!(people.as_array().map(Vec::len), Some(1), "{name}: {people}");
        assert_eq!(people[0]["identity"], "adm", "{name}");

        let unblock = async || server.signed("/auth/room/unblockUser", &about_eve).await;
        assert_eq!(answered(unblock).await.body["msg"], "success", "{name}");
        assert_eq!(join(&unused).await.status, 401, "{name}: what was dead stays dead");
        session(&user).await;

        let left_over = minted(&user).await;
        let revoke = async || server.signed("/auth/room/revokeTokens", &room).await;
        assert_eq!(answered(revoke).await.body["msg"], "success", "{name}");
        assert_eq!(join(&left_over).await.body["message"], "Invalid token", "{name}");
        assert_eq!(answered(info).await.body["room"]["participants_info"].as_array().map(Vec::len), Some(2));
        let kick = async || server.signed("/auth/room/removeParticipant", &about_eve).await;
        assert_eq!(answered(kick).await.body["msg"], "success", "{name}");

        let sid = answered(info).await.body["room"]["room_info"]["sid"].clone();
        assert_eq!(
            answered(async || server.signed("/auth/room/endRoom", &room).await).await.body["status"],
            true
        );
        let report = json!({"room_id": "demo", "sid": sid});
        let report = answered(async || server.signed("/auth/room/sessionReport", &report).await).await;
        let report = &report.body["report"];
        assert_eq!(
            (&report["reason"], &report["joined_participants"]),
            (&json!("api"), &json!("2")),
            "{name}"
        );
        Arc::into_inner(server).expect("all are done").stop().await;
    }
}
