//! Opens sealed chunks and records and proves that they are what they should be.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use base::ChunkId;

use crate::PLAIN_BYTES_MAX;
use crate::compress::{Codec, Decompression};
use crate::keys::{EpochKeys, Kind, RecordScope, scope};
use crate::labels;
use crate::seal::{CHUNK_HEADER, RECORD_HEADER, TAG, TRAILER, VERSION, bound};
use crate::suite::Suite;

/// Why sealed bytes do not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than an empty sealed thing.
    #[error("only {bytes} bytes: cut off")]
    TooShort {
        /// The length found.
        bytes: usize,
    },
    /// Longer than anything that is sealed.
    #[error("{bytes} bytes are more than anything that is sealed")]
    TooLong {
        /// The length found.
        bytes: usize,
    },
    /// Sealed by a program that knows a newer layout.
    #[error("layout {found} is not known here; a newer program is needed")]
    Version {
        /// The version found.
        found: u8,
    },
    /// A cipher that this program does not have.
    #[error("cipher {found} is not known here; a newer program is needed")]
    Suite {
        /// The byte found.
        found: u8,
    },
    /// Damaged, sealed under another key, or sealed for another space, epoch, kind or id.
    #[error("damaged, or not sealed for this place under this key")]
    Authentication,
    /// Whoever sealed it used a way of writing that is not known here.
    #[error("content of the unknown form {found}; a newer program is needed")]
    Codec {
        /// The byte found.
        found: u8,
    },
    /// Whoever sealed it declared a length that is not allowed or not true.
    #[error("the content is not {declared} bytes, as it declares, or these are too many")]
    Length {
        /// The declared length of the plaintext.
        declared: u32,
    },
    /// The plaintext is not the one that the id names. Neither cipher binds its key to the content,
    /// so this is checked always.
    #[error("the content is not the one of this id")]
    Id,
}

/// Opens chunks and records into buffers of its own, which are used again for the next.
pub struct Opener {
    decompression: Decompression,
    /// Neither shrinks: fresh memory costs more than opening.
    opened: Vec<u8>,
    plain: Vec<u8>,
}

impl Default for Opener {
    fn default() -> Opener {
        Opener::new()
    }
}

impl Opener {
    /// An opener with empty buffers; at most 8 MiB are ever used.
    pub fn new() -> Opener {
        Opener { decompression: Decompression::new(), opened: Vec::new(), plain: Vec::new() }
    }

    /// The plaintext of a sealed chunk, after its id was computed again and compared.
    ///
    /// # Errors
    /// As [`OpenError`] says. No byte of a chunk that is not exactly the sealed one comes out.
    pub fn open(
        &mut self,
        keys: &EpochKeys,
        kind: Kind,
        id: ChunkId,
        sealed: &[u8],
    ) -> Result<&[u8], OpenError> {
        let (header, body, suite) = split::<CHUNK_HEADER>(sealed)?;
        let scope = scope(keys.space(), keys.epoch(), kind, &id.0);
        let nonce = header[2..].try_into().expect("a header ends with its nonce");
        self.decrypt(&keys.chunk_key(suite, id), nonce, bound(header, &scope).as_ref(), body)?;
        let plain = self.unpack(body.len() - TAG)?;
        if keys.chunk_id(plain) == id { Ok(plain) } else { Err(OpenError::Id) }
    }

    /// The plaintext of a sealed record.
    ///
    /// # Errors
    /// As [`OpenError`] says.
    pub fn open_record(
        &mut self,
        record: &RecordScope<'_>,
        sealed: &[u8],
    ) -> Result<&[u8], OpenError> {
        let (header, body, suite) = split::<RECORD_HEADER>(sealed)?;
        let scope = scope(record.space, record.epoch, record.kind, &record.id);
        let key = suite.key(&record.secret.derive(labels::RECORD_KEY, &header[1..]));
        self.decrypt(&key, [0; 12], bound(header, &scope).as_ref(), body)?;
        self.unpack(body.len() - TAG)
    }

    fn decrypt(
        &mut self,
        key: &LessSafeKey,
        nonce: [u8; 12],
        bound: &[u8],
        body: &[u8],
    ) -> Result<(), OpenError> {
        let (ciphertext, tag) = body.split_at(body.len() - TAG);
        if self.opened.len() < ciphertext.len() {
            self.opened.resize(ciphertext.len(), 0);
        }
        let out = &mut self.opened[..ciphertext.len()];
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.open_separate_gather(nonce, Aad::from(bound), ciphertext, tag, out)
            .map_err(|_| OpenError::Authentication)
    }

    /// The plaintext within the first `length` bytes of `opened`: content, then trailer. Whoever
    /// sealed them held the key, but need not have been honest.
    fn unpack(&mut self, length: usize) -> Result<&[u8], OpenError> {
        let (content, trailer) =
            self.opened[..length].split_last_chunk::<TRAILER>().expect("`split` has counted it");
        let [a, b, c, d, codec] = *trailer;
        let declared = u32::from_le_bytes([a, b, c, d]);
        let wrong_length = Err(OpenError::Length { declared });
        let plain = declared as usize;
        if plain > PLAIN_BYTES_MAX {
            return wrong_length;
        }
        match Codec::from_byte(codec) {
            None => Err(OpenError::Codec { found: codec }),
            Some(Codec::Raw) if content.len() == plain => Ok(content),
            Some(Codec::Raw) => wrong_length,
            Some(Codec::Zstd) => {
                if self.plain.len() < plain {
                    self.plain.resize(plain, 0);
                }
                let out = &mut self.plain[..plain];
                if self.decompression.decompress(content, out) { Ok(out) } else { wrong_length }
            }
        }
    }
}

/// Header, body (content, trailer and tag) and suite, if the bytes can be something sealed at all.
fn split<const HEADER: usize>(sealed: &[u8]) -> Result<(&[u8; HEADER], &[u8], Suite), OpenError> {
    let bytes = sealed.len();
    let overhead = HEADER + TRAILER + TAG;
    if bytes < overhead {
        return Err(OpenError::TooShort { bytes });
    }
    if bytes > PLAIN_BYTES_MAX + overhead {
        return Err(OpenError::TooLong { bytes });
    }
    let (header, body) =
        sealed.split_first_chunk::<HEADER>().ok_or(OpenError::TooShort { bytes })?;
    if header[0] != VERSION {
        return Err(OpenError::Version { found: header[0] });
    }
    let suite = Suite::from_byte(header[1]).ok_or(OpenError::Suite { found: header[1] })?;
    Ok((header, body, suite))
}
