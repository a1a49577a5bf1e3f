//! What can be chosen when a stack is started.

use std::path::PathBuf;
use std::time::Duration;

use api::Secret;
use clap::Args;

use crate::simulate::Profile;

/// How a stack is started. The defaults are those of the command line; a port of 0 is any free one.
/// It has no `Debug`: the overrides may be secrets, too.
#[derive(Args, Clone)]
pub struct Options {
    /// Port of the HTTP API (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    pub http_port: u16,
    /// Port of the WebSocket API (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = 3001)]
    pub ws_port: u16,
    /// Port of the DynamoDB (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub dynamodb_port: u16,
    /// Keep the data in this directory (default: in memory)
    #[arg(long, value_name = "DIR", conflicts_with = "dynamodb_endpoint")]
    pub data_dir: Option<PathBuf>,
    /// The API key of the server API
    #[arg(long, value_name = "KEY", default_value = "local")]
    pub api_key: String,
    /// Its secret
    #[arg(long, value_name = "SECRET", default_value = "local-secret-0123456789abcdef")]
    pub api_secret: Secret,
    /// Use the DynamoDB at this address: DynamoDB Local, or AWS
    #[arg(long, value_name = "URL")]
    pub dynamodb_endpoint: Option<String>,
    /// Override a template parameter, or a variable of the functions (repeatable)
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub overrides: Vec<(String, String)>,
    /// Run every scheduled function this often, instead of at the template's rate
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub tick: Option<Duration>,
    /// Let the DynamoDB behave as the one at AWS does under load
    #[arg(long, value_name = "PROFILE")]
    pub simulate: Option<Profile>,
    /// Repeat a simulation: the same number draws the same chances
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The template (default: template.yaml here or in a folder above)
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Build and run the functions as they are deployed, optimised
    #[arg(long)]
    pub release: bool,
    /// Most processes of one function; further calls wait for one of them (default: four for each core)
    #[arg(long, value_name = "N", default_value_t = four_for_each_core(), hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub processes: u16,
}

impl Options {
    /// Whether the stack has a DynamoDB of its own, or a simulation before another: something on `dynamodb_port`.
    pub(crate) fn serves_dynamodb(&self) -> bool {
        self.dynamodb_endpoint.is_none() || self.simulate.is_some()
    }

    /// The defaults, but any free ports: what a test wants.
    pub fn on_free_ports() -> Self {
        use clap::FromArgMatches as _;
        let command = Self::augment_args(clap::Command::new("local"));
        let matches =
            command.get_matches_from(["local", "--http-port=0", "--ws-port=0", "--dynamodb-port=0"]);
        Self::from_arg_matches(&matches).expect("the defaults are valid")
    }
}

/// More of them would only take the processor from each other.
fn four_for_each_core() -> u16 {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    u16::try_from(cores * 4).unwrap_or(64).clamp(8, 64)
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|tick| !tick.is_zero())
        .ok_or_else(|| "must be more than 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_a_name_and_a_value() {
        assert_eq!(name_and_value("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(name_and_value("A").is_err());
        assert!(name_and_value("=b").is_err());
    }

    #[test]
    fn a_tick_is_more_than_nothing() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "x", "NaN", "1e300"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
