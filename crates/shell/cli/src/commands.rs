//! One file for each noun; each command asks the daemon, or does it, and shows what came of it.

use api::client::Client;

use crate::args::{Cli, Command};
use crate::errors::{Failure, Outcome};
use crate::exit::ExitCode;
use crate::home::Home;
use crate::screen::Screen;

mod automata;
mod cat;
mod completions;
mod config;
mod durability;
mod init;
mod jobs;
mod network;
mod password;
mod run;
mod service;
mod start;
mod status;
mod suppliers;
mod version;

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    home: Home,
    client: Client,
    screen: Screen,
}

/// Does what was asked.
///
/// # Errors
/// What the user is to be told.
pub(crate) async fn run(cli: Cli, screen: &Screen) -> Outcome<std::process::ExitCode> {
    let screen = *screen;
    let command = match cli.command {
        Command::Completions { shell } => {
            return completions::print(shell, screen).map(|()| ExitCode::Done.into());
        }
        Command::Demo(args) => {
            let failed = |error: anyhow::Error| {
                Failure::of("demo-failed", format!("{}.", format!("{error:#}").trim_end()))
            };
            return crate::demo::run(args, screen.is_json()).await.map_err(failed);
        }
        command => command,
    };
    if matches!(command, Command::Init(_) | Command::Password(_) | Command::Run(_)) {
        let is_locked = crate::memory::protect();
        if !is_locked && matches!(command, Command::Run(_)) {
            screen.hint(crate::memory::NOT_LOCKED);
        }
    }
    let home = Home::find(cli.global.home.as_deref())?;
    let client = Client::new(home.socket());
    let context = Context { home, client, screen };
    context.run(command).await.map(Into::into)
}

impl Context {
    async fn run(&self, command: Command) -> Outcome<ExitCode> {
        let done = |()| ExitCode::Done;
        match command {
            Command::Init(args) => init::init(self, &args).map(done),
            Command::Password(command) => password::run(self, &command).map(done),
            Command::Run(args) => run::run(self, args).await.map(done),
            Command::Stop => status::stop(self).await.map(done),
            Command::Status => status::status(self).await.map(done),
            Command::Durability => durability::durability(self).await.map(done),
            Command::Backup(command) => jobs::backup(self, command).await,
            Command::Job(command) => jobs::job(self, command).await,
            Command::Version(command) => version::run(self, command).await.map(done),
            Command::Restore(args) => start::restore(self, args).await,
            Command::Cat(args) => cat::cat(self, args).await.map(done),
            Command::Check(args) => start::check(self, args).await,
            Command::Supplier(command) => suppliers::run(self, command).await.map(done),
            Command::Customer(command) => network::customer(self, command).await.map(done),
            Command::Peer(command) => network::peer(self, command).await.map(done),
            Command::Service(command) => service::run(self, command).await.map(done),
            Command::Automata(command) => automata::run(self, command).await,
            Command::Config(command) => config::run(self, command).await.map(done),
            Command::Completions { .. } | Command::Demo(_) => Ok(ExitCode::Done),
        }
    }
}
