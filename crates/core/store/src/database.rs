//! A small database of named tables of bytes, on redb over a [`Disk`]: durable batches, pages of
//! rows, and an end that is always typed. The one place where redb's panics are caught.
//!
//! Every write is a two-phase commit with quick repair, so that a start after a crash is short.
//! Every row carries a check of itself, because redb verifies its own only when it repairs.

mod backend;
mod error;
mod row;

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use backend::{Backend, Failure};
pub use error::{DatabaseError, OpenError};
use redb::{ReadableDatabase, ReadableTableMetadata, TableDefinition};
use row::{seal, unseal};

use crate::disk::{Disk, Open};

/// The longest key, bytes.
pub const KEY_BYTES_MAX: usize = 8 * 1024;
/// The longest value, bytes.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most rows of one page of a scan.
pub const PAGE_ROWS_MAX: usize = 1000;
/// The usual memory for cached pages of one database, bytes.
pub const CACHE_BYTES: usize = 32 * 1024 * 1024;

const OWN_TABLE: Table = Table("database");
const SCHEMA_KEY: &[u8] = b"schema";

/// The name of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table(pub &'static str);

impl Table {
    fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.0)
    }
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The table.
    pub table: Table,
    /// The key, at most [`KEY_BYTES_MAX`].
    pub key: Vec<u8>,
    /// The new value, at most [`VALUE_BYTES_MAX`]; `None` deletes the row.
    pub value: Option<Vec<u8>>,
}

/// A run of rows in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, at most [`PAGE_ROWS_MAX`].
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether there are more behind the last.
    pub has_more: bool,
}

/// What a database is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// The form of what is stored; a file with another one is not opened.
    pub schema: u32,
    /// Memory for cached pages, bytes.
    pub cache_bytes: usize,
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    disk: Arc<dyn Disk>,
    name: String,
    settings: DatabaseSettings,
    engine: RwLock<Engine>,
}

enum Engine {
    Open(redb::Database, Arc<Failure>),
    /// An error made redb give up; the next use opens the file again.
    Closed,
    Poisoned,
    /// Ended by its owner.
    Ended,
    Damaged(String),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open(..) => "Open",
            Self::Closed => "Closed",
            Self::Poisoned => "Poisoned",
            Self::Ended => "Ended",
            Self::Damaged(_) => "Damaged",
        })
    }
}

impl Database {
    /// Opens the database in the file `name`, or makes it.
    ///
    /// # Errors
    /// As [`OpenError`] says; `Busy` while somebody else has it open. A damaged file is renamed to `<name>.damaged-<number>`, so that the
    /// next call makes a new one.
    pub fn open(
        disk: Arc<dyn Disk>,
        name: &str,
        settings: DatabaseSettings,
    ) -> Result<Self, OpenError> {
        let names = disk.list()?;
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let unfinished = format!("{name}.new");
        if has(&unfinished) {
            disk.remove(&unfinished)?;
        }
        let opened = if has(name) {
            // Its renaming may have failed to be synced before this start.
            disk.sync_dir()?;
            match open_engine(&disk, name, settings, Renew::Yes) {
                // A full disk must not keep anybody from reading.
                Err(DatabaseError::NoSpace) => open_engine(&disk, name, settings, Renew::No),
                opened => opened,
            }
        } else {
            create_engine(&disk, name, &unfinished, settings)
        };
        let (engine, failure) = match opened {
            Ok(opened) => opened,
            Err(DatabaseError::Damaged { what }) => {
                let taken = |number: &u32| has(&format!("{name}.damaged-{number}"));
                let number = (1..).find(|number| !taken(number)).unwrap_or(1);
                let set_aside = format!("{name}.damaged-{number}");
                disk.rename(name, &set_aside)?;
                disk.sync_dir()?;
                return Err(OpenError::Damaged { set_aside, what });
            }
            Err(error) => return Err(error.into()),
        };
        let engine = RwLock::new(Engine::Open(engine, failure));
        Ok(Self { disk, name: name.into(), settings, engine })
    }

    /// Does all of the changes, durably, or none of them. Later ones win over earlier ones.
    ///
    /// # Errors
    /// As [`DatabaseError`] says. After `NoSpace` or `Disk` the database goes on as it was before.
    pub fn write(&self, changes: &[Write]) -> Result<(), DatabaseError> {
        for change in changes {
            let value_bytes = change.value.as_ref().map_or(0, Vec::len);
            if change.key.len() > KEY_BYTES_MAX || value_bytes > VALUE_BYTES_MAX {
                return Err(DatabaseError::TooLong { key: change.key.len(), value: value_bytes });
            }
        }
        self.with(|engine| write_all(engine, changes))
    }

    /// The value of a key.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, DatabaseError> {
        Ok(self.get_many(table, &[key])?.pop().flatten())
    }

    /// The values of many keys, from one state of the database.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn get_many(
        &self,
        table: Table,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<Vec<u8>>>, DatabaseError> {
        self.with(|engine| {
            let read = engine.begin_read()?;
            let rows = match read.open_table(table.definition()) {
                Ok(rows) => rows,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(vec![None; keys.len()]),
                Err(error) => return Err(error.into()),
            };
            let get = |key: &&[u8]| match rows.get(*key)? {
                Some(row) => Ok(Some(unseal(table, key, row.value())?.to_vec())),
                None => Ok(None),
            };
            keys.iter().map(get).collect()
        })
    }

    /// Up to `limit` rows whose keys are larger than `after`, or from the first one on.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn scan(
        &self,
        table: Table,
        after: Bound<&[u8]>,
        limit: usize,
    ) -> Result<Page, DatabaseError> {
        let limit = limit.min(PAGE_ROWS_MAX);
        self.with(|engine| {
            let read = engine.begin_read()?;
            let rows = match read.open_table(table.definition()) {
                Ok(rows) => rows,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Page::default()),
                Err(error) => return Err(error.into()),
            };
            let mut page = Page::default();
            for row in rows.range::<&[u8]>((after, Bound::Unbounded))? {
                let (key, value) = row?;
                if page.rows.len() == limit {
                    page.has_more = true;
                    break;
                }
                let value = unseal(table, key.value(), value.value())?.to_vec();
                page.rows.push((key.value().to_vec(), value));
            }
            Ok(page)
        })
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn count(&self, table: Table) -> Result<u64, DatabaseError> {
        self.with(|engine| match engine.begin_read()?.open_table(table.definition()) {
            Ok(rows) => Ok(rows.len()?),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
            Err(error) => Err(error.into()),
        })
    }

    /// Reads the whole file and verifies all of redb's checksums; costs as much as reading it.
    ///
    /// # Errors
    /// `Damaged` if one does not hold; else as [`DatabaseError`] says.
    pub fn check(&self) -> Result<(), DatabaseError> {
        drop(self.engine()?);
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        let Engine::Open(database, failure) = &mut *engine else { return Ok(()) };
        let failure = failure.clone();
        let checked = guarded(&failure, || match database.check_integrity() {
            Ok(true) => Ok(()),
            Ok(false) => Err(DatabaseError::Damaged { what: "a checksum does not hold".into() }),
            Err(error) => Err(error.into()),
        });
        drop(engine);
        checked.inspect_err(|error| self.settle(error))
    }

    /// Ends the database for everybody who still holds it, so that it can be opened again.
    pub fn close(&self) {
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        close(std::mem::replace(&mut *engine, Engine::Ended));
    }

    /// Runs something on the engine and draws the conclusions of its failing.
    fn with<T>(
        &self,
        run: impl FnOnce(&redb::Database) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let engine = self.engine()?;
        let Engine::Open(database, failure) = &*engine else { unreachable!("engine() checks") };
        let result = guarded(failure, || run(database));
        drop(engine);
        result.inspect_err(|error| self.settle(error))
    }

    fn engine(&self) -> Result<RwLockReadGuard<'_, Engine>, DatabaseError> {
        loop {
            let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
            match &*engine {
                Engine::Open(..) => return Ok(engine),
                Engine::Poisoned => return Err(DatabaseError::Poisoned),
                Engine::Ended => return Err(DatabaseError::Closed),
                Engine::Damaged(what) => return Err(DatabaseError::Damaged { what: what.clone() }),
                Engine::Closed => {}
            }
            drop(engine);
            let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            if matches!(*engine, Engine::Closed) {
                match open_engine(&self.disk, &self.name, self.settings, Renew::No) {
                    Ok((database, failure)) => *engine = Engine::Open(database, failure),
                    Err(error) => {
                        *engine = after(&error).unwrap_or(Engine::Closed);
                        return Err(error);
                    }
                }
            }
        }
    }

    fn settle(&self, error: &DatabaseError) {
        let Some(next) = after(error) else { return };
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*engine, Engine::Open(..)) {
            close(std::mem::replace(&mut *engine, next));
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.close();
    }
}

/// redb writes when it closes, and may meet again what made it fail.
fn close(engine: Engine) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(engine)));
}

/// What an error makes of an open engine; `None` if it goes on.
fn after(error: &DatabaseError) -> Option<Engine> {
    match error {
        DatabaseError::TooLong { .. } | DatabaseError::Schema { .. } => None,
        DatabaseError::NoSpace | DatabaseError::Disk(_) => Some(Engine::Closed),
        DatabaseError::Poisoned => Some(Engine::Poisoned),
        DatabaseError::Closed => Some(Engine::Ended),
        DatabaseError::Damaged { what } => Some(Engine::Damaged(what.clone())),
    }
}

/// Runs a piece of redb: a panic in it means that the file is not what redb believes it to be.
fn guarded<T>(
    failure: &Failure,
    run: impl FnOnce() -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(DatabaseError::Damaged { what: "its structure contradicts itself".into() })
    });
    // What failed below tells more than what redb makes of it.
    result.map_err(|error| match (failure.get(), &error) {
        (Some(below), DatabaseError::Damaged { .. }) => DatabaseError::of_disk(below),
        _ => error,
    })
}

type Opened = (redb::Database, Arc<Failure>);

/// Whether a file that is opened is committed once more at once.
///
/// A sync that failed before this start may have left pages that only look durable. redb writes
/// everything anew that its last commit did not name, except its first page; an empty commit
/// writes that one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renew {
    Yes,
    No,
}

fn open_engine(
    disk: &Arc<dyn Disk>,
    name: &str,
    settings: DatabaseSettings,
    renew: Renew,
) -> Result<Opened, DatabaseError> {
    let file = disk.open(name, Open::Existing)?;
    file.try_lock()?;
    if file.is_empty()? {
        return Err(DatabaseError::Damaged { what: "it is empty".into() });
    }
    let failure = Arc::new(Failure::default());
    let backend = Backend { file, failure: failure.clone() };
    let database = guarded(&failure, || {
        let mut builder = redb::Builder::new();
        let database = builder.set_cache_size(settings.cache_bytes).create_with_backend(backend)?;
        check_schema(&database, settings.schema)?;
        if renew == Renew::Yes {
            write_schema(&database, settings.schema)?;
        }
        Ok(database)
    })?;
    Ok((database, failure))
}

/// Makes the file under another name first: a file of the right name is always whole.
fn create_engine(
    disk: &Arc<dyn Disk>,
    name: &str,
    unfinished: &str,
    settings: DatabaseSettings,
) -> Result<Opened, DatabaseError> {
    let file = disk.open(unfinished, Open::Empty)?;
    file.try_lock()?;
    let failure = Arc::new(Failure::default());
    let backend = Backend { file, failure: failure.clone() };
    let database = guarded(&failure, || {
        let mut builder = redb::Builder::new();
        let database = builder.set_cache_size(settings.cache_bytes).create_with_backend(backend)?;
        write_schema(&database, settings.schema)?;
        Ok(database)
    })?;
    disk.rename(unfinished, name)?;
    disk.sync_dir()?;
    Ok((database, failure))
}

fn check_schema(database: &redb::Database, known: u32) -> Result<(), DatabaseError> {
    let missing = || DatabaseError::Damaged { what: "it does not say what it holds".into() };
    let read = database.begin_read()?;
    let rows = read.open_table(OWN_TABLE.definition()).map_err(|_| missing())?;
    let row = rows.get(SCHEMA_KEY)?.ok_or_else(missing)?;
    let value = unseal(OWN_TABLE, SCHEMA_KEY, row.value())?;
    let found = u32::from_le_bytes(value.try_into().map_err(|_| missing())?);
    if found == known { Ok(()) } else { Err(DatabaseError::Schema { found, known }) }
}

fn write_schema(database: &redb::Database, schema: u32) -> Result<(), DatabaseError> {
    let (key, value) = (SCHEMA_KEY.to_vec(), Some(schema.to_le_bytes().to_vec()));
    write_all(database, &[Write { table: OWN_TABLE, key, value }])
}

fn write_all(database: &redb::Database, changes: &[Write]) -> Result<(), DatabaseError> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    let mut at = 0;
    while let Some(first) = changes.get(at) {
        let run = changes[at..].iter().take_while(|change| change.table == first.table);
        let mut rows = transaction.open_table(first.table.definition())?;
        for change in run {
            at += 1;
            match &change.value {
                Some(value) => {
                    let sealed = seal(change.table, &change.key, value);
                    rows.insert(change.key.as_slice(), sealed.as_slice())?;
                }
                None => drop(rows.remove(change.key.as_slice())?),
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests;
