//! What a connection may take.

use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::*;

const KILOBYTE: usize = 1024;

/// A message in frames of these sizes.
async fn send_frames(socket: &mut Socket, sizes: &[usize]) {
    for (number, size) in sizes.iter().enumerate() {
        let kind = if number == 0 { Data::Text } else { Data::Continue };
        let is_last = number + 1 == sizes.len();
        let frame = Frame::message(vec![b'a'; *size], OpCode::Data(kind), is_last);
        // The gateway may have had enough before the last one.
        if socket.send(Message::Frame(frame)).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn the_largest_message_is_taken() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    send_frames(&mut socket, &[32 * KILOBYTE; 4]).await;
    let event = rig.script.event("$default").await;
    assert_eq!(event["body"].as_str().map(str::len), Some(128 * KILOBYTE));
}

#[tokio::test]
async fn what_is_too_large_closes_the_connection() {
    for sizes in [&[32 * KILOBYTE + 1][..], &[32 * KILOBYTE, 32 * KILOBYTE, 32 * KILOBYTE, 32 * KILOBYTE, 1]]
    {
        let rig = start(&Script::willing()).await;
        let mut socket = rig.connect().await;
        send_frames(&mut socket, sizes).await;
        assert_eq!(closed(&mut socket).await, 1009);
        let event = rig.script.event("$disconnect").await;
        assert_eq!(event["requestContext"]["disconnectStatusCode"], 1009);
        assert!(rig.script.events("$default").is_empty());
    }
}

#[tokio::test]
async fn what_is_not_text_closes_the_connection() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    socket.send(Message::binary(b"abc".to_vec())).await.expect("sent");
    assert_eq!(closed(&mut socket).await, 1003);
    let mut socket = rig.connect().await;
    let frame = Frame::message(b"\xff".to_vec(), OpCode::Data(Data::Text), true);
    socket.send(Message::Frame(frame)).await.expect("sent");
    assert_eq!(closed(&mut socket).await, 1007);
}

#[tokio::test]
async fn who_is_silent_for_too_long_is_sent_away() {
    let limits = Limits { idle: Duration::from_secs(1), ..Limits::default() };
    let rig = start_with(&Script::willing(), limits, &["$connect", "$disconnect", "$default"]).await;
    let started = Instant::now();
    let mut socket = rig.connect().await;
    let id = rig.id().await;
    // A ping is not silence, and a message to the client is not.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        socket.send(Message::Ping(Bytes::from_static(b"a"))).await.expect("sent");
        assert!(matches!(socket.next().await, Some(Ok(Message::Pong(data))) if data == "a"));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let post = rig.management().post_to_connection().connection_id(id).data(b"hello".to_vec().into());
    post.send().await.expect("it still stands");
    assert_eq!(closed(&mut socket).await, 1001);
    assert!(started.elapsed() >= Duration::from_millis(2500), "{:?}", started.elapsed());
    let context = &rig.script.event("$disconnect").await["requestContext"];
    assert_eq!(context["disconnectStatusCode"], 1001);
    assert_eq!(context["disconnectReason"], "Going away");
}

#[tokio::test]
async fn no_connection_lasts_for_ever() {
    let limits = Limits { age: Duration::from_millis(500), ..Limits::default() };
    let rig = start_with(&Script::willing(), limits, &["$connect", "$disconnect", "$default"]).await;
    let mut socket = rig.connect().await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        send(&mut socket, &json!({})).await;
    }
    assert_eq!(closed(&mut socket).await, 1001);
    rig.script.event("$disconnect").await;
}
