//! `bitdust config`: through the daemon if it runs, else in the file.

use api::client::ClientError;
use daemon::settings::{SetError, Settings};
use daemon::view::SettingView;
use serde_json::{Value, json};

use super::Context;
use crate::args::ConfigCommand;
use crate::errors::{Failure, Outcome, chain};
use crate::home::{Home, bad_settings};

/// Shows and changes settings.
pub(super) async fn run(context: &Context, command: ConfigCommand) -> Outcome<()> {
    let toml = match command {
        ConfigCommand::Set { key, value } => {
            let set = set(context, &key, &value).await?;
            return context.screen.show(&document(&set), |_| told(&set));
        }
        ConfigCommand::Show => match context.client.config().await {
            Err(ClientError::NotRunning(_)) => context.home.settings()?.to_toml(),
            toml => toml?,
        },
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

/// Changes one setting; says what is kept, and what is in force if a daemon runs.
pub(super) async fn set(context: &Context, key: &str, value: &str) -> Outcome<SettingView> {
    match context.client.set_config(key, value).await {
        Err(ClientError::NotRunning(_)) => set_in_file(context, key, value),
        set => Ok(set?),
    }
}

/// What programs are told of a change.
pub(super) fn document(set: &SettingView) -> Value {
    json!({
        "key": set.key,
        "kept": set.kept,
        "in_force": set.in_force,
        "needs_restart": set.needs_restart(),
    })
}

/// What people are told of a change.
pub(super) fn told(set: &SettingView) -> String {
    let SettingView { key, kept, in_force } = set;
    match in_force {
        None => format!("{key} = {kept} is kept; it is in force when the node is started."),
        Some(now) if now == kept => format!("{key} = {kept} is kept and in force."),
        Some(now) => format!(
            "{key} = {kept} is kept. The node that runs goes on with {now} until it is started \
             again: `bitdust stop`, then `bitdust run`."
        ),
    }
}

fn set_in_file(context: &Context, key: &str, value: &str) -> Outcome<SettingView> {
    context.home.must_have_identity()?;
    let _lock = context.home.lock()?;
    set_in_home(&context.home, key, value)
}

/// Changes one setting in the file of a home that is locked by this process.
pub(super) fn set_in_home(home: &Home, key: &str, value: &str) -> Outcome<SettingView> {
    let set = home.settings_file().set(key, value);
    let kept = |settings: Settings| {
        let kept = settings.value(key).unwrap_or_default();
        SettingView { key: key.into(), kept, in_force: None }
    };
    set.map(kept).map_err(|error| match error {
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
