//! Getting the space of deleted fragments back: what is still needed of a segment is appended
//! anew, then the segment is removed.

use super::{FragmentStore, StoreError};
use crate::accounts::{Entry, decode_names, encode_names};
use crate::database::DatabaseError;
use crate::disk::DiskError;
use crate::record::{ALIGN_BYTES, Header, Kind, plain_hash};
use crate::rows::{
    FRAGMENTS, FragmentRow, OWNERS, OwnerRow, RECEIPTS, decode_place, fragment_key, owner_key,
    receipt_key,
};
use crate::segments::{NewRecord, Place, ReadRecordError, segment_name, walk};

/// Copied at a time, units of 4 KiB.
const COPY_UNITS: u64 = 2048;

/// What compaction achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The segment that is gone.
    pub segment: u32,
    /// Bytes that were appended anew.
    pub copied_bytes: u64,
    /// Bytes that the segment took.
    pub freed_bytes: u64,
}

struct Copy {
    header: Header,
    text: Vec<u8>,
    payload: Vec<u8>,
}

impl Copy {
    fn record(&self) -> NewRecord<'_> {
        NewRecord { header: self.header, text: &self.text, payload: &self.payload }
    }
}

impl FragmentStore {
    /// Removes the segment with the largest share of what is no longer needed, if that is at
    /// least `dead_percent` of it; the one being written stays. One segment at a call.
    ///
    /// # Errors
    /// As [`StoreError`] says; then everything is still there.
    pub fn compact(&mut self, dead_percent: u64) -> Result<Option<Compacted>, StoreError> {
        if self.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        if !self.dropped.is_empty() {
            self.remove_dropped()?;
        }
        let active = self.log.position().segment;
        let worst = {
            let accounts = self.shared.accounts();
            let share = |total: u64, live: u64| total.saturating_sub(live) * 100 / total.max(1);
            accounts
                .usage()
                .iter()
                .filter(|(segment, _)| **segment < active)
                .map(|(segment, usage)| (share(usage.total, usage.live), *segment, usage.total))
                .filter(|(share, ..)| *share >= dead_percent)
                .max()
        };
        let Some((_, segment, units)) = worst else { return Ok(None) };
        let copied_bytes = self.copy_live(segment)?;
        self.shared.accounts_mut().drop_segment(&self.shared.index, segment);
        self.dropped.push(segment);
        self.remove_dropped()?;
        Ok(Some(Compacted { segment, copied_bytes, freed_bytes: units * ALIGN_BYTES }))
    }

    /// The index must know the new places durably before the old ones go.
    fn remove_dropped(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        for segment in self.dropped.clone() {
            self.shared.files.forget(segment);
            match self.disk.remove(&segment_name(segment)) {
                Ok(()) | Err(DiskError::NotFound { .. }) => {}
                Err(error) => return Err(StoreError::Disk(error)),
            }
        }
        self.disk.sync_dir().map_err(StoreError::Disk)?;
        self.dropped.clear();
        Ok(())
    }

    fn copy_live(&mut self, segment: u32) -> Result<u64, StoreError> {
        let files = self.shared.files.clone();
        let records = walk(&files, segment).map_err(StoreError::Disk)?;
        let is_oldest = self.shared.accounts().usage().keys().next() == Some(&segment);
        let (mut copies, mut units, mut copied) = (Vec::new(), 0, 0);
        let step = COPY_UNITS.min(self.log.batch_units_max());
        for (header, place) in records {
            let Some(copy) = self.copy_of(header, place, is_oldest)? else { continue };
            let more = u64::from(copy.header.units());
            if units + more > step && !copies.is_empty() {
                copied += self.append_copies(&std::mem::take(&mut copies))?;
                units = 0;
            }
            units += more;
            copies.push(copy);
        }
        if !copies.is_empty() {
            copied += self.append_copies(&copies)?;
        }
        Ok(copied)
    }

    /// What must be kept of a record, if anything.
    fn copy_of(
        &self,
        header: Header,
        place: Place,
        is_oldest: bool,
    ) -> Result<Option<Copy>, StoreError> {
        let is_live = match header.kind {
            // Deletions must outlive the records they delete; in the oldest segment there is
            // nothing before them any more.
            Kind::Tombstone => !is_oldest,
            _ => self.place_of(&header)? == Some(place),
        };
        if !is_live {
            return Ok(None);
        }
        match self.shared.files.record(&place) {
            Ok((header, text, payload)) => {
                let copy = Copy { header, text, payload };
                if header.kind == Kind::Tombstone {
                    self.still_deleted(copy)
                } else {
                    Ok(Some(copy))
                }
            }
            // Nothing to copy; a fragment keeps its row, which then leads nowhere: damaged.
            Err(ReadRecordError::Damaged) => Ok(None),
            Err(ReadRecordError::Disk(error)) => Err(StoreError::Disk(error)),
        }
    }

    /// Where the index has the thing that the header describes.
    fn place_of(&self, header: &Header) -> Result<Option<Place>, StoreError> {
        let index = &self.shared.index;
        let contract = self.shared.accounts().contract(&header.contract).cloned();
        let stored = |place| Ok(Some(Place::from(place)));
        match (header.kind, contract) {
            (Kind::Fragment, Some(contract)) => {
                let key = fragment_key(contract.number, &header.block, header.index);
                let row = index.get(FRAGMENTS, &key)?;
                Ok(row.map(|row| FragmentRow::decode(&row)).transpose()?.map(|row| row.place))
            }
            (Kind::Receipt, Some(contract)) => {
                let row = index.get(RECEIPTS, &receipt_key(contract.number, header.sequence))?;
                Ok(row.map(|row| decode_place(&row)).transpose()?)
            }
            (Kind::ContractDocument, Some(contract)) => contract.document.map_or(Ok(None), stored),
            (Kind::Agreement, Some(contract)) => contract.agreement_at.map_or(Ok(None), stored),
            (Kind::OwnerRecord, _) => {
                let row = index.get(OWNERS, &owner_key(&header.owner, header.index))?;
                Ok(row.map(|row| OwnerRow::decode(&row)).transpose()?.map(|row| row.place))
            }
            (Kind::Tombstone, _) | (_, None) => Ok(None),
        }
    }

    /// A tombstone without those that were put again: read later than they, it would delete them.
    fn still_deleted(&self, mut copy: Copy) -> Result<Option<Copy>, StoreError> {
        let contract = self.shared.accounts().contract(&copy.header.contract).cloned();
        let Some(contract) = contract else { return Ok(None) };
        let mut names = Vec::new();
        for (block, index) in decode_names(&copy.payload) {
            let key = fragment_key(contract.number, &block, index);
            if self.shared.index.get(FRAGMENTS, &key)?.is_none() {
                names.push((block, index));
            }
        }
        copy.payload = encode_names(&names);
        let Header { owner, contract, sequence, date, .. } = copy.header;
        let header =
            Header::new(Kind::Tombstone, plain_hash(&copy.payload), &[], copy.payload.len());
        copy.header = Header { owner, contract, sequence, date, ..header };
        Ok((!names.is_empty()).then_some(copy))
    }

    fn append_copies(&mut self, copies: &[Copy]) -> Result<u64, StoreError> {
        let records: Vec<NewRecord<'_>> = copies.iter().map(Copy::record).collect();
        let places = self.append_in_any_case(&records)?;
        let mut accounts = self.shared.accounts_mut();
        let mut bytes = 0;
        for (record, place) in records.iter().zip(places) {
            let NewRecord { header, payload, .. } = record;
            let entry = Entry { header, place, payload };
            bytes += place.units() * ALIGN_BYTES;
            let applied: Result<(), DatabaseError> = accounts.apply(&self.shared.index, &entry);
            if applied.is_err() {
                self.log.poison();
                return Err(StoreError::Poisoned);
            }
        }
        drop(accounts);
        self.tail_bytes += bytes;
        self.flush_if_due();
        Ok(bytes)
    }
}
