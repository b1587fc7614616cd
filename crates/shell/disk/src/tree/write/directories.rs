//! Makes and enters directories.

use rustix::fs::{AtFlags, Mode, mkdirat, unlinkat};
use rustix::io::Errno;

use super::super::model::{Attributes, TreePath, Xattr};
use super::error::{Doing, Occupant, WriteError};
use super::shared::{Shared, look, occupant};
use super::spool::DirectoryLater;
use super::{Existing, Made};

/// Nobody else looks in before the attributes are right.
const MODE_AT_FIRST: Mode = Mode::RWXU;

impl Shared {
    pub(super) fn make_directory(
        &self,
        path: &TreePath,
        attributes: &Attributes,
        xattrs: &[Xattr],
    ) -> Result<Made, WriteError> {
        let made = if path.is_root() { self.target } else { self.make(path)? };
        if made == Made::Entered && !path.is_root() {
            self.enter(path)?;
        }
        let applies = match made {
            Made::Created => true,
            Made::Entered => self.options.resumes || self.options.existing == Existing::Overwrite,
        };
        let later = DirectoryLater {
            path: path.as_bytes().to_vec(),
            applies,
            given: self.given(attributes),
            xattrs: self.wanted_xattrs(xattrs),
        };
        self.later(|spools, tree| spools.directories.push(&later, tree))?;
        self.report().directories += 1;
        Ok(made)
    }

    fn make(&self, path: &TreePath) -> Result<Made, WriteError> {
        let (parent, name) = self.place(path)?;
        let refused = WriteError::of(Doing::MakeDirectory);
        match mkdirat(&parent, name, MODE_AT_FIRST) {
            Ok(()) => return Ok(Made::Created),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(refused(errno)),
        }
        let existing = look(&parent, name)?.map(|stat| occupant(&stat));
        match (existing, self.options.existing) {
            (Some(Occupant::Directory), _) => Ok(Made::Entered),
            (Some(existing), Existing::Refuse | Existing::KeepBoth) => {
                Err(WriteError::Conflict { existing })
            }
            (Some(_), Existing::Overwrite) => {
                unlinkat(&parent, name, AtFlags::empty()).map_err(WriteError::of(Doing::Remove))?;
                mkdirat(&parent, name, MODE_AT_FIRST).map_err(refused)?;
                Ok(Made::Created)
            }
            // Removed by somebody else at this moment.
            (None, _) => {
                mkdirat(&parent, name, MODE_AT_FIRST).map_err(refused)?;
                Ok(Made::Created)
            }
        }
    }

    /// Opens a directory that existed. One that was closed by its own user is opened up when the
    /// restore is to set its mode at the end anyway.
    fn enter(&self, path: &TreePath) -> Result<(), WriteError> {
        match self.tree.readable(path) {
            Ok(directory) => {
                self.take_over(directory);
                Ok(())
            }
            Err(Errno::ACCESS) if self.options.resumes => {
                self.open_up(path).map_err(WriteError::of(Doing::OpenDirectory))
            }
            // Files may be created in a directory that may not be listed.
            Err(Errno::ACCESS) => Ok(()),
            Err(Errno::LOOP | Errno::NOTDIR | Errno::XDEV) => Err(WriteError::Blocked),
            Err(errno) => Err(WriteError::of(Doing::OpenDirectory)(errno)),
        }
    }

    #[cfg(target_os = "linux")]
    fn open_up(&self, path: &TreePath) -> Result<(), Errno> {
        use rustix::fd::AsRawFd;
        // Opened by path only, it cannot be `fchmod`ed; its entry below /proc leads to this very
        // directory and nowhere else.
        let directory = self.tree.directory(path)?;
        let entry = format!("/proc/self/fd/{}", directory.as_raw_fd());
        rustix::fs::chmod(entry, MODE_AT_FIRST)?;
        self.take_over(self.tree.readable(path)?);
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn open_up(&self, _path: &TreePath) -> Result<(), Errno> {
        Err(Errno::ACCESS)
    }
}
