//! `cargo dev` as its user meets it: exit codes, messages, signals.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

const FREE_PORTS: [&str; 3] = ["--http-port=0", "--ws-port=0", "--dynamodb-port=0"];

fn dev() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command
}

fn run(arguments: &[&str]) -> Output {
    dev().args(FREE_PORTS).args(arguments).output().expect("the command runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn once_runs_a_command_with_the_addresses_and_exits_with_its_code() {
    let script = "echo $VESTIBULE_HTTP $VESTIBULE_WS $VESTIBULE_DYNAMODB $VESTIBULE_API_KEY $VESTIBULE_API_SECRET; exit 7";
    let output = run(&["--once", script, "--api-key", "mine", "--api-secret", "my-secret"]);
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = printed.split_whitespace().collect();
    assert!(
        words[0].starts_with("http://127.0.0.1:") && words[1].starts_with("ws://127.0.0.1:"),
        "{printed}"
    );
    assert!(words[2].starts_with("http://127.0.0.1:"), "{printed}");
    assert_eq!(words[3..], ["mine", "my-secret"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    for option in ["--http-port", "--ws-port", "--dynamodb-port"] {
        let rest = FREE_PORTS.iter().filter(|free| !free.starts_with(option));
        let output = dev().args(rest).args([option, &port]).output().expect("the command runs");
        assert_eq!(output.status.code(), Some(2), "{option}");
        assert!(said(&output).contains(&format!("{option} {port}")), "{}", said(&output));
    }
}

#[test]
fn a_template_that_is_not_there_or_not_understood_is_an_error() {
    let output = run(&["--template", "/nowhere/template.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("/nowhere/template.yaml"), "{}", said(&output));
    let output = dev().current_dir("/").args(FREE_PORTS).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("template.yaml"), "{}", said(&output));

    let path = std::env::temp_dir().join(format!("vestibule-template-{}.yaml", std::process::id()));
    std::fs::write(
        &path,
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Odd:\n    Type: AWS::Odd::Thing\n",
    )
    .expect("written");
    let output = run(&["--template", &path.to_string_lossy()]);
    std::fs::remove_file(&path).expect("it is there");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains(":4: "), "the line is named: {}", said(&output));
}

#[test]
fn a_bad_option_is_an_error() {
    for arguments in [
        vec!["--no-such-option"],
        vec!["--http-port", "70000"],
        vec!["--env", "TokenValiditySeconds"],
        vec!["--env", "NoSuchParameter=1"],
        vec!["--env", "TokenValiditySeconds=soon"],
        vec!["--env", "ReconnectGraceSeconds=901"],
        vec!["--env", "WebhookAllowPrivateNetworks=maybe"],
        vec!["--simulate", "mars"],
        vec!["--tick", "0"],
        vec!["--api-secret", ""],
        vec!["token"],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_bad_value_of_a_parameter_is_told_with_what_it_takes() {
    for (given, takes) in [
        ("ReconnectGraceSeconds=901", "`ReconnectGraceSeconds` takes a number of at most 900"),
        ("WebhookAllowPrivateNetworks=maybe", "`WebhookAllowPrivateNetworks` takes one of true, false"),
    ] {
        assert!(said(&run(&["--env", given])).contains(takes), "{given}");
    }
    let output = run(&["--env", "ReconnectGraceSeconds=5", "--once", "true"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn a_user_token_follows_the_overrides() {
    let token = |arguments: &[&str]| {
        let output = dev().args(["token", "--sub", "alice", "--name", "Alice"]).args(arguments).output();
        let output = output.expect("the command runs");
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let (one, other) = (token(&[]), token(&["--env", "UserJwtSecret=another"]));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(parts(&one).len(), 3);
    assert_ne!(parts(&one)[2], parts(&other)[2], "signed by another secret");
}

/// A running stack that is killed if the test fails before its end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[test]
fn a_signal_ends_everything_in_order() {
    for signal in ["-INT", "-TERM"] {
        let mut command = dev();
        command.args(FREE_PORTS).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().expect("the command runs"));
        let stdout = running.0.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines();
        let ready =
            lines.find_map(|line| line.ok().filter(|line| line.starts_with("ready "))).expect("ready");
        let field = |name: &str| {
            let word = ready.split_whitespace().find_map(|word| word.strip_prefix(&format!("{name}=")));
            word.unwrap_or_else(|| panic!("{name} in {ready}")).to_owned()
        };
        let http = field("http").trim_start_matches("http://").to_owned();
        assert!(field("ws").starts_with("ws://127.0.0.1:") && field("dynamodb").starts_with("http://"));

        // One call, so that there is a process to end.
        let mut stream = std::net::TcpStream::connect(&http).expect("the gateway listens");
        let request = format!("GET /version HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).expect("answered");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

        let children = children_of(running.0.id());
        assert_eq!(children.len(), 1, "one function runs");
        let sent = Command::new("kill").args([signal, &running.0.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        assert_eq!(running.0.wait().expect("it ends").code(), Some(0), "{signal}");
        for child in children {
            assert!(!std::path::Path::new(&format!("/proc/{child}")).exists(), "{signal}: a process is left");
        }
    }
}

#[test]
fn a_command_that_does_not_want_to_end_is_killed() {
    let mut command = dev();
    // Neither the shell nor what it waits for listens.
    command.args(FREE_PORTS).args(["--once", "trap '' TERM; echo $$; sleep 60; sleep 60"]);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs"));
    let mut line = String::new();
    let stdout = running.0.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("the shell says who it is");
    let group: u32 = line.trim().parse().expect("a number");
    let sent = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
    assert_eq!(alive_in(group), Vec::<u32>::new());
}

#[test]
fn what_a_command_leaves_in_the_background_ends_with_it() {
    let output = run(&["--once", "sleep 60 & echo $$; exit 3"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let group = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    assert_eq!(alive_in(group), Vec::<u32>::new());
}

/// The processes whose parent is `parent`.
fn children_of(parent: u32) -> Vec<u32> {
    processes(|fields| fields.get(1) == Some(&&*parent.to_string()))
}

/// The processes of a group, without those that have ended and wait for somebody to see it.
fn alive_in(group: u32) -> Vec<u32> {
    processes(|fields| fields.get(2) == Some(&&*group.to_string()) && fields[0] != "Z")
}

/// The processes, as Linux lists them, whose state, parent and group are as wanted.
fn processes(wanted: impl Fn(&[&str]) -> bool) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // pid (name) state parent group …; the name may hold blanks.
        let after_name = status.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
        wanted(&after_name.split(' ').collect::<Vec<_>>())
    })
    .collect()
}
