//! `bitdust run`: the daemon in the foreground, with its door for the other commands.

use std::io::IsTerminal;
use std::path::Path;

use daemon::settings::Settings;
use daemon::{Running, Start};
use serde::Serialize;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use super::{Context, password};
use crate::args::RunArgs;
use crate::errors::{Failure, Outcome, chain};
use crate::follow::BreakOff;
use crate::screen::Screen;

/// The one line that says that it is ready, for programs.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    addresses: &'a [String],
}

/// Runs the node until Ctrl-C, SIGTERM or `bitdust stop`.
pub(super) async fn run(context: &Context, args: RunArgs) -> Outcome<()> {
    let (home, screen) = (&context.home, context.screen);
    home.must_have_identity()?;
    home.make()?;
    let settings = settings(context, &args)?;
    log(args.log.as_deref().unwrap_or(&settings.log.level))?;
    let lock = home.lock()?;
    let keys = password::open(home, args.password_file.as_deref(), screen)?.keystore;
    // The home is ours, so nobody else's socket can be there; a door that cannot be made is known
    // before anything else begins.
    let socket = home.path().join(&settings.api.socket);
    let door = api::server::bind(&socket)
        .map_err(|error| Failure::caused("socket-unusable", "No command could be taken", &error))?;
    let mut break_off = BreakOff::listen()?;
    let start = Start { home: home.path().to_owned(), lock, keys, settings };
    let mut running = daemon::start(start).await.map_err(|error| Failure::Told(error.view()))?;
    let (end, ended) = oneshot::channel();
    let daemon = running.handle.clone();
    let serving = tokio::spawn(api::server::serve(door, daemon, async move {
        // An error means that this end is gone, which is an end as well.
        let _ = ended.await;
    }));
    tell_ready(screen, &running.addresses)?;

    let is_sound = tokio::select! {
        is_sound = running.wait() => is_sound,
        () = break_off.wait() => stop(&mut running, &mut break_off, screen).await?,
    };
    // Nobody may be left to be told.
    let _ = end.send(());
    let served = serving.await;
    match served {
        Ok(Ok(())) if is_sound => Ok(()),
        Ok(Err(error)) => {
            Err(Failure::caused("socket-unusable", "Commands were not taken", &error))
        }
        Ok(Ok(())) | Err(_) => {
            Err(Failure::of("daemon-failed", "A part of the daemon broke; the log says more."))
        }
    }
}

/// Ends the daemon cleanly; whoever cannot wait breaks it off a second time.
async fn stop(running: &mut Running, break_off: &mut BreakOff, screen: Screen) -> Outcome<bool> {
    screen.hint("Ending; what is in hand is written. Ctrl-C again does not wait for it.");
    let ending = async {
        running.stop().await;
        running.wait().await
    };
    tokio::select! {
        is_sound = ending => Ok(is_sound),
        () = break_off.wait() => Err(Failure::of(
            "interrupted",
            "The daemon was broken off before it had ended cleanly.",
        )),
    }
}

fn tell_ready(screen: Screen, addresses: &[String]) -> Outcome<()> {
    screen.line(&Ready { ready: true, addresses }, |ready| {
        let mut text = String::from("Ready. Ctrl-C ends it.\n");
        for address in ready.addresses {
            text.push_str(&format!("Others may begin at {address}\n"));
        }
        text
    })
}

/// What the file says and the flags change.
fn settings(context: &Context, args: &RunArgs) -> Outcome<Settings> {
    let own = context.home.settings()?;
    let mut settings = match &args.config {
        // Other commands know the settings of the home only, and look for the socket there.
        Some(path) => Settings { api: own.api, ..settings_of(path)? },
        None => own,
    };
    if !args.listen.is_empty() {
        settings.network.listen.clone_from(&args.listen);
    }
    settings.network.bootstrap.extend_from_slice(&args.bootstrap);
    let wrong = |error| Failure::of("bad-settings", format!("{}.", chain(&error)));
    settings.check().map_err(wrong)?;
    Ok(settings)
}

fn settings_of(path: &Path) -> Outcome<Settings> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::of("input-unreadable", format!("Cannot read {}: {error}.", path.display()))
    })?;
    toml::from_str(&text).map_err(|error| {
        let what = error.to_string();
        Failure::of("bad-settings", format!("{}: {}.", path.display(), what.trim_end()))
    })
}

/// The log, on the standard error.
fn log(level: &str) -> Outcome<()> {
    // What a library finds worth telling is of no use to whoever runs a node.
    let chosen = match level {
        "info" => "info,libp2p_swarm=warn,libp2p_kad=error",
        "warn" => "warn,libp2p_kad=error",
        other => other,
    };
    let filter = EnvFilter::try_new(chosen).map_err(|error| {
        Failure::of("bad-setting", format!("'{level}' is no level of the log: {error}."))
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    log.try_init()
        .map_err(|error| Failure::of("daemon-failed", format!("There is no log: {error}.")))
}
