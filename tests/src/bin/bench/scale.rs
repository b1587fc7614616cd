//! How much of everything is measured.

use fleet::Media;

const MIB: u64 = 1 << 20;

/// How much of everything is measured, and over what.
pub(crate) struct Scale {
    /// A tenth or less of everything.
    pub(crate) is_quick: bool,
    /// What real nodes speak with.
    pub(crate) media: Media,
}

impl Scale {
    fn of<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// Plain bytes for the stages of the codec.
    pub(crate) fn codec_bytes(&self) -> usize {
        self.of(64, 16) << 20
    }

    /// How often each stage is measured; the best counts.
    pub(crate) fn codec_rounds(&self) -> usize {
        self.of(7, 3)
    }

    /// Bytes written in each round of the store's measurement.
    pub(crate) fn store_bytes(&self) -> u64 {
        self.of(1024 * MIB, 128 * MIB)
    }

    /// Bytes for each transfer over a connection.
    pub(crate) fn network_bytes(&self) -> u64 {
        self.of(1024 * MIB, 128 * MIB)
    }

    /// How often the measurements of store and network are repeated.
    pub(crate) fn rounds(&self) -> usize {
        self.of(3, 2)
    }

    /// The file that goes through the whole path.
    pub(crate) fn path_bytes(&self) -> u64 {
        self.of(1024 * MIB, 128 * MIB)
    }

    /// The file of the measurement of memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.of(4096 * MIB, 256 * MIB)
    }

    /// Small files with content.
    pub(crate) fn small_files(&self) -> usize {
        self.of(10_000, 2_000)
    }

    /// Files that are unchanged at the second backup.
    pub(crate) fn unchanged_files(&self) -> usize {
        self.of(100_000, 10_000)
    }
}
