//! The program as a user runs it.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use tokio::process::{Child, Command};

use crate::{STEP_MAX, program};

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; none if a signal ended it.
    pub exit: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it said beside that.
    pub err: String,
}

impl Ran {
    /// Whether it ended with this exit code and named this code of an error.
    pub fn failed_with(&self, exit: i32, code: &str) -> bool {
        self.exit == Some(exit) && self.err.contains(&format!("[{code}]"))
    }
}

/// Begins a command on a home. It is killed when it is dropped.
///
/// # Errors
/// It cannot be started.
pub fn begin(home: &Path, arguments: &[&str]) -> anyhow::Result<Child> {
    let mut command = Command::new(program()?);
    command.env_clear().env("BITDUST_HOME", home).args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn().context("cannot run a command")
}

/// Waits for the end of a command.
///
/// # Errors
/// It took too long, or said what is no text.
pub async fn end(child: Child) -> anyhow::Result<Ran> {
    let output = tokio::time::timeout(STEP_MAX, child.wait_with_output()).await;
    let output = output.context("a command took too long")??;
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    Ok(Ran { exit: output.status.code(), out, err })
}

/// Runs a command on a home to its end.
///
/// # Errors
/// It cannot be started, or takes too long.
pub async fn run(home: &Path, arguments: &[&str]) -> anyhow::Result<Ran> {
    end(begin(home, arguments)?).await
}
