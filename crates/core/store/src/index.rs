//! The index of the fragment store: rows that are staged in memory and go to the database in
//! large batches. It is a cache of what the segments say, and is rebuilt from them when in doubt.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::database::{Database, DatabaseError, PAGE_ROWS_MAX, Page, Table, Write};
use crate::disk::Disk;

type Rows = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// The file of the index.
pub(crate) const INDEX: &str = "index";

#[derive(Debug)]
pub(crate) struct Index {
    disk: Arc<dyn Disk>,
    database: Database,
    overlay: RwLock<Overlay>,
    is_damaged: AtomicBool,
}

#[derive(Debug, Default)]
struct Overlay {
    staged: Rows,
    /// On their way to the database; readers still need them.
    flushing: Arc<Rows>,
}

impl Overlay {
    fn get(&self, key: &(Table, Vec<u8>)) -> Option<Option<Vec<u8>>> {
        self.staged.get(key).or_else(|| self.flushing.get(key)).cloned()
    }
}

impl Index {
    pub(crate) fn new(disk: Arc<dyn Disk>, database: Database) -> Self {
        Self { disk, database, overlay: RwLock::default(), is_damaged: AtomicBool::new(false) }
    }

    /// Ends it, also for those who still read.
    pub(crate) fn close(&self) {
        self.database.close();
    }

    /// Whether it was found to be damaged; the next start makes it anew.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Acquire)
    }

    /// A damaged index is removed where the damage is met: the next start might not meet it.
    fn noting<T>(&self, result: Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        if let Err(DatabaseError::Damaged { .. }) = &result
            && !self.is_damaged.swap(true, Ordering::AcqRel)
        {
            let _ = self.disk.remove(INDEX).and_then(|()| self.disk.sync_dir());
        }
        result
    }

    fn read(&self) -> RwLockReadGuard<'_, Overlay> {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn overlay_mut(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, DatabaseError> {
        Ok(self.get_many(table, &[key])?.pop().flatten())
    }

    pub(crate) fn get_many(
        &self,
        table: Table,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<Vec<u8>>>, DatabaseError> {
        let overlay = self.read();
        let staged: Vec<_> = keys.iter().map(|key| overlay.get(&(table, key.to_vec()))).collect();
        drop(overlay);
        let unknown: Vec<&[u8]> = keys
            .iter()
            .zip(&staged)
            .filter(|(_, row)| row.is_none())
            .map(|(key, _)| *key)
            .collect();
        if unknown.is_empty() {
            return Ok(staged.into_iter().map(Option::flatten).collect());
        }
        let mut stored = self.noting(self.database.get_many(table, &unknown))?.into_iter();
        let known = |row: Option<Option<Vec<u8>>>| row.unwrap_or_else(|| stored.next().flatten());
        Ok(staged.into_iter().map(known).collect())
    }

    pub(crate) fn put(&self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.overlay_mut().staged.insert((table, key), Some(value));
    }

    pub(crate) fn delete(&self, table: Table, key: Vec<u8>) {
        self.overlay_mut().staged.insert((table, key), None);
    }

    pub(crate) fn staged_rows(&self) -> usize {
        self.read().staged.len()
    }

    /// Up to `limit` rows of `table` with keys from `low` on and below `high`.
    pub(crate) fn scan(
        &self,
        table: Table,
        low: Bound<&[u8]>,
        high: &[u8],
        limit: usize,
    ) -> Result<Page, DatabaseError> {
        let limit = limit.min(PAGE_ROWS_MAX);
        let overlay = self.read();
        let from = match low.map(|key| (table, key.to_vec())) {
            Bound::Unbounded => Bound::Included((table, Vec::new())),
            from => from,
        };
        let range = (from, Bound::Excluded((table, high.to_vec())));
        let mut newer: Rows = Rows::new();
        if !is_empty_range(low, high) {
            // The older first, so that the newer replace them.
            for rows in [&*overlay.flushing, &overlay.staged] {
                newer
                    .extend(rows.range(range.clone()).map(|(key, row)| (key.clone(), row.clone())));
            }
        }
        drop(overlay);
        let step = (limit + newer.len() + 1).min(PAGE_ROWS_MAX);
        let mut newer = newer.into_iter().map(|((_, key), row)| (key, row)).peekable();
        let mut page = Page::default();
        let mut after = low.map(<[u8]>::to_vec);
        loop {
            let stored = self.noting(self.database.scan(table, as_slice(&after), step))?;
            let has_more = stored.has_more;
            for (key, value) in stored.rows {
                after = Bound::Excluded(key.clone());
                while newer.peek().is_some_and(|(newer_key, _)| *newer_key < key) {
                    let (key, row) = newer.next().expect("just peeked");
                    if !push(&mut page, limit, key, row) {
                        return Ok(page);
                    }
                }
                let row = match newer.next_if(|(newer_key, _)| *newer_key == key) {
                    Some((_, row)) => row,
                    None if key.as_slice() < high => Some(value),
                    None => return Ok(rest(page, limit, newer)),
                };
                if !push(&mut page, limit, key, row) {
                    return Ok(page);
                }
            }
            if !has_more {
                return Ok(rest(page, limit, newer));
            }
        }
    }

    /// Makes everything staged durable in one commit.
    pub(crate) fn flush(&self) -> Result<(), DatabaseError> {
        let rows = {
            let mut overlay = self.overlay_mut();
            overlay.flushing = Arc::new(std::mem::take(&mut overlay.staged));
            overlay.flushing.clone()
        };
        let write = |((table, key), row): (&(Table, Vec<u8>), &Option<Vec<u8>>)| Write {
            table: *table,
            key: key.clone(),
            value: row.clone(),
        };
        let writes: Vec<Write> = rows.iter().map(write).collect();
        let flushed = self.noting(self.database.write(&writes));
        drop(rows);
        let mut overlay = self.overlay_mut();
        let flushing = std::mem::take(&mut overlay.flushing);
        if flushed.is_err() {
            // What was staged meanwhile is newer.
            let newer = std::mem::take(&mut overlay.staged);
            overlay.staged = Arc::unwrap_or_clone(flushing);
            overlay.staged.extend(newer);
        }
        flushed
    }
}

fn is_empty_range(low: Bound<&[u8]>, high: &[u8]) -> bool {
    match low {
        Bound::Included(low) | Bound::Excluded(low) => low >= high,
        Bound::Unbounded => false,
    }
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

/// Takes a row unless the page is full; false if it is.
fn push(page: &mut Page, limit: usize, key: Vec<u8>, row: Option<Vec<u8>>) -> bool {
    let Some(value) = row else { return true };
    if page.rows.len() == limit {
        page.has_more = true;
        return false;
    }
    page.rows.push((key, value));
    true
}

fn rest(
    mut page: Page,
    limit: usize,
    newer: impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
) -> Page {
    for (key, row) in newer {
        if !push(&mut page, limit, key, row) {
            break;
        }
    }
    page
}

#[cfg(test)]
mod tests;
