//! `bitdust config`: through the daemon if it runs, else in the file.

use api::client::ClientError;
use daemon::settings::{SetError, Settings};

use super::Context;
use crate::args::ConfigCommand;
use crate::errors::{Failure, Outcome, chain};
use crate::home::{Home, bad_settings};

/// Shows and changes settings.
pub(super) async fn run(context: &Context, command: ConfigCommand) -> Outcome<()> {
    let toml = match command {
        ConfigCommand::Show => match context.client.config().await {
            Err(ClientError::NotRunning(_)) => context.home.settings()?.to_toml(),
            toml => toml?,
        },
        ConfigCommand::Set { key, value } => set(context, &key, &value).await?,
        ConfigCommand::Default => Settings::default().to_toml(),
    };
    if !context.screen.is_json() {
        return context.screen.bytes(toml.as_bytes());
    }
    let parsed: toml::Table = toml.parse().map_err(|error| {
        Failure::caused("daemon-not-understood", "The settings are odd", &error)
    })?;
    context.screen.show(&parsed, |_| toml.clone())
}

/// Changes one setting; returns all that is in force, as TOML.
pub(super) async fn set(context: &Context, key: &str, value: &str) -> Outcome<String> {
    match context.client.set_config(key, value).await {
        Err(ClientError::NotRunning(_)) => set_in_file(context, key, value),
        toml => Ok(toml?),
    }
}

fn set_in_file(context: &Context, key: &str, value: &str) -> Outcome<String> {
    context.home.must_have_identity()?;
    let _lock = context.home.lock()?;
    set_in_home(&context.home, key, value)
}

/// Changes one setting in the file of a home that is locked by this process.
pub(super) fn set_in_home(home: &Home, key: &str, value: &str) -> Outcome<String> {
    let set = home.settings_file().set(key, value);
    set.map(|settings| settings.to_toml()).map_err(|error| match error {
        SetError::Unknown(key) => {
            Failure::of("no-such-setting", format!("There is no setting '{key}'."))
        }
        SetError::Value { .. } | SetError::Impossible(_) => {
            Failure::of("bad-setting", format!("{}.", chain(&error)))
        }
        SetError::Read(error) => bad_settings(&error),
        SetError::Save(error) => {
            Failure::caused("home-unusable", "The settings cannot be kept", &error)
        }
    })
}
