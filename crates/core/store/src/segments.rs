//! The log of records: append-only segments of 256 MiB, written in batches of which each is
//! durable whole or not at all. See `docs/protocols/fragment-store.md`.

mod files;
mod recover;
mod scan;

use std::sync::Arc;

pub(crate) use files::{ReadRecordError, SegmentFiles};
pub use recover::DamagedPlace;
pub(crate) use recover::{RecoverError, Recovered, Start, recover, segments_on};
pub(crate) use scan::walk;

use crate::disk::{Disk, DiskError, DiskFile, Open};
use crate::record::{ALIGN_BYTES, HEADER_BYTES, Header, Spot, units, write_header};

/// The length at which a segment is full, bytes.
pub const SEGMENT_BYTES: u64 = 256 * 1024 * 1024;
/// The longest batch, bytes; also the most that a crash can cut off.
pub const BATCH_BYTES_MAX: u64 = 64 * 1024 * 1024;

const SEGMENT_MAGIC: [u8; 8] = *b"BDsegmt1";
const SEGMENT_HEADER_BYTES: usize = 64;
/// Where in the first 4 KiB the segment's header stands; twice, in sectors of their own.
const SEGMENT_HEADERS_AT: [u64; 2] = [0, 2048];
static ZEROS: [u8; ALIGN_BYTES as usize] = [0; ALIGN_BYTES as usize];

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    /// In units of 4 KiB.
    pub(crate) at: u32,
    pub(crate) text_bytes: u32,
    pub(crate) payload_bytes: u32,
}

impl Place {
    pub(crate) fn units(&self) -> u64 {
        u64::from(units(self.text_bytes, self.payload_bytes))
    }

    pub(crate) fn offset(&self) -> u64 {
        u64::from(self.at) * ALIGN_BYTES
    }
}

/// The end of what is durable; all zeros while nothing was ever written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) segment: u32,
    pub(crate) at: u32,
    /// The last batch before it.
    pub(crate) batch: u64,
    /// Where the last record of that batch begins.
    pub(crate) last_at: u32,
}

/// A record that is to be written.
pub(crate) struct NewRecord<'a> {
    pub(crate) header: Header,
    pub(crate) text: &'a [u8],
    pub(crate) payload: &'a [u8],
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    #[error("no space")]
    NoSpace,
    #[error("an earlier sync failed")]
    Poisoned,
    #[error("a batch of {units} units does not fit into a segment")]
    TooLong { units: u64 },
    #[error(transparent)]
    Disk(DiskError),
}

impl From<DiskError> for AppendError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::NoSpace { .. } => Self::NoSpace,
            DiskError::Poisoned { .. } => Self::Poisoned,
            error => Self::Disk(error),
        }
    }
}

/// How the log uses the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLimits {
    pub(crate) segment_bytes: u64,
    /// Room is reserved in steps of this, while the floor allows.
    pub(crate) preallocate_bytes: u64,
    pub(crate) disk_floor_bytes: u64,
}

#[derive(Debug)]
struct Active {
    segment: u32,
    file: Arc<dyn DiskFile>,
    /// The end of what is durable, units.
    end: u32,
    /// The end of what is reserved, units.
    allocated: u32,
    last_at: u32,
}

/// The writing end of the log.
#[derive(Debug)]
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    files: Arc<SegmentFiles>,
    limits: LogLimits,
    active: Option<Active>,
    batch_next: u64,
    is_poisoned: bool,
}

impl Log {
    /// The most units that one batch may hold.
    pub(crate) fn batch_units_max(&self) -> u64 {
        let segment_units = self.limits.segment_bytes / ALIGN_BYTES;
        (BATCH_BYTES_MAX / ALIGN_BYTES).min(segment_units.saturating_sub(1))
    }

    pub(crate) fn files(&self) -> &Arc<SegmentFiles> {
        &self.files
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.is_poisoned
    }

    pub(crate) fn poison(&mut self) {
        self.is_poisoned = true;
    }

    /// The end of the log.
    pub(crate) fn position(&self) -> Position {
        let Some(active) = &self.active else { return Position::default() };
        let (segment, at, last_at) = (active.segment, active.end, active.last_at);
        Position { segment, at, batch: self.batch_next - 1, last_at }
    }

    /// How many bytes a batch of so many units would take from the free space.
    pub(crate) fn needs_bytes(&self, units: u64) -> u64 {
        let free = match &self.active {
            Some(active) if self.fits(active, units) => u64::from(active.allocated - active.end),
            _ => return (units + 1) * ALIGN_BYTES,
        };
        units.saturating_sub(free) * ALIGN_BYTES
    }

    /// Writes the records as one batch; when this returns `Ok`, they are durable.
    pub(crate) fn append(&mut self, records: &[NewRecord<'_>]) -> Result<Vec<Place>, AppendError> {
        if self.is_poisoned {
            return Err(AppendError::Poisoned);
        }
        let units: u64 = records.iter().map(|record| u64::from(record.header.units())).sum();
        if units > self.batch_units_max() {
            return Err(AppendError::TooLong { units });
        }
        self.make_room(units)?;
        let key = *self.files.key();
        let batch = self.batch_next;
        self.batch_next += 1;
        let active = self.active.as_mut().expect("make_room opened a segment");
        let (headers, places) = lay_out(records, active, batch, &key);
        let written = write_run(&*active.file, active.end, records, &headers);
        if let Err(error) = written {
            self.cut_failed_write(&error);
            return Err(error.into());
        }
        if let Err(error) = active.file.sync() {
            self.is_poisoned = true;
            return Err(error.into());
        }
        active.end += units as u32;
        active.allocated = active.allocated.max(active.end);
        active.last_at = places.last().map_or(active.last_at, |place| place.at);
        Ok(places)
    }

    /// A batch that failed for want of space is taken back durably, or else a later batch in the
    /// next segment would make it look complete. After any other error the log is poisoned.
    fn cut_failed_write(&mut self, error: &DiskError) {
        let Some(active) = self.active.as_mut() else { return };
        let end = u64::from(active.end) * ALIGN_BYTES;
        let is_cut =
            error.is_no_space() && active.file.set_len(end).is_ok() && active.file.sync().is_ok();
        active.allocated = active.end;
        self.is_poisoned |= !is_cut;
    }

    fn fits(&self, active: &Active, units: u64) -> bool {
        u64::from(active.end) + units <= self.limits.segment_bytes / ALIGN_BYTES
    }

    fn make_room(&mut self, units: u64) -> Result<(), AppendError> {
        let fits = self.active.as_ref().is_some_and(|active| self.fits(active, units));
        if !fits {
            self.begin_segment()?;
        }
        let limits = self.limits;
        let active = self.active.as_mut().expect("just begun");
        let needed = (u64::from(active.end) + units) * ALIGN_BYTES;
        if needed <= u64::from(active.allocated) * ALIGN_BYTES {
            return Ok(());
        }
        let free = self.disk.free_space()?.saturating_sub(limits.disk_floor_bytes);
        let generous = (needed.next_multiple_of(limits.preallocate_bytes))
            .min(limits.segment_bytes)
            .min(u64::from(active.allocated) * ALIGN_BYTES + free);
        let target = needed.max(generous / ALIGN_BYTES * ALIGN_BYTES);
        active.file.preallocate(target)?;
        active.allocated = (target / ALIGN_BYTES) as u32;
        Ok(())
    }

    /// Ends the current segment and makes the next, durably, before anything is written into it.
    fn begin_segment(&mut self) -> Result<(), AppendError> {
        let segment = self.active.as_ref().map_or(1, |active| active.segment + 1);
        let name = segment_name(segment);
        let file = self.disk.open(&name, Open::Empty)?;
        if let Err(error) = write_segment_header(&*file, segment, self.files.key()) {
            // It is empty; whatever is left of it is removed at the next start.
            let _ = self.disk.remove(&name);
            return Err(error.into());
        }
        if let Err(error) = file.sync().and_then(|()| self.disk.sync_dir()) {
            self.is_poisoned = true;
            return Err(error.into());
        }
        if let Some(old) = self.active.take() {
            // Room that was reserved and not used; if it stays, it only takes space.
            let _ = old.file.set_len(u64::from(old.end) * ALIGN_BYTES);
        }
        self.files.insert(segment, file.clone());
        self.active = Some(Active { segment, file, end: 1, allocated: 1, last_at: 0 });
        Ok(())
    }
}

fn lay_out(
    records: &[NewRecord<'_>],
    active: &Active,
    batch: u64,
    key: &[u8; 32],
) -> (Vec<[u8; HEADER_BYTES]>, Vec<Place>) {
    let batch_units = records.iter().map(|record| record.header.units()).sum();
    let (segment, batch_at) = (active.segment, active.end);
    let mut at = batch_at;
    let lay = |record: &NewRecord<'_>| {
        let spot = Spot { segment, at, batch, batch_at, batch_units };
        let Header { text_bytes, payload_bytes, .. } = record.header;
        let place = Place { segment, at, text_bytes, payload_bytes };
        at += record.header.units();
        (write_header(&record.header, &spot, key), place)
    };
    records.iter().map(lay).unzip()
}

fn write_run(
    file: &dyn DiskFile,
    end: u32,
    records: &[NewRecord<'_>],
    headers: &[[u8; HEADER_BYTES]],
) -> Result<(), DiskError> {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(4 * records.len());
    for (record, header) in records.iter().zip(headers) {
        let used = HEADER_BYTES + record.text.len() + record.payload.len();
        let whole = record.header.units() as usize * ZEROS.len();
        parts.extend([&header[..], record.text, record.payload, &ZEROS[..whole - used]]);
    }
    file.write_at(u64::from(end) * ALIGN_BYTES, &parts)
}

pub(crate) fn segment_name(segment: u32) -> String {
    format!("segment-{segment:08}")
}

pub(crate) fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("segment-")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

fn write_segment_header(
    file: &dyn DiskFile,
    segment: u32,
    key: &[u8; 32],
) -> Result<(), DiskError> {
    let mut header = Vec::with_capacity(SEGMENT_HEADER_BYTES);
    header.extend_from_slice(&SEGMENT_MAGIC);
    header.extend_from_slice(&segment.to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(key);
    let check = blake3::hash(&header);
    header.extend_from_slice(&check.as_bytes()[..16]);
    let mut first = ZEROS;
    for at in SEGMENT_HEADERS_AT {
        first[at as usize..at as usize + SEGMENT_HEADER_BYTES].copy_from_slice(&header);
    }
    file.write_at(0, &[&first])
}

/// The store's key, from either copy of the header of a segment.
fn read_segment_header(file: &dyn DiskFile, segment: u32) -> Result<Option<[u8; 32]>, DiskError> {
    for at in SEGMENT_HEADERS_AT {
        let mut header = [0; SEGMENT_HEADER_BYTES];
        match file.read_at(at, &mut header) {
            Ok(()) => {}
            Err(DiskError::Short { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let check = blake3::hash(&header[..48]);
        let is_own = header[..8] == SEGMENT_MAGIC && header[8..12] == segment.to_le_bytes();
        if is_own && header[48..] == check.as_bytes()[..16] {
            let mut key = [0; 32];
            key.copy_from_slice(&header[16..48]);
            return Ok(Some(key));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
