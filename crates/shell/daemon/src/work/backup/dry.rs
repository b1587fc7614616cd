//! Says what a backup would do, and does nothing: the files are looked at, not read.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use disk::tree::cause::Cause;
use disk::tree::model::Kind;
use disk::tree::read::ReadError;
use disk::tree::scan::{Entry, Item, Options, Scan, ScanError, What};
use drive::Stop;

use super::meta::stat_of;
use super::roots::{roots_of, text_of};
use super::walk::options_of;
use crate::view::{BackupRequest, ErrorView};
use crate::work::jobs::Job;
use crate::work::shared::Shared;
use crate::work::texts;

/// Why it ended early.
pub(crate) enum DryEnd {
    /// The user ended it.
    Stopped,
    /// It cannot be done.
    Failed(ErrorView),
}

impl From<Stop> for DryEnd {
    fn from(Stop: Stop) -> Self {
        Self::Stopped
    }
}

/// Looks at everything that the backup would read.
pub(crate) fn dry_run(shared: &Shared, job: &Job, request: &BackupRequest) -> Result<(), DryEnd> {
    let roots = roots_of(request).map_err(DryEnd::Failed)?;
    let options = options_of(shared, request);
    job.phase("looking at files (dry run)");
    let reads_all = request.read_all;
    for root in &roots {
        look(&Look { shared, job, root, reads_all }, &options)?;
    }
    job.update(|view| {
        view.files_total = view.files_done;
        view.bytes_total = view.bytes_done;
    });
    Ok(())
}

struct Look<'a> {
    shared: &'a Shared,
    job: &'a Job,
    root: &'a PathBuf,
    reads_all: bool,
}

fn look(look: &Look<'_>, options: &Options) -> Result<(), DryEnd> {
    let scan = match Scan::new(look.root, options.clone()) {
        Ok(scan) => scan,
        Err(ScanError::Root(cause)) => {
            look.job.problem(text_of(look.root, &[]), format!("cannot be opened: {cause}"));
            return Ok(());
        }
        Err(error @ ScanError::Pattern { .. }) => {
            return Err(DryEnd::Failed(texts::bad_request(format!("{error}."))));
        }
    };
    for item in scan {
        look.job.gate.pass()?;
        match item {
            Item::Entry(entry) => look.entry(&entry)?,
            Item::Problem(problem) if problem.what != What::Stat(Cause::Missing) => {
                let path = text_of(look.root, problem.path.as_bytes());
                look.job.problem(path, problem.what.to_string());
            }
            Item::Enter(_) | Item::Leave { .. } | Item::Skipped { .. } | Item::Problem(_) => {}
        }
    }
    Ok(())
}

impl Look<'_> {
    fn entry(&self, entry: &Entry) -> Result<(), DryEnd> {
        let size = entry.meta().size;
        let is_file = entry.meta().kind == Kind::File;
        let is_unchanged = is_file && !self.reads_all && self.is_unchanged(entry)?;
        if is_file
            && !is_unchanged
            && let Err(error) = entry.open()
            && error != ReadError::Open(Cause::Missing)
        {
            self.job.problem(text_of(self.root, entry.path().as_bytes()), error.to_string());
        }
        self.job.update(|view| {
            view.files_done += 1;
            view.bytes_done += size;
            if is_unchanged {
                view.files_unchanged += 1;
            } else {
                view.bytes_moved += size;
            }
        });
        Ok(())
    }

    fn is_unchanged(&self, entry: &Entry) -> Result<bool, DryEnd> {
        let path = joined(self.root, entry.path().as_bytes());
        let own_disk =
            |error: store::DatabaseError| DryEnd::Failed(texts::failed(format!("{error}.")));
        let known = self.shared.drive.file(0, &path).map_err(own_disk)?;
        let stat = stat_of(entry.meta());
        Ok(known.is_some_and(|row| {
            (row.size, row.mtime_ns, row.ctime_ns) == (stat.size, stat.mtime_ns, stat.ctime_ns)
                && (row.inode, row.mode) == (stat.inode, stat.mode)
        }))
    }
}

fn joined(root: &Path, below: &[u8]) -> Vec<u8> {
    use std::ffi::OsStr;
    let path = if below.is_empty() { root.into() } else { root.join(OsStr::from_bytes(below)) };
    path.as_os_str().as_bytes().to_vec()
}
