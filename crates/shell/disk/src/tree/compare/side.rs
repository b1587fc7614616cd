//! One of the two trees of a comparison.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::model::{Identity, Kind, TreePath};
use super::super::scan::{Entry, Item, Options, Scan, ScanError};
use super::{Comparison, Different};

/// A scan with one step of look-ahead.
pub(super) struct Side {
    scan: Scan,
    ahead: Option<Step>,
    /// The first path of each file with several names.
    first_names: BTreeMap<Identity, TreePath>,
}

pub(super) enum Step {
    /// A directory, whose entries follow, or something else.
    Entry(Box<Entry>),
    Leave,
}

impl Side {
    pub(super) fn new(root: &Path) -> Result<Side, ScanError> {
        let scan = Scan::new(root, Options { follows_root: true, ..Options::default() })?;
        Ok(Side { scan, ahead: None, first_names: BTreeMap::new() })
    }

    /// The next step; problems on the way to it are noted.
    pub(super) fn peek(&mut self, found: &mut Comparison) -> Option<&Step> {
        while self.ahead.is_none() {
            match self.scan.next()? {
                Item::Enter(entry) | Item::Entry(entry) => {
                    self.ahead = Some(Step::Entry(Box::new(entry)));
                }
                Item::Leave { .. } => self.ahead = Some(Step::Leave),
                Item::Skipped { .. } => {}
                Item::Problem(problem) => {
                    found.add(&problem.path, Different::Unreadable(problem.what.into()));
                }
            }
        }
        self.ahead.as_ref()
    }

    pub(super) fn take(&mut self) -> Option<Step> {
        self.ahead.take()
    }

    /// Takes an entry with all that is inside it.
    pub(super) fn pass_over(&mut self, found: &mut Comparison, what: &Different) {
        if let Some(Step::Entry(entry)) = self.take() {
            found.add(entry.path(), what.clone());
            if entry.meta().kind == Kind::Directory {
                self.pass_over_inside(found, what);
            }
        }
    }

    /// Takes all that is left of the directory entered last, and its end.
    pub(super) fn pass_over_inside(&mut self, found: &mut Comparison, what: &Different) {
        let mut depth = 1_usize;
        while depth > 0 && self.peek(found).is_some() {
            match self.take() {
                Some(Step::Entry(entry)) => {
                    found.add(entry.path(), what.clone());
                    depth += usize::from(entry.meta().kind == Kind::Directory);
                }
                Some(Step::Leave) => depth -= 1,
                None => return,
            }
        }
    }

    /// The path under which the walk met this file first.
    pub(super) fn first_name(&mut self, entry: &Entry) -> TreePath {
        match entry.meta().hard_link() {
            Some(identity) => {
                self.first_names.entry(identity).or_insert_with(|| entry.path().clone()).clone()
            }
            None => entry.path().clone(),
        }
    }
}
