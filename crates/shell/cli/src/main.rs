//! The one binary, `bitdust`: reads what is asked, asks the daemon or does it, and tells what came of
//! it. It decides nothing.

use std::time::Duration;

use clap::Parser;

mod args;
mod ask;
mod commands;
mod demo;
mod errors;
mod exit;
mod follow;
mod home;
mod memory;
mod screen;
mod table;

use args::Cli;
use errors::Failure;
use screen::Screen;

/// How long a task that waits for a keyboard may hold up the end.
const END_WAIT: Duration = Duration::from_millis(100);

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let screen = Screen::new(cli.global.json, cli.global.quiet);
    let outcome = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let outcome = runtime.block_on(commands::run(cli, &screen));
            runtime.shutdown_timeout(END_WAIT);
            outcome
        }
        Err(error) => Err(Failure::caused("daemon-failed", "No threads could be had", &error)),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            screen.failure(&failure);
            failure.exit().into()
        }
    }
}
