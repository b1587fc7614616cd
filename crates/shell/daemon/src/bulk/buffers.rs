//! Buffers for fragments, used again and again: the system takes longer to give fresh memory than
//! it takes to mask or write what comes into it, and many threads that take and give back large
//! pieces leave holes behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(test)]
mod tests;

/// Buffers that nobody uses now.
#[derive(Debug)]
pub(crate) struct Buffers {
    free: Mutex<Free>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Free {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Buffers {
    /// Keeps at most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { free: Mutex::default(), bytes_max }
    }

    /// A buffer of any length, with whatever was in it.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut free = self.lock();
        let buffer = free.buffers.pop().unwrap_or_default();
        free.bytes -= buffer.capacity();
        buffer
    }

    /// A buffer that is not used any more.
    pub(crate) fn give(&self, buffer: Vec<u8>) {
        let mut free = self.lock();
        if free.bytes + buffer.capacity() <= self.bytes_max {
            free.bytes += buffer.capacity();
            free.buffers.push(buffer);
        }
    }

    /// Gives all of it back to the system.
    pub(crate) fn clear(&self) {
        *self.lock() = Free::default();
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
