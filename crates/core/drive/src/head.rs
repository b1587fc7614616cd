//! The reference to the head as others keep it: sealed, for which blocks hold the head and how long
//! it is are not their business.

use base::{DecodeError, Hash, Hasher, decode, encode};
use codec::{OpenError, Opener, Sealer, Suite};
use spaces::Keyring;

use crate::format::{HEAD_REF_BYTES_MAX, HeadRef, PlainHeadRef};
use crate::keys::Keys;

/// Why bytes are not the reference to a head of this drive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not of this form.
    #[error("the reference to the catalog: {0}")]
    Form(#[from] DecodeError),
    /// The keyring lacks the epoch under which it was sealed.
    #[error("the reference to the catalog needs the key of epoch {epoch}")]
    NoKey {
        /// The epoch.
        epoch: u32,
    },
    /// Damaged, or sealed under other keys.
    #[error("the reference to the catalog: {0}")]
    Open(#[from] OpenError),
}

/// Version, epoch.
const HEADER_BYTES: usize = 1 + 4;
const VERSION: u8 = 1;

impl HeadRef {
    /// The reference for the root document, at most [`HEAD_REF_BYTES_MAX`]. `salt` must be random
    /// and new for each call. Nothing if it would be longer.
    pub(crate) fn seal(&self, keys: &Keys, suite: Suite, salt: &[u8; 32]) -> Option<Vec<u8>> {
        let mut sealer = Sealer::new(suite);
        let (epoch, record) =
            keys.seal_root(&mut sealer, salt, &encode(&PlainHeadRef(self.clone()))).ok()?;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&epoch.to_le_bytes());
        bytes.extend_from_slice(record);
        (bytes.len() <= HEAD_REF_BYTES_MAX).then_some(bytes)
    }

    /// Reads the reference that a root document holds.
    ///
    /// # Errors
    /// As [`HeadError`] says.
    pub fn open(bytes: &[u8], keyring: &Keyring) -> Result<Self, HeadError> {
        let limit = HEAD_REF_BYTES_MAX;
        if bytes.len() > limit {
            return Err(DecodeError::TooLong { bytes: bytes.len(), limit }.into());
        }
        let (header, record) =
            bytes.split_first_chunk::<HEADER_BYTES>().ok_or(DecodeError::Malformed)?;
        let [found, epoch @ ..] = *header;
        if found != VERSION {
            return Err(DecodeError::Version { found, known: VERSION }.into());
        }
        let epoch = u32::from_le_bytes(epoch);
        let mut opener = Opener::new();
        let plain = Keys::open_root(keyring, &mut opener, epoch, record)
            .ok_or(HeadError::NoKey { epoch })??;
        let PlainHeadRef(head) = decode(plain)?;
        Ok(head)
    }
}

/// The salt of one of the records that are sealed with one random salt of a run.
pub(crate) fn salt_of(salt: &[u8; 32], record: Record) -> [u8; 32] {
    let number = match record {
        Record::Part(part) => part,
        Record::Reference => u64::MAX,
    };
    let mut hasher = Hasher::new("bitdust drive head salt v1");
    let Hash(salt) = hasher.update(salt).update(&number.to_le_bytes()).finish();
    salt
}

/// What is sealed at the end of a run.
pub(crate) enum Record {
    /// A part of the head.
    Part(u64),
    /// The reference to it.
    Reference,
}

#[cfg(test)]
mod tests;
