//! Each function's release binary as Lambda has it: its weight, its start and its memory, under AWS's own Runtime
//! Interface Emulator.
//!
//! The emulator is a part of the Python package `aws-sam-cli`: `samcli/local/rapid/aws-lambda-rie-x86_64`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use local::{binaries, stack};
use serde_json::Value;
use testing::{Client, TestTable};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::Judgement;
use crate::memory;
use crate::samples::{Samples, millis};
use crate::table::Table;

const BYTES_BUDGET: usize = 7_000_000;
const ZIPPED_BUDGET: usize = 3_200_000;
const INIT_BUDGET: Duration = Duration::from_millis(25);
const MEMORY_BUDGET_MB: f64 = 32.0;

/// How long the emulator may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The functions under the Runtime Interface Emulator.
#[derive(Args)]
pub(crate) struct Options {
    /// AWS's `aws-lambda-rie`
    #[arg(long)]
    emulator: PathBuf,
    /// Where `sam build` has left the functions, `.aws-sam/build`; without it Cargo builds them
    #[arg(long)]
    built: Option<PathBuf>,
    /// How often each function is started
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these functions
    functions: Vec<String>,
}

/// Measures the functions that have a route; `make_secrets` runs once in the life of a deployment.
pub(crate) async fn run(options: &Options) -> Judgement {
    let table = TestTable::with_real_time().await;
    let routed = table.template.functions.iter().filter(|function| !function.routes.is_empty());
    let names: Vec<&str> = routed.map(|function| function.binary.as_str()).collect();
    let names: Vec<&str> = match options.functions.as_slice() {
        [] => names,
        only => names.into_iter().filter(|name| only.iter().any(|wanted| wanted == name)).collect(),
    };
    let built: BTreeMap<_, _> = if let Some(folder) = &options.built {
        names.into_iter().map(|name| (name.to_owned(), bootstrap(folder, name, &table))).collect()
    } else {
        let built = binaries::build(testing::root(), names, true).await;
        built.expect("the functions can be built").into_iter().collect()
    };
    let head = ["function", "bytes", "zipped", "init ms", "slowest ms", "peak MB", ""];
    let (mut printed, mut met) = (Table::new(head), Vec::new());
    for (name, binary) in &built {
        let bytes = std::fs::read(binary).expect("it was built");
        let zipped = deflated(&bytes);
        let mut starts = Vec::new();
        for _ in 0..options.rounds {
            starts.push(start(&options.emulator, binary, name, &table).await);
        }
        let peak_mb = starts.iter().map(|start| start.peak_mb).fold(0.0, f64::max);
        let inits: Samples = starts.iter().map(|start| start.init).collect();
        let keeps = bytes.len() <= BYTES_BUDGET
            && zipped <= ZIPPED_BUDGET
            && inits.median() <= INIT_BUDGET
            && peak_mb <= MEMORY_BUDGET_MB;
        met.push(keeps);
        printed.row([
            name.clone(),
            bytes.len().to_string(),
            zipped.to_string(),
            millis(inits.median()),
            millis(inits.percentile(100)),
            format!("{peak_mb:.1}"),
            if keeps { "ok" } else { "OVER" }.to_owned(),
        ]);
    }
    print!("{printed}");
    Judgement::all(met)
}

/// Where SAM puts the binary of this name.
fn bootstrap(built: &Path, name: &str, table: &TestTable) -> PathBuf {
    let function = table.template.functions.iter().find(|function| function.binary == name);
    built.join(&function.expect("it is of the template").logical_id).join("bootstrap")
}

/// What a zip file with nothing else in it takes, but for some bytes of names.
fn deflated(bytes: &[u8]) -> usize {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all").len()
}

/// One start of a function, up to its first answer.
struct Start {
    init: Duration,
    peak_mb: f64,
}

/// Starts the function, and lets it answer its event of `infra/events/`.
async fn start(emulator: &Path, binary: &Path, name: &str, table: &TestTable) -> Start {
    let [port, runtime_port] = [free_port().await, free_port().await];
    let function = table.template.functions.iter().find(|function| function.binary == name);
    let mut child = Command::new(emulator)
        .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
        .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_port}")])
        .arg(binary)
        .env_clear()
        .envs(&function.expect("it is of the template").environment)
        .envs([
            ("AWS_REGION", stack::REGION),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", table.endpoint()),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the emulator can be run");
    let event = std::fs::read(testing::root().join(format!("infra/events/{name}.json"))).expect("an event");
    listening(port).await;
    let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
    let answered = Client::new().send("POST", &url, &[], event).await;
    let answer: Value = serde_json::from_slice(answered.body()).unwrap_or_default();
    let status = answer["statusCode"].as_u64();
    assert!(status.is_some_and(|status| status < 500), "{name}: {answer}");
    let peak_mb = memory::peak_of_children(child.id().expect("it runs"));
    let init = init(&mut child).await;
    child.kill().await.expect("it can be ended");
    Start { init, peak_mb }
}

async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("bound").port()
}

async fn listening(port: u16) {
    let listens = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, listens).await.expect("the emulator listens");
}

/// The time from the start of the process to its first request for work, as the emulator reports it.
async fn init(child: &mut Child) -> Duration {
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    while let Some(line) = lines.next_line().await.expect("readable") {
        if let Some(init) = init_of(&line) {
            return init;
        }
    }
    panic!("the emulator reported no init");
}

fn init_of(line: &str) -> Option<Duration> {
    let (_, report) = line.split_once("INIT REPORT(durationMs: ")?;
    let millis: f64 = report.split_once(')')?.0.parse().ok()?;
    Some(Duration::from_secs_f64(millis / 1_000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulators_report_is_read() {
        let line = "24 Nov 2026 22:58:39,183 [INFO] (rapid) INIT REPORT(durationMs: 7.250000)";
        assert_eq!(init_of(line), Some(Duration::from_micros(7_250)));
        assert_eq!(init_of("START RequestId: 5db6db7e"), None);
    }
}
