//! Keys and bytes for the tests of this crate.

use base::{SpaceId, SymmetricKey};

use crate::block::BlockCoder;
use crate::keys::EpochKeys;
use crate::manifest::Manifest;
use crate::pack::{Finished, Packer};
use crate::shape::Shape;
use crate::stripe::Stripe;

/// Bytes that nothing compresses, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Bytes that compress well.
pub(crate) fn prose(seed: u64, length: usize) -> Vec<u8> {
    let mut text = String::new();
    for line in 0.. {
        if text.len() >= length {
            break;
        }
        text += &format!("line {line} of {seed}: a fragment is one of the pieces of a block\n");
    }
    text.truncate(length);
    text.into_bytes()
}

pub(crate) fn key(byte: u8) -> SymmetricKey {
    SymmetricKey([byte; 32])
}

pub(crate) fn keys() -> EpochKeys {
    EpochKeys::new(SpaceId([1; 32]), 5, key(2), key(3))
}

/// A small pseudo-random generator for choices in tests.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Choices {
        Choices(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ((u128::from(self.0 >> 16) * limit as u128) >> 48) as usize
    }

    /// Changes, cuts or lengthens bytes a little, or replaces them.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() || self.below(10) == 0 {
            let length = self.below(200);
            *bytes = (0..length).map(|_| self.below(256) as u8).collect();
            return;
        }
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 => bytes.insert(at, self.below(256) as u8),
                _ => bytes.truncate(at.max(1)),
            }
        }
    }
}

/// A coded block that holds `data`.
pub(crate) fn block(shape: Shape, data: &[u8]) -> (Stripe, Manifest) {
    let mut packer = Packer::new(Stripe::new(shape));
    assert!(packer.fill(data).is_empty() && !packer.is_full(), "less than a full block");
    let Finished::Last(mut filled) = packer.finish(&key(9)) else { panic!("no data") };
    let manifest = BlockCoder::new(shape).encode(&mut filled.stripe);
    (filled.stripe, manifest)
}
