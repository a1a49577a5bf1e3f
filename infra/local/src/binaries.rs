//! Builds the functions' binaries with Cargo, and finds them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::group::Group;

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
    let failed = |source| BuildError::Cargo { cargo: cargo.to_string_lossy().into_owned(), source };
    // In a group of its own, with its compilers: when nobody waits any more, they end, too.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut building = Group::spawn(&mut command).map_err(failed)?;
    let mut report = Vec::new();
    if let Some(mut stdout) = building.stdout() {
        stdout.read_to_end(&mut report).await.map_err(failed)?;
    }
    let built = building.wait().await.map_err(failed)?;
    if !built.success() {
        return Err(BuildError::Failed);
    }
    let found = executables(&String::from_utf8_lossy(&report));
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
