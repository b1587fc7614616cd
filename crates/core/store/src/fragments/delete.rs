//! Deleting fragments by their owner's wish, with a receipt that says so.

use std::sync::Arc;

use base::{ContractId, Date, encode};

use super::{FragmentName, FragmentStore, StoreError};
use crate::accounts::encode_names;
use crate::receipt::{Change, RECEIPT_ENTRIES_MAX, Receipt, ReceiptEntry, Sign, charge};
use crate::record::{Header, Kind, plain_hash};
use crate::rows::{FRAGMENTS, FragmentRow, fragment_key};
use crate::segments::{NewRecord, ReadRecordError};

/// What became of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The receipt for those that were there; `None` if none was.
    pub receipt: Option<Arc<Receipt>>,
    /// Those that were not there.
    pub missing: Vec<FragmentName>,
}

/// Why nothing is deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeleteError {
    /// There is no such contract.
    #[error("there is no such contract")]
    UnknownContract,
    /// More than a receipt can name.
    #[error("{count} fragments at once are too many, {RECEIPT_ENTRIES_MAX} are allowed")]
    TooMany {
        /// How many were named.
        count: usize,
    },
    /// The store takes nothing now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fragment that is there, with its line of the receipt.
type Present = (FragmentName, FragmentRow, ReceiptEntry);

impl FragmentStore {
    /// Deletes up to 512 fragments of a contract. Works on a full disk, too; the space itself
    /// comes back with [`FragmentStore::compact`].
    ///
    /// # Errors
    /// As [`DeleteError`] says; then nothing was deleted.
    pub fn delete(
        &mut self,
        contract: ContractId,
        names: &[FragmentName],
        sign: Sign<'_>,
        now: Date,
    ) -> Result<Deleted, DeleteError> {
        if names.len() > RECEIPT_ENTRIES_MAX {
            return Err(DeleteError::TooMany { count: names.len() });
        }
        let known = self.shared.accounts().contract(&contract).cloned();
        let known = known.ok_or(DeleteError::UnknownContract)?;
        if self.is_poisoned() {
            return Err(StoreError::Poisoned.into());
        }
        let (present, missing) = self.find(known.number, names).map_err(DeleteError::Store)?;
        if present.is_empty() {
            return Ok(Deleted { receipt: None, missing });
        }
        let mut body = known.next_receipt(contract, now);
        for (_, row, entry) in &present {
            body.total_fragments -= 1;
            body.total_bytes -= charge(row.place.payload_bytes);
            body.entries.push(*entry);
        }
        let receipt = Arc::new(body.sign(sign));
        let deleted: Vec<FragmentName> = present.iter().map(|(name, ..)| *name).collect();
        let payloads = [encode_names(&deleted), encode(&*receipt)];
        let kinds = [Kind::Tombstone, Kind::Receipt];
        let record = |(kind, payload): (Kind, &'_ Vec<u8>)| {
            let mut header = Header::new(kind, plain_hash(payload), &[], payload.len());
            (header.owner, header.contract, header.date) = (known.owner, contract, now);
            header.sequence = receipt.body.sequence;
            header
        };
        let records: Vec<NewRecord<'_>> = kinds
            .into_iter()
            .zip(&payloads)
            .map(|(kind, payload)| NewRecord {
                header: record((kind, payload)),
                text: &[],
                payload,
            })
            .collect();
        self.append_small(&records).map_err(StoreError::from)?;
        Ok(Deleted { receipt: Some(receipt), missing })
    }

    fn find(
        &self,
        contract: u32,
        names: &[FragmentName],
    ) -> Result<(Vec<Present>, Vec<FragmentName>), StoreError> {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let key = |(block, index): &FragmentName| fragment_key(contract, block, *index);
        let keys: Vec<Vec<u8>> = names.iter().map(key).collect();
        let slices: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let rows = self.shared.index.get_many(FRAGMENTS, &slices)?;
        let (mut present, mut missing) = (Vec::new(), Vec::new());
        for (name, row) in names.into_iter().zip(rows) {
            let Some(row) = row else {
                missing.push(name);
                continue;
            };
            let row = FragmentRow::decode(&row)?;
            let masked_root = match self.shared.files.header(&row.place) {
                Ok(header) => header.hash,
                Err(ReadRecordError::Damaged) => base::Hash::default(),
                Err(ReadRecordError::Disk(error)) => return Err(StoreError::Disk(error)),
            };
            let (block, index) = name;
            let (change, bytes) = (Change::Removed, row.place.payload_bytes);
            present.push((name, row, ReceiptEntry { change, block, index, masked_root, bytes }));
        }
        Ok((present, missing))
    }
}
