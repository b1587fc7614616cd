//! Says where two trees differ, in everything that a backup promises to bring back: names, kinds,
//! contents, modes, owners, times, extended attributes, link targets and hard links. Whether a file
//! is sparse does not count.

use std::cmp::Ordering;
use std::path::Path;

use thiserror::Error;

mod content;
mod side;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use self::content::{ContentError, first_difference};
use self::side::{Side, Step};
use super::model::{Kind, Meta, TreePath, Xattr};
use super::read::ReadError;
use super::scan::{Entry, ScanError};

/// Differences beyond these are only counted.
pub const DIFFERENCES_MAX: usize = 10_000;

/// What counts as a difference. The default is what a restore with default options gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aspects {
    /// Numbers of user and group; by default for root only.
    pub owners: bool,
    /// Set-user, set-group and sticky bits.
    pub special_bits: bool,
    /// Extended attributes other than `user.*` and ACLs.
    pub privileged_xattrs: bool,
}

impl Default for Aspects {
    fn default() -> Aspects {
        let owners = rustix::process::geteuid().is_root();
        Aspects { owners, special_bits: false, privileged_xattrs: false }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {what}")]
pub struct Difference {
    /// Of which entry.
    pub path: TreePath,
    /// In what.
    pub what: Different,
}

/// In what two entries differ.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Different {
    /// Only the first tree has it.
    #[error("is missing in the second")]
    OnlyInFirst,
    /// Only the second tree has it.
    #[error("is missing in the first")]
    OnlyInSecond,
    /// One is a file and the other is not, and so on.
    #[error("the kinds differ")]
    Kind,
    /// The files have different lengths.
    #[error("{first} bytes and {second} bytes")]
    Size {
        /// Bytes in the first tree.
        first: u64,
        /// Bytes in the second tree.
        second: u64,
    },
    /// The files have different contents.
    #[error("the contents differ at byte {offset}")]
    Content {
        /// The first byte that differs.
        offset: u64,
    },
    /// The symbolic links have different targets.
    #[error("the targets of the links differ")]
    Target,
    /// The permission bits differ.
    #[error("modes {first:o} and {second:o}")]
    Mode {
        /// Bits in the first tree.
        first: u32,
        /// Bits in the second tree.
        second: u32,
    },
    /// The owners or groups differ.
    #[error("the owners differ")]
    Owner,
    /// The mtimes differ.
    #[error("the times differ")]
    Mtime,
    /// The extended attributes differ.
    #[error("the extended attributes differ")]
    Xattrs,
    /// The entry is the same file as another entry in one tree only.
    #[error("the hard links differ")]
    HardLinks,
    /// Something could not be read, so that nothing can be said.
    #[error("cannot be compared: {0}")]
    Unreadable(Unreadable),
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// An entry or directory.
    #[error(transparent)]
    Entry(#[from] super::scan::What),
    /// The content of a file.
    #[error(transparent)]
    Content(#[from] ReadError),
    /// The extended attributes.
    #[error(transparent)]
    Details(#[from] super::scan::DetailsError),
}

/// The outcome of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// In the order of the walk; at most [`DIFFERENCES_MAX`].
    pub differences: Vec<Difference>,
    /// Differences beyond those.
    pub unlisted: u64,
    /// Entries that both trees have, the roots included.
    pub entries: u64,
    /// Bytes of content that were compared.
    pub bytes: u64,
}

impl Comparison {
    /// Whether no difference was found.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }

    fn add(&mut self, path: &TreePath, what: Different) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(Difference { path: path.clone(), what });
        } else {
            self.unlisted += 1;
        }
    }
}

/// Compares two trees whole. Pipes, sockets and devices are passed over, as a backup does.
///
/// Takes memory for the identities of all files with several names.
pub fn compare_trees(
    first: &Path,
    second: &Path,
    aspects: Aspects,
) -> Result<Comparison, ScanError> {
    let mut walk = Walk {
        sides: [Side::new(first)?, Side::new(second)?],
        aspects,
        found: Comparison::default(),
    };
    while walk.step() {}
    Ok(walk.found)
}

/// What differs between two entries beside their content and their hard links; the extended
/// attributes are sorted by name.
pub fn compare_entries(
    first: (&Meta, &[Xattr]),
    second: (&Meta, &[Xattr]),
    aspects: Aspects,
) -> Vec<Different> {
    let ((a, a_xattrs), (b, b_xattrs)) = (first, second);
    let mut found = Vec::new();
    match (&a.kind, &b.kind) {
        (Kind::File, Kind::File) => {
            if a.size != b.size {
                found.push(Different::Size { first: a.size, second: b.size });
            }
        }
        (Kind::Symlink { target: a }, Kind::Symlink { target: b }) => {
            if a != b {
                found.push(Different::Target);
            }
        }
        (a, b) if a == b => {}
        _ => return vec![Different::Kind],
    }
    let mask = if aspects.special_bits { 0o7777 } else { 0o777 };
    let (a_mode, b_mode) = (a.attributes.mode & mask, b.attributes.mode & mask);
    // A link has no permissions of its own.
    if a_mode != b_mode && !matches!(a.kind, Kind::Symlink { .. }) {
        found.push(Different::Mode { first: a_mode, second: b_mode });
    }
    let numbers = |meta: &Meta| (meta.attributes.owner.uid, meta.attributes.owner.gid);
    if aspects.owners && numbers(a) != numbers(b) {
        found.push(Different::Owner);
    }
    if a.attributes.mtime != b.attributes.mtime {
        found.push(Different::Mtime);
    }
    let counts = |xattr: &&Xattr| aspects.privileged_xattrs || is_plain(&xattr.name);
    if !a_xattrs.iter().filter(counts).eq(b_xattrs.iter().filter(counts)) {
        found.push(Different::Xattrs);
    }
    found
}

fn is_plain(name: &[u8]) -> bool {
    name.starts_with(b"user.") || name.starts_with(b"system.posix_acl_")
}

struct Walk {
    sides: [Side; 2],
    aspects: Aspects,
    found: Comparison,
}

impl Walk {
    /// Takes the next entry that one side or both have; both are in one directory all the time.
    fn step(&mut self) -> bool {
        let [first, second] = &mut self.sides;
        let order = match (first.peek(&mut self.found), second.peek(&mut self.found)) {
            (None, None) => return false,
            (Some(Step::Leave), Some(Step::Leave)) => {
                first.take();
                second.take();
                return true;
            }
            (Some(Step::Entry(a)), Some(Step::Entry(b))) => a.path().name().cmp(&b.path().name()),
            (Some(Step::Entry(_)), _) | (Some(Step::Leave), None) => Ordering::Less,
            (_, Some(_)) => Ordering::Greater,
        };
        match order {
            Ordering::Less => first.pass_over(&mut self.found, &Different::OnlyInFirst),
            Ordering::Greater => second.pass_over(&mut self.found, &Different::OnlyInSecond),
            Ordering::Equal => {
                if let (Some(Step::Entry(a)), Some(Step::Entry(b))) = (first.take(), second.take())
                {
                    self.compare(&a, &b);
                }
            }
        }
        true
    }

    fn compare(&mut self, a: &Entry, b: &Entry) {
        self.found.entries += 1;
        let is_directory = |entry: &Entry| entry.meta().kind == Kind::Directory;
        if is_directory(a) != is_directory(b) {
            self.found.add(a.path(), Different::Kind);
            let [first, second] = &mut self.sides;
            if is_directory(a) {
                first.pass_over_inside(&mut self.found, &Different::OnlyInFirst);
            } else {
                second.pass_over_inside(&mut self.found, &Different::OnlyInSecond);
            }
            return;
        }
        let mut all = match (a.read_details(), b.read_details()) {
            (Ok(a_more), Ok(b_more)) => compare_entries(
                (a.meta(), &a_more.xattrs),
                (b.meta(), &b_more.xattrs),
                self.aspects,
            ),
            (Err(error), _) | (_, Err(error)) => vec![Different::Unreadable(error.into())],
        };
        let [first, second] = &mut self.sides;
        if first.first_name(a) != second.first_name(b) {
            all.push(Different::HardLinks);
        }
        if a.meta().kind == Kind::File && b.meta().kind == Kind::File {
            match first_difference(a, b) {
                Ok(bytes) => self.found.bytes += bytes,
                // The length was reported above.
                Err(ContentError::Differs { .. }) if a.meta().size != b.meta().size => {}
                Err(ContentError::Differs { offset }) => all.push(Different::Content { offset }),
                Err(ContentError::Read(error)) => all.push(Different::Unreadable(error.into())),
            }
        }
        all.into_iter().for_each(|what| self.found.add(a.path(), what));
    }
}
