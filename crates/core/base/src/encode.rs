//! The one binary encoding: a version byte, then Borsh, which has exactly one form for each value.

use borsh::{BorshDeserialize, BorshSerialize};

/// The largest control message, bytes.
pub const CONTROL_BYTES_MAX: usize = 64 * 1024;
/// The largest piece of bulk data, a fragment, bytes.
pub const DATA_BYTES_MAX: usize = 1024 * 1024;
/// The largest record of the distributed hash table, bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024;

/// Why bytes from outside are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than this kind may be.
    #[error("{bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// The length found.
        bytes: usize,
        /// The limit of this kind.
        limit: usize,
    },
    /// Made by a program that knows a newer form.
    #[error("version {found} is not known here (newest known: {known}); a newer program is needed")]
    Version {
        /// The version found.
        found: u8,
        /// The newest version that this program knows.
        known: u8,
    },
    /// Cut off, too long, or not of this form.
    #[error("malformed")]
    Malformed,
}

/// A value that is stored or sent.
///
/// When a form changes, `VERSION` grows and `decode_version` still reads the older ones.
pub trait Wire: BorshSerialize + BorshDeserialize {
    /// The version that is written.
    const VERSION: u8 = 1;
    /// The longest encoding that is read, bytes.
    const BYTES_MAX: usize = CONTROL_BYTES_MAX;

    /// Reads the body of one version.
    ///
    /// # Errors
    /// The version is unknown or the body malformed.
    fn decode_version(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        if version != Self::VERSION {
            return Err(DecodeError::Version { found: version, known: Self::VERSION });
        }
        borsh::from_slice(body).map_err(|_| DecodeError::Malformed)
    }
}

/// The bytes of `value`: its version, then its body.
pub fn encode<T: Wire>(value: &T) -> Vec<u8> {
    let mut bytes = vec![T::VERSION];
    value.serialize(&mut bytes).expect("writing into a Vec cannot fail");
    bytes
}

/// Reads what `encode` wrote, in this version or an older one.
///
/// # Errors
/// The bytes are too long, of an unknown version, or malformed (also by one byte too many).
pub fn decode<T: Wire>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > T::BYTES_MAX {
        return Err(DecodeError::TooLong { bytes: bytes.len(), limit: T::BYTES_MAX });
    }
    let (version, body) = bytes.split_first().ok_or(DecodeError::Malformed)?;
    T::decode_version(*version, body)
}
