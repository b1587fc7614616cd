//! Opening a store: the index if it can be trusted, then the segments from where it ends; or all
//! of them, if it cannot.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, RwLock};

use base::decode;

use super::reserve::Reserve;
use super::{FragmentStore, Settings, Shared};
use crate::accounts::{Accounts, Entry};
use crate::database::{Database, DatabaseError, DatabaseSettings, OpenError, PAGE_ROWS_MAX, Table};
use crate::disk::{Disk, DiskError, Open};
use crate::index::{INDEX, Index};
use crate::record::{ALIGN_BYTES, HEADER_BYTES, read_header};
use crate::rows::{
    CHECKPOINT, CHECKPOINT_KEY, CONTRACTS, Checkpoint, SEGMENTS, broken, decode_contract,
    decode_usage,
};
use crate::segments::{
    DamagedPlace, LogLimits, RecoverError, Recovered, Start, recover, segment_name, segments_on,
};

const INDEX_SCHEMA: u32 = 1;

/// What became of the index at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// The store was made.
    New,
    /// It was used as it was.
    Kept,
    /// It was made from all segments.
    Rebuilt {
        /// Why.
        why: String,
    },
}

/// What was found at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// What became of the index.
    pub index: IndexState,
    /// Records that were read from segments.
    pub records: u64,
    /// Bytes of a batch that was being written and is cut off; nothing of it was acknowledged.
    pub cut_bytes: u64,
    /// Places that no longer hold what was written, the first 1000 of them.
    pub damaged: Vec<DamagedPlace>,
    /// How many such places there are.
    pub damaged_count: u64,
}

/// Why a store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenStoreError {
    /// The device or the system failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index failed, and could not be made anew either.
    #[error("the index of the store failed")]
    Index(#[source] DatabaseError),
    /// No segment is left that tells the key under which records are checked.
    #[error(
        "the headers of all segments are destroyed: no record can be told from any other bytes"
    )]
    KeyLost,
    /// A setting is out of its bounds.
    #[error("segments of {segment_bytes} bytes are not possible")]
    Settings {
        /// The length asked for, bytes.
        segment_bytes: u64,
    },
}

impl From<DatabaseError> for OpenStoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Disk(error) => Self::Disk(error),
            error => Self::Index(error),
        }
    }
}

impl From<RecoverError> for OpenStoreError {
    fn from(error: RecoverError) -> Self {
        match error {
            RecoverError::Disk(error) => Self::Disk(error),
            RecoverError::Index(error) => error.into(),
            RecoverError::KeyLost => Self::KeyLost,
        }
    }
}

/// The index as it was found, with what it says of the segments.
struct Found {
    database: Database,
    accounts: Accounts,
    checkpoint: Option<Checkpoint>,
    state: IndexState,
}

impl FragmentStore {
    /// Opens the store on a disk, or makes one. Reads the segments behind the last checkpoint of
    /// the index, cuts off a batch that a crash tore, and reports what is damaged.
    ///
    /// # Errors
    /// As [`OpenStoreError`] says; nothing was changed that another try could miss.
    pub fn open(disk: Arc<dyn Disk>, settings: Settings) -> Result<Self, OpenStoreError> {
        let segment_bytes = settings.segment_bytes;
        let is_possible = segment_bytes.is_multiple_of(ALIGN_BYTES)
            && (4 * ALIGN_BYTES..=1 << 40).contains(&segment_bytes)
            && settings.preallocate_bytes >= ALIGN_BYTES;
        if !is_possible {
            return Err(OpenStoreError::Settings { segment_bytes });
        }
        let reserve = Reserve::new(disk.clone(), settings.reserve_bytes, settings.disk_floor_bytes);
        match Self::open_with(&disk, settings, reserve, find_index(&disk, settings)?) {
            // The index did not hold what it promised when it was used: make it anew.
            Err(OpenStoreError::Index(DatabaseError::Damaged { what })) => {
                let reserve =
                    Reserve::new(disk.clone(), settings.reserve_bytes, settings.disk_floor_bytes);
                let found = fresh_index(&disk, settings, what)?;
                Self::open_with(&disk, settings, reserve, found)
            }
            opened => opened,
        }
    }

    fn open_with(
        disk: &Arc<dyn Disk>,
        settings: Settings,
        reserve: Reserve,
        found: Found,
    ) -> Result<Self, OpenStoreError> {
        let Found { database, mut accounts, checkpoint, state } = found;
        let index = Index::new(disk.clone(), database);
        let limits = LogLimits {
            segment_bytes: settings.segment_bytes,
            preallocate_bytes: settings.preallocate_bytes,
            disk_floor_bytes: settings.disk_floor_bytes,
        };
        let start = Start {
            from: checkpoint.as_ref().map(Checkpoint::position),
            key: checkpoint.as_ref().map(|checkpoint| checkpoint.key),
            fresh_key: settings.fresh_key,
        };
        let is_rebuilding = checkpoint.is_none();
        let recovered = recover(disk.clone(), limits, start, &mut |_, found| {
            let payload = found.payload.as_deref().unwrap_or_default();
            let entry = Entry { header: &found.header, place: found.place, payload };
            accounts.apply(&index, &entry)?;
            // Rows may go ahead of the checkpoint only while there is none: without one, the next
            // start begins from nothing again.
            if is_rebuilding && index.staged_rows() >= settings.staged_rows_max {
                index.flush()?;
            }
            Ok(())
        })?;
        let Recovered { log, records, cut_bytes, damaged, damaged_count } = recovered;
        let accounts = RwLock::new(accounts);
        let shared = Arc::new(Shared { files: log.files().clone(), index, accounts });
        let recovery = Recovery { index: state, records, cut_bytes, damaged, damaged_count };
        let (tail_bytes, index_error, dropped) = (0, None, Vec::new());
        let flush_rows = settings.staged_rows_max;
        let disk = disk.clone();
        let mut store = Self {
            disk,
            settings,
            shared,
            log,
            reserve,
            recovery,
            checkpoint: start.from.filter(|_| records == 0),
            tail_bytes,
            index_error,
            flush_rows,
            dropped,
        };
        if records > 0 || is_rebuilding {
            match store.flush() {
                // Time at the next start is all that is lost without it.
                Ok(()) | Err(DatabaseError::NoSpace) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(store)
    }
}

fn open_index(disk: &Arc<dyn Disk>, settings: Settings) -> Result<Database, OpenError> {
    let settings = DatabaseSettings { schema: INDEX_SCHEMA, cache_bytes: settings.cache_bytes };
    Database::open(disk.clone(), INDEX, settings)
}

fn find_index(disk: &Arc<dyn Disk>, settings: Settings) -> Result<Found, OpenStoreError> {
    let names = disk.list()?;
    for name in names.iter().filter(|name| name.starts_with("index.damaged-")) {
        disk.remove(name)?;
    }
    let database = match open_index(disk, settings) {
        Ok(database) => database,
        Err(OpenError::Damaged { what, .. }) => return fresh_index(disk, settings, what),
        Err(OpenError::Database(DatabaseError::Schema { found, .. })) => {
            return fresh_index(disk, settings, format!("its form is {found}"));
        }
        Err(OpenError::Database(error)) => return Err(error.into()),
    };
    match load(disk, &database) {
        Ok((accounts, checkpoint)) => {
            Ok(Found { database, accounts, checkpoint: Some(checkpoint), state: IndexState::Kept })
        }
        Err(Distrust::Damaged(why)) => {
            drop(database);
            fresh_index(disk, settings, why)
        }
        Err(Distrust::Failed(error)) => Err(error.into()),
    }
}

/// An empty index in the place of any other.
fn fresh_index(
    disk: &Arc<dyn Disk>,
    settings: Settings,
    why: String,
) -> Result<Found, OpenStoreError> {
    for name in disk.list()?.iter().filter(|name| name.starts_with(INDEX)) {
        disk.remove(name)?;
    }
    let database = match open_index(disk, settings) {
        Ok(database) => database,
        Err(OpenError::Database(error)) => return Err(error.into()),
        Err(OpenError::Damaged { what, .. }) => {
            return Err(OpenStoreError::Index(DatabaseError::Damaged { what }));
        }
    };
    let is_new = segments_on(&**disk)?.is_empty();
    let state = if is_new { IndexState::New } else { IndexState::Rebuilt { why } };
    Ok(Found { database, accounts: Accounts::default(), checkpoint: None, state })
}

/// Why an index is not used.
enum Distrust {
    Damaged(String),
    Failed(DatabaseError),
}

impl From<DatabaseError> for Distrust {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged { what } => Self::Damaged(what),
            error => Self::Failed(error),
        }
    }
}

impl From<DiskError> for Distrust {
    fn from(error: DiskError) -> Self {
        Self::from(DatabaseError::from(error))
    }
}

fn load(disk: &Arc<dyn Disk>, database: &Database) -> Result<(Accounts, Checkpoint), Distrust> {
    let row = database.get(CHECKPOINT, CHECKPOINT_KEY)?;
    let row = row.ok_or_else(|| Distrust::Damaged("it was not finished".into()))?;
    let checkpoint: Checkpoint = decode(&row).map_err(|_| broken(CHECKPOINT))?;
    let contracts = all_rows(database, CONTRACTS, decode_contract)?;
    let usage = all_rows(database, SEGMENTS, |key, value| {
        let segment = key.try_into().map(u32::from_be_bytes).map_err(|_| broken(SEGMENTS))?;
        Ok((segment, decode_usage(value)?))
    })?;
    let mut on_disk = segments_on(&**disk)?;
    for dropped in &checkpoint.dropped {
        if on_disk.contains(dropped) {
            disk.remove(&segment_name(*dropped))?;
            on_disk.retain(|segment| segment != dropped);
        }
    }
    if let Some(gone) = usage.keys().find(|segment| !on_disk.contains(segment)) {
        return Err(Distrust::Damaged(format!("it names segment {gone}, which is gone")));
    }
    let is_unknown =
        |segment: &&u32| **segment < checkpoint.segment && !usage.contains_key(segment);
    if let Some(unknown) = on_disk.iter().find(is_unknown) {
        return Err(Distrust::Damaged(format!("it does not know segment {unknown}")));
    }
    if !ends_as_checkpoint(disk, &checkpoint)? {
        return Err(Distrust::Damaged("the segments do not hold what it is of".into()));
    }
    Ok((Accounts::load(contracts, usage, checkpoint.contract_next), checkpoint))
}

/// Whether the last record before the checkpoint is where the index says.
fn ends_as_checkpoint(disk: &Arc<dyn Disk>, checkpoint: &Checkpoint) -> Result<bool, DiskError> {
    if checkpoint.segment == 0 {
        return Ok(true);
    }
    let file = match disk.open(&segment_name(checkpoint.segment), Open::Existing) {
        Ok(file) => file,
        Err(DiskError::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    if file.len()? < u64::from(checkpoint.at) * ALIGN_BYTES {
        return Ok(false);
    }
    if checkpoint.last_at == 0 {
        return Ok(checkpoint.at <= 1);
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(u64::from(checkpoint.last_at) * ALIGN_BYTES, &mut bytes)?;
    let read = read_header(&bytes, checkpoint.segment, checkpoint.last_at, &checkpoint.key);
    Ok(read.is_some_and(|(_, spot)| spot.batch == checkpoint.batch))
}

fn all_rows<K: Ord, V>(
    database: &Database,
    table: Table,
    decode: impl Fn(&[u8], &[u8]) -> Result<(K, V), DatabaseError>,
) -> Result<BTreeMap<K, V>, DatabaseError> {
    let mut rows = BTreeMap::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let low = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let page = database.scan(table, low, PAGE_ROWS_MAX)?;
        for (key, value) in &page.rows {
            let (key, value) = decode(key, value)?;
            rows.insert(key, value);
        }
        after = page.rows.into_iter().next_back().map(|(key, _)| key);
        if !page.has_more {
            return Ok(rows);
        }
    }
}
