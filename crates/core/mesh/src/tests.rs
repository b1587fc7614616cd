//! What the tests of this crate share: identities, and cheap random bytes for many cases.

use base::{Date, DecodeError, DeviceId, NetworkId, SecretKey, SymmetricKey, Wire, decode, encode};
use identity::{DeviceName, Keystore, Phrase, Seed};

pub(crate) const NETWORK: NetworkId = NetworkId([3; 32]);
pub(crate) const NOW: Date = Date(1_795_167_296_789);

pub(crate) fn seed(number: u8) -> Seed {
    Seed::new(&Phrase::from_entropy([number; 32]))
}

/// The keystore of identity `number` on device `device`.
pub(crate) fn keystore(number: u8, device: u8) -> Keystore {
    let (seed, name) = (seed(number), DeviceName::new("laptop").unwrap());
    let key = SecretKey::from_seed(SymmetricKey([device; 32]));
    Keystore::from_seed(&seed, seed.chain(), key, name, NOW).unwrap()
}

/// The same after one rotation of the master key.
pub(crate) fn rotated(number: u8, device: u8) -> Keystore {
    let (seed, name) = (seed(number), DeviceName::new("laptop").unwrap());
    let key = SecretKey::from_seed(SymmetricKey([device; 32]));
    let chain = seed.chain().rotate(&seed).unwrap();
    Keystore::from_seed(&seed, chain, key, name, NOW).unwrap()
}

pub(crate) fn device_id(number: u8) -> DeviceId {
    SecretKey::from_seed(SymmetricKey([number; 32])).public().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SplitMix64: many cases cost little, and the same ones come each time.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// `bytes` with some bits, lengths or runs altered.
    pub(crate) fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len().max(1));
            match self.below(6) {
                0 => bytes.truncate(place),
                1 => bytes.insert(place.min(bytes.len()), self.below(256) as u8),
                2 if !bytes.is_empty() => drop(bytes.remove(place)),
                3 if !bytes.is_empty() => bytes[place] = [0, 1, 0x7f, 0xff][self.below(4)],
                4 => bytes.extend_from_within(place.min(bytes.len())..),
                _ if !bytes.is_empty() => bytes[place] ^= 1 << self.below(8),
                _ => bytes.push(self.below(256) as u8),
            }
        }
        bytes
    }
}

/// Decodes 100,000 altered encodings of `value`: none panics, and what decodes has no second form.
pub(crate) fn withstands<T: Wire>(value: &T) {
    let good = encode(value);
    let mut chance = Chance(7);
    let mut refused = 0;
    for _ in 0..100_000 {
        let bytes = chance.mutate(&good);
        match decode::<T>(&bytes) {
            Ok(read) => assert!(encode(&read) == bytes, "a second form of one value"),
            Err(DecodeError::Malformed) => refused += 1,
            Err(DecodeError::Version { .. } | DecodeError::TooLong { .. }) => {}
        }
    }
    assert!(refused > 10_000, "the cases are too tame: {refused}");
}

/// Flips each bit of `bytes` and expects that `opens` refuses every one.
pub(crate) fn every_bit_counts(bytes: &[u8], mut opens: impl FnMut(&[u8]) -> bool) {
    assert!(opens(bytes), "the unaltered bytes must open");
    let mut bytes = bytes.to_vec();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!opens(&bytes), "bit {bit} may be flipped");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}
