//! What differs between two versions. Directories with equal contents are not read.

use crate::backup::DEPTH_MAX;
use crate::format::{Entry, Kind, Node, Root, Version};
use crate::restore::{DirectoryCursor, Reader, RestoreError};

/// How an entry differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the newer version has it. The entries of a directory follow, each as added.
    Added(Node),
    /// Only the older version has it. The entries of a directory follow, each as removed.
    Removed(Node),
    /// Both have it, with another content, target or kind.
    Content {
        /// As it was.
        old: Node,
        /// As it is.
        new: Node,
    },
    /// Both have it, and only mode, owner, time, extended attributes or links differ.
    Attributes {
        /// As it was.
        old: Node,
        /// As it is.
        new: Node,
    },
}

/// An entry that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path on the machine of the backup.
    pub path: Vec<u8>,
    /// How it differs.
    pub change: Change,
}

/// Goes through the differences of two versions in the order of their paths' names.
pub struct Diff {
    /// Roots that are still to be compared, last first.
    roots: Vec<(Option<Root>, Option<Root>)>,
    levels: Vec<Level>,
    path: Vec<u8>,
}

/// A directory of one or both versions.
struct Level {
    old: Option<DirectoryCursor>,
    new: Option<DirectoryCursor>,
    above_end: usize,
}

impl Diff {
    /// Before the first difference.
    pub fn new(old: &Version, new: &Version) -> Self {
        let sorted = |version: &Version| {
            let mut roots = version.roots.clone();
            roots.sort_by(|a, b| a.path.cmp(&b.path));
            roots.dedup_by(|a, b| a.path == b.path);
            roots.into_iter().peekable()
        };
        let (mut old, mut new) = (sorted(old), sorted(new));
        let mut roots = Vec::new();
        loop {
            let pair = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(_), None) => (old.next(), None),
                (None, Some(_)) => (None, new.next()),
                (Some(a), Some(b)) => match a.path.cmp(&b.path) {
                    std::cmp::Ordering::Less => (old.next(), None),
                    std::cmp::Ordering::Equal => (old.next(), new.next()),
                    std::cmp::Ordering::Greater => (None, new.next()),
                },
            };
            roots.push(pair);
        }
        roots.reverse();
        Self { roots, levels: Vec::new(), path: Vec::new() }
    }

    /// The next difference, nothing at the end.
    ///
    /// # Errors
    /// As [`RestoreError`] says; the comparison cannot go on then.
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<Difference>, RestoreError> {
        loop {
            let Some(level) = self.levels.last_mut() else {
                let Some((old, new)) = self.roots.pop() else { return Ok(None) };
                let root = new.as_ref().or(old.as_ref());
                self.path = root.map(|root| root.path.clone()).unwrap_or_default();
                let (old, new) = (old.map(|root| root.node), new.map(|root| root.node));
                if let Some(difference) = self.compare(old, new, 0)? {
                    return Ok(Some(difference));
                }
                continue;
            };
            let (old, new) = next_pair(level, reader)?;
            let Some(name) = new.as_ref().or(old.as_ref()).map(|entry| entry.name.clone()) else {
                self.path.truncate(level.above_end);
                self.levels.pop();
                continue;
            };
            let above_end = self.path.len();
            self.path = crate::join(&self.path, name.as_bytes());
            let (old, new) = (old.map(|entry| entry.node), new.map(|entry| entry.node));
            if let Some(difference) = self.compare(old, new, above_end)? {
                return Ok(Some(difference));
            }
        }
    }

    /// Compares what stands at the path in hand, and goes into it where that is of use.
    fn compare(
        &mut self,
        old: Option<Node>,
        new: Option<Node>,
        above_end: usize,
    ) -> Result<Option<Difference>, RestoreError> {
        let path = self.path.clone();
        let directories = match (content(&old), content(&new)) {
            (Some(old), Some(new)) if old == new => (None, None),
            (old, new) => (old.cloned(), new.cloned()),
        };
        if directories == (None, None) {
            self.path.truncate(above_end);
        } else if self.levels.len() >= DEPTH_MAX {
            return Err(RestoreError::Inconsistent);
        } else {
            let open = |content: Option<_>| content.as_ref().map(DirectoryCursor::new).transpose();
            let (old, new) = (open(directories.0)?, open(directories.1)?);
            self.levels.push(Level { old, new, above_end });
        }
        let change = match (old, new) {
            (Some(old), None) => Some(Change::Removed(old)),
            (None, Some(new)) => Some(Change::Added(new)),
            (Some(old), Some(new)) => changed(old, new),
            (None, None) => None,
        };
        Ok(change.map(|change| Difference { path, change }))
    }
}

fn content(node: &Option<Node>) -> Option<&crate::format::Content> {
    match node.as_ref().map(|node| &node.kind) {
        Some(Kind::Directory { content }) => Some(content),
        _ => None,
    }
}

/// A directory whose entries differ is itself the same, if its attributes are.
fn changed(old: Node, new: Node) -> Option<Change> {
    let both_directories = old.kind.is_directory() && new.kind.is_directory();
    if old.kind != new.kind && !both_directories {
        return Some(Change::Content { old, new });
    }
    let is_same = old.attributes == new.attributes && old.hard_link == new.hard_link;
    (!is_same).then_some(Change::Attributes { old, new })
}

/// The entries of the least name, of one or both sides.
fn next_pair(
    level: &mut Level,
    reader: &mut Reader<'_>,
) -> Result<(Option<Entry>, Option<Entry>), RestoreError> {
    let old = peek(&mut level.old, reader)?;
    let new = peek(&mut level.new, reader)?;
    let (take_old, take_new) = match (&old, &new) {
        (Some(old), Some(new)) => (old <= new, new <= old),
        (old, new) => (old.is_some(), new.is_some()),
    };
    let mut next = |side: &mut Option<DirectoryCursor>, take: bool| match side {
        Some(cursor) if take => cursor.next(reader),
        _ => Ok(None),
    };
    Ok((next(&mut level.old, take_old)?, next(&mut level.new, take_new)?))
}

fn peek(
    side: &mut Option<DirectoryCursor>,
    reader: &mut Reader<'_>,
) -> Result<Option<crate::format::Name>, RestoreError> {
    match side {
        Some(cursor) => Ok(cursor.peek(reader)?.map(|entry| entry.name.clone())),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
