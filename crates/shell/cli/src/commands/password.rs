//! `bitdust password`: what protects the keys on this device.

use disk::document::LoadError;
use identity::{KeystoreError, OpenedKeystore, open_keystore};
use serde_json::json;

use super::{Context, init};
use crate::args::PasswordCommand;
use crate::ask::{self, PasswordFrom, Secret};
use crate::errors::{Failure, Outcome, chain};
use crate::home::Home;
use crate::screen::Screen;

/// Changes the password.
pub(super) fn run(context: &Context, command: &PasswordCommand) -> Outcome<()> {
    let PasswordCommand::Change(args) = command;
    let (home, screen) = (&context.home, context.screen);
    home.must_have_identity()?;
    let _lock = home.lock()?;
    let opened = open(home, args.password_file.as_deref(), screen)?;
    let from = PasswordFrom::flags(args.new_password_file.as_deref(), args.no_password);
    let password = ask::new_password(from, screen)?;
    init::save(&home.keystore(), &opened.keystore, &password)?;
    let document = json!({ "changed": true, "has_password": !password.is_empty() });
    screen.show(&document, |_| "The password is changed.".into())
}

/// Opens the keystore of the home: without a password if it has none, else with that of the file or
/// of the user.
pub(super) fn open(
    home: &Home,
    file: Option<&std::path::Path>,
    screen: Screen,
) -> Outcome<OpenedKeystore> {
    match load(home, &Secret::default(), screen) {
        Err(KeystoreProblem::WrongPassword) => {}
        opened => return opened.map_err(Into::into),
    }
    let from = PasswordFrom::flags(file, false);
    let password = ask::password(from, "Password: ")?;
    load(home, &password, screen).map_err(Into::into)
}

/// Why the keystore does not open.
enum KeystoreProblem {
    WrongPassword,
    Other(Failure),
}

impl From<KeystoreProblem> for Failure {
    fn from(problem: KeystoreProblem) -> Self {
        match problem {
            KeystoreProblem::WrongPassword => {
                Self::of("wrong-password", "The password does not open the keystore.")
            }
            KeystoreProblem::Other(failure) => failure,
        }
    }
}

/// The newest generation that is whole. A wrong password is no damage: no older one is tried for it.
fn load(home: &Home, password: &Secret, screen: Screen) -> Result<OpenedKeystore, KeystoreProblem> {
    let loaded = home.keystore().load(|bytes| match open_keystore(bytes, password) {
        Ok(opened) => Ok(Ok(opened)),
        Err(error @ (KeystoreError::WrongPassword | KeystoreError::Memory(_))) => Ok(Err(error)),
        Err(error) => Err(error),
    });
    let loaded = loaded.map_err(|error| KeystoreProblem::Other(damaged(&error)))?;
    if loaded.generation > 0 {
        screen.warn(&format!(
            "Warning: the keystore is damaged; generation {} before it was taken.",
            loaded.generation
        ));
    }
    loaded.value.map_err(|error| match error {
        KeystoreError::WrongPassword => KeystoreProblem::WrongPassword,
        error => KeystoreProblem::Other(Failure::caused(
            "daemon-failed",
            "The keystore cannot be opened",
            &error,
        )),
    })
}

fn damaged(error: &LoadError<KeystoreError>) -> Failure {
    match error {
        LoadError::Missing { .. } => Failure::of("no-home", format!("{}.", chain(error))),
        LoadError::Damaged { .. } => Failure::of("home-damaged", format!("{}.", chain(error))),
    }
}
