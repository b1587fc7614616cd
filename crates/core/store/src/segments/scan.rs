//! Walks through a segment batch by batch, also over damaged places.

use std::sync::Arc;

use super::{Place, SegmentFiles};
use crate::disk::{DiskError, DiskFile};
use crate::record::{ALIGN_BYTES, HEADER_BYTES, Header, Spot, read_header};

/// Read at a time; small records are found in one window, large ones skipped.
const WINDOW_BYTES: usize = 64 * 1024;
const UNIT: usize = ALIGN_BYTES as usize;

/// The records of one batch, as far as they can be read.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) at: u32,
    pub(super) units: u32,
    pub(super) number: u64,
    pub(super) records: Vec<(Header, Place)>,
    /// What lies between them: (at, units).
    pub(super) gaps: Vec<(u32, u32)>,
}

impl Batch {
    pub(super) fn end(&self) -> u32 {
        self.at + self.units
    }
}

/// All records of a segment that can be read, in their order.
pub(crate) fn walk(files: &SegmentFiles, segment: u32) -> Result<Vec<(Header, Place)>, DiskError> {
    let mut scanner = Scanner::new(files, segment)?;
    let (mut at, mut after, mut records) = (1, 0, Vec::new());
    while let Some(batch) = scanner.next_batch(at, after) {
        (at, after) = (batch.end(), batch.number);
        records.extend(batch.records);
    }
    match scanner.unreadable {
        Some((_, error)) => Err(error),
        None => Ok(records),
    }
}

pub(super) struct Scanner<'a> {
    files: &'a SegmentFiles,
    file: Arc<dyn DiskFile>,
    segment: u32,
    units: u32,
    window: Vec<u8>,
    window_at: u32,
    /// The last place that the device could not read.
    pub(super) unreadable: Option<(u32, DiskError)>,
    /// The end of what is not zero, as far as it was looked at.
    pub(super) written_end: u32,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(files: &'a SegmentFiles, segment: u32) -> Result<Self, DiskError> {
        let file = files.get(segment)?;
        let units = u32::try_from(file.len()? / ALIGN_BYTES).unwrap_or(u32::MAX);
        let (window, window_at) = (Vec::new(), 0);
        let (unreadable, written_end) = (None, 0);
        Ok(Self { files, file, segment, units, window, window_at, unreadable, written_end })
    }

    /// The next batch that begins at `from` or later and is newer than `after`.
    pub(super) fn next_batch(&mut self, from: u32, after: u64) -> Option<Batch> {
        let mut at = from;
        while at < self.units {
            if let Some((_, spot)) = self.header_at(at)
                && spot.batch > after
                && spot.batch_at >= from
            {
                return Some(self.read_batch(&spot));
            }
            at += 1;
        }
        None
    }

    fn read_batch(&mut self, first: &Spot) -> Batch {
        let (at, units, number) = (first.batch_at, first.batch_units, first.batch);
        let mut batch = Batch { at, units, number, records: Vec::new(), gaps: Vec::new() };
        let mut position = at;
        while position < batch.end() {
            match self.header_at(position) {
                Some((header, spot)) if spot.batch == number => {
                    let Header { text_bytes, payload_bytes, .. } = header;
                    let segment = self.segment;
                    let place = Place { segment, at: position, text_bytes, payload_bytes };
                    batch.records.push((header, place));
                    position += header.units();
                }
                _ => {
                    match batch.gaps.last_mut() {
                        Some((at, units)) if *at + *units == position => *units += 1,
                        _ => batch.gaps.push((position, 1)),
                    }
                    position += 1;
                }
            }
        }
        batch
    }

    fn header_at(&mut self, at: u32) -> Option<(Header, Spot)> {
        if at >= self.units {
            return None;
        }
        let bytes = self.first_bytes(at)?;
        if bytes != [0; HEADER_BYTES] {
            self.written_end = self.written_end.max(at + 1);
        }
        read_header(&bytes, self.segment, at, self.files.key())
    }

    fn first_bytes(&mut self, at: u32) -> Option<[u8; HEADER_BYTES]> {
        let window_units = (self.window.len() / UNIT) as u32;
        if at < self.window_at || at >= self.window_at + window_units {
            self.load(at)?;
        }
        let start = (at - self.window_at) as usize * UNIT;
        let mut bytes = [0; HEADER_BYTES];
        bytes.copy_from_slice(&self.window[start..start + HEADER_BYTES]);
        Some(bytes)
    }

    /// Reads a window from `at` on; one unit only where the device fails over more.
    fn load(&mut self, at: u32) -> Option<()> {
        let left = (self.units - at) as usize * UNIT;
        self.window_at = at;
        for bytes in [WINDOW_BYTES.min(left), UNIT] {
            self.window.resize(bytes, 0);
            match self.file.read_at(u64::from(at) * ALIGN_BYTES, &mut self.window) {
                Ok(()) => return Some(()),
                Err(error) => self.unreadable = Some((at, error)),
            }
        }
        self.window.clear();
        None
    }
}
