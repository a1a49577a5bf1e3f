//! What calls functions beside HTTP: the stream of a table, queues, and schedules, each as Lambda does it.
//!
//! [`Sources`] starts a reader for each event of the template, and stops them so that nothing is lost: what a function
//! had not finished comes again.

mod call;
pub mod filter;
mod queue;
mod response;
mod schedule;
mod stream;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use models::{Clock, Random as _, SystemRandom};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use call::{Calling, Invoke};
pub use queue::queue_record;
pub use stream::StreamError;

use crate::console::Console;
use crate::queues::Queues;
use crate::template::{Function, Template};
use call::Caller;
use queue::QueueReader;
use schedule::Scheduled;
use stream::{Mapping, Positions, StreamReader};

/// How long calls that run may take when the stack stops; what is not finished then comes again at the next start.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// What event sources need of a stack.
pub struct Surroundings<'a> {
    /// What there is to read.
    pub template: &'a Template,
    /// What runs the functions.
    pub functions: Arc<dyn Invoke>,
    /// The queues.
    pub queues: Arc<Queues>,
    /// Where the tables are, and in which region.
    pub dynamodb: (&'a str, &'a str),
    /// Where positions in streams are kept; none: nowhere.
    pub directory: Option<&'a Path>,
    /// Most calls at once of a function without a limit of its own.
    pub most_calls: usize,
    /// How long it is from one scheduled call to the next, instead of what the template says.
    pub tick: Option<Duration>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where calls are told of.
    pub console: Console,
}

/// The running event sources of a stack. They end when it is dropped; [`Sources::stop`] lets calls finish.
pub struct Sources {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    streams: Vec<Arc<StreamReader>>,
    schedules: Vec<Arc<Scheduled>>,
}

/// When to stop.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is time; nobody being there to say so says it too.
    async fn is_due(&self) {
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }
}

impl Sources {
    /// Starts to read everything. What is written to a stream from now on will be read, also if the function begins with
    /// the next record.
    pub async fn start(surroundings: Surroundings<'_>) -> Result<Self, StreamError> {
        let (stop, stopping) = watch::channel(false);
        let stopping = Stop(stopping);
        let mut sources = Self { tasks: JoinSet::new(), stop, streams: Vec::new(), schedules: Vec::new() };
        let has_streams = surroundings.template.functions.iter().any(|function| !function.streams.is_empty());
        let positions =
            Positions::open(surroundings.directory.filter(|_| has_streams)).map_err(StreamError::from)?;
        let positions = Arc::new(positions);
        for function in &surroundings.template.functions {
            sources.read_streams(function, &surroundings, &positions, &stopping).await?;
            sources.read_queues(function, &surroundings, &stopping);
            sources.run_schedules(function, &surroundings, &stopping);
        }
        Ok(sources)
    }

    /// Runs all scheduled functions now, and waits for them.
    pub async fn tick(&self) {
        let mut calls = JoinSet::new();
        for schedule in &self.schedules {
            let schedule = Arc::clone(schedule);
            calls.spawn(async move { schedule.call().await });
        }
        while calls.join_next().await.is_some() {}
    }

    /// Waits until everything that was written to the streams before this call has been brought to its end.
    pub async fn caught_up(&self) {
        for stream in &self.streams {
            stream.caught_up().await;
        }
    }

    /// How many records of streams were begun and finished so far: it grows as long as something happens.
    pub fn moves(&self) -> u64 {
        self.streams.iter().map(|stream| stream.moves()).sum()
    }

    /// Reads no more, and lets the calls that run finish, if they do so soon.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
    }

    async fn read_streams(
        &mut self,
        function: &Function,
        surroundings: &Surroundings<'_>,
        positions: &Arc<Positions>,
        stop: &Stop,
    ) -> Result<(), StreamError> {
        for source in &function.streams {
            let tables = &surroundings.template.tables;
            let table = tables.iter().find(|table| table.stream_arn.as_ref() == Some(&source.arn));
            let Some(table) = table else { continue };
            let mapping = Mapping {
                source: source.clone(),
                table: table.name.clone(),
                key: format!("{}.{}", function.logical_id, source.name),
                caller: surroundings.caller(function),
                queues: Arc::clone(&surroundings.queues),
                clock: Arc::clone(&surroundings.clock),
            };
            let reader =
                StreamReader::open(mapping, surroundings.dynamodb, Arc::clone(positions), stop.clone())
                    .await?;
            self.tasks.spawn(Arc::clone(&reader).run());
            self.streams.push(reader);
        }
        Ok(())
    }

    fn read_queues(&mut self, function: &Function, surroundings: &Surroundings<'_>, stop: &Stop) {
        let limit = function.reserved_concurrency.map_or(surroundings.most_calls, |limit| limit as usize);
        for source in &function.queues {
            let Some(queue) = surroundings.queues.find(|queue| queue.arn == source.arn) else { continue };
            let reader = QueueReader {
                queues: Arc::clone(&surroundings.queues),
                queue,
                most_calls: source.most_calls.map_or(limit, |calls| calls.min(limit)),
                source: source.clone(),
                caller: surroundings.caller(function),
            };
            self.tasks.spawn(Arc::new(reader).run(stop.clone()));
        }
    }

    fn run_schedules(&mut self, function: &Function, surroundings: &Surroundings<'_>, stop: &Stop) {
        for source in &function.schedules {
            let schedule = Arc::new(Scheduled {
                every: surroundings.tick.unwrap_or(source.every),
                source: source.clone(),
                rule: format!("{}{}", function.name, source.name),
                retries: function.async_retries,
                caller: surroundings.caller(function),
                clock: Arc::clone(&surroundings.clock),
            });
            self.tasks.spawn(Arc::clone(&schedule).run(stop.clone()));
            self.schedules.push(schedule);
        }
    }
}

/// A new id for something that is told of.
fn request_id() -> String {
    SystemRandom.uuid().to_string()
}

impl Surroundings<'_> {
    fn caller(&self, function: &Function) -> Caller {
        Caller {
            functions: Arc::clone(&self.functions),
            logical_id: function.logical_id.clone(),
            name: function.name.clone(),
            binary: function.binary.clone(),
            console: self.console.clone(),
        }
    }
}
