//! Seals chunks and records: compress where it helps, then AEAD. Layouts: docs/protocols/coding.md.
//!
//! Whoever repairs blocks reads their sealed bytes, so the length of the plaintext and whether it
//! was compressed stand in a trailer inside the seal, not before it.

use aws_lc_rs::aead::{Aad, Nonce};

use crate::PLAIN_BYTES_MAX;
use crate::compress::{Codec, Compression};
use crate::keys::{EpochKeys, Identified, Kind, RecordScope, SCOPE_BYTES, scope};
use crate::labels;
use crate::suite::Suite;

/// The version of both layouts.
pub(crate) const VERSION: u8 = 1;
/// Version, suite, nonce.
pub(crate) const CHUNK_HEADER: usize = 2 + 12;
/// Version, suite, salt.
pub(crate) const RECORD_HEADER: usize = 2 + 32;
/// Plain length and codec, at the end of what is sealed.
pub(crate) const TRAILER: usize = 4 + 1;
/// The authentication tag of both suites.
pub(crate) const TAG: usize = 16;

/// A sealed chunk is at most this much longer than its plaintext, bytes.
pub const SEALED_OVERHEAD: usize = CHUNK_HEADER + TRAILER + TAG;
/// A sealed record is at most this much longer than its plaintext, bytes.
pub const RECORD_OVERHEAD: usize = RECORD_HEADER + TRAILER + TAG;

/// What cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Longer than [`PLAIN_BYTES_MAX`].
    #[error("{bytes} bytes to seal, at most {max} are allowed", max = PLAIN_BYTES_MAX)]
    TooLong {
        /// The length found.
        bytes: usize,
    },
}

/// Seals chunks and records into a buffer of its own, which is used again for the next.
pub struct Sealer {
    suite: Suite,
    compression: Compression,
    /// Never shrinks: fresh memory costs more than sealing.
    buffer: Vec<u8>,
}

impl Sealer {
    /// A sealer that uses `suite`.
    pub fn new(suite: Suite) -> Sealer {
        Sealer { suite, compression: Compression::new(), buffer: Vec::new() }
    }

    /// Seals a chunk. The same chunk under the same keys gives the same bytes as long as the
    /// compressor is the same.
    ///
    /// # Errors
    /// The chunk is longer than [`PLAIN_BYTES_MAX`].
    pub fn seal(
        &mut self,
        keys: &EpochKeys,
        kind: Kind,
        chunk: Identified<'_>,
    ) -> Result<&[u8], SealError> {
        let (id, suite) = (chunk.id(), self.suite);
        let scope = scope(keys.space(), keys.epoch(), kind, &id.0);
        self.seal_with::<CHUNK_HEADER>(chunk.plain(), &scope, |header, compressed, trailer| {
            header[..2].copy_from_slice(&[VERSION, suite.byte()]);
            let mut bound = [0; 2 + SCOPE_BYTES];
            bound[..2].copy_from_slice(&header[..2]);
            bound[2..].copy_from_slice(&scope);
            // The id is a keyed hash of an uncompressed content already: no need for another pass.
            let nonce = keys.chunk_nonce(&bound, &trailer, compressed.unwrap_or(&id.0));
            header[2..].copy_from_slice(&nonce);
            (keys.chunk_key(suite, id), nonce)
        })
    }

    /// Seals a record under a key of its own. `salt` must be random and new for each call.
    ///
    /// # Errors
    /// The record is longer than [`PLAIN_BYTES_MAX`].
    pub fn seal_record(
        &mut self,
        record: &RecordScope<'_>,
        salt: &[u8; 32],
        plain: &[u8],
    ) -> Result<&[u8], SealError> {
        let suite = self.suite;
        let scope = scope(record.space, record.epoch, record.kind, &record.id);
        self.seal_with::<RECORD_HEADER>(plain, &scope, |header, _, _| {
            header[..2].copy_from_slice(&[VERSION, suite.byte()]);
            header[2..].copy_from_slice(salt);
            let key = suite.key(&record.secret.derive(labels::RECORD_KEY, &header[1..]));
            // The key serves once.
            (key, [0; 12])
        })
    }

    /// Compresses, asks for header, key and nonce (given the compressed content, if it was
    /// compressed, and the trailer), and encrypts.
    fn seal_with<const HEADER: usize>(
        &mut self,
        plain: &[u8],
        scope: &[u8; SCOPE_BYTES],
        key_of: impl FnOnce(
            &mut [u8; HEADER],
            Option<&[u8]>,
            [u8; TRAILER],
        ) -> (aws_lc_rs::aead::LessSafeKey, [u8; 12]),
    ) -> Result<&[u8], SealError> {
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(SealError::TooLong { bytes: plain.len() });
        }
        let room = HEADER + Compression::room(plain.len()) + TRAILER + TAG;
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let (header, rest) = self.buffer.split_first_chunk_mut::<HEADER>().expect("there is room");
        let compressed = self.compression.compress(plain, rest);
        let codec = if compressed.is_some() { Codec::Zstd } else { Codec::Raw };
        let trailer = trailer(plain.len(), codec);
        let (key, nonce) = key_of(header, compressed.map(|bytes| &rest[..bytes]), trailer);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(bound(header, scope));
        let content = compressed.unwrap_or(plain.len());
        let (content, rest) = rest.split_at_mut(content);
        let rest = &mut rest[..TRAILER + TAG];
        let sealed = if compressed.is_some() {
            key.seal_in_place_scatter(nonce, aad, content, &trailer, rest)
        } else {
            key.seal_out_of_place_scatter(nonce, aad, plain, content, &trailer, rest)
        };
        sealed.expect("lengths are far below the limits of both suites");
        let length = HEADER + content.len() + TRAILER + TAG;
        Ok(&self.buffer[..length])
    }
}

/// What stands behind the content inside the seal.
fn trailer(plain: usize, codec: Codec) -> [u8; TRAILER] {
    let plain = u32::try_from(plain).expect("at most 4 MiB");
    let [a, b, c, d] = plain.to_le_bytes();
    [a, b, c, d, codec as u8]
}

/// The associated data: the header as it stands, then the scope.
pub(crate) fn bound(header: &[u8], scope: &[u8; SCOPE_BYTES]) -> BoundBytes {
    let mut bytes = [0; RECORD_HEADER + SCOPE_BYTES];
    bytes[..header.len()].copy_from_slice(header);
    bytes[header.len()..][..SCOPE_BYTES].copy_from_slice(scope);
    BoundBytes { bytes, length: header.len() + SCOPE_BYTES }
}

/// Associated data without an allocation.
pub(crate) struct BoundBytes {
    bytes: [u8; RECORD_HEADER + SCOPE_BYTES],
    length: usize,
}

impl AsRef<[u8]> for BoundBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests;
