//! `bitdust completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::errors::Outcome;
use crate::screen::Screen;

/// Prints the script of one shell.
pub(super) fn print(shell: Shell, screen: Screen) -> Outcome<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bitdust", &mut script);
    screen.bytes(&script)
}
