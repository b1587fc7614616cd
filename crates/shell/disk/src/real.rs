//! The real disk under the store: one directory, whose files are read and written at offsets.

mod platform;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::disk::{Action, Disk, DiskError, DiskFile, Open, check_name};

/// A directory of the file system. Only one process may use it at a time; who opens it sees to
/// that (`HomeLock`).
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
}

impl RealDisk {
    /// Uses `directory`, which is made if it does not exist, with its parents.
    ///
    /// # Errors
    /// It cannot be made or is not a directory.
    pub fn open(directory: &Path) -> Result<Self, DiskError> {
        let name = directory.display().to_string();
        let fails = |error: io::Error| translate(&error, Action::Open, &name);
        if !directory.is_dir() {
            platform::create_directory(directory).map_err(fails)?;
            // Its own name must be as durable as what will be in it.
            if let Some(parent) = directory.parent().filter(|path| !path.as_os_str().is_empty()) {
                platform::sync_directory(parent).map_err(fails)?;
            }
        }
        Ok(Self { directory: directory.to_path_buf() })
    }

    fn path(&self, name: &str) -> Result<PathBuf, DiskError> {
        check_name(name)?;
        Ok(self.directory.join(name))
    }
}

impl Disk for RealDisk {
    fn open(&self, name: &str, how: Open) -> Result<Arc<dyn DiskFile>, DiskError> {
        let path = self.path(name)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match how {
            Open::Existing => &mut options,
            Open::OrCreate => options.create(true).truncate(false),
            Open::Empty => options.create(true).truncate(true),
        };
        platform::private(&mut options);
        let file = options.open(path).map_err(|error| translate(&error, Action::Open, name))?;
        Ok(Arc::new(RealFile { file, name: name.into(), is_poisoned: AtomicBool::new(false) }))
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        let path = self.path(name)?;
        std::fs::remove_file(path).map_err(|error| translate(&error, Action::Remove, name))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let (old, new) = (self.path(from)?, self.path(to)?);
        std::fs::rename(old, new).map_err(|error| translate(&error, Action::Rename, from))
    }

    fn sync_dir(&self) -> Result<(), DiskError> {
        platform::sync_directory(&self.directory)
            .map_err(|error| translate(&error, Action::Sync, "directory"))
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let fails = |error: io::Error| translate(&error, Action::List, "directory");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.directory).map_err(fails)? {
            // What is named otherwise was not made here.
            if let Ok(name) = entry.map_err(fails)?.file_name().into_string()
                && check_name(&name).is_ok()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn free_space(&self) -> Result<u64, DiskError> {
        platform::free_space(&self.directory)
            .map_err(|error| translate(&error, Action::List, "directory"))
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
    name: String,
    is_poisoned: AtomicBool,
}

impl RealFile {
    fn fails(&self, action: Action) -> impl Fn(io::Error) -> DiskError {
        move |error| translate(&error, action, &self.name)
    }

    fn check_poison(&self) -> Result<(), DiskError> {
        if self.is_poisoned.load(Ordering::Acquire) {
            return Err(DiskError::Poisoned { name: self.name.clone() });
        }
        Ok(())
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), DiskError> {
        let end = offset.saturating_add(out.len() as u64);
        platform::read_at(&self.file, offset, out).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return DiskError::Short { name: self.name.clone(), end };
            }
            self.fails(Action::Read)(error)
        })
    }

    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError> {
        self.check_poison()?;
        platform::write_at(&self.file, offset, parts).map_err(self.fails(Action::Write))
    }

    fn set_len(&self, bytes: u64) -> Result<(), DiskError> {
        self.check_poison()?;
        self.file.set_len(bytes).map_err(self.fails(Action::Resize))
    }

    fn preallocate(&self, bytes: u64) -> Result<(), DiskError> {
        self.check_poison()?;
        let have = self.len()?;
        if bytes <= have {
            return Ok(());
        }
        // A file system may fill itself up before it finds that the room is too little.
        if bytes - have > platform::free_space_of(&self.file).map_err(self.fails(Action::Resize))? {
            return Err(DiskError::NoSpace { name: self.name.clone() });
        }
        platform::preallocate(&self.file, have, bytes).map_err(|error| {
            let _ = self.file.set_len(have);
            self.fails(Action::Resize)(error)
        })
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.check_poison()?;
        self.file.sync_data().map_err(|error| {
            self.is_poisoned.store(true, Ordering::Release);
            match self.fails(Action::Sync)(error) {
                // A sync that fails for want of space has failed: what is durable is unknown.
                DiskError::NoSpace { name } => {
                    DiskError::Io { action: Action::Sync, name, kind: io::ErrorKind::StorageFull }
                }
                error => error,
            }
        })
    }

    fn try_lock(&self) -> Result<(), DiskError> {
        self.file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => DiskError::Busy { name: self.name.clone() },
            TryLockError::Error(error) => self.fails(Action::Open)(error),
        })
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.file.metadata().map_err(self.fails(Action::List))?.len())
    }
}

fn translate(error: &io::Error, action: Action, name: &str) -> DiskError {
    use io::ErrorKind::{NotFound, QuotaExceeded, StorageFull};
    let name = name.to_string();
    match error.kind() {
        StorageFull | QuotaExceeded => DiskError::NoSpace { name },
        NotFound => DiskError::NotFound { name },
        kind => DiskError::Io { action, name, kind },
    }
}
