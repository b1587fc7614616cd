//! One `bitdust` process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use api::client::Client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::Config;

const READY_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running daemon; it is killed when this is dropped.
pub struct Daemon {
    child: Child,
    /// Kept open, so that the daemon never writes into a closed pipe.
    _output: BufReader<ChildStdout>,
    /// Where it listens, with its peer id.
    pub addresses: Vec<String>,
    /// Its local API.
    pub client: Client,
    /// Its home.
    pub home: PathBuf,
    /// Its device.
    pub device: String,
}

impl Daemon {
    /// Writes the settings of `home` and starts its daemon; returns when it is ready.
    ///
    /// # Errors
    /// It could not be started; what it said is in the error.
    pub async fn start(program: &Path, home: &Path, config: &Config) -> anyhow::Result<Self> {
        std::fs::write(home.join("config.toml"), config.toml()).context("cannot write settings")?;
        Self::restart(program, home).await
    }

    /// Starts the daemon of a home that has its settings.
    ///
    /// # Errors
    /// It could not be started; what it said is in the error.
    pub async fn restart(program: &Path, home: &Path) -> anyhow::Result<Self> {
        Self::restart_under(&[], program, home).await
    }

    /// The same, below a command that ends by becoming the daemon, as `unshare` does.
    ///
    /// # Errors
    /// It could not be started; what it said is in the error.
    pub async fn restart_under(
        wrapper: &[&str],
        program: &Path,
        home: &Path,
    ) -> anyhow::Result<Self> {
        let (child, mut output) = spawn(wrapper, program, home)?;
        let mut line = String::new();
        let read = tokio::time::timeout(READY_MAX, output.read_line(&mut line)).await;
        let ready: Ready = match read {
            Ok(Ok(bytes)) if bytes > 0 => {
                serde_json::from_str(&line).with_context(|| format!("the daemon said: {line}"))?
            }
            _ => bail!("the daemon of {} did not start: {}", home.display(), log_of(home)),
        };
        let client = Client::new(home.join("api.sock"));
        let device = client.status().await.context("the daemon does not answer")?.device;
        let (addresses, home) = (ready.addresses, home.to_path_buf());
        Ok(Self { child, _output: output, addresses, client, home, device })
    }

    /// Starts the daemon of a home and kills it with SIGKILL after this time, or as soon as it is
    /// ready. Says whether it was.
    ///
    /// # Errors
    /// It could not be started, or ended by itself.
    pub async fn break_start(program: &Path, home: &Path, after: Duration) -> anyhow::Result<bool> {
        let (mut child, mut output) = spawn(&[], program, home)?;
        let mut line = String::new();
        let read = tokio::time::timeout(after, output.read_line(&mut line)).await;
        child.kill().await.context("cannot kill a daemon")?;
        match read {
            Err(_) => Ok(false),
            Ok(Ok(bytes)) if bytes > 0 => Ok(true),
            Ok(_) => bail!("the daemon of {} did not start: {}", home.display(), log_of(home)),
        }
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL: no chance to tidy up. Returns its home.
    ///
    /// # Errors
    /// The system refused.
    pub async fn kill(mut self) -> anyhow::Result<PathBuf> {
        self.child.kill().await.context("cannot kill a daemon")?;
        Ok(self.home)
    }

    /// SIGTERM, and the end awaited. Says whether it ended cleanly by itself.
    pub async fn stop(self) -> bool {
        self.stop_by(rustix::process::Signal::TERM).await
    }

    /// The same with another signal.
    pub async fn stop_by(mut self, signal: rustix::process::Signal) -> bool {
        let raw = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = raw.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, signal);
        }
        match tokio::time::timeout(STOP_MAX, self.child.wait()).await {
            Ok(Ok(status)) => status.success(),
            Ok(Err(_)) => false,
            Err(_) => {
                let _ = self.child.kill().await;
                false
            }
        }
    }
}

fn spawn(
    wrapper: &[&str],
    program: &Path,
    home: &Path,
) -> anyhow::Result<(Child, BufReader<ChildStdout>)> {
    let log = home.join("daemon.log");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    let mut command = match wrapper.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    let mut child = command
        .arg("--home")
        .arg(home)
        .args(["run", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("cannot start a daemon")?;
    let output = child.stdout.take().context("the daemon has no output")?;
    Ok((child, BufReader::new(output)))
}

#[derive(serde::Deserialize)]
struct Ready {
    addresses: Vec<String>,
}

/// Makes an identity in `home`; gives back its 24 words.
///
/// # Errors
/// What `init` said.
pub async fn init(program: &Path, home: &Path) -> anyhow::Result<String> {
    let output = command(program, home)
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
///
/// # Errors
/// What `init --recover` said.
pub async fn recover(program: &Path, home: &Path, words: &str) -> anyhow::Result<()> {
    let mut child = command(program, home)
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

fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--home").arg(home);
    command
}

fn log_of(home: &Path) -> String {
    std::fs::read_to_string(home.join("daemon.log")).unwrap_or_default()
}
