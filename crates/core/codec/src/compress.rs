//! Compression where it helps: zstd level 1, tried on samples first, kept if it saves 1/32.

use zstd::bulk::{Compressor, Decompressor};

/// How the content of a sealed thing is written. The byte stands in its trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// As it is.
    Raw = 0,
    /// A zstd frame (RFC 8878) without dictionary.
    Zstd = 1,
}

impl Codec {
    pub(crate) fn from_byte(byte: u8) -> Option<Codec> {
        [Codec::Raw, Codec::Zstd].into_iter().find(|codec| *codec as u8 == byte)
    }
}

/// Level 1 is three times faster on text than level 3 for a few percent of size, and passes over
/// random data at 9 GB/s.
const LEVEL: i32 = 1;
/// Below this a frame saves nothing worth a decoder.
const COMPRESSED_FROM: usize = 64;
/// From here on a look at three samples is much cheaper than to try the whole.
const PROBED_FROM: usize = 256 * 1024;
const SAMPLE: usize = 4 * 1024;

/// A reusable compressor.
pub(crate) struct Compression {
    compressor: Compressor<'static>,
    sample: Vec<u8>,
}

impl Compression {
    pub(crate) fn new() -> Compression {
        let compressor = Compressor::new(LEVEL).expect("level 1 exists");
        Compression { compressor, sample: vec![0; zstd::zstd_safe::compress_bound(SAMPLE)] }
    }

    /// How much room `compress` needs for a content of `plain` bytes.
    pub(crate) fn room(plain: usize) -> usize {
        zstd::zstd_safe::compress_bound(plain)
    }

    /// Compresses into the start of `out`, whose first bytes change in any case, and returns the
    /// length if this saves at least 1/32.
    pub(crate) fn compress(&mut self, plain: &[u8], out: &mut [u8]) -> Option<usize> {
        if plain.len() < COMPRESSED_FROM || !self.is_promising(plain) {
            return None;
        }
        // Out of memory, or out of room: then it stays as it is.
        let length = self.compressor.compress_to_buffer(plain, out).ok()?;
        (length <= plain.len() - plain.len().div_ceil(32)).then_some(length)
    }

    /// Whether samples from the start, the middle and the end save 3 % together.
    fn is_promising(&mut self, plain: &[u8]) -> bool {
        if plain.len() < PROBED_FROM {
            return true;
        }
        let starts = [0, plain.len() / 2 - SAMPLE / 2, plain.len() - SAMPLE];
        let compressed: Option<usize> = starts
            .into_iter()
            .map(|start| {
                let sample = &plain[start..start + SAMPLE];
                self.compressor.compress_to_buffer(sample, self.sample.as_mut_slice()).ok()
            })
            .sum();
        compressed.is_some_and(|bytes| bytes * 100 <= starts.len() * SAMPLE * 97)
    }
}

/// A reusable decompressor.
pub(crate) struct Decompression(Decompressor<'static>);

impl Decompression {
    pub(crate) fn new() -> Decompression {
        Decompression(Decompressor::new().expect("memory for a decompressor"))
    }

    /// Fills `out` exactly, or returns `false`: a malformed frame, or one of another length. Never
    /// writes or allocates beyond `out`.
    pub(crate) fn decompress(&mut self, compressed: &[u8], out: &mut [u8]) -> bool {
        let length = out.len();
        self.0.decompress_to_buffer(compressed, out).is_ok_and(|got| got == length)
    }
}

#[cfg(test)]
mod tests;
