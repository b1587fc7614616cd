//! One process at a time uses a home directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The name of the lock file in a home directory.
pub const LOCK_FILE: &str = "lock";

/// More digits than the number of a process has.
const PID_BYTES_MAX: u64 = 20;

/// The home directory belongs to this process as long as this lives. The system gives the lock back
/// when the process ends, however it ends.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

/// Why a home directory cannot be used.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process uses it.
    #[error("another process{} uses this home", pid.map(|pid| format!(" ({pid})")).unwrap_or_default())]
    AlreadyRunning {
        /// Its number, if it could be read.
        pid: Option<u32>,
    },
    /// The lock file cannot be used.
    #[error("cannot lock {path}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl HomeLock {
    /// Locks an existing home directory for this process, without waiting.
    pub fn take(home: &Path) -> Result<HomeLock, LockError> {
        let path = home.join(LOCK_FILE);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        // Not truncated: until it is locked, it holds the number of another process.
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::AlreadyRunning { pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        note_pid(&mut file).map_err(failed)?;
        Ok(HomeLock { _file: file })
    }
}

fn note_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Nothing if the other process is just writing it.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
