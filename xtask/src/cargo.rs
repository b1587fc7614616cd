//! Starts cargo, the one that started this program, at the root of the repository.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A call of cargo that has not run yet.
pub(crate) struct Cargo {
    pub(crate) command: Command,
    told: String,
}

/// `cargo` with these arguments.
pub(crate) fn cargo(args: &[&str]) -> Cargo {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    // Only `golden` draws goldens again, whatever the shell that called us has set.
    command.current_dir(root()).args(args).env_remove("UPDATE_EXPECT");
    Cargo { command, told: format!("cargo {}", args.join(" ")) }
}

impl Cargo {
    pub(crate) fn args(mut self, args: &[String]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it on this terminal; anything but success is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let status =
            self.command.status().with_context(|| format!("cannot start {}", self.told))?;
        if !status.success() {
            bail!("{} ended with {status}", self.told);
        }
        Ok(())
    }
}
