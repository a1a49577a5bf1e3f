//! `cargo run -p keys -- --help`

use std::process::ExitCode;

use clap::Parser;
use keys::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match keys::run(&Cli::parse()).await {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("keys: {failure}");
            ExitCode::FAILURE
        }
    }
}
