//! What a supplier keeps for an owner beside fragments: the root record, the identity document
//! and the like. Of each kind the highest sequence stays.

use base::{Date, IdentityId};

use super::{FragmentStore, StoreError};
use crate::record::{Header, Kind, plain_hash};
use crate::rows::{OWNERS, OwnerRow, owner_key};
use crate::segments::NewRecord;

/// The longest owner record, bytes.
pub const OWNER_RECORD_BYTES_MAX: usize = 256 * 1024;

/// A record of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerRecord {
    /// Its sequence.
    pub sequence: u64,
    /// The owner's bytes.
    pub bytes: Vec<u8>,
}

/// Why a record is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerRecordError {
    /// A later one is kept, or another one of the same sequence.
    #[error("sequence {stored} is kept already")]
    Older {
        /// The sequence kept.
        stored: u64,
    },
    /// It is too long.
    #[error("a record of {bytes} bytes is too long")]
    TooLong {
        /// Its length, bytes.
        bytes: usize,
    },
    /// The store takes nothing now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FragmentStore {
    /// Keeps a record of an owner durably, in the place of any older one of its kind.
    /// The same record again changes nothing.
    ///
    /// # Errors
    /// As [`OwnerRecordError`] says.
    pub fn put_owner_record(
        &mut self,
        owner: IdentityId,
        kind: u8,
        record: &OwnerRecord,
        now: Date,
    ) -> Result<(), OwnerRecordError> {
        let OwnerRecord { sequence, bytes } = record;
        if bytes.len() > OWNER_RECORD_BYTES_MAX {
            return Err(OwnerRecordError::TooLong { bytes: bytes.len() });
        }
        let hash = plain_hash(bytes);
        let index = &self.shared.index;
        let stored = index.get(OWNERS, &owner_key(&owner, kind)).map_err(StoreError::from)?;
        if let Some(row) = stored {
            let row = OwnerRow::decode(&row).map_err(StoreError::from)?;
            if row.sequence == *sequence && row.hash == hash {
                return Ok(());
            }
            if row.sequence >= *sequence {
                return Err(OwnerRecordError::Older { stored: row.sequence });
            }
        }
        let mut header = Header::new(Kind::OwnerRecord, hash, &[], bytes.len());
        (header.owner, header.index, header.sequence) = (owner, kind, *sequence);
        header.date = now;
        let record = NewRecord { header, text: &[], payload: bytes };
        self.append_small(&[record]).map_err(StoreError::from)?;
        Ok(())
    }
}
