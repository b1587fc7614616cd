//! Small documents (keys, settings, state) that survive a crash at any moment, with a few older
//! generations beside each; and the lock of a home directory.
//!
//! A new version is written beside the document, synced, and renamed over it. `name.1` and `name.2`
//! are the versions before. Two processes must not write one document: hold the [`HomeLock`].

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

mod lock;
#[cfg(test)]
mod tests;

pub use lock::{HomeLock, LOCK_FILE, LockError};

/// The most older versions that a document can have.
pub const GENERATIONS_MAX: u8 = 9;

/// A document by its path, with the number of versions to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    path: PathBuf,
    generations: u8,
    bytes_max: usize,
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    /// What the check made of its bytes.
    pub value: T,
    /// 0 for the current version, 1 for the one before, and so on: the owner is to be told when an
    /// older one had to do.
    pub generation: u8,
}

/// Why a document could not be saved; the version before is still there.
#[derive(Debug, Error)]
pub enum SaveError {
    /// It is larger than this document may be.
    #[error("{bytes} bytes are more than the {bytes_max} of this document")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The new version could not be written.
    #[error("cannot write {path}")]
    Write {
        /// Its temporary path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The new version could not take its place.
    #[error("cannot put the new version of {path} in its place")]
    Replace {
        /// The document.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why a document could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError<E> {
    /// There is no version of it.
    #[error("{path} does not exist")]
    Missing {
        /// The document.
        path: PathBuf,
    },
    /// Not one of the versions that exist is sound.
    #[error("no version of {path} can be used")]
    Damaged {
        /// The document.
        path: PathBuf,
        /// What is wrong with the newest version.
        #[source]
        first: Damage<E>,
    },
}

/// What is wrong with one version of a document.
#[derive(Debug, Error)]
pub enum Damage<E> {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// It is longer than the document may be.
    #[error("it is too large")]
    TooLarge,
    /// The check refused its content.
    #[error("its content is not valid")]
    Content(#[source] E),
}

impl Document {
    /// A document of at most `bytes_max` bytes with `generations` older versions (at most
    /// [`GENERATIONS_MAX`]) beside it.
    pub fn new(path: impl Into<PathBuf>, generations: u8, bytes_max: usize) -> Document {
        Document { path: path.into(), generations: generations.min(GENERATIONS_MAX), bytes_max }
    }

    /// Where the current version is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether any version exists, sound or not.
    pub fn exists(&self) -> bool {
        (0..=self.generations).any(|generation| self.generation(generation).exists())
    }

    /// Replaces the document: when this returns, the new version is on disk. Only its owner may
    /// read it.
    pub fn save(&self, content: &[u8]) -> Result<(), SaveError> {
        let (bytes, bytes_max) = (content.len(), self.bytes_max);
        if bytes > bytes_max {
            return Err(SaveError::TooLarge { bytes, bytes_max });
        }
        let new = self.beside("new");
        write_synced(&new, content)
            .map_err(|source| SaveError::Write { path: new.clone(), source })?;
        self.replace(&new).map_err(|source| SaveError::Replace { path: self.path.clone(), source })
    }

    /// Replaces the document and leaves no older version behind: when this returns, all versions that
    /// there are hold this content. For what must not be readable any more in its older form.
    pub fn save_only(&self, content: &[u8]) -> Result<(), SaveError> {
        self.save(content)?;
        let failed = |source| SaveError::Replace { path: self.path.clone(), source };
        for generation in 1..=self.generations {
            remove_if_there(&self.generation(generation)).map_err(failed)?;
        }
        // The second time, so that a copy stands beside it; this also syncs the directory.
        self.save(content)
    }

    /// Loads the newest version that the check accepts.
    pub fn load<T, E>(
        &self,
        check: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Loaded<T>, LoadError<E>> {
        let mut first = None;
        for generation in 0..=self.generations {
            let path = self.generation(generation);
            let content = match read_whole(&path, self.bytes_max) {
                Ok(content) => content,
                Err(Damage::Read(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(damage) => {
                    first.get_or_insert(damage.with_content_error());
                    continue;
                }
            };
            match check(&content) {
                Ok(value) => return Ok(Loaded { value, generation }),
                Err(error) => {
                    first.get_or_insert(Damage::Content(error));
                }
            }
        }
        let path = self.path.clone();
        Err(match first {
            Some(first) => LoadError::Damaged { path, first },
            None => LoadError::Missing { path },
        })
    }

    /// At every moment at least one whole version stands under one of the names.
    fn replace(&self, new: &Path) -> io::Result<()> {
        for older in (1..self.generations).rev() {
            rename_if_there(&self.generation(older), &self.generation(older + 1))?;
        }
        if self.generations > 0 {
            let previous = self.generation(1);
            remove_if_there(&previous)?;
            match std::fs::hard_link(&self.path, &previous) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // No hard links here: for a moment only the older name exists.
                Err(_) => rename_if_there(&self.path, &previous)?,
            }
        }
        std::fs::rename(new, &self.path)?;
        sync_directory(&self.path)
    }

    fn generation(&self, generation: u8) -> PathBuf {
        if generation == 0 { self.path.clone() } else { self.beside(&generation.to_string()) }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".");
        name.push(suffix);
        name.into()
    }
}

impl Damage<std::convert::Infallible> {
    fn with_content_error<E>(self) -> Damage<E> {
        match self {
            Damage::Read(error) => Damage::Read(error),
            Damage::TooLarge => Damage::TooLarge,
            Damage::Content(never) => match never {},
        }
    }
}

/// Makes a directory that only its owner may enter, with its parents, if it is missing.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    // What a crash left is of no use, and its permissions are unknown.
    remove_if_there(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn read_whole(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Damage<std::convert::Infallible>> {
    let file = File::open(path).map_err(Damage::Read)?;
    let mut content = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut content).map_err(Damage::Read)?;
    if content.len() > bytes_max { Err(Damage::TooLarge) } else { Ok(content) }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    ignore_missing(std::fs::remove_file(path))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    ignore_missing(std::fs::rename(from, to))
}

fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A rename is on disk when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        // Directories cannot be opened there; the file system's journal keeps the order.
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
