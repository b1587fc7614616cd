//! What the workers are made of, and what they are asked for.

use base::{SecretKey, SpaceId, SymmetricKey};
use node::input::Input;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{OpenedDrive, backup, restore, texts};
use crate::handle::Answer;
use crate::view::{BackupRequest, CheckRequest, RestoreRequest};

/// What the workers are made of.
pub struct Parts {
    /// The drive, as [`open_drive`] found it.
    pub drive: OpenedDrive,
    /// The key of this device, which signs manifests.
    pub device: SecretKey,
    /// The key under which keyrings are sealed.
    pub storage_root: SymmetricKey,
    /// The own drive.
    pub space: SpaceId,
    /// Patterns that every backup leaves out.
    pub excludes: Vec<String>,
    /// Where the loop takes its inputs. Workers wait when it is full.
    pub inputs: mpsc::Sender<Input>,
    /// Bounds of memory.
    pub limits: Limits,
}

/// Bounds of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sealed blocks on their way to suppliers with their parity, bytes. One block always fits.
    pub sealed_bytes: usize,
    /// Fragments that are fetched ahead, bytes.
    pub fetch_bytes: usize,
}

/// What the user asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobRequest {
    /// A backup.
    Backup(BackupRequest),
    /// A restore.
    Restore(RestoreRequest),
    /// A check.
    Check(CheckRequest),
}

impl JobRequest {
    /// The name of the kind of job.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Check(_) => "check",
        }
    }

    /// Whether it can be at all.
    pub(super) fn check(&self) -> Answer<()> {
        match self {
            Self::Backup(request) => backup::roots_of(request).map(|_| ()),
            Self::Restore(request) => restore::plan_of(request).map(|_| ()),
            Self::Check(request) if request.percent > 100 => {
                Err(texts::bad_request("More than 100 percent cannot be checked."))
            }
            Self::Check(_) => Ok(()),
        }
    }
}

/// What of the drive lies at suppliers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Versions.
    pub versions: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes of all blocks.
    pub packed_bytes: u64,
    /// Bytes of all their fragments.
    pub stored_bytes: u64,
}
