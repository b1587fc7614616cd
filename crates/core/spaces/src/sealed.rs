//! A keyring as it lies on suppliers: sealed under the storage root of its owner.
//!
//! It changes, so each version has a key of its own, made from a random salt. The length is padded:
//! nobody outside shall count the epochs.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use base::{DecodeError, SpaceId, SymmetricKey, Wire, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use zeroize::Zeroizing;

use crate::Keyring;

#[cfg(test)]
mod tests;

/// The longest sealed keyring, bytes.
pub const SEALED_BYTES_MAX: usize = 64 * 1024;
/// The plaintext is a multiple of this, bytes.
const PADDING_BYTES: usize = 1024;
const LENGTH_BYTES: usize = 4;
const TAG_BYTES: usize = 16;

/// Why bytes are not one's keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not a sealed keyring at all.
    #[error("the sealed keyring: {0}")]
    Form(#[from] DecodeError),
    /// Of another space than was asked for.
    #[error("the keyring of another space")]
    Space,
    /// Sealed under another storage root, or altered.
    #[error("the keyring was altered, or is somebody else's")]
    Altered,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Sealed {
    space: SpaceId,
    salt: [u8; 32],
    ciphertext: Vec<u8>,
}

impl Wire for Sealed {
    const BYTES_MAX: usize = SEALED_BYTES_MAX;
}

impl Keyring {
    /// The keyring for storing. `salt` is 32 fresh random bytes for each version.
    pub fn seal(&self, storage_root: &SymmetricKey, salt: [u8; 32]) -> Vec<u8> {
        let record = Record::new(storage_root, self.space(), &salt);
        let mut plain = padded(self);
        record
            .cipher()
            .seal_in_place_append_tag(Record::nonce(), Aad::from(&record.context), &mut *plain)
            .expect("a keyring is far below the limit of the cipher");
        encode(&Sealed { space: self.space(), salt, ciphertext: plain.to_vec() })
    }

    /// Reads a stored keyring of `space`.
    ///
    /// # Errors
    /// Malformed, of another space, altered, or sealed under another storage root.
    pub fn open(
        bytes: &[u8],
        space: SpaceId,
        storage_root: &SymmetricKey,
    ) -> Result<Self, OpenError> {
        let sealed: Sealed = decode(bytes)?;
        if sealed.space != space {
            return Err(OpenError::Space);
        }
        let record = Record::new(storage_root, space, &sealed.salt);
        let mut plain = Zeroizing::new(sealed.ciphertext);
        record
            .cipher()
            .open_in_place(Record::nonce(), Aad::from(&record.context), &mut plain)
            .map_err(|_| OpenError::Altered)?;
        // What follows was sealed by the owner: only a damaged program could make it wrong.
        let keyring = unpadded(&plain).ok_or(OpenError::Altered)?;
        let keyring: Self = decode(keyring)?;
        let is_whole = keyring.space() == space && keyring.is_usable();
        if is_whole { Ok(keyring) } else { Err(OpenError::Altered) }
    }
}

/// One version of one record: its key, and what is authenticated with it.
struct Record {
    key: SymmetricKey,
    /// Kind, space and epoch; the storage root has one epoch only.
    context: Vec<u8>,
}

impl Record {
    fn new(storage_root: &SymmetricKey, space: SpaceId, salt: &[u8; 32]) -> Self {
        let context = [&b"bitdust keyring\0"[..], &space.0, &0_u32.to_le_bytes()].concat();
        let key = storage_root.derive("bitdust keyring record v1", &[&space.0[..], salt].concat());
        Self { key, context }
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.key.0);
        LessSafeKey::new(key.expect("ChaCha20-Poly1305 takes any 32 bytes"))
    }

    /// The same always: each key seals one text.
    fn nonce() -> Nonce {
        Nonce::assume_unique_for_key([0; 12])
    }
}

fn padded(keyring: &Keyring) -> Zeroizing<Vec<u8>> {
    // Room for the longest at once: a buffer that grows leaves copies of the keys behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(SEALED_BYTES_MAX));
    plain.extend_from_slice(&[0; LENGTH_BYTES]);
    plain.push(Keyring::VERSION);
    borsh::to_writer(&mut *plain, keyring).expect("writing into a Vec cannot fail");
    let length = (plain.len() - LENGTH_BYTES) as u32;
    plain[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    let whole = plain.len().next_multiple_of(PADDING_BYTES);
    plain.resize(whole, 0);
    plain
}

fn unpadded(plain: &[u8]) -> Option<&[u8]> {
    let (length, rest) = plain[..plain.len().checked_sub(TAG_BYTES)?].split_first_chunk()?;
    rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
}
