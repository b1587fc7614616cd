//! Walks a tree for a backup: depth first, the names of a directory in the order of their bytes,
//! as a stream whose memory is bounded by the largest directories on one path.
//!
//! Symbolic links are never followed, so there are no loops; mounts that contain themselves end at
//! [`DEPTH_MAX`](super::model::DEPTH_MAX). What cannot be read becomes an [`Item::Problem`], and the
//! walk goes on.

use std::collections::VecDeque;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, statat};
use thiserror::Error;

mod directory;
mod entry;
mod rules;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

pub use entry::{DetailsError, Entry};

use self::directory::{Directory, Listing, ListingError};
use self::rules::Rules;
use super::cause::Cause;
use super::model::{DEPTH_MAX, Identity, Kind, Special, TreePath};
use super::owners::Owners;

/// The file of patterns, in gitignore syntax, that each directory may have.
pub const IGNORE_FILE: &str = ".bitdustignore";

const GIT_IGNORE_FILE: &str = ".gitignore";
const CACHE_TAG_FILE: &str = "CACHEDIR.TAG";

/// What to leave out of a scan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Patterns in gitignore syntax relative to the root of the scan; they win over ignore files.
    pub excludes: Vec<String>,
    /// Whether `.gitignore` files count as well as `.bitdustignore`.
    pub uses_gitignore: bool,
    /// Whether the content of directories with a valid `CACHEDIR.TAG` is left out.
    pub skips_caches: bool,
    /// Whether directories on other file systems are kept empty.
    pub stays_on_file_system: bool,
    /// Directories that are never entered, above all the node's own home.
    pub never_enters: Vec<PathBuf>,
    /// Whether a root that is a symbolic link stands for what it points to.
    pub follows_root: bool,
}

/// One step of a scan.
#[derive(Debug)]
pub enum Item {
    /// A directory; its entries follow, then its [`Item::Leave`].
    Enter(Entry),
    /// A file or a symbolic link.
    Entry(Entry),
    /// The end of the directory entered last.
    Leave {
        /// Whether every entry was seen; if not, what an earlier version had may still be there.
        is_complete: bool,
    },
    /// Something was left out as the options or its kind ask for.
    Skipped {
        /// Which entry.
        path: TreePath,
        /// For what reason.
        why: Why,
    },
    /// Something could not be read.
    Problem(Problem),
}

/// Why an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Pipes, sockets and devices have no content to keep.
    Special(Special),
    /// A pattern of the command line or of an ignore file matches.
    Excluded,
    /// The content of a cache directory.
    CacheDirectory,
    /// The content of a directory on another file system.
    OtherFileSystem,
    /// One of [`Options::never_enters`].
    NeverEntered,
    /// An unfinished file of a restore.
    Partial,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {what}")]
pub struct Problem {
    /// Which entry.
    pub path: TreePath,
    /// What happened.
    pub what: What,
}

/// What happened to an entry that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum What {
    /// Its kind and times cannot be read; [`Cause::Missing`] if it vanished meanwhile.
    #[error("cannot look at it: {0}")]
    Stat(Cause),
    /// The directory cannot be opened.
    #[error("cannot open the directory: {0}")]
    Open(Cause),
    /// The directory could not be read to its end.
    #[error("cannot list the directory: {0}")]
    List(Cause),
    /// The names of one directory take more than 4 GiB.
    #[error("the directory has too many names")]
    TooManyNames,
    /// The target of the symbolic link cannot be read.
    #[error("cannot read the link: {0}")]
    ReadLink(Cause),
    /// The directory lies too deep; its entries are left out.
    #[error("deeper than {DEPTH_MAX} directories")]
    TooDeep,
    /// Something else stands under the name of the directory since it was looked at.
    #[error("it was replaced while it was being opened")]
    Replaced,
    /// An ignore file cannot be read, so it excludes nothing.
    #[error("cannot read the ignore file: {0}")]
    IgnoreFile(Cause),
    /// An ignore file is too large or too complex, so it excludes nothing.
    #[error("the ignore file is too large")]
    IgnoreFileTooLarge,
    /// A line of an ignore file is no pattern and excludes nothing.
    #[error("line {line} of the ignore file is not a pattern")]
    IgnoreLine {
        /// Counted from 1.
        line: usize,
    },
}

/// Why a scan cannot begin.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The root cannot be opened.
    #[error("cannot open what is to be scanned: {0}")]
    Root(Cause),
    /// A pattern of the command line is none.
    #[error("`{pattern}` is not a pattern")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: ignore::Error,
    },
}

/// A walk through one tree; see the module. Ends after the `Leave` of the root.
#[derive(Debug)]
pub struct Scan {
    first: Option<Entry>,
    levels: Vec<Level>,
    /// What follows at once what was yielded last; never more than a few items and, for a directory
    /// with broken ignore files, one problem for each of these.
    ready: VecDeque<Item>,
    rules: Rules,
    owners: Arc<Owners>,
    root_device: u64,
    never: Vec<Identity>,
    /// The deepest entry below the root that can be restored: its whole path counts.
    depth_max: usize,
    options: Options,
}

#[derive(Debug)]
struct Level {
    directory: Arc<Directory>,
    names: Listing,
    is_complete: bool,
}

impl Scan {
    /// Begins a scan at a directory, a file or a symbolic link.
    pub fn new(root: &Path, options: Options) -> Result<Scan, ScanError> {
        let rules = Rules::new(&options.excludes)?;
        let owners = Arc::new(Owners::load());
        let first = Entry::root(root, options.follows_root, &owners).map_err(ScanError::Root)?;
        let never = options.never_enters.iter().filter_map(|path| {
            let stat = rustix::fs::stat(path).ok()?;
            Some(super::stat::identity(&stat))
        });
        Ok(Scan {
            root_device: first.meta().identity.device,
            first: Some(first),
            levels: Vec::new(),
            ready: VecDeque::new(),
            rules,
            owners,
            never: never.collect(),
            depth_max: DEPTH_MAX.saturating_sub(depth_of(root)),
            options,
        })
    }

    /// Decides about the next name of the innermost directory.
    fn visit(&mut self, directory: &Arc<Directory>, name: &[u8]) -> Item {
        let path = match directory.path.join_checked(name) {
            Ok(path) if path.depth() > self.depth_max => {
                return self.problem(path, What::TooDeep);
            }
            Ok(path) => path,
            Err(_) => return self.problem(directory.path.clone(), What::TooDeep),
        };
        if super::model::is_partial(name) {
            return Item::Skipped { path, why: Why::Partial };
        }
        let stat = match statat(&directory.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(errno) => return self.problem(path, What::Stat(errno.into())),
        };
        let mut meta = super::stat::meta(&stat, &self.owners);
        if self.rules.excludes(path.as_bytes(), meta.kind == Kind::Directory) {
            return Item::Skipped { path, why: Why::Excluded };
        }
        match &mut meta.kind {
            Kind::Special(special) => return Item::Skipped { path, why: Why::Special(*special) },
            Kind::Symlink { target } => match directory.read_link(name) {
                Ok(bytes) => {
                    meta.size = bytes.len() as u64;
                    *target = bytes;
                }
                Err(cause) => return self.problem(path, What::ReadLink(cause)),
            },
            Kind::File | Kind::Directory => {}
        }
        self.yield_entry(Entry::new(directory.clone(), path, meta, self.owners.clone()))
    }

    fn yield_entry(&mut self, entry: Entry) -> Item {
        match &entry.meta().kind {
            Kind::File | Kind::Symlink { .. } => Item::Entry(entry),
            Kind::Special(special) => {
                Item::Skipped { path: entry.path().clone(), why: Why::Special(*special) }
            }
            Kind::Directory if self.never.contains(&entry.meta().identity) => {
                Item::Skipped { path: entry.path().clone(), why: Why::NeverEntered }
            }
            Kind::Directory => {
                self.enter(&entry);
                Item::Enter(entry)
            }
        }
    }

    /// Opens a directory and prepares what follows its `Enter`.
    fn enter(&mut self, entry: &Entry) {
        let path = entry.path().clone();
        if self.options.stays_on_file_system && entry.meta().identity.device != self.root_device {
            self.ready.push_back(Item::Skipped { path, why: Why::OtherFileSystem });
            self.ready.push_back(Item::Leave { is_complete: true });
            return;
        }
        match open_and_list(entry) {
            Ok((directory, names, list_error)) => {
                if let Some(what) = &list_error {
                    let what = what.clone();
                    self.ready.push_back(Item::Problem(Problem { path, what }));
                }
                self.enter_listed(Arc::new(directory), names, list_error.is_none());
            }
            Err(what) => {
                self.ready.push_back(Item::Problem(Problem { path, what }));
                self.ready.push_back(Item::Leave { is_complete: false });
            }
        }
    }

    fn enter_listed(&mut self, directory: Arc<Directory>, mut names: Listing, is_complete: bool) {
        let path = directory.path.clone();
        let tag = CACHE_TAG_FILE.as_bytes();
        if self.options.skips_caches && names.contains(tag) && directory.is_tagged_as_cache(tag) {
            names = Listing::of_one(tag);
            self.ready.push_back(Item::Skipped { path: path.clone(), why: Why::CacheDirectory });
        }
        // The later file wins over the earlier one.
        let git = self.options.uses_gitignore.then_some(GIT_IGNORE_FILE);
        let files = [git, Some(IGNORE_FILE)].into_iter().flatten();
        let files = files.filter(|file| names.contains(file.as_bytes()));
        let problems = self.rules.enter(&directory, files);
        self.ready.extend(problems.into_iter().map(Item::Problem));
        self.levels.push(Level { directory, names, is_complete });
    }

    /// Reports a problem that leaves the innermost directory incomplete.
    fn problem(&mut self, path: TreePath, what: What) -> Item {
        if let Some(level) = self.levels.last_mut() {
            level.is_complete = false;
        }
        Item::Problem(Problem { path, what })
    }
}

impl Iterator for Scan {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.ready.pop_front() {
            return Some(item);
        }
        if let Some(first) = self.first.take() {
            return Some(self.yield_entry(first));
        }
        let level = self.levels.last_mut()?;
        let directory = level.directory.clone();
        let Some(name) = level.names.take_next() else {
            let is_complete = level.is_complete;
            self.levels.pop();
            self.rules.leave();
            return Some(Item::Leave { is_complete });
        };
        Some(self.visit(&directory, &name))
    }
}

/// How many names lead to the root of a scan.
fn depth_of(root: &Path) -> usize {
    root.components().filter(|part| matches!(part, Component::Normal(_))).count()
}

/// The directory, as many names as could be read, and what ended the reading too early.
fn open_and_list(entry: &Entry) -> Result<(Directory, Listing, Option<What>), What> {
    if entry.path().depth() >= DEPTH_MAX {
        return Err(What::TooDeep);
    }
    let directory = entry.open_directory().map_err(What::Open)?;
    if directory.identity().map_err(|errno| What::Stat(errno.into()))? != entry.meta().identity {
        return Err(What::Replaced);
    }
    let (names, error) = Listing::read(&directory.fd);
    let what = error.map(|error| match error {
        ListingError::Read(cause) => What::List(cause),
        ListingError::TooLong => What::TooManyNames,
    });
    Ok((directory, names, what))
}
