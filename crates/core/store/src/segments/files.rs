//! The reading end of the log: open segments, of which only so many are held open at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Place, segment_name};
use crate::disk::{Disk, DiskError, DiskFile, Open};
use crate::record::{HEADER_BYTES, Header, read_header};

/// The most segments held open.
const OPEN_SEGMENTS_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadRecordError {
    /// The bytes are not what was written there.
    #[error("damaged")]
    Damaged,
    #[error(transparent)]
    Disk(DiskError),
}

impl From<DiskError> for ReadRecordError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Short { .. } => Self::Damaged,
            error => Self::Disk(error),
        }
    }
}

#[derive(Debug)]
pub(crate) struct SegmentFiles {
    disk: Arc<dyn Disk>,
    key: [u8; 32],
    open: Mutex<Opened>,
}

#[derive(Debug, Default)]
struct Opened {
    uses: u64,
    files: BTreeMap<u32, (u64, Arc<dyn DiskFile>)>,
}

impl SegmentFiles {
    pub(crate) fn new(disk: Arc<dyn Disk>, key: [u8; 32]) -> Self {
        Self { disk, key, open: Mutex::default() }
    }

    /// The secret of this store, under which the headers of its records are checked.
    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    pub(crate) fn get(&self, segment: u32) -> Result<Arc<dyn DiskFile>, DiskError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let uses = open.uses;
        if let Some((used, file)) = open.files.get_mut(&segment) {
            *used = uses;
            return Ok(file.clone());
        }
        drop(open);
        let file = self.disk.open(&segment_name(segment), Open::Existing)?;
        self.insert(segment, file.clone());
        Ok(file)
    }

    pub(crate) fn insert(&self, segment: u32, file: Arc<dyn DiskFile>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let uses = open.uses;
        open.files.insert(segment, (uses, file));
        if open.files.len() > OPEN_SEGMENTS_MAX {
            let oldest = open.files.iter().min_by_key(|(_, (used, _))| *used).map(|(id, _)| *id);
            oldest.and_then(|id| open.files.remove(&id));
        }
    }

    pub(crate) fn forget(&self, segment: u32) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).files.remove(&segment);
    }

    /// The header of the record at a place.
    pub(crate) fn header(&self, place: &Place) -> Result<Header, ReadRecordError> {
        let mut bytes = [0; HEADER_BYTES];
        self.get(place.segment)?.read_at(place.offset(), &mut bytes)?;
        self.parse(&bytes, place)
    }

    /// The whole record, checked against its hashes.
    pub(crate) fn record(
        &self,
        place: &Place,
    ) -> Result<(Header, Vec<u8>, Vec<u8>), ReadRecordError> {
        let (text_bytes, payload_bytes) = (place.text_bytes as usize, place.payload_bytes as usize);
        let mut bytes = vec![0; HEADER_BYTES + text_bytes + payload_bytes];
        self.get(place.segment)?.read_at(place.offset(), &mut bytes)?;
        let mut header_bytes = [0; HEADER_BYTES];
        header_bytes.copy_from_slice(&bytes[..HEADER_BYTES]);
        let header = self.parse(&header_bytes, place)?;
        let payload = bytes.split_off(HEADER_BYTES + text_bytes);
        let text = bytes.split_off(HEADER_BYTES);
        if !header.matches(&text, &payload) {
            return Err(ReadRecordError::Damaged);
        }
        Ok((header, text, payload))
    }

    /// The text alone, checked.
    pub(crate) fn text(&self, place: &Place) -> Result<Vec<u8>, ReadRecordError> {
        let mut bytes = vec![0; HEADER_BYTES + place.text_bytes as usize];
        self.get(place.segment)?.read_at(place.offset(), &mut bytes)?;
        let mut header_bytes = [0; HEADER_BYTES];
        header_bytes.copy_from_slice(&bytes[..HEADER_BYTES]);
        let header = self.parse(&header_bytes, place)?;
        let text = bytes.split_off(HEADER_BYTES);
        if header.text_matches(&text) { Ok(text) } else { Err(ReadRecordError::Damaged) }
    }

    /// A run of the payload, not checked: whoever asks for a run holds the proof of it.
    pub(crate) fn payload_run(
        &self,
        place: &Place,
        offset: u64,
        bytes: usize,
    ) -> Result<Vec<u8>, ReadRecordError> {
        let mut out = vec![0; bytes];
        let start = HEADER_BYTES as u64 + u64::from(place.text_bytes);
        self.get(place.segment)?.read_at(place.offset() + start + offset, &mut out)?;
        Ok(out)
    }

    fn parse(&self, bytes: &[u8; HEADER_BYTES], place: &Place) -> Result<Header, ReadRecordError> {
        let (header, _) = read_header(bytes, place.segment, place.at, &self.key)
            .ok_or(ReadRecordError::Damaged)?;
        let is_expected =
            header.text_bytes == place.text_bytes && header.payload_bytes == place.payload_bytes;
        if is_expected { Ok(header) } else { Err(ReadRecordError::Damaged) }
    }
}
