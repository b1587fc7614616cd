//! What earlier runs knew of the files below one root, so that files without a change are found by
//! `stat` alone.
//!
//! The rows lie in the order of a walk; a run goes through both in step, and drops what it does not
//! meet any more. A row that is missing costs no more than reading a file again.

use std::cmp::Ordering;
use std::collections::VecDeque;

use store::drive::FileRow;

use super::rows::Stat;
use super::{Catalog, CatalogError, SOURCE};
use crate::format::{Node, PATH_BYTES_MAX};

/// Rows read at once.
const PAGE_ROWS: usize = 256;

/// What stands next in the rows.
#[derive(Debug)]
pub(crate) enum Met {
    /// A path before the one asked for: it is gone.
    Before(Vec<u8>),
    /// The path asked for.
    Same(Box<FileRow>),
    /// The path is not known.
    Later,
}

/// A run's place in the rows of one root.
#[derive(Debug)]
pub(crate) struct Known {
    /// The path of the root, with a slash at its end.
    root: Vec<u8>,
    rows: VecDeque<(Vec<u8>, FileRow)>,
    /// Where to read on, nothing at the end.
    next: Option<Vec<u8>>,
}

impl Known {
    pub(crate) fn new(root: &[u8]) -> Self {
        let root = crate::join(root, b"");
        let mut after = root.clone();
        after.pop();
        Self { root, rows: VecDeque::new(), next: Some(after) }
    }

    /// The next row up to `path`. Paths must come in the order of a walk.
    pub(crate) fn next_to(
        &mut self,
        path: &[u8],
        catalog: Catalog<'_>,
    ) -> Result<Met, CatalogError> {
        self.load(catalog)?;
        match self.rows.pop_front() {
            None => Ok(Met::Later),
            Some((known, row)) => match in_walk(&known, path) {
                Ordering::Less => Ok(Met::Before(known)),
                Ordering::Equal => Ok(Met::Same(Box::new(row))),
                Ordering::Greater => {
                    self.rows.push_front((known, row));
                    Ok(Met::Later)
                }
            },
        }
    }

    /// Passes over what is left of a directory; its paths, unless they are to be kept.
    pub(crate) fn next_below(
        &mut self,
        directory: &[u8],
        catalog: Catalog<'_>,
    ) -> Result<Option<Vec<u8>>, CatalogError> {
        self.load(catalog)?;
        let directory = crate::join(directory, b"");
        match self.rows.front() {
            Some((path, _)) if path.starts_with(&directory) => {
                Ok(self.rows.pop_front().map(|(path, _)| path))
            }
            _ => Ok(None),
        }
    }

    /// Reads on if nothing is in hand.
    fn load(&mut self, catalog: Catalog<'_>) -> Result<(), CatalogError> {
        if self.rows.is_empty()
            && let Some(after) = self.next.take()
        {
            let page = catalog.drive.files(SOURCE, Some(&after), PAGE_ROWS)?;
            let mut is_end = !page.has_more;
            for (path, row) in page.files {
                if !path.starts_with(&self.root) {
                    is_end = true;
                    break;
                }
                self.rows.push_back((path, row));
            }
            if let Some((last, _)) = self.rows.back().filter(|_| !is_end) {
                self.next = Some(last.clone());
            }
        }
        Ok(())
    }
}

/// The order in which a walk meets paths: names by their bytes, and all below a directory behind it.
fn in_walk(one: &[u8], other: &[u8]) -> Ordering {
    let by_walk = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    one.iter().map(by_walk).cmp(other.iter().map(by_walk))
}

impl Stat {
    /// The row of a file; nothing for a path or a content too long for one.
    pub(crate) fn row(self, path: &[u8], node: &Node) -> Option<FileRow> {
        let Stat { size, mtime_ns, ctime_ns, inode, mode } = self;
        let content = base::encode(node);
        let fits = path.len() <= PATH_BYTES_MAX && content.len() <= ROW_CONTENT_MAX;
        fits.then_some(FileRow { size, mtime_ns, ctime_ns, inode, mode, content })
    }

    /// What stood there, if nothing changed since.
    pub(crate) fn unchanged(self, row: &FileRow) -> Option<Node> {
        let FileRow { size, mtime_ns, ctime_ns, inode, mode, .. } = *row;
        let known = Stat { size, mtime_ns, ctime_ns, inode, mode };
        // A row of another form is as good as none.
        (known == self).then(|| base::decode(&row.content).ok()).flatten()
    }
}

/// Room is left for the rest of the row.
const ROW_CONTENT_MAX: usize = 512 * 1024;
