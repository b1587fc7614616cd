//! BLAKE3 with a domain label for every use, so that a hash made for one purpose never serves another.

use borsh::{BorshDeserialize, BorshSerialize};

/// A 32-byte BLAKE3 hash.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Hash(pub [u8; 32]);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Hashes bytes that arrive piece by piece under one domain label.
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// A hasher for `label`, which must be unique in the whole project (BLAKE3 `derive_key` mode).
    pub fn new(label: &'static str) -> Self {
        Self(blake3::Hasher::new_derive_key(label))
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The hash of everything taken in.
    pub fn finish(&self) -> Hash {
        Hash(*self.0.finalize().as_bytes())
    }
}

/// The hash of `bytes` under `label`.
pub fn hash(label: &'static str, bytes: &[u8]) -> Hash {
    Hasher::new(label).update(bytes).finish()
}
