//! The start of the drive: its database, its keyring, and how it stands with both.
//!
//! A drive counts as empty only while the mark of a new identity lies in the home; whatever else is
//! missing is brought back from the suppliers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::RealDisk;
use disk::document::{Document, LoadError, SaveError};
use drive::catalog::{Catalog, CatalogError};
use identity::Keystore;
use node::input::DriveCondition;
use spaces::{Keyring, SEALED_BYTES_MAX, own_drive};
use store::Drive;
use store::database::OpenError;
use store::disk::{Disk, DiskError};

use super::clock::random;
use super::jobs::{Kept, Ledger};

#[cfg(test)]
mod tests;

/// Lies in a home whose identity was made in it and that has no version yet.
pub const FRESH_MARK: &str = "fresh";
/// Lies in a home whose identity was made from the words, until the drive is found again.
pub const RECOVER_MARK: &str = "recover";

/// The directory of the drive in the home.
const DIRECTORY: &str = "drive";
const DATABASE: &str = "catalog";
const KEYRING: &str = "keyring";
/// Older generations of the keyring that are kept.
const GENERATIONS: u8 = 3;

/// Why the drive cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenDriveError {
    /// A directory of the home cannot be used.
    #[error("the directory of the drive cannot be used")]
    Disk(#[from] DiskError),
    /// The database cannot be opened, and is not damaged either.
    #[error("the catalog of the drive cannot be opened")]
    Database(#[from] OpenError),
    /// The database opens, but cannot be read.
    #[error("the catalog of the drive cannot be read")]
    Catalog(#[from] CatalogError),
    /// The new keyring cannot be kept, so nothing may be sealed with it.
    #[error("the keyring of the drive cannot be kept")]
    Keyring(#[from] SaveError),
}

/// The drive as it was found.
pub struct OpenedDrive {
    /// For `Input::Opened`.
    pub condition: DriveCondition,
    /// The keyring for `node::Setup`, sealed under the storage root; empty if there is none yet.
    pub keyring_sealed: Vec<u8>,
    /// The database of the catalog.
    pub(crate) drive: Drive,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) home: Home,
    /// Where jobs are kept, and those of earlier daemons.
    pub(crate) jobs: (Ledger, Vec<Kept>),
}

/// The files of the drive outside its database.
pub(crate) struct Home {
    path: PathBuf,
    disk: RealDisk,
    keyring: Document,
}

/// Opens the drive in `home`. Reads and writes files; call it on a thread that may wait.
///
/// # Errors
/// As [`OpenDriveError`] says. Damage is no error: what is damaged is set aside, and the condition
/// says so.
pub fn open_drive(home: &Path, keys: &Keystore) -> Result<OpenedDrive, OpenDriveError> {
    let files = Home {
        path: home.into(),
        disk: RealDisk::open(home)?,
        keyring: Document::new(home.join(DIRECTORY).join(KEYRING), GENERATIONS, SEALED_BYTES_MAX),
    };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&home.join(DIRECTORY))?);
    let (drive, is_broken) = open_database(&disk)?;
    let is_fresh = files.has(FRESH_MARK)?;
    let space = own_drive(keys.identity(), &keys.storage_root);
    let mut keyring = files.load_keyring(keys);
    if keyring.is_none() && is_fresh {
        let made = Keyring::create(space, &base::SymmetricKey(random()));
        let sealed = made.seal(&keys.storage_root, random());
        files.keyring.save(&sealed)?;
        keyring = Some((made, sealed));
    }
    let has_head = Catalog::new(&drive).head()?.is_some();
    let condition = if files.has(RECOVER_MARK)? || keyring.is_none() {
        DriveCondition::Absent
    } else if has_head {
        DriveCondition::Present
    } else if is_fresh {
        DriveCondition::Fresh
    } else if is_broken {
        DriveCondition::Broken
    } else {
        DriveCondition::Absent
    };
    let (keyring, keyring_sealed) = keyring.unzip();
    let keyring_sealed = keyring_sealed.unwrap_or_default();
    let jobs = Ledger::open(home);
    Ok(OpenedDrive { condition, keyring_sealed, drive, keyring, home: files, jobs })
}

/// The database, and whether an older one was damaged.
fn open_database(disk: &Arc<dyn Disk>) -> Result<(Drive, bool), OpenDriveError> {
    match Drive::open(disk.clone(), DATABASE) {
        Ok(drive) => Ok((drive, false)),
        Err(OpenError::Damaged { set_aside, what }) => {
            tracing::error!(set_aside, what, "the catalog was damaged; it is looked for again");
            Ok((Drive::open(disk.clone(), DATABASE)?, true))
        }
        Err(error) => Err(error.into()),
    }
}

impl Home {
    /// The home, which no backup enters.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a keyring that was found again, durably.
    pub(crate) fn keep_keyring(&self, sealed: &[u8]) -> Result<(), SaveError> {
        self.keyring.save(sealed)
    }

    /// The drive is in hand: from now on a missing catalog is a loss. `is_empty` says that there is
    /// none to be missed.
    pub(crate) fn settle(&self, is_empty: bool) -> Result<(), SettleError> {
        if is_empty {
            Document::new(self.path.join(FRESH_MARK), 0, 16).save(b"")?;
        } else {
            self.remove(FRESH_MARK)?;
        }
        Ok(self.remove(RECOVER_MARK)?)
    }

    fn remove(&self, mark: &str) -> Result<(), DiskError> {
        match self.disk.remove(mark) {
            Ok(()) => self.disk.sync_dir(),
            Err(DiskError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn has(&self, mark: &str) -> Result<bool, DiskError> {
        match self.disk.open(mark, store::disk::Open::Existing) {
            Ok(_) => Ok(true),
            Err(DiskError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn load_keyring(&self, keys: &Keystore) -> Option<(Keyring, Vec<u8>)> {
        let space = own_drive(keys.identity(), &keys.storage_root);
        let open = |bytes: &[u8]| {
            let keyring = Keyring::open(bytes, space, &keys.storage_root)?;
            Ok::<_, spaces::OpenError>((keyring, bytes.to_vec()))
        };
        match self.keyring.load(open) {
            Ok(loaded) => {
                if loaded.generation > 0 {
                    tracing::warn!("the keyring was damaged; an older generation of it is used");
                }
                Some(loaded.value)
            }
            Err(LoadError::Missing { .. }) => None,
            Err(LoadError::Damaged { first, .. }) => {
                tracing::error!(%first, "the keyring cannot be used; it is looked for again");
                None
            }
        }
    }
}

/// Why a mark could not be changed. The next start then looks the drive up once more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    #[error("cannot write a mark")]
    Save(#[from] SaveError),
    #[error("cannot remove a mark")]
    Disk(#[from] DiskError),
}
