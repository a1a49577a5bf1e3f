//! A command with all that it starts: they end together.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, ChildStdout, Command};

/// How long a group that was asked to end, or was killed, may take.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A process group of its own. It is killed when it is dropped; [`Group::end`] asks first.
pub struct Group {
    child: Child,
    /// Its number, which is that of its first process, and stays after that one's end.
    id: Option<u32>,
}

impl Group {
    /// Starts the command.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = child.id();
        Ok(Self { child, id })
    }

    /// What its first process prints, where that is piped.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for the end of the first process; others may still run.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends all processes that are left: asks them to, waits a little, and kills them then.
    pub async fn end(mut self) {
        let Some(id) = self.id else { return };
        if signal("-TERM", id) && !self.ended(id).await {
            signal("-KILL", id);
            // Killed is not gone: the kernel still takes each apart.
            self.ended(id).await;
        }
        self.id = None;
    }

    /// Waits a little for the end of all of them, and says whether it came.
    async fn ended(&mut self, id: u32) -> bool {
        let ended = async {
            // The first process counts until it has been waited for.
            while self.child.try_wait().is_ok_and(|status| status.is_none()) || signal("-0", id) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(GRACE, ended).await.is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            signal("-KILL", id);
        }
    }
}

/// Sends a signal to all of the group. Says whether there was anybody.
fn signal(signal: &str, group: u32) -> bool {
    let sent = std::process::Command::new("kill")
        .args([signal, "--", &format!("-{group}")])
        .stderr(std::process::Stdio::null())
        .status();
    sent.is_ok_and(|status| status.success())
}
