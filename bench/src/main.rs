//! Measurements of the service, printed as tables that can stand in a Markdown document as they are.
//!
//! Run with `cargo run --profile measure --package bench -- <command>`: in a debug build the database that is embedded
//! in the process is slower than the one at AWS.

mod background;
mod cold;
mod local_stack;
mod memory;
mod operations;
mod realtime;
mod samples;
mod start;
mod storm;
mod table;
mod throughput;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the service.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Round trips and write units of each operation, against their budgets
    Operations,
    /// The handlers' own time, but for DynamoDB
    Handlers(operations::Options),
    /// Weight, start and memory of each function's release binary under AWS's Runtime Interface Emulator
    Cold(cold::Options),
    /// A crowd joins one room at once: the transaction against a single conditional update
    Storm(storm::Options),
    /// The local stack over HTTP: requests a second, latencies, memory
    Throughput(throughput::Options),
    /// A sweep over many rooms of which one in a hundred is due
    Sweep(background::sweep::Options),
    /// Webhooks of the local stack: how many a second, and how long after the change
    Relay(background::relay::Options),
    /// What a whole session asks of DynamoDB, from its creation to its last webhook
    Session(background::session::Options),
    /// Joins over a WebSocket: what they ask of DynamoDB, and how long a client waits
    Join(realtime::join::Options),
    /// Chat and signals over a WebSocket: messages a second, how late they come, what they ask of DynamoDB
    Chat(realtime::chat::Options),
    /// A crowd joins one room over a WebSocket each: posts of presence, and how late each join is heard of
    Presence(realtime::presence::Options),
    /// What a session of half an hour over WebSocket connections costs, in dollars
    Cost(realtime::cost::Options),
    /// How long the local stack takes to be ready
    Start(start::Options),
}

/// What a measurement says about the goals that it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    /// All are met.
    Met,
    /// One is missed.
    Missed,
}

impl Judgement {
    /// All of them together.
    fn all(judgements: impl IntoIterator<Item = bool>) -> Self {
        if judgements.into_iter().all(|met| met) { Self::Met } else { Self::Missed }
    }
}

impl From<Judgement> for ExitCode {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Met => Self::SUCCESS,
            Judgement::Missed => Self::FAILURE,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let judgement = match Cli::parse().command {
        Command::Operations => Box::pin(operations::run()).await,
        Command::Handlers(options) => Box::pin(operations::run_timed(&options)).await,
        Command::Cold(options) => Box::pin(cold::run(&options)).await,
        Command::Throughput(options) => Box::pin(throughput::run(&options)).await,
        Command::Sweep(options) => Box::pin(background::sweep::run(&options)).await,
        Command::Relay(options) => Box::pin(background::relay::run(&options)).await,
        Command::Session(options) => Box::pin(background::session::run(&options)).await,
        Command::Join(options) => Box::pin(realtime::join::run(&options)).await,
        Command::Chat(options) => Box::pin(realtime::chat::run(&options)).await,
        Command::Cost(options) => Box::pin(realtime::cost::run(&options)).await,
        Command::Presence(options) => Box::pin(realtime::presence::run(&options)).await,
        Command::Start(options) => Box::pin(start::run(&options)).await,
        Command::Storm(options) => Box::pin(storm::run(&options)).await,
    };
    judgement.into()
}
