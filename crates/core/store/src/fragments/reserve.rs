//! A file that only takes up room, so that there is some to give back when the disk is full.

use std::sync::Arc;

use crate::disk::{Disk, DiskError, Open};

const NAME: &str = "reserve";

#[derive(Debug)]
pub(super) struct Reserve {
    disk: Arc<dyn Disk>,
    bytes: u64,
    is_filled: bool,
}

impl Reserve {
    pub(super) fn new(disk: Arc<dyn Disk>, bytes: u64, floor: u64) -> Self {
        let mut reserve = Self { disk, bytes, is_filled: false };
        reserve.fill(floor);
        reserve
    }

    /// Takes the room, if twice as much is free above the floor.
    pub(super) fn fill(&mut self, floor: u64) {
        if self.is_filled || self.bytes == 0 {
            return;
        }
        let enough = |free: u64| free >= floor.saturating_add(2 * self.bytes);
        self.is_filled = self.take(enough).is_ok_and(|is_taken| is_taken);
    }

    fn take(&self, enough: impl FnOnce(u64) -> bool) -> Result<bool, DiskError> {
        let existing = self.disk.open(NAME, Open::Existing);
        if let Ok(file) = existing
            && file.len()? >= self.bytes
        {
            return Ok(true);
        }
        if !enough(self.disk.free_space()?) {
            return Ok(false);
        }
        self.disk.open(NAME, Open::OrCreate)?.preallocate(self.bytes)?;
        Ok(true)
    }

    /// Gives the room back; false if there was none.
    pub(super) fn release(&mut self) -> bool {
        std::mem::take(&mut self.is_filled)
            && self.disk.remove(NAME).and_then(|()| self.disk.sync_dir()).is_ok()
    }
}
