//! Goes through the paths of a backup, and pushes what it finds into the session.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use disk::tree::cause::Cause;
use disk::tree::model::{Kind, TreePath, Xattr};
use disk::tree::scan::{Entry, Item, Options, Problem, Scan, ScanError, What};
use drive::backup::{BackupError, Session};
use node::input::Failure;

use super::desk::Desk;
use super::meta::{link_group, meta_of, stat_of};
use super::roots::text_of;
use crate::view::BackupRequest;
use crate::view::path_text::from_path;
use crate::work::halt::Halt;
use crate::work::jobs::Job;
use crate::work::shared::Shared;

/// One walk through all paths.
pub(super) struct Walker<'a, 's, 'd> {
    pub(super) job: &'a Job,
    pub(super) session: &'a mut Session<'s>,
    pub(super) desk: &'a mut Desk<'d>,
    options: &'a Options,
    reads_all: bool,
    /// The path in hand.
    pub(super) root: PathBuf,
    /// Levels of a directory that the session did not take; what is in them is passed over.
    ignored: usize,
    files: u64,
    unchanged: u64,
    /// Bytes of the files before the one in hand.
    bytes: u64,
}

/// How the user wants the trees to be scanned.
pub(super) fn options_of(shared: &Shared, request: &BackupRequest) -> Options {
    Options {
        excludes: shared.excludes.iter().chain(&request.excludes).cloned().collect(),
        uses_gitignore: request.gitignore,
        skips_caches: request.skip_caches,
        stays_on_file_system: request.one_file_system,
        never_enters: vec![shared.home.path().to_path_buf()],
        // Who names a link means what it leads to.
        follows_root: true,
    }
}

impl<'a, 's, 'd> Walker<'a, 's, 'd> {
    pub(super) fn new(
        job: &'a Job,
        request: &BackupRequest,
        options: &'a Options,
        (session, desk): (&'a mut Session<'s>, &'a mut Desk<'d>),
    ) -> Self {
        Self {
            job,
            session,
            desk,
            options,
            reads_all: request.read_all,
            root: PathBuf::new(),
            ignored: 0,
            files: 0,
            unchanged: 0,
            bytes: 0,
        }
    }

    /// Goes through all paths; one that cannot be opened is a problem, unless it is the only one.
    pub(super) fn walk(mut self, paths: &[PathBuf]) -> Result<(), Halt> {
        let mut first = None;
        let mut failed = 0;
        for path in paths {
            self.root.clone_from(path);
            match Scan::new(path, self.options.clone()) {
                Ok(scan) => self.tree(scan)?,
                Err(ScanError::Root(cause)) => {
                    self.problem(&TreePath::root(), &format!("cannot be opened: {cause}"));
                    failed += 1;
                    first.get_or_insert((path, cause));
                }
                Err(error @ ScanError::Pattern { .. }) => {
                    return Err(Halt::Failed(Failure::Setting { what: error.to_string() }));
                }
            }
        }
        match first {
            Some((path, cause)) if failed == paths.len() => {
                let path = from_path(path);
                Err(Halt::Failed(match cause {
                    Cause::Missing => Failure::Unknown { what: path },
                    cause => Failure::Outside { what: format!("{path}: {cause}") },
                }))
            }
            _ => Ok(()),
        }
    }

    fn tree(&mut self, scan: Scan) -> Result<(), Halt> {
        for item in scan {
            match item {
                Item::Enter(_) if self.ignored > 0 => self.ignored += 1,
                Item::Leave { .. } if self.ignored > 0 => self.ignored -= 1,
                Item::Enter(entry) => self.enter(&entry)?,
                Item::Leave { is_complete } => self.session.leave_directory(is_complete)?,
                Item::Entry(entry) if self.ignored == 0 => self.entry(&entry)?,
                Item::Entry(_) | Item::Skipped { .. } => {}
                Item::Problem(problem) => self.unread(&problem),
            }
            self.desk.turn(self.session)?;
        }
        Ok(())
    }

    fn enter(&mut self, entry: &Entry) -> Result<(), Halt> {
        let xattrs = self.xattrs(entry);
        let meta = meta_of(entry.meta(), xattrs);
        let entered = self.session.enter_directory(&self.name(entry), meta);
        if !self.is_taken(entry, entered)? {
            self.ignored = 1;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), Halt> {
        match &entry.meta().kind {
            Kind::Symlink { target } => {
                let meta = meta_of(entry.meta(), Vec::new());
                let taken = self.session.symlink(&self.name(entry), meta, target);
                self.is_taken(entry, taken)?;
            }
            Kind::File => self.file(entry)?,
            Kind::Directory | Kind::Special(_) => {}
        }
        self.files += 1;
        self.bytes += entry.meta().size;
        self.tell(0);
        Ok(())
    }

    fn file(&mut self, entry: &Entry) -> Result<(), Halt> {
        let (name, stat) = (self.name(entry), stat_of(entry.meta()));
        if !self.reads_all {
            let reused = self.session.reuse(&name, &stat);
            match reused {
                Ok(true) => {
                    self.unchanged += 1;
                    return Ok(());
                }
                Ok(false) => {}
                Err(error) => return self.is_taken(entry, Err(error)).map(|_| ()),
            }
        }
        if let Some(group) = link_group(entry.meta())
            && self.session.hard_link(&name, &stat, group)?
        {
            return Ok(());
        }
        self.read(entry)
    }

    /// Tells the job how far it is, `within` bytes into the file in hand.
    pub(super) fn tell(&self, within: u64) {
        let (files, unchanged, bytes) = (self.files, self.unchanged, self.bytes + within);
        let moved = self.session.totals().sealed_bytes;
        self.job.update(|view| {
            view.files_done = files;
            view.files_unchanged = unchanged;
            view.bytes_done = bytes;
            view.bytes_moved = moved;
        });
    }

    /// The name under which the session knows it: a root has its whole path.
    pub(super) fn name(&self, entry: &Entry) -> Vec<u8> {
        match entry.path().name() {
            Some(name) => name.to_vec(),
            None => self.root.as_os_str().as_bytes().to_vec(),
        }
    }

    /// The extended attributes; those that cannot be read are a problem.
    pub(super) fn xattrs(&mut self, entry: &Entry) -> Vec<Xattr> {
        match entry.read_details() {
            Ok(details) => {
                if !details.is_complete {
                    self.problem(entry.path(), "some extended attributes cannot be read");
                }
                details.xattrs
            }
            Err(error) => {
                self.problem(entry.path(), &error.to_string());
                Vec::new()
            }
        }
    }

    /// Something that is left out, or not wholly kept.
    pub(super) fn problem(&mut self, path: &TreePath, why: &str) {
        self.session.problem();
        self.job.problem(text_of(&self.root, path.as_bytes()), why.into());
    }

    /// Whether the session took an entry. What only this entry is to blame for is a problem.
    fn is_taken(&mut self, entry: &Entry, taken: Result<(), BackupError>) -> Result<bool, Halt> {
        match taken {
            Ok(()) => Ok(true),
            Err(
                error @ (BackupError::Name(_)
                | BackupError::Path
                | BackupError::Target
                | BackupError::TooDeep),
            ) => {
                self.problem(entry.path(), &error.to_string());
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn unread(&mut self, problem: &Problem) {
        // What vanished since it was listed was deleted in time.
        if problem.what != What::Stat(Cause::Missing) {
            self.problem(&problem.path, &problem.what.to_string());
        }
    }
}
