//! The node itself: identity, daemon, services, automata, settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `bitdust init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bitdust init                                   asks for a password, prints the 24 words
  bitdust init --password-file ~/.secret --yes   without questions
  bitdust init --recover                         asks for the 24 words
  bitdust init --recover --words-file words.txt  reads them; - is the standard input

The words are all that is needed to get everything back, and all that a thief needs. They are
printed once and never stored.")]
pub(crate) struct InitArgs {
    /// Bring an identity back from its 24 words
    #[arg(long)]
    pub recover: bool,
    /// Read the words from a file, - for the standard input
    #[arg(long, value_name = "FILE", requires = "recover")]
    pub words_file: Option<PathBuf>,
    /// Read the new password from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "no_password")]
    pub password_file: Option<PathBuf>,
    /// Leave the keys on this device unprotected
    #[arg(long)]
    pub no_password: bool,
    /// Name of this device [default: its host name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Network to be part of
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Do not ask for three of the words again
    #[arg(long, short)]
    pub yes: bool,
}

/// `bitdust password`.
#[derive(Debug, Subcommand)]
pub(crate) enum PasswordCommand {
    /// Change it; the node must not be running
    Change(PasswordArgs),
}

/// `bitdust password change`.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Read the present password from the first line of a file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Read the new password from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "no_password")]
    pub new_password_file: Option<PathBuf>,
    /// Leave the keys on this device unprotected
    #[arg(long)]
    pub no_password: bool,
}

/// `bitdust run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bitdust run
  bitdust run --password-file /run/secrets/bitdust --json
  bitdust run --listen /ip4/0.0.0.0/tcp/17437 --bootstrap /ip4/192.0.2.7/tcp/17437/p2p/12D3Koo…

When it is ready it prints one line; with --json {\"ready\":true,\"addresses\":[…]}.
Ctrl-C and SIGTERM end it cleanly.")]
pub(crate) struct RunArgs {
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Listen here instead of where the settings say; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<String>,
    /// Begin with these nodes too; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub bootstrap: Vec<String>,
    /// Take the settings from this file instead of the one in the home
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// error, warn, info, debug, trace, or a filter like info,transport=debug
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
}

/// `bitdust service`.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// All services and whether they run
    List,
    /// Start a service and what it needs
    Start {
        /// Name of the service
        name: String,
    },
    /// Stop a service, and say what else stops
    Stop {
        /// Name of the service
        name: String,
        /// Only say what would stop
        #[arg(long)]
        dry_run: bool,
    },
}

/// `bitdust automata`.
#[derive(Debug, Subcommand)]
pub(crate) enum AutomataCommand {
    /// All automata that live now
    List,
    /// One automaton: its diagram, its instances, its last transitions
    Show {
        /// Name of the automaton
        name: String,
    },
    /// Follow the transitions as they happen
    Follow {
        /// Only of this automaton
        name: Option<String>,
        /// Also what was ignored or refused
        #[arg(long)]
        all: bool,
    },
}

/// `bitdust config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// The settings in force
    Show,
    /// Change one setting and keep it
    #[command(
        after_help = "Examples:\n  bitdust config set storage.suppliers 13\n  bitdust config set supplier.donated \"50 GiB\""
    )]
    Set {
        /// Its name: storage.suppliers
        key: String,
        /// Its new value
        value: String,
    },
    /// The settings as they are without a file
    Default,
}
