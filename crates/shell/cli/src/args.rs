//! What can be typed.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use crate::exit::ExitCode;

mod network;
mod node;
mod storage;

pub(crate) use network::{CustomerCommand, PeerCommand, SupplierCommand};
pub(crate) use node::{
    AutomataCommand, ConfigCommand, InitArgs, PasswordCommand, RunArgs, ServiceCommand,
};
pub(crate) use storage::{
    BackupCommand, BackupStart, CatArgs, CheckArgs, JobCommand, RestoreArgs, VersionCommand,
};

const EXAMPLES: &str = "\
Examples:
  bitdust init                            make an identity; write the 24 words down
  bitdust run                             run the node (in another terminal, or as a service)
  bitdust backup start ~/Documents        back a directory up
  bitdust version list                    what there is to restore
  bitdust restore --target ~/restored     get everything back
  bitdust init --recover                  begin again on an empty machine, from the words
";

/// Files that survive: encrypted here, kept by others, brought back by 24 words.
#[derive(Debug, Parser)]
#[command(name = "bitdust", version, after_help = examples(), max_term_width = 100)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// Directory of this node [default: bitdust in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, global = true, env = "BITDUST_HOME", hide_env_values = true, value_name = "DIR",
        value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub home: Option<PathBuf>,
    /// Print JSON: one document, or a line each for what is followed
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an identity in the home, or bring one back from its words
    Init(InitArgs),
    /// The password that protects the keys on this device
    #[command(subcommand, arg_required_else_help = true)]
    Password(PasswordCommand),
    /// Run the node until Ctrl-C
    Run(RunArgs),
    /// End the node that runs on this home
    Stop,
    /// The node at a glance
    Status,
    /// What the data survives: what may be lost now, what to expect, what to do
    Durability,
    /// Back files up
    #[command(subcommand, arg_required_else_help = true)]
    Backup(BackupCommand),
    /// Backups, restores and checks that run or ran
    #[command(subcommand, arg_required_else_help = true)]
    Job(JobCommand),
    /// What has been backed up
    #[command(subcommand, arg_required_else_help = true)]
    Version(VersionCommand),
    /// Bring files back
    Restore(RestoreArgs),
    /// Print a file of a version, or a part of it
    Cat(CatArgs),
    /// Verify what the suppliers keep
    Check(CheckArgs),
    /// Who keeps my data
    #[command(subcommand, arg_required_else_help = true)]
    Supplier(SupplierCommand),
    /// Whose data I keep
    #[command(subcommand, arg_required_else_help = true)]
    Customer(CustomerCommand),
    /// The services of this node, each by itself
    #[command(subcommand, arg_required_else_help = true)]
    Service(ServiceCommand),
    /// The processes of this node: state, diagram, history
    #[command(subcommand, arg_required_else_help = true)]
    Automata(AutomataCommand),
    /// The settings
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// The nodes connected now
    #[command(subcommand, arg_required_else_help = true)]
    Peer(PeerCommand),
    /// Show on this computer that files survive
    Demo(crate::demo::DemoArgs),
    /// Print a script that completes commands in your shell
    #[command(
        after_help = "Example:\n  bitdust completions bash > ~/.local/share/bash-completion/completions/bitdust"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// A size as people write it.
fn bytes(text: &str) -> Result<u64, base::ParseQuantityError> {
    base::parse_bytes(text)
}

fn examples() -> String {
    let exits = ExitCode::ALL.map(|(exit, meaning)| format!("  {:>3}  {meaning}\n", exit as u8));
    format!("{EXAMPLES}\nExit codes:\n{}", exits.concat())
}
