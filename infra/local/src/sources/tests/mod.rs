//! Event sources with a script in place of functions.

mod queue;
mod retries;
mod schedule;
mod stream;

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use models::SystemClock;
use serde_json::{Value, json};

use super::filter::Filters;
use super::*;
use crate::queues::{Draft, QueueId};
use crate::runtime::{InvokeError, Invoked};
use crate::template::{self, Fifo, QueueSource, Redrive, Schedule, StreamSource};

/// What a function answers, by what it is called with.
type Answer = dyn Fn(&Value) -> Result<Value, InvokeError> + Send + Sync;

/// A function that a test writes.
struct Script {
    answer: Box<Answer>,
    events: Mutex<Vec<Value>>,
    running: Mutex<(usize, usize)>,
}

impl Script {
    fn new(answer: impl Fn(&Value) -> Result<Value, InvokeError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), events: Mutex::default(), running: Mutex::default() })
    }

    /// One that takes everything.
    fn willing() -> Arc<Self> {
        Self::new(|_| Ok(Value::Null))
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    /// All records of all calls.
    fn records(&self) -> Vec<Value> {
        self.events()
            .iter()
            .flat_map(|event| event["Records"].as_array().cloned().unwrap_or_default())
            .collect()
    }

    /// How many calls there were at most at once.
    fn most_at_once(&self) -> usize {
        self.running.lock().unwrap().1
    }
}

impl Invoke for Script {
    fn invoke<'a>(&'a self, logical_id: &'a str, event: Bytes) -> Calling<'a> {
        assert_eq!(logical_id, "F");
        Box::pin(async move {
            let event: Value = serde_json::from_slice(&event).expect("JSON");
            self.events.lock().unwrap().push(event.clone());
            {
                let mut running = self.running.lock().unwrap();
                running.0 += 1;
                running.1 = running.1.max(running.0);
            }
            // Long enough for others to come in between.
            tokio::time::sleep(Duration::from_millis(3)).await;
            self.running.lock().unwrap().0 -= 1;
            let payload = Bytes::from((self.answer)(&event)?.to_string());
            Ok(Invoked { payload, duration: Duration::ZERO, init: None })
        })
    }
}

fn failure() -> InvokeError {
    InvokeError::Failed("{\"errorMessage\":\"no\"}".to_owned())
}

/// The function `F` with these sources.
fn function(
    streams: Vec<StreamSource>,
    queues: Vec<QueueSource>,
    schedules: Vec<Schedule>,
) -> template::Function {
    template::Function {
        logical_id: "F".to_owned(),
        name: "local-F".to_owned(),
        binary: "f".to_owned(),
        memory_mb: 128,
        timeout: Duration::from_secs(3),
        reserved_concurrency: None,
        environment: BTreeMap::new(),
        grants: vec![],
        routes: vec![],
        streams,
        queues,
        schedules,
        async_retries: 1,
    }
}

/// A queue whose messages come again soon.
fn a_queue(name: &str) -> template::Queue {
    template::Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:{name}"),
        url: format!("http://127.0.0.1/000000000000/{name}"),
        fifo: name.strip_suffix(".fifo").map(|_| Fifo { by_content: true, by_group: false }),
        delay: Duration::ZERO,
        visibility: Duration::from_millis(200),
        retention: Duration::from_hours(96),
        wait: Duration::ZERO,
        most_bytes: 1_048_576,
        redrive: None,
        line: 1,
    }
}

/// Event sources that run.
struct Rig {
    queues: Arc<Queues>,
    sources: Sources,
    console: Console,
}

async fn start(
    template: &Template,
    script: &Arc<Script>,
    endpoint: &str,
    directory: Option<&Path>,
    tick: Option<Duration>,
) -> Rig {
    let console = Console::memory();
    let queues = Queues::open(&template.queues, directory, Arc::new(SystemClock), console.clone());
    let queues = Arc::new(queues.expect("opened"));
    let sources = Sources::start(Surroundings {
        template,
        functions: Arc::<Script>::clone(script),
        queues: Arc::clone(&queues),
        dynamodb: (endpoint, "us-east-1"),
        directory,
        most_calls: 4,
        tick,
        clock: Arc::new(SystemClock),
        console: console.clone(),
    });
    Rig { sources: sources.await.expect("started"), queues, console }
}

/// Waits until it is so. A test that fails here waits in vain for something.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), waiting).await.is_ok(), "{what}");
}

/// A folder that goes with its test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vestibule-sources-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
