//! One file as a disk under a page cache has it: what the programs see, what is surely on the
//! device, and what lies between.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::content::Content;
use super::fate::{Mode, fingerprint, mix, text_key};

/// Bytes that a device writes whole or not at all.
pub(super) const SECTOR_BYTES: u64 = 512;

#[derive(Clone, Debug)]
pub(super) struct Inode {
    /// The latest name, by which the fate of its bytes is drawn.
    pub(super) name: String,
    /// What programs read.
    pub(super) cache: Content,
    /// What every crash leaves.
    durable: Content,
    /// What was done since, in order.
    pending: Vec<Pending>,
    /// How many syncs there were, failed ones too.
    pub(super) syncs: u64,
}

#[derive(Clone, Debug)]
enum Pending {
    Write {
        offset: u64,
        bytes: Arc<[u8]>,
        /// A sync of it failed: the cache holds it as clean and will not write it again.
        forgotten: bool,
        /// Sectors of a forgotten write that were durably written over since.
        covered: BTreeSet<u64>,
    },
    Resize(u64),
    Allocate(u64),
}

impl Inode {
    pub(super) fn new(name: &str) -> Self {
        let (cache, durable) = (Content::default(), Content::default());
        Self { name: name.into(), cache, durable, pending: Vec::new(), syncs: 0 }
    }

    /// A file as it is after a start: everything there is on the device.
    pub(super) fn settled(name: &str, content: Content) -> Self {
        let durable = content.clone();
        Self { name: name.into(), cache: content, durable, pending: Vec::new(), syncs: 0 }
    }

    pub(super) fn write(&mut self, offset: u64, bytes: Arc<[u8]>) {
        self.cache.write(offset, &bytes);
        let covered = BTreeSet::new();
        self.pending.push(Pending::Write { offset, bytes, forgotten: false, covered });
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.cache.set_len(len);
        self.pending.push(Pending::Resize(len));
    }

    pub(super) fn allocate(&mut self, len: u64) {
        self.cache.allocate(len);
        self.pending.push(Pending::Allocate(len));
    }

    /// Everything that is not forgotten reaches the device.
    pub(super) fn sync(&mut self) {
        self.syncs += 1;
        let mut forgotten: Vec<Pending> = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            match &pending {
                Pending::Write { forgotten: true, .. } => forgotten.push(pending),
                Pending::Write { offset, bytes, .. } => {
                    self.durable.write(*offset, bytes);
                    cover(&mut forgotten, *offset, bytes.len() as u64);
                }
                Pending::Resize(len) => {
                    self.durable.set_len(*len);
                    cover(&mut forgotten, *len, u64::MAX / 2);
                }
                Pending::Allocate(len) => self.durable.allocate(*len),
            }
        }
        self.pending = forgotten;
    }

    /// As ext4 does: the data may or may not have reached the device, the cache calls it clean.
    /// Lengths stay in the journal and go with the next sync.
    pub(super) fn fail_sync(&mut self) {
        self.syncs += 1;
        for pending in &mut self.pending {
            if let Pending::Write { forgotten, .. } = pending {
                *forgotten = true;
            }
        }
    }

    /// What a crash leaves of it.
    pub(super) fn crash(&self, seed: u64) -> Content {
        let mode = Mode::of(seed, &self.name);
        let name = text_key(&self.name);
        let cut = self.cut(seed, name);
        let mut left = self.durable.clone();
        for pending in &self.pending {
            match pending {
                Pending::Write { offset, bytes, covered, .. } => {
                    let whole = mix(seed, &[2, name, *offset, bytes.len() as u64]);
                    for (sector, start, piece) in sectors(*offset, bytes) {
                        let alone = || mix(seed, &[3, name, sector, fingerprint(piece)]);
                        let kept = match mode {
                            Mode::Nothing => false,
                            Mode::Everything => true,
                            Mode::Prefix => sector < cut,
                            Mode::Writes => whole.is_multiple_of(2),
                            Mode::Sectors => alone().is_multiple_of(2),
                        };
                        if kept && !covered.contains(&sector) {
                            left.write(start, piece);
                        }
                    }
                    let end = offset + bytes.len() as u64;
                    let grown = mode == Mode::Sectors && mix(seed, &[4, whole]).is_multiple_of(4);
                    if grown && left.len() < end {
                        left.set_len(end);
                    }
                }
                Pending::Resize(len) if keeps(mode, seed, &[5, name, *len]) => left.set_len(*len),
                Pending::Allocate(len) if keeps(mode, seed, &[6, name, *len]) => {
                    left.allocate(*len);
                }
                Pending::Resize(_) | Pending::Allocate(_) => {}
            }
        }
        left
    }

    /// The sector at which a prefix ends: somewhere in what is not yet durable.
    fn cut(&self, seed: u64, name: u64) -> u64 {
        let spans = self.pending.iter().filter_map(|pending| match pending {
            Pending::Write { offset, bytes, .. } => Some((*offset, offset + bytes.len() as u64)),
            Pending::Resize(_) | Pending::Allocate(_) => None,
        });
        let (low, high) = spans.fold((u64::MAX, 0), |(low, high), (start, end)| {
            (low.min(start / SECTOR_BYTES), high.max(end.div_ceil(SECTOR_BYTES)))
        });
        if high <= low { 0 } else { low + mix(seed, &[7, name]) % (high - low + 1) }
    }

    /// Flips bits of a byte that is durable and not being changed, as ageing media do.
    pub(super) fn rot(&mut self, offset: u64, mask: u8) -> bool {
        let is_written_over = |pending: &Pending| match pending {
            Pending::Write { offset: start, bytes, .. } => {
                (*start..start + bytes.len() as u64).contains(&offset)
            }
            Pending::Resize(_) | Pending::Allocate(_) => false,
        };
        let end = self.durable.len().min(self.cache.len());
        if offset >= end || self.pending.iter().any(is_written_over) {
            return false;
        }
        let mut byte = [0];
        self.durable.read(offset, &mut byte);
        byte[0] ^= mask;
        self.durable.write(offset, &byte);
        self.cache.write(offset, &byte);
        true
    }
}

fn keeps(mode: Mode, seed: u64, what: &[u64]) -> bool {
    match mode {
        Mode::Nothing => false,
        Mode::Everything => true,
        Mode::Prefix | Mode::Writes | Mode::Sectors => mix(seed, what).is_multiple_of(2),
    }
}

fn cover(forgotten: &mut [Pending], offset: u64, bytes: u64) {
    let over = offset / SECTOR_BYTES..(offset + bytes).div_ceil(SECTOR_BYTES);
    for pending in forgotten {
        if let Pending::Write { offset, bytes, covered, .. } = pending {
            let own = *offset / SECTOR_BYTES..(*offset + bytes.len() as u64).div_ceil(SECTOR_BYTES);
            covered.extend(own.start.max(over.start)..own.end.min(over.end));
        }
    }
}

/// The parts of a write that fall into one sector each: (sector, offset, bytes).
fn sectors(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, u64, &[u8])> {
    let end = offset + bytes.len() as u64;
    (offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES)).map(move |sector| {
        let start = offset.max(sector * SECTOR_BYTES);
        let stop = end.min((sector + 1) * SECTOR_BYTES);
        (sector, start, &bytes[(start - offset) as usize..(stop - offset) as usize])
    })
}
