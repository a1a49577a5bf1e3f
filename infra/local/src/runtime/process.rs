//! One process of a function, from its start to its end.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use models::{Clock as _, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};

use super::api::{Call, Desk, RuntimeApi};
use super::{InvokeError, Settings};
use crate::console::Console;
use crate::permissions::access_key_id;
use crate::template::Function;

/// The time that Lambda gives a process until it asks for its first call.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a function's processes are started.
#[derive(Clone)]
pub(super) struct Launch {
    /// The function as it is shown in the logs.
    name: String,
    binary: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

impl Launch {
    pub(super) fn new(function: &Function, settings: &Settings) -> Self {
        let mut environment = settings.environment.clone();
        environment.extend(lambda_environment(function));
        if settings.has_roles {
            environment.insert("AWS_ACCESS_KEY_ID".to_owned(), access_key_id(function));
            // Of whoever started the stack.
            environment.remove("AWS_SESSION_TOKEN");
        }
        environment.extend(function.environment.clone());
        Self {
            name: function.binary.clone(),
            binary: settings.binaries.get(&function.binary).cloned(),
            environment: environment.into_iter().collect(),
        }
    }
}

/// The reserved variables of
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>.
fn lambda_environment(function: &Function) -> [(String, String); 9] {
    [
        ("_HANDLER", "bootstrap".to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// A process that waits for a call, or works on one. It is killed when it is dropped.
pub(super) struct Process {
    desk: Arc<Desk>,
    ended: watch::Receiver<Option<String>>,
}

impl Process {
    /// Starts one, and waits until it asks for its first call.
    pub(super) async fn start(
        launch: &Launch,
        api: &Arc<RuntimeApi>,
        console: &Console,
    ) -> Result<Self, InvokeError> {
        let binary = launch
            .binary
            .as_ref()
            .ok_or_else(|| InvokeError::Crashed(format!("there is no binary {}", launch.name)))?;
        let (desk, number) = api.open_desk(&launch.name);
        let child = Command::new(binary)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api.address_of(number))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal goes to the whole group: the stack ends its processes itself, in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| InvokeError::Crashed(format!("{}: {error}", binary.display())))?;
        let (tell, mut ended) = watch::channel(None);
        desk.employ(child.id());
        let supervision = supervise(child, Arc::clone(&desk), tell, launch.name.clone(), console.clone());
        api.adopt(number, supervision);
        let process = Self { desk: Arc::clone(&desk), ended: ended.clone() };
        tokio::select! {
            () = desk.is_attended() => Ok(process),
            reason = end_of(&mut ended) => Err(InvokeError::Crashed(reason)),
            () = tokio::time::sleep(INIT_TIMEOUT) => {
                process.end().await;
                Err(InvokeError::TimedOut(INIT_TIMEOUT))
            }
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Gives it a call, and waits for the answer.
    pub(super) async fn call(&self, event: Bytes, timeout: Duration) -> Result<Bytes, InvokeError> {
        let (reply, replied) = oneshot::channel();
        self.desk.hand_over(Call { event, deadline: SystemClock.now().plus(timeout).millis(), reply });
        let mut ended = self.ended.clone();
        tokio::select! {
            reply = replied => match reply {
                Ok(Ok(payload)) => Ok(payload),
                Ok(Err(report)) => Err(InvokeError::Failed(report)),
                // Its desk was closed: the process is ending.
                Err(_) => Err(InvokeError::Crashed(end_of(&mut self.ended.clone()).await)),
            },
            reason = end_of(&mut ended) => Err(InvokeError::Crashed(reason)),
            () = tokio::time::sleep(timeout) => Err(InvokeError::TimedOut(timeout)),
        }
    }

    /// Kills it and waits until it is gone.
    pub(super) async fn end(self) {
        self.desk.dismiss();
        end_of(&mut self.ended.clone()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.desk.dismiss();
    }
}

/// Why the process ended, once it has.
async fn end_of(ended: &mut watch::Receiver<Option<String>>) -> String {
    match ended.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_) => "nobody watches it".to_owned(),
    }
}

/// Passes on what a process prints, and sees it to its end: by itself, or by dismissal.
async fn supervise(
    mut child: Child,
    desk: Arc<Desk>,
    tell: watch::Sender<Option<String>>,
    name: String,
    console: Console,
) {
    let streams = (child.stdout.take(), child.stderr.take());
    let stdout = streams.0.map(|stream| tokio::spawn(print(stream, name.clone(), console.clone())));
    let stderr = streams.1.map(|stream| tokio::spawn(print(stream, name.clone(), console.clone())));
    let reason = tokio::select! {
        status = child.wait() => {
            let reason = describe(status);
            console.notice(&name, &format!("the process ended: {reason}"));
            reason
        }
        () = desk.is_dismissed() => {
            let _ = child.kill().await;
            "it was killed".to_owned()
        }
    };
    desk.close();
    // What it said last is often why it ended.
    for stream in [stdout, stderr].into_iter().flatten() {
        let _ = stream.await;
    }
    tell.send_replace(Some(reason));
}

async fn print(stream: impl AsyncRead + Unpin, name: String, console: Console) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        console.line(&name, &line);
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
