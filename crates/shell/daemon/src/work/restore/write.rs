//! Writes the entries of a version below the target.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};

use disk::tree::cause::Cause;
use disk::tree::model::{Attributes, Owner, Time, TreePath};
use disk::tree::write::{Existing, FileStart, FileWanted, FileWriter, WriteError, Writer};
use drive::Stop;
use drive::format::{Content, Kind, Node, Version};
use drive::restore::{Reader, RestoreError, Run, Step, Walk};

use super::ahead::{Ahead, Next, is_damage};
use super::places::{place_of, text_of};
use super::{Plan, filter_of, own_disk};
use crate::view::path_text::from_bytes;
use crate::work::backup::to_disk;
use crate::work::clock::date;
use crate::work::halt::{Halt, Reason};
use crate::work::jobs::Job;

/// One restore.
pub(super) struct Restore<'a> {
    job: &'a Job,
    /// Bytes of fragments that were fetched.
    moved: &'a AtomicU64,
    version: &'a Version,
    plan: &'a Plan,
    writer: &'a Writer,
    reason: &'a Reason,
    /// Directories above the roots that are there.
    above: BTreeSet<Vec<u8>>,
    /// Levels of a directory that could not be made; what is in it is passed over.
    ignored: usize,
    files: u64,
    identical: u64,
    /// Bytes of the files before the one in hand.
    bytes: u64,
}

impl<'a> Restore<'a> {
    pub(super) fn new(
        (job, moved): (&'a Job, &'a AtomicU64),
        version: &'a Version,
        plan: &'a Plan,
        (writer, reason): (&'a Writer, &'a Reason),
    ) -> Self {
        Self {
            job,
            moved,
            version,
            plan,
            writer,
            reason,
            above: BTreeSet::new(),
            ignored: 0,
            files: 0,
            identical: 0,
            bytes: 0,
        }
    }

    /// Writes everything that is wanted but for what comes last.
    pub(super) fn all(mut self, reader: &mut Reader<'_>) -> Result<(), Halt> {
        let (version, plan) = (self.version, self.plan);
        let mut ahead = Ahead::new(Walk::new(version, filter_of(plan)));
        let must_fetch = |step: &Step| must_fetch(version, plan, step);
        loop {
            self.job.gate.pass()?;
            let next = ahead.next(reader, must_fetch);
            match next.map_err(|error| Halt::of(&error, self.reason))? {
                None => return Ok(()),
                Some(Next::Step(step)) => self.step(step, reader)?,
                Some(Next::Broken { root, path, error }) => {
                    let path = self.path_of(root, &path);
                    self.job.problem(from_bytes(&path), format!("cannot be read whole: {error}"));
                }
            }
        }
    }

    fn step(&mut self, step: Step, reader: &mut Reader<'_>) -> Result<(), Halt> {
        match step {
            Step::Enter { .. } if self.ignored > 0 => self.ignored += 1,
            Step::Leave { .. } => self.ignored = self.ignored.saturating_sub(1),
            Step::Enter { root, path, node } => {
                if !self.directory(root, &path, &node)? {
                    self.ignored = 1;
                }
            }
            Step::Entry { root, path, node } => {
                let size = node.kind.content().map_or(0, |content| content.bytes);
                if self.ignored == 0 {
                    self.entry(root, &path, node, reader)?;
                }
                self.files += 1;
                self.bytes += size;
                self.tell(0);
            }
        }
        Ok(())
    }

    fn directory(&mut self, root: usize, path: &[u8], node: &Node) -> Result<bool, Halt> {
        let Some(place) = self.place(root, path)? else { return Ok(false) };
        let (attributes, xattrs) = to_disk(&node.attributes);
        match self.writer.directory(&place, &attributes, &xattrs) {
            Ok(_) => Ok(true),
            Err(error) => self.unwritten(&place, error).map(|()| false),
        }
    }

    fn entry(
        &mut self,
        root: usize,
        path: &[u8],
        node: Node,
        reader: &mut Reader<'_>,
    ) -> Result<(), Halt> {
        let Some(place) = self.place(root, path)? else { return Ok(()) };
        let (attributes, xattrs) = to_disk(&node.attributes);
        let content = match &node.kind {
            Kind::File { content } => content,
            Kind::Symlink { target } => {
                let made = self.writer.symlink(&place, target, &attributes);
                return made.or_else(|error| self.unwritten(&place, error));
            }
            Kind::Directory { .. } => return Ok(()),
        };
        let (size, link_group) = (content.bytes, node.hard_link);
        let wanted = FileWanted { attributes, xattrs, size, is_sparse: false, link_group };
        match self.writer.file(&place, wanted) {
            Ok(FileStart::Write(file)) => self.content(&place, *file, content, reader),
            Ok(FileStart::Identical) => {
                self.identical += 1;
                Ok(())
            }
            Ok(FileStart::LinkLater) => Ok(()),
            Err(error) => self.unwritten(&place, error),
        }
    }

    fn content(
        &mut self,
        place: &TreePath,
        mut file: FileWriter,
        content: &Content,
        reader: &mut Reader<'_>,
    ) -> Result<(), Halt> {
        let (mut offset, mut refused) = (0, None);
        let read = reader.read(content, &mut |run| {
            self.job.gate.pass()?;
            let (length, written) = match run {
                Run::Bytes(bytes) => (bytes.len() as u64, file.write_at(offset, bytes)),
                Run::Hole(length) => (length, file.hole_at(offset, length)),
            };
            offset += length;
            self.tell(offset);
            written.map_err(|error| {
                refused = Some(error);
                Stop
            })
        });
        match (read, refused) {
            (_, Some(error)) => self.unwritten(place, error),
            (Ok(()), None) => match file.finish() {
                Ok(_) => Ok(()),
                Err(error) => self.unwritten(place, error),
            },
            (Err(error), None) => self.unread(place, &error),
        }
    }

    /// The place of an entry, with the directories above its root.
    fn place(&mut self, root: usize, path: &[u8]) -> Result<Option<TreePath>, Halt> {
        let name = self.version.roots.get(root).map_or(&[][..], |root| &root.path);
        let place = match place_of(name, path) {
            Ok(place) => place,
            Err(error) => {
                let text = from_bytes(&self.path_of(root, path));
                self.job.problem(text, format!("is no path that can be restored: {error}"));
                return Ok(None);
            }
        };
        if path.is_empty() {
            self.make_above(&place)?;
        }
        Ok(Some(place))
    }

    /// Makes the directories above a root: the version knows nothing of them, so those that are
    /// there stay as they are.
    fn make_above(&mut self, place: &TreePath) -> Result<(), Halt> {
        let mut above = Vec::new();
        let mut next = place.parent();
        while let Some(path) = next.filter(|path| !path.is_root()) {
            next = path.parent();
            above.push(path);
        }
        for path in above.into_iter().rev() {
            if !self.above.insert(path.as_bytes().to_vec()) {
                continue;
            }
            let there = self.plan.target.join(OsStr::from_bytes(path.as_bytes()));
            let is_there = there.symlink_metadata().is_ok_and(|meta| meta.is_dir());
            if is_there {
                continue;
            }
            let mtime = Time::from_nanoseconds(i128::from(date().0) * 1_000_000);
            let attributes = Attributes { mode: 0o755, owner: Owner::default(), mtime };
            if let Err(error) = self.writer.directory(&path, &attributes, &[]) {
                self.unwritten(&path, error)?;
            }
        }
        Ok(())
    }

    /// What the disk refused: a problem of this entry, or the end if nothing more can be written.
    fn unwritten(&self, place: &TreePath, error: WriteError) -> Result<(), Halt> {
        let is_final = matches!(
            error,
            WriteError::Target(_)
                | WriteError::Failed {
                    cause: Cause::NoSpace
                        | Cause::QuotaUsed
                        | Cause::ReadOnly
                        | Cause::Device
                        | Cause::TooManyOpen,
                    ..
                }
        );
        if is_final {
            return Err(own_disk(self.plan, &format!("{place}: {error}")));
        }
        self.job.problem(text_of(&self.plan.target, place), error.to_string());
        Ok(())
    }

    /// What could not be read: damage is a problem of this file, all else ends the restore.
    fn unread(&self, place: &TreePath, error: &RestoreError) -> Result<(), Halt> {
        if !is_damage(error) {
            return Err(Halt::of(error, self.reason));
        }
        self.job.problem(text_of(&self.plan.target, place), error.to_string());
        Ok(())
    }

    fn path_of(&self, root: usize, path: &[u8]) -> Vec<u8> {
        path_of(self.version, root, path)
    }

    fn tell(&self, within: u64) {
        let (files, identical, bytes) = (self.files, self.identical, self.bytes + within);
        let moved = self.moved.load(Ordering::Relaxed);
        self.job.update(|view| {
            view.files_done = files;
            view.files_unchanged = identical;
            view.bytes_done = bytes;
            view.bytes_moved = moved;
        });
    }
}

/// The path of an entry in the version.
pub(super) fn path_of(version: &Version, root: usize, path: &[u8]) -> Vec<u8> {
    let name = version.roots.get(root).map_or(&[][..], |root| &root.path);
    super::version_path(&[name, b"/", path].concat())
}

/// Whether the content of a file will be asked for: one that stands there is most likely complete,
/// or in the way. Only a guess, for what is fetched ahead.
fn must_fetch(version: &Version, plan: &Plan, step: &Step) -> bool {
    let Step::Entry { root, path, .. } = step else { return false };
    if plan.existing != Existing::Refuse {
        return true;
    }
    let whole = path_of(version, *root, path);
    let there = plan.target.join(OsStr::from_bytes(&whole[1..]));
    there.symlink_metadata().is_err()
}
