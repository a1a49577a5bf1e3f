//! `cargo dev`: the local stack from the command line.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};

use clap::{Parser, Subcommand};
use local::console::Console;
use local::group::Group;
use local::{Options, Stack, StartError, panel, secrets, stack};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

/// Runs template.yaml on this machine: DynamoDB, the functions, and the HTTP API in front of them.
#[derive(Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Task>,
    #[command(flatten)]
    options: Options,
    /// Start, run this shell command with the addresses in its environment, stop, and exit with its code
    #[arg(long, value_name = "CMD")]
    once: Option<String>,
}

#[derive(Subcommand)]
enum Task {
    /// Print a user JWT that the local stack accepts, good for 24 hours
    Token {
        /// The user's id
        #[arg(long)]
        sub: String,
        /// The user's name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        options: Options,
    },
}

/// A bad option, a port that is taken, a missing template: nothing was started.
const NOT_STARTED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Task::Token { sub, name, options }) => print_token(&options, &sub, name.as_deref()),
        None => run(&cli.options, cli.once.as_deref()).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(NOT_STARTED)
    })
}

fn print_token(options: &Options, sub: &str, name: Option<&str>) -> Result<ExitCode, StartError> {
    let template = stack::load(&stack::template_path(options)?, options, "")?;
    println!("{}", secrets::user_token(&template, sub, name));
    Ok(ExitCode::SUCCESS)
}

async fn run(options: &Options, once: Option<&str>) -> Result<ExitCode, StartError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::pin!(stopped);
    let console = Console::terminal();
    let stack = tokio::select! {
        started = Stack::start(options, &console) => started?,
        () = &mut stopped => return Ok(ExitCode::SUCCESS),
    };
    let code = if let Some(command) = once {
        eprintln!("{}", panel::ready_line(&stack.addresses));
        match Group::spawn(&mut shell(command, options, &stack)) {
            Ok(mut group) => {
                let code = tokio::select! {
                    status = group.wait() => exit_code(status),
                    () = &mut stopped => ExitCode::SUCCESS,
                };
                group.end().await;
                code
            }
            Err(error) => exit_code(Err(error)),
        }
    } else {
        let said = format!("{}\n{}\n", panel::ready_line(&stack.addresses), panel::panel(&stack, options));
        // Whoever only waits for the first line may have gone by now.
        let _ = std::io::stdout().write_all(said.as_bytes());
        stopped.await;
        ExitCode::SUCCESS
    };
    stack.stop().await;
    Ok(code)
}

/// The command, with the addresses in its environment.
fn shell(command: &str, options: &Options, stack: &Stack) -> Command {
    let addresses = &stack.addresses;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .env("VESTIBULE_HTTP", &addresses.http)
        .env("VESTIBULE_WS", &addresses.ws)
        .env("VESTIBULE_DYNAMODB", &addresses.dynamodb)
        .env("VESTIBULE_SQS", &addresses.sqs)
        .env("VESTIBULE_API_KEY", &options.api_key)
        .env("VESTIBULE_API_SECRET", options.api_secret.text());
    shell
}

/// The exit code of a command.
fn exit_code(status: std::io::Result<ExitStatus>) -> ExitCode {
    match status {
        // A command that a signal ended has no code of its own; a shell says 128 and the signal.
        Ok(status) => {
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("error: cannot run the command: {error}");
            ExitCode::FAILURE
        }
    }
}
