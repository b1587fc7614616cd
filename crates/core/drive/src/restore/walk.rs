//! Goes through the tree of a version, directory by directory, as a stream.

use super::filter::Match;
use super::{DirectoryCursor, Filter, Reader, RestoreError};
use crate::format::{Entry, Kind, Name, Node, Root, Version};

/// Bytes of pages that directories on the way may hold; those above are read again.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One step of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A directory; its entries follow, then its [`Step::Leave`].
    Enter {
        /// Which root of the version.
        root: usize,
        /// The path below the root, empty for the root itself.
        path: Vec<u8>,
        /// The directory.
        node: Node,
    },
    /// A file or a symbolic link.
    Entry {
        /// Which root of the version.
        root: usize,
        /// The path below the root, empty for the root itself.
        path: Vec<u8>,
        /// What stands there.
        node: Node,
    },
    /// The end of the directory entered last.
    Leave {
        /// Which root of the version.
        root: usize,
        /// The path below the root.
        path: Vec<u8>,
        /// Whether everything that is wanted of it could be read.
        is_complete: bool,
    },
}

/// A place in the tree of a version. Memory is bounded by the depth of the tree.
///
/// After an error of which [`RestoreError::is_local`] is true, the walk goes on behind the
/// directory that could not be read.
#[derive(Debug)]
pub struct Walk {
    roots: Vec<Root>,
    next_root: usize,
    filter: Filter,
    levels: Vec<Level>,
    /// The path of the level in hand, below its root.
    path: Vec<u8>,
}

#[derive(Debug)]
struct Level {
    cursor: DirectoryCursor,
    /// Everything below is wanted, without asking the filter.
    is_whole: bool,
    /// Where the path of the directory above ends.
    above_end: usize,
    is_complete: bool,
    is_broken: bool,
}

impl Walk {
    /// Before the first root.
    pub fn new(version: &Version, filter: Filter) -> Self {
        let roots = version.roots.clone();
        Self { roots, next_root: 0, filter, levels: Vec::new(), path: Vec::new() }
    }

    /// The next step, nothing at the end.
    ///
    /// # Errors
    /// As [`RestoreError`] says.
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<Step>, RestoreError> {
        loop {
            let Some(level) = self.levels.last_mut() else { return self.begin_root() };
            if level.is_broken {
                return Ok(Some(self.leave()));
            }
            let entry = match level.cursor.next(reader) {
                Ok(Some(entry)) => entry,
                Ok(None) => return Ok(Some(self.leave())),
                Err(error) => {
                    level.is_broken = true;
                    self.levels.iter_mut().for_each(|level| level.is_complete = false);
                    return Err(error);
                }
            };
            if let Some(step) = self.visit(entry)? {
                return Ok(Some(step));
            }
        }
    }

    /// Leaves the directory entered last without going through the rest of it.
    pub fn skip(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.is_broken = true;
        }
    }

    /// The directory in hand: which root, and the path below it. After an error, the one that could
    /// not be read.
    pub fn here(&self) -> (usize, &[u8]) {
        (self.next_root.saturating_sub(1), &self.path)
    }

    /// Which of the wanted paths were not met so far.
    pub fn unmet(&self) -> impl Iterator<Item = &[u8]> {
        self.filter.unmet()
    }

    /// Goes to the next root that is wanted.
    fn begin_root(&mut self) -> Result<Option<Step>, RestoreError> {
        while let Some(root) = self.roots.get(self.next_root) {
            let index = self.next_root;
            self.next_root += 1;
            self.path.clear();
            match self.filter.test(&root.path) {
                Match::No => {}
                Match::Way if !root.node.kind.is_directory() => {}
                wanted => {
                    let node = root.node.clone();
                    return self.enter(index, node, wanted == Match::Whole, 0).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// What to do with an entry of the directory in hand.
    fn visit(&mut self, entry: Entry) -> Result<Option<Step>, RestoreError> {
        let Entry { name, node } = entry;
        let index = self.next_root.saturating_sub(1);
        let above_end = self.path.len();
        let path = crate::join(&self.path, name.as_bytes());
        let is_whole = self.levels.last().is_some_and(|level| level.is_whole);
        let wanted = if is_whole {
            Match::Whole
        } else {
            self.filter.test(&crate::join(&self.roots[index].path, &path))
        };
        match wanted {
            Match::No => Ok(None),
            Match::Way if !node.kind.is_directory() => Ok(None),
            Match::Whole | Match::Way => {
                self.path = path;
                self.enter(index, node, wanted == Match::Whole, above_end).map(Some)
            }
        }
    }

    /// Goes into a directory; for anything else the path goes back at once.
    fn enter(
        &mut self,
        root: usize,
        node: Node,
        is_whole: bool,
        above_end: usize,
    ) -> Result<Step, RestoreError> {
        let path = self.path.clone();
        let Kind::Directory { content } = &node.kind else {
            self.path.truncate(above_end);
            return Ok(Step::Entry { root, path, node });
        };
        if self.levels.len() >= crate::backup::DEPTH_MAX {
            self.path.truncate(above_end);
            return Err(RestoreError::Inconsistent);
        }
        let cursor =
            DirectoryCursor::new(content).inspect_err(|_| self.path.truncate(above_end))?;
        self.put_away();
        let (is_complete, is_broken) = (true, false);
        self.levels.push(Level { cursor, is_whole, above_end, is_complete, is_broken });
        Ok(Step::Enter { root, path, node })
    }

    fn leave(&mut self) -> Step {
        let level = self.levels.pop().expect("only called with a level");
        let path = self.path.clone();
        self.path.truncate(level.above_end);
        let root = self.next_root.saturating_sub(1);
        Step::Leave { root, path, is_complete: level.is_complete }
    }

    fn put_away(&mut self) {
        let held: usize = self.levels.iter().map(|level| level.cursor.held_bytes()).sum();
        if held > HELD_BYTES_MAX {
            self.levels.iter_mut().for_each(|level| level.cursor.put_away());
        }
    }
}

/// What stands at a path of a version: a root, or something below one. Directories on the way are
/// not read through; their pages are found by halving.
///
/// # Errors
/// As [`RestoreError`] says.
pub fn find(
    version: &Version,
    path: &[u8],
    reader: &mut Reader<'_>,
) -> Result<Option<Node>, RestoreError> {
    for root in &version.roots {
        let Some(rest) = path.strip_prefix(root.path.as_slice()) else { continue };
        if !rest.is_empty() && rest[0] != b'/' && root.path.last() != Some(&b'/') {
            continue;
        }
        if let Some(node) = find_below(&root.node, rest, reader)? {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

fn find_below(
    root: &Node,
    path: &[u8],
    reader: &mut Reader<'_>,
) -> Result<Option<Node>, RestoreError> {
    let mut node = root.clone();
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        let (Kind::Directory { content }, Ok(name)) = (&node.kind, Name::new(name)) else {
            return Ok(None);
        };
        match DirectoryCursor::find(content, &name, reader)? {
            None => return Ok(None),
            Some(entry) => node = entry.node,
        }
    }
    Ok(Some(node))
}

/// Up to `limit` entries of a directory, those behind `after`, in the order of their names.
///
/// # Errors
/// As [`RestoreError`] says.
pub fn list(
    directory: &Node,
    after: Option<&Name>,
    limit: usize,
    reader: &mut Reader<'_>,
) -> Result<Vec<Entry>, RestoreError> {
    let Kind::Directory { content } = &directory.kind else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    let mut cursor = match after {
        None => DirectoryCursor::new(content)?,
        Some(name) => DirectoryCursor::behind(content, name, reader)?,
    };
    while entries.len() < limit
        && let Some(entry) = cursor.next(reader)?
    {
        entries.push(entry);
    }
    Ok(entries)
}
