//! The lines that `cargo dev` prints to be copied do what they say.

use std::process::Command;

use local::{Options, panel};
use testing::Server;

#[tokio::test]
async fn the_printed_lines_show_a_seat_and_every_refusal_that_they_speak_of() {
    let server = Server::start(|_| {}).await;
    let printed = panel::panel(&server.stack, &Options::on_free_ports());
    let lines = printed[printed.find("# Create").expect("the session begins")..].to_owned();
    let curl = Command::new("curl").arg("--version").output();
    if curl.is_err() {
        // The machine has none, and the lines need it: they are only read.
        eprintln!("there is no curl here: the printed lines were not run");
        assert_eq!(lines.matches("curl -s").count(), 7, "{lines}");
        return server.stop().await;
    }
    let ran = tokio::task::spawn_blocking(move || Command::new("sh").args(["-ec", &lines]).output());
    let ran = ran.await.expect("no panic").expect("sh runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said} {}", String::from_utf8_lossy(&ran.stderr));
    let mut rest = said.as_str();
    for expected in [
        "\"room_id\":\"demo\"",
        "session",
        "Token was already used",
        "session",
        "\"isLocked\":true",
        "Room is locked",
        "\"isLocked\":false",
        "session",
        "Room is full",
    ] {
        let found =
            rest.find(expected).unwrap_or_else(|| panic!("{expected} is not where it should be: {said}"));
        rest = &rest[found + expected.len()..];
    }
    server.stop().await;
}
