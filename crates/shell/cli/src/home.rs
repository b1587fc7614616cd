//! The directory of a node: where it is, what is in it, and that it is closed to others.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use daemon::settings::{ReadError, Settings, SettingsFile};
use disk::document::{Document, HomeLock, LockError, make_private_directory};

use crate::errors::{Failure, Outcome, chain};

/// Bytes of a keystore file at most.
const KEYSTORE_BYTES_MAX: usize = 16 << 10;

/// Older keystores that are kept beside the current one.
const KEYSTORE_GENERATIONS: u8 = 2;

/// The directory of one node.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    path: PathBuf,
}

impl Home {
    /// The home that was named, or the usual one. It need not exist.
    ///
    /// # Errors
    /// None was named and the environment does not say where the user's data is.
    pub(crate) fn find(named: Option<&Path>) -> Outcome<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let usual = || {
            let data =
                variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            let own = || variable("HOME").map(|home| PathBuf::from(home).join(".local/share"));
            data.or_else(own).map(|data| data.join("bitdust"))
        };
        // A variable that is set to nothing names nothing.
        let named = named.filter(|path| !path.as_os_str().is_empty());
        let path = named.map(Path::to_path_buf).or_else(usual).ok_or_else(|| {
            Failure::of("home-unusable", "Neither --home, BITDUST_HOME nor HOME says where it is.")
        })?;
        let absolute = std::path::absolute(&path);
        let path = absolute.map_err(|error| unusable("The home cannot be named", &error))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The keystore of this device.
    pub(crate) fn keystore(&self) -> Document {
        Document::new(self.path.join("keystore"), KEYSTORE_GENERATIONS, KEYSTORE_BYTES_MAX)
    }

    /// The settings of the home.
    pub(crate) fn settings_file(&self) -> SettingsFile {
        SettingsFile::of(&self.path)
    }

    /// The settings in force.
    ///
    /// # Errors
    /// The file cannot be read or says something impossible.
    pub(crate) fn settings(&self) -> Outcome<Settings> {
        self.settings_file().read().map_err(|error| bad_settings(&error))
    }

    /// Where the daemon listens. Settings that cannot be read name no other place than the usual one.
    pub(crate) fn socket(&self) -> PathBuf {
        let settings = self.settings_file().read().unwrap_or_default();
        self.path.join(settings.api.socket)
    }

    /// Makes the home if it is missing, and closes it to others.
    ///
    /// # Errors
    /// The system does not allow it.
    pub(crate) fn make(&self) -> Outcome<()> {
        let failed = |error| unusable(&format!("{} cannot be made", self.path.display()), &error);
        make_private_directory(&self.path).map_err(failed)?;
        let mode = std::fs::metadata(&self.path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            std::fs::set_permissions(&self.path, Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Ok(())
    }

    /// Refuses a home without an identity.
    ///
    /// # Errors
    /// There is no keystore.
    pub(crate) fn must_have_identity(&self) -> Outcome<()> {
        if self.keystore().exists() {
            return Ok(());
        }
        Err(Failure::of("no-home", format!("There is no identity in {}.", self.path.display())))
    }

    /// Takes the home for this process.
    ///
    /// # Errors
    /// Another process has it, or the system does not allow it.
    pub(crate) fn lock(&self) -> Outcome<HomeLock> {
        HomeLock::take(&self.path).map_err(|error| match error {
            LockError::AlreadyRunning { pid } => {
                let pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
                let happened = format!("Another bitdust{pid} works on {}.", self.path.display());
                Failure::of("home-in-use", happened)
            }
            LockError::Io { .. } => unusable("The home cannot be locked", &error),
        })
    }
}

/// A settings file that cannot be used.
pub(crate) fn bad_settings(error: &ReadError) -> Failure {
    match error {
        ReadError::File { .. } => unusable("The settings cannot be read", error),
        ReadError::NoText { .. } | ReadError::Form { .. } | ReadError::Value(_) => {
            Failure::of("bad-settings", format!("{}.", chain(error).trim_end()))
        }
    }
}

fn unusable(doing: &str, error: &dyn std::error::Error) -> Failure {
    Failure::caused("home-unusable", doing, error)
}
