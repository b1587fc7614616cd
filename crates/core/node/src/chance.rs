//! Random bytes made from a seed that comes in at the start, so that a seed repeats a whole run.

use base::{RequestId, SymmetricKey};

/// A stream of bytes that nobody without the seed can foretell (BLAKE3 in output mode).
pub(crate) struct Chance(blake3::OutputReader);

impl Chance {
    /// The stream of `seed`.
    pub(crate) fn new(seed: &SymmetricKey) -> Self {
        Self(
            blake3::Hasher::new_derive_key("bitdust node chance v1").update(&seed.0).finalize_xof(),
        )
    }

    /// The next bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A new id.
    pub(crate) fn request_id(&mut self) -> RequestId {
        RequestId(self.bytes())
    }
}
