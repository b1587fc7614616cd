//! One `bitdust` process of the demo.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

const READY_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running daemon; it is killed when this is dropped.
pub(super) struct Daemon {
    child: Child,
    /// Kept open, so that the daemon never writes into a closed pipe.
    _output: BufReader<ChildStdout>,
    /// Where it listens, with its peer id.
    pub(super) addresses: Vec<String>,
}

impl Daemon {
    /// Starts the daemon of `home` and waits until it is ready.
    pub(super) async fn start(home: &Path) -> anyhow::Result<Self> {
        let log = std::fs::File::create(home.join("demo.log")).context("cannot make a log")?;
        let mut child = command(home)?
            .args(["run", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a daemon")?;
        let output = child.stdout.take().context("the daemon has no output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let read = tokio::time::timeout(READY_MAX, output.read_line(&mut line)).await;
        let ready: Ready = match read {
            Ok(Ok(bytes)) if bytes > 0 => {
                serde_json::from_str(&line).with_context(|| format!("the daemon said: {line}"))?
            }
            _ => bail!("the daemon of {} did not start: {}", home.display(), log_of(home)),
        };
        Ok(Self { child, _output: output, addresses: ready.addresses })
    }

    /// SIGKILL: no chance to tidy up.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill a daemon")
    }

    /// SIGTERM, and the end awaited.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if tokio::time::timeout(STOP_MAX, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

#[derive(serde::Deserialize)]
struct Ready {
    addresses: Vec<String>,
}

/// Makes an identity in `home`; gives back its 24 words.
pub(super) async fn init(home: &Path) -> anyhow::Result<String> {
    let output = command(home)?
        .args(["init", "--no-password", "--yes", "--json"])
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot run init")?;
    if !output.status.success() {
        bail!("init failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let made: Made = serde_json::from_slice(&output.stdout).context("init said something else")?;
    Ok(made.words.join(" "))
}

#[derive(serde::Deserialize)]
struct Made {
    words: Vec<String>,
}

/// Recovers an identity into `home` from its words, which go through standard input.
pub(super) async fn recover(home: &Path, words: &str) -> anyhow::Result<()> {
    let mut child = command(home)?
        .args(["init", "--recover", "--no-password", "--yes", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run init --recover")?;
    let mut input = child.stdin.take().context("init has no input")?;
    input.write_all(words.as_bytes()).await?;
    input.write_all(b"\n").await?;
    drop(input);
    let mut said = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut said).await?;
    }
    if child.wait().await?.success() { Ok(()) } else { bail!("init --recover failed: {said}") }
}

fn command(home: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(program()?);
    command.arg("--home").arg(home);
    Ok(command)
}

fn program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("cannot find my own program")
}

fn log_of(home: &Path) -> String {
    std::fs::read_to_string(home.join("demo.log")).unwrap_or_default()
}
