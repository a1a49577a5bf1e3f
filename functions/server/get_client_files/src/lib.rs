//! `POST /auth/getClientFiles`: the files of the client that this deployment goes with, as its manifest names them. The
//! body is not looked at.

#[cfg(test)]
mod tests;

use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request};
use models::Permission;
use serde::{Deserialize, Serialize};

/// Where the manifest is.
const MANIFEST: &str = "CLIENT_FILES_MANIFEST";

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    answer: Answer,
}

impl Config {
    /// Reads the environment. Without a manifest the deployment goes with no client.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        let manifest = match env.optional(MANIFEST) {
            None => Manifest::default(),
            Some(text) => serde_json::from_str(text).map_err(|_| {
                ConfigError::Wrong(
                    MANIFEST.to_owned(),
                    "a JSON object of css and js (lists of file names) and static_assets_path (a text)",
                )
            })?,
        };
        Ok(Self { keys: KeyRing::new(env), answer: answer(manifest) })
    }
}

/// The client's files, in any order.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    js: Vec<String>,
    static_assets_path: Option<String>,
}

#[derive(Serialize)]
struct ClientFilesOut<'a> {
    status: bool,
    msg: &'static str,
    status_code: &'static str,
    css: &'a [String],
    js: &'a [String],
    css_files: &'a [String],
    js_files: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    static_assets_path: Option<String>,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    Ok(app.config.answer.clone())
}

/// Clients load the files in this order, as plugNmeet's own do.
fn answer(mut manifest: Manifest) -> Answer {
    manifest.css.sort_unstable_by(|a, b| b.cmp(a));
    manifest.js.sort_unstable();
    let out = ClientFilesOut {
        status: true,
        msg: "success",
        status_code: "UNKNOWN_STATUS",
        css: &manifest.css,
        js: &manifest.js,
        css_files: &manifest.css,
        js_files: &manifest.js,
        static_assets_path: manifest.static_assets_path,
    };
    Answer::json(200, &out)
}
