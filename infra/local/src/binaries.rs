//! Builds the functions' binaries with Cargo, and finds them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo could not be run.
    #[error("cannot run {cargo}: {source}")]
    Cargo {
        /// What was to be run.
        cargo: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Cargo said no; it has printed why.
    #[error("the functions could not be built")]
    Failed,
    /// A function of the template has no package.
    #[error("{0}: there is no binary of this name in the workspace")]
    Missing(String),
}

/// One line of Cargo's report.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds the binaries of these names in the workspace at `root`; what is built already takes Cargo a moment to see.
pub async fn build<'a>(
    root: &Path,
    names: impl IntoIterator<Item = &'a str>,
    release: bool,
) -> Result<HashMap<String, PathBuf>, BuildError> {
    let names: Vec<&str> = names.into_iter().collect();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.arg("build").arg("--message-format=json-render-diagnostics").current_dir(root);
    for name in &names {
        command.args(["--bin", name]);
    }
    if release {
        command.arg("--release");
    }
    let built = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await;
    let built =
        built.map_err(|source| BuildError::Cargo { cargo: cargo.to_string_lossy().into_owned(), source })?;
    if !built.status.success() {
        return Err(BuildError::Failed);
    }
    let found = executables(&String::from_utf8_lossy(&built.stdout));
    match names.into_iter().find(|name| !found.contains_key(*name)) {
        Some(missing) => Err(BuildError::Missing(missing.to_owned())),
        None => Ok(found),
    }
}

fn executables(report: &str) -> HashMap<String, PathBuf> {
    let messages = report.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_cargos_report() {
        let report = r#"{"reason":"compiler-artifact","target":{"name":"api"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"health"},"executable":"/t/health"}
not json
{"reason":"build-finished","success":true}"#;
        let found = executables(report);
        assert_eq!(found, HashMap::from([("health".to_owned(), PathBuf::from("/t/health"))]));
    }
}
