//! What a start makes of the segments it finds.
//!
//! A batch is written only after the one before it was synced. So every batch but the last is
//! known to be durable, and what is broken in it is damage; the last one was perhaps torn by a
//! crash, and is either whole or cut off. A last batch that is whole is written and synced once
//! more, because the sync of it may have failed and left its pages clean in the cache.

use std::sync::Arc;

use super::scan::{Batch, Scanner};
use super::{
    Active, Log, LogLimits, Place, Position, SegmentFiles, read_segment_header, segment_name,
    segment_number, write_segment_header,
};
use crate::database::DatabaseError;
use crate::disk::{Disk, DiskError, DiskFile, Open};
use crate::record::{ALIGN_BYTES, Header, Kind};
use crate::segments::ReadRecordError;

const COPY_BYTES: u64 = 1024 * 1024;
/// The most damaged places that are listed; all are counted.
const DAMAGE_LISTED_MAX: usize = 1000;

/// A place in a segment that no longer holds what was written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedPlace {
    /// The segment.
    pub segment: u32,
    /// The first byte.
    pub offset: u64,
    /// The length, bytes.
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoverError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Index(#[from] DatabaseError),
    #[error("no segment tells the key of the store")]
    KeyLost,
}

/// A record that recovery came by, with its payload unless that is bulk.
pub(crate) struct Found {
    pub(crate) header: Header,
    pub(crate) place: Place,
    pub(crate) payload: Option<Vec<u8>>,
}

/// Where to begin, and what is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// Everything before it is known already.
    pub(crate) from: Option<Position>,
    /// The store's key, if the index knows it.
    pub(crate) key: Option<[u8; 32]>,
    /// The key for a new store.
    pub(crate) fresh_key: [u8; 32],
}

#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) log: Log,
    pub(crate) records: u64,
    pub(crate) cut_bytes: u64,
    pub(crate) damaged: Vec<DamagedPlace>,
    pub(crate) damaged_count: u64,
}

type Visit<'a> = &'a mut dyn FnMut(&SegmentFiles, Found) -> Result<(), DatabaseError>;

pub(crate) fn recover(
    disk: Arc<dyn Disk>,
    limits: LogLimits,
    start: Start,
    visit: Visit<'_>,
) -> Result<Recovered, RecoverError> {
    let mut segments = segments_on(&*disk)?;
    let key = find_key(&disk, &mut segments, &start)?;
    let files = Arc::new(SegmentFiles::new(disk.clone(), key));
    let (batch_next, is_poisoned) = (start.from.map_or(1, |from| from.batch + 1), false);
    let log = Log { disk, files, limits, active: None, batch_next, is_poisoned };
    let (damaged, damaged_count) = (Vec::new(), 0);
    let mut found = Recovered { log, records: 0, cut_bytes: 0, damaged, damaged_count };
    for (number, segment) in segments.iter().enumerate() {
        if start.from.is_none_or(|from| from.segment <= *segment) {
            let is_last = number + 1 == segments.len();
            found.segment(*segment, is_last, start.from, visit)?;
        }
    }
    Ok(found)
}

pub(crate) fn segments_on(disk: &dyn Disk) -> Result<Vec<u32>, DiskError> {
    let mut segments: Vec<u32> =
        disk.list()?.iter().filter_map(|name| segment_number(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

fn find_key(
    disk: &Arc<dyn Disk>,
    segments: &mut Vec<u32>,
    start: &Start,
) -> Result<[u8; 32], RecoverError> {
    if let Some(key) = start.key {
        return Ok(key);
    }
    for segment in segments.iter() {
        let file = disk.open(&segment_name(*segment), Open::Existing)?;
        if let Some(key) = read_segment_header(&*file, *segment)? {
            return Ok(key);
        }
    }
    // The first segment was being made when the power went, or else its header is destroyed.
    for segment in std::mem::take(segments) {
        let name = segment_name(segment);
        if !is_zero_beyond_header(&*disk.open(&name, Open::Existing)?)? {
            return Err(RecoverError::KeyLost);
        }
        disk.remove(&name)?;
    }
    Ok(start.fresh_key)
}

fn is_zero_beyond_header(file: &dyn DiskFile) -> Result<bool, DiskError> {
    let len = file.len()?;
    let mut buffer = vec![0; COPY_BYTES as usize];
    let mut at = ALIGN_BYTES;
    while at < len {
        let piece = &mut buffer[..COPY_BYTES.min(len - at) as usize];
        file.read_at(at, piece)?;
        if piece.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += piece.len() as u64;
    }
    Ok(true)
}

impl Recovered {
    fn segment(
        &mut self,
        segment: u32,
        is_last: bool,
        from: Option<Position>,
        visit: Visit<'_>,
    ) -> Result<(), RecoverError> {
        let files = self.log.files.clone();
        let file = files.get(segment)?;
        let has_header = read_segment_header(&*file, segment)?.is_some();
        let from = from.filter(|from| from.segment == segment);
        let (mut end, mut last_at) = from.map_or((1, 0), |from| (from.at, from.last_at));
        let mut scanner = Scanner::new(&files, segment)?;
        let mut pending: Option<Batch> = None;
        while let Some(batch) = scanner.next_batch(end, self.log.batch_next - 1) {
            if let Some(before) = pending.take() {
                self.deliver(before, segment, visit)?;
            }
            self.damage(segment, end, batch.at - end);
            end = batch.end();
            self.log.batch_next = batch.number + 1;
            pending = Some(batch);
        }
        let unreadable = scanner.unreadable.take();
        let written_end = scanner.written_end;
        if is_last && !has_header && pending.is_none() && is_zero_beyond_header(&*file)? {
            // Its making was cut short: the segment before goes on.
            files.forget(segment);
            self.log.disk.remove(&segment_name(segment))?;
            self.log.disk.sync_dir()?;
            return Ok(());
        }
        if is_last {
            let last_batch_at = pending.as_ref().map_or(end, |batch| batch.at);
            if let Some((at, error)) = unreadable
                && at >= last_batch_at
            {
                return Err(error.into());
            }
            if let Some(batch) = &pending
                && !is_whole(batch, &files)?
            {
                end = last_batch_at;
                pending = None;
            }
            self.cut_bytes = u64::from(written_end.saturating_sub(end)) * ALIGN_BYTES;
        } else {
            self.damage(segment, end, written_end.saturating_sub(end));
        }
        // The making of this segment, too, may have failed to be synced.
        let unsure = pending.as_ref().map(|batch| (batch.at, batch.end()));
        let again = unsure.or_else(|| from.is_none().then_some((end, end)));
        if let Some(batch) = pending {
            last_at = batch.records.last().map_or(last_at, |(_, place)| place.at);
            self.deliver(batch, segment, visit)?;
        }
        if is_last {
            self.settle(&*file, segment, end, again)?;
        }
        self.log.active = Some(Active { segment, file, end, allocated: end, last_at });
        Ok(())
    }

    /// Cuts what is torn and makes certain that what is kept is on the device.
    fn settle(
        &self,
        file: &dyn DiskFile,
        segment: u32,
        end: u32,
        again: Option<(u32, u32)>,
    ) -> Result<(), DiskError> {
        let end = u64::from(end) * ALIGN_BYTES;
        let is_longer = file.len()? != end;
        if is_longer {
            file.set_len(end)?;
        }
        if let Some((from, to)) = again {
            write_segment_header(file, segment, self.log.files.key())?;
            let mut buffer = vec![0; COPY_BYTES as usize];
            let (mut at, to) = (u64::from(from) * ALIGN_BYTES, u64::from(to) * ALIGN_BYTES);
            while at < to {
                let piece = &mut buffer[..COPY_BYTES.min(to - at) as usize];
                file.read_at(at, piece)?;
                file.write_at(at, &[piece])?;
                at += piece.len() as u64;
            }
        }
        if is_longer || again.is_some() {
            file.sync()?;
            self.log.disk.sync_dir()?;
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        batch: Batch,
        segment: u32,
        visit: Visit<'_>,
    ) -> Result<(), RecoverError> {
        for (at, units) in &batch.gaps {
            self.damage(segment, *at, *units);
        }
        let files = self.log.files.clone();
        for (header, place) in batch.records {
            self.records += 1;
            let is_bulk = matches!(header.kind, Kind::Fragment | Kind::OwnerRecord);
            let payload = match is_bulk {
                true => None,
                false => match files.record(&place) {
                    Ok((_, _, payload)) => Some(payload),
                    Err(ReadRecordError::Damaged) => {
                        self.damage(segment, place.at, place.units() as u32);
                        continue;
                    }
                    Err(ReadRecordError::Disk(error)) => return Err(error.into()),
                },
            };
            visit(&files, Found { header, place, payload })?;
        }
        Ok(())
    }

    fn damage(&mut self, segment: u32, at: u32, units: u32) {
        if units == 0 {
            return;
        }
        self.damaged_count += 1;
        if self.damaged.len() < DAMAGE_LISTED_MAX {
            let (offset, bytes) = (u64::from(at) * ALIGN_BYTES, u64::from(units) * ALIGN_BYTES);
            self.damaged.push(DamagedPlace { segment, offset, bytes });
        }
    }
}

/// Whether everything in the batch is as it was written. A device that fails to read says nothing
/// about that, and must not make us cut off what may be receipted.
fn is_whole(batch: &Batch, files: &SegmentFiles) -> Result<bool, DiskError> {
    for (_, place) in &batch.records {
        match files.record(place) {
            Ok(_) => {}
            Err(ReadRecordError::Damaged) => return Ok(false),
            Err(ReadRecordError::Disk(error)) => return Err(error),
        }
    }
    Ok(batch.gaps.is_empty())
}
