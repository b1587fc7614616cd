//! Records one after another in a chunk of their own: entries of a directory, references of a list.

use std::marker::PhantomData;

use base::DecodeError;
use borsh::{BorshDeserialize, BorshSerialize};

/// The longest page, bytes: a full one and the longest entry.
pub(crate) const PAGE_BYTES_MAX: usize = 1024 * 1024;

const VERSION: u8 = 1;

/// Fills a page: the version byte, then records until its end.
#[derive(Debug)]
pub(crate) struct PageWriter {
    bytes: Vec<u8>,
    records: usize,
}

impl PageWriter {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), records: 0 }
    }

    pub(crate) fn push(&mut self, record: &impl BorshSerialize) {
        if self.bytes.is_empty() {
            self.bytes.push(VERSION);
        }
        record.serialize(&mut self.bytes).expect("writing into a Vec cannot fail");
        self.records += 1;
    }

    /// Length so far, bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn records(&self) -> usize {
        self.records
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.records = 0;
    }
}

/// Reads a page record by record, so that only its bytes are held.
#[derive(Clone, Debug)]
pub(crate) struct PageReader<T> {
    bytes: Vec<u8>,
    at: usize,
    records: PhantomData<T>,
}

impl<T: BorshDeserialize> PageReader<T> {
    /// Opens a page; no bytes at all hold no records.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        if bytes.len() > PAGE_BYTES_MAX {
            return Err(DecodeError::TooLong { bytes: bytes.len(), limit: PAGE_BYTES_MAX });
        }
        let at = match bytes.first() {
            None => 0,
            Some(&VERSION) => 1,
            Some(&found) => return Err(DecodeError::Version { found, known: VERSION }),
        };
        Ok(Self { bytes, at, records: PhantomData })
    }

    /// The next record, nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<T>, DecodeError> {
        let mut rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let record = T::deserialize(&mut rest).map_err(|_| DecodeError::Malformed)?;
        self.at = self.bytes.len() - rest.len();
        Ok(Some(record))
    }

    /// Where the next record begins, for [`PageReader::skip_to`] on a page read again.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn skip_to(&mut self, position: usize) {
        self.at = position.min(self.bytes.len());
    }

    /// Bytes held.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All records that are left.
    pub(crate) fn all(mut self) -> Result<Vec<T>, DecodeError> {
        let mut records = Vec::new();
        while let Some(record) = self.next()? {
            records.push(record);
        }
        Ok(records)
    }
}
