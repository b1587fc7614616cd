//! The reading end of the store, usable while the store writes.

use std::ops::Bound;
use std::sync::Arc;

use base::{BlockId, ContractId, Date, Hash, IdentityId, decode};

use super::{FragmentName, OwnerRecord, Shared};
use crate::contract::ContractView;
use crate::database::DatabaseError;
use crate::disk::DiskError;
use crate::receipt::Receipt;
use crate::record::ALIGN_BYTES;
use crate::rows::{
    FRAGMENTS, FragmentRow, OWNERS, OwnerRow, RECEIPTS, contract_end, decode_place, fragment_key,
    owner_key, parse_fragment_key, receipt_key,
};
use crate::segments::{Place, ReadRecordError};

/// The most fragments of one page of a list.
pub const LIST_MAX: usize = crate::database::PAGE_ROWS_MAX;

/// Reads while the store writes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
}

/// Why something cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such thing.
    #[error("not kept here")]
    NotFound,
    /// The fragment ends before the run that was asked for.
    #[error("the fragment has {bytes} bytes")]
    Range {
        /// Its length, bytes.
        bytes: u32,
    },
    /// It was kept, but the disk no longer holds what was written.
    #[error("damaged on the disk")]
    Damaged,
    /// The index failed.
    #[error(transparent)]
    Index(#[from] DatabaseError),
    /// The device or the system failed.
    #[error(transparent)]
    Disk(DiskError),
}

impl From<ReadRecordError> for ReadError {
    fn from(error: ReadRecordError) -> Self {
        match error {
            ReadRecordError::Damaged => Self::Damaged,
            ReadRecordError::Disk(error) => Self::Disk(error),
        }
    }
}

/// A fragment's own description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentView {
    /// The plain BLAKE3 hash of the payload.
    pub masked_root: Hash,
    /// Length of the payload, bytes.
    pub bytes: u32,
    /// The receipt that names it.
    pub sequence: u64,
    /// When it was put.
    pub date: Date,
    /// It was read and found broken; putting it again heals it.
    pub is_damaged: bool,
}

/// A line of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The block.
    pub block: BlockId,
    /// Which fragment of it.
    pub index: u8,
    /// Length of the payload, bytes.
    pub bytes: u32,
    /// The receipt that names it.
    pub sequence: u64,
    /// It was read and found broken.
    pub is_damaged: bool,
}

/// What reading a whole fragment showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what was put.
    Sound,
    /// It is not.
    Damaged,
}

/// A part of a walk through all fragments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrubPage {
    /// How many were read.
    pub checked: u64,
    /// How many bytes they have.
    pub checked_bytes: u64,
    /// Those that are broken.
    pub damaged: Vec<FragmentName>,
    /// Where to go on; `None` at the end of the contract.
    pub next: Option<FragmentName>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// All contracts in the order of their ids.
    pub fn contracts(&self) -> Vec<ContractView> {
        let accounts = self.shared.accounts();
        accounts.contracts().map(|(id, contract)| contract.view(*id)).collect()
    }

    /// One contract.
    pub fn contract(&self, id: ContractId) -> Option<ContractView> {
        self.shared.accounts().contract(&id).map(|contract| contract.view(id))
    }

    /// The document of a contract.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn document(&self, id: ContractId) -> Result<Vec<u8>, ReadError> {
        let known = self.shared.accounts().contract(&id).cloned().ok_or(ReadError::NotFound)?;
        let place = known.document.ok_or(ReadError::Damaged)?;
        Ok(self.shared.files.record(&place.into())?.1)
    }

    /// Whether a fragment is kept and not known to be broken.
    ///
    /// # Errors
    /// As [`ReadError`] says, but for `NotFound`.
    pub fn has(&self, contract: ContractId, block: BlockId, index: u8) -> Result<bool, ReadError> {
        match self.row(contract, block, index) {
            Ok(row) => Ok(!row.is_damaged),
            Err(ReadError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A fragment's description.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn view(
        &self,
        contract: ContractId,
        block: BlockId,
        index: u8,
    ) -> Result<FragmentView, ReadError> {
        self.at(contract, block, index, |row| {
            let header = self.shared.files.header(&row.place)?;
            let FragmentRow { sequence, is_damaged, .. } = *row;
            let (masked_root, bytes) = (header.hash, header.payload_bytes);
            Ok(FragmentView { masked_root, bytes, sequence, date: header.date, is_damaged })
        })
    }

    /// A run of a fragment's bytes. It is not checked here: who asks verifies it against the root.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn read(
        &self,
        contract: ContractId,
        name: FragmentName,
        range: std::ops::Range<u32>,
    ) -> Result<Vec<u8>, ReadError> {
        self.at(contract, name.0, name.1, |row| {
            let bytes = row.place.payload_bytes;
            if range.start > range.end || range.end > bytes {
                return Err(ReadError::Range { bytes });
            }
            let length = (range.end - range.start) as usize;
            Ok(self.shared.files.payload_run(&row.place, u64::from(range.start), length)?)
        })
    }

    /// The manifest that came with a fragment of the block, checked as it was put.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn manifest(&self, contract: ContractId, block: BlockId) -> Result<Vec<u8>, ReadError> {
        let number = self.number(contract)?;
        let low = fragment_key(number, &block, 0);
        let high = [&fragment_key(number, &block, u8::MAX)[..], &[0]].concat();
        let page = self.shared.index.scan(FRAGMENTS, Bound::Included(&low), &high, LIST_MAX)?;
        let mut result = Err(ReadError::NotFound);
        for (_, row) in page.rows {
            let row = FragmentRow::decode(&row)?;
            result = self.shared.files.text(&row.place).map_err(ReadError::from);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Fragments of a contract in the order of (block, index), behind `after`.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn list(
        &self,
        contract: ContractId,
        after: Option<FragmentName>,
        limit: usize,
    ) -> Result<Vec<Listed>, ReadError> {
        let rows = self.rows(contract, after, limit)?;
        let line = |((block, index), row): (FragmentName, FragmentRow)| {
            let FragmentRow { place, sequence, is_damaged } = row;
            Listed { block, index, bytes: place.payload_bytes, sequence, is_damaged }
        };
        Ok(rows.into_iter().map(line).collect())
    }

    /// One receipt of a contract.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn receipt(&self, contract: ContractId, sequence: u64) -> Result<Receipt, ReadError> {
        let key = receipt_key(self.number(contract)?, sequence);
        let row = self.shared.index.get(RECEIPTS, &key)?.ok_or(ReadError::NotFound)?;
        self.receipt_at(&decode_place(&row)?)
    }

    /// Receipts of a contract in their order, behind `after`.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn receipts(
        &self,
        contract: ContractId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Receipt>, ReadError> {
        let number = self.number(contract)?;
        let (low, high) = (receipt_key(number, after), contract_end(number));
        let page = self.shared.index.scan(RECEIPTS, Bound::Excluded(&low), &high, limit)?;
        page.rows.iter().map(|(_, row)| self.receipt_at(&decode_place(row)?)).collect()
    }

    /// An owner record.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn owner_record(&self, owner: IdentityId, kind: u8) -> Result<OwnerRecord, ReadError> {
        let row = self.shared.index.get(OWNERS, &owner_key(&owner, kind))?;
        let row = OwnerRow::decode(&row.ok_or(ReadError::NotFound)?)?;
        let (_, _, bytes) = self.shared.files.record(&row.place)?;
        Ok(OwnerRecord { sequence: row.sequence, bytes })
    }

    /// Reads a whole fragment and compares it with its hashes.
    ///
    /// # Errors
    /// As [`ReadError`] says; a broken fragment is a verdict, not an error.
    pub fn verify(
        &self,
        contract: ContractId,
        block: BlockId,
        index: u8,
    ) -> Result<Verdict, ReadError> {
        match self.at(contract, block, index, |row| Ok(self.shared.files.record(&row.place)?)) {
            Ok((header, ..)) if header.block == block && header.index == index => {
                Ok(Verdict::Sound)
            }
            Ok(_) | Err(ReadError::Damaged) => Ok(Verdict::Damaged),
            Err(error) => Err(error),
        }
    }

    /// Verifies fragments of a contract behind `after` until so many bytes are read.
    /// What is found broken is only told; [`super::FragmentStore::mark_damaged`] remembers it.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn scrub(
        &self,
        contract: ContractId,
        after: Option<FragmentName>,
        bytes: u64,
    ) -> Result<ScrubPage, ReadError> {
        let mut page = ScrubPage::default();
        let rows = self.rows(contract, after, LIST_MAX)?;
        let is_page_full = rows.len() == LIST_MAX;
        let count = rows.len();
        for (number, ((block, index), row)) in rows.into_iter().enumerate() {
            page.checked += 1;
            page.checked_bytes += row.place.units() * ALIGN_BYTES;
            match self.verify(contract, block, index) {
                Ok(Verdict::Sound) | Err(ReadError::NotFound) => {}
                Ok(Verdict::Damaged) => page.damaged.push((block, index)),
                Err(error) => return Err(error),
            }
            let has_more = number + 1 < count || is_page_full;
            page.next = has_more.then_some((block, index));
            if page.checked_bytes >= bytes {
                break;
            }
        }
        Ok(page)
    }

    fn number(&self, contract: ContractId) -> Result<u32, ReadError> {
        let accounts = self.shared.accounts();
        accounts.contract(&contract).map(|known| known.number).ok_or(ReadError::NotFound)
    }

    fn row(
        &self,
        contract: ContractId,
        block: BlockId,
        index: u8,
    ) -> Result<FragmentRow, ReadError> {
        let key = fragment_key(self.number(contract)?, &block, index);
        let row = self.shared.index.get(FRAGMENTS, &key)?.ok_or(ReadError::NotFound)?;
        Ok(FragmentRow::decode(&row)?)
    }

    /// Does something at a fragment's place; once more if compaction moved it meanwhile.
    fn at<T>(
        &self,
        contract: ContractId,
        block: BlockId,
        index: u8,
        act: impl Fn(&FragmentRow) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let row = self.row(contract, block, index)?;
        match act(&row) {
            Err(ReadError::Disk(DiskError::NotFound { .. })) => {
                let moved = self.row(contract, block, index)?;
                if moved == row { Err(ReadError::Damaged) } else { act(&moved) }
            }
            done => done,
        }
    }

    fn rows(
        &self,
        contract: ContractId,
        after: Option<FragmentName>,
        limit: usize,
    ) -> Result<Vec<(FragmentName, FragmentRow)>, ReadError> {
        let number = self.number(contract)?;
        let low = match after {
            Some((block, index)) => fragment_key(number, &block, index),
            None => number.to_be_bytes().to_vec(),
        };
        let low = Bound::Excluded(low.as_slice());
        let page = self.shared.index.scan(FRAGMENTS, low, &contract_end(number), limit)?;
        let row = |(key, row): &(Vec<u8>, Vec<u8>)| {
            let (_, block, index) = parse_fragment_key(key)?;
            Ok(((block, index), FragmentRow::decode(row)?))
        };
        page.rows.iter().map(row).collect()
    }

    fn receipt_at(&self, place: &Place) -> Result<Receipt, ReadError> {
        let (_, _, bytes) = self.shared.files.record(place)?;
        decode(&bytes).map_err(|_| ReadError::Damaged)
    }
}
