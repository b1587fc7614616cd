//! The supplier's store: fragments under contracts, receipts for them, owner records; all of it
//! durable before it is acknowledged, and found again after any crash.
//! Its document is `docs/protocols/fragment-store.md`.

mod commit;
mod compact;
mod contracts;
mod delete;
mod open;
mod owner_records;
mod reader;
mod reserve;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use commit::{Outcome, Put, Refusal};
pub use compact::Compacted;
pub use contracts::{ContractError, Opening};
pub use delete::{DeleteError, Deleted};
pub use open::{IndexState, OpenStoreError, Recovery};
pub use owner_records::{OWNER_RECORD_BYTES_MAX, OwnerRecord, OwnerRecordError};
pub use reader::{FragmentView, LIST_MAX, Listed, ReadError, Reader, ScrubPage, Verdict};
use reserve::Reserve;

use base::{BlockId, ContractId, Hash};

use crate::accounts::{Accounts, Entry};
use crate::database::DatabaseError;
use crate::disk::{Disk, DiskError};
use crate::index::Index;
use crate::record::plain_hash;
use crate::rows::{CHECKPOINT, CHECKPOINT_KEY, Checkpoint, FRAGMENTS, FragmentRow, fragment_key};
use crate::segments::{AppendError, Log, NewRecord, Place, Position, SEGMENT_BYTES, SegmentFiles};

/// The name of a fragment under a contract: its block and its index there.
pub type FragmentName = (BlockId, u8);

/// The most contracts of one store.
pub const CONTRACTS_MAX: usize = 65_536;
/// The longest fragment, bytes.
pub const FRAGMENT_BYTES_MAX: usize = 1024 * 1024;
/// The longest manifest kept with a fragment, bytes.
pub const MANIFEST_BYTES_MAX: usize = 16 * 1024;

/// The masked root of a payload: its plain BLAKE3 hash.
pub fn masked_root(payload: &[u8]) -> Hash {
    plain_hash(payload)
}

/// How a store uses its disk and its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// 32 random bytes, the key of a new store; one that exists keeps its own.
    pub fresh_key: [u8; 32],
    /// The length at which a segment is full, bytes.
    pub segment_bytes: u64,
    /// Room is reserved in steps of this, bytes.
    pub preallocate_bytes: u64,
    /// Free space that puts leave untouched, bytes.
    pub disk_floor_bytes: u64,
    /// Kept for deleting and for the index when the disk is full, bytes.
    pub reserve_bytes: u64,
    /// Memory for cached pages of the index, bytes.
    pub cache_bytes: usize,
    /// Rows staged in memory before they go to the index.
    pub staged_rows_max: usize,
    /// Bytes appended before the index is brought up to date; a start reads as much.
    pub tail_bytes_max: u64,
}

impl Settings {
    /// What a supplier usually runs with: segments of 256 MiB, a reserve of 16 MiB, no floor.
    pub const fn usual(fresh_key: [u8; 32]) -> Self {
        Self {
            fresh_key,
            segment_bytes: SEGMENT_BYTES,
            preallocate_bytes: 32 * 1024 * 1024,
            disk_floor_bytes: 0,
            reserve_bytes: 16 * 1024 * 1024,
            cache_bytes: crate::database::CACHE_BYTES,
            staged_rows_max: 16_384,
            tail_bytes_max: SEGMENT_BYTES,
        }
    }
}

/// The state that readers share with the writer.
#[derive(Debug)]
struct Shared {
    files: Arc<SegmentFiles>,
    index: Index,
    accounts: RwLock<Accounts>,
}

impl Shared {
    fn accounts(&self) -> RwLockReadGuard<'_, Accounts> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn accounts_mut(&self) -> RwLockWriteGuard<'_, Accounts> {
        self.accounts.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The supplier's store. There is one for a disk; its [`Reader`]s may be on other threads and end
/// with it.
#[derive(Debug)]
pub struct FragmentStore {
    disk: Arc<dyn Disk>,
    settings: Settings,
    shared: Arc<Shared>,
    log: Log,
    reserve: Reserve,
    recovery: Recovery,
    /// Up to where the index is complete.
    checkpoint: Option<Position>,
    /// Appended since then.
    tail_bytes: u64,
    /// Why the index could not be brought up to date, if so.
    index_error: Option<DatabaseError>,
    /// Rows staged when it is next brought up to date by itself.
    flush_rows: usize,
    /// Segments of which nothing is needed any more, until their removal is durable.
    dropped: Vec<u32>,
}

impl FragmentStore {
    /// A handle that reads while the store writes.
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.clone())
    }

    /// What was found when the store was opened.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Whether a sync failed or the index is damaged: nothing more is taken until the store is
    /// opened again.
    pub fn is_poisoned(&self) -> bool {
        self.log.is_poisoned() || self.shared.index.is_damaged()
    }

    /// Why the index is behind the segments, if it is. Nothing is lost by it but time at the next
    /// start.
    pub fn index_error(&self) -> Option<&DatabaseError> {
        self.index_error.as_ref()
    }

    /// Remembers that a fragment was found broken, so that putting it again heals it. Forgotten
    /// if the index is rebuilt, until it is read again.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn mark_damaged(
        &mut self,
        contract: ContractId,
        (block, index): FragmentName,
    ) -> Result<(), ReadError> {
        let number = self.shared.accounts().contract(&contract).map(|known| known.number);
        let key = fragment_key(number.ok_or(ReadError::NotFound)?, &block, index);
        let row = self.shared.index.get(FRAGMENTS, &key)?.ok_or(ReadError::NotFound)?;
        let row = FragmentRow { is_damaged: true, ..FragmentRow::decode(&row)? };
        self.shared.index.put(FRAGMENTS, key, row.encode());
        Ok(())
    }

    /// Brings the index up to date; worth doing when idle and before the end. Does nothing if it
    /// is.
    ///
    /// # Errors
    /// As [`DatabaseError`] says; a failed sync poisons the store.
    pub fn flush(&mut self) -> Result<(), DatabaseError> {
        let position = self.log.position();
        let Shared { files, index, .. } = &*self.shared;
        let is_current = self.checkpoint == Some(position) && index.staged_rows() == 0;
        if is_current && self.dropped.is_empty() {
            return Ok(());
        }
        let mut accounts = self.shared.accounts_mut();
        accounts.stage(index);
        let checkpoint = Checkpoint {
            key: *files.key(),
            segment: position.segment,
            at: position.at,
            batch: position.batch,
            last_at: position.last_at,
            contract_next: accounts.contract_next,
            dropped: self.dropped.clone(),
        };
        drop(accounts);
        index.put(CHECKPOINT, CHECKPOINT_KEY.to_vec(), base::encode(&checkpoint));
        let flushed = match index.flush() {
            Err(DatabaseError::NoSpace) if self.reserve.release() => index.flush(),
            flushed => flushed,
        };
        match &flushed {
            Ok(()) => {
                self.tail_bytes = 0;
                self.checkpoint = Some(position);
            }
            Err(DatabaseError::Poisoned) => self.log.poison(),
            Err(_) => {}
        }
        self.index_error = flushed.clone().err();
        if flushed.is_ok() {
            self.reserve.fill(self.settings.disk_floor_bytes);
        }
        flushed
    }

    /// Brings the index up to date when enough has come together. If that fails the store goes on
    /// without, and the next start reads more of the segments.
    fn flush_if_due(&mut self) {
        let is_late = self.tail_bytes >= self.settings.tail_bytes_max && self.index_error.is_none();
        if is_late || self.shared.index.staged_rows() >= self.flush_rows {
            let flushed = self.flush();
            let rows = self.shared.index.staged_rows();
            let max = self.settings.staged_rows_max;
            self.flush_rows = if flushed.is_ok() { max } else { rows + max / 4 };
        }
    }

    /// Whether so much is staged that nothing more may come before the index takes it.
    fn is_stalled(&self) -> bool {
        self.shared.index.staged_rows() >= 4 * self.settings.staged_rows_max
    }

    /// Appends, with the room of the reserve if there is no other.
    fn append_in_any_case(&mut self, records: &[NewRecord<'_>]) -> Result<Vec<Place>, AppendError> {
        match self.log.append(records) {
            Err(AppendError::NoSpace) if self.reserve.release() => self.log.append(records),
            appended => appended,
        }
    }

    /// Appends something small that must also work on a full disk, and takes note of it.
    fn append_small(&mut self, records: &[NewRecord<'_>]) -> Result<Vec<Place>, AppendError> {
        let places = self.append_in_any_case(records)?;
        let mut accounts = self.shared.accounts_mut();
        for (record, place) in records.iter().zip(&places) {
            let NewRecord { header, payload, .. } = record;
            let entry = Entry { header, place: *place, payload };
            self.tail_bytes += place.units() * crate::record::ALIGN_BYTES;
            if accounts.apply(&self.shared.index, &entry).is_err() {
                // What is in memory no longer tells what is on the disk.
                self.log.poison();
                return Err(AppendError::Poisoned);
            }
        }
        drop(accounts);
        self.flush_if_due();
        Ok(places)
    }
}

impl Drop for FragmentStore {
    /// Readers end with their store: another one may then be opened.
    fn drop(&mut self) {
        self.shared.index.close();
    }
}

/// Why a store takes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("no space left on the disk")]
    NoSpace,
    /// A sync failed; nothing is taken until the store is opened again.
    #[error("the store could not be made durable; it must be opened again")]
    Poisoned,
    /// The device or the system failed.
    #[error(transparent)]
    Disk(DiskError),
    /// The index failed.
    #[error("the index of the store failed")]
    Index(#[source] DatabaseError),
}

impl From<AppendError> for StoreError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NoSpace => Self::NoSpace,
            // Batches are cut to fit before they are appended.
            AppendError::Poisoned | AppendError::TooLong { .. } => Self::Poisoned,
            AppendError::Disk(error) => Self::Disk(error),
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::NoSpace => Self::NoSpace,
            DatabaseError::Poisoned => Self::Poisoned,
            DatabaseError::Disk(error) => Self::Disk(error),
            error => Self::Index(error),
        }
    }
}

#[cfg(test)]
mod tests;
