//! Cheap random choices, the same each time.

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
pub struct Chance(pub u64);

impl Chance {
    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// `bytes` with some bits, bytes, runs or its length altered, or a part of `other` in it.
    pub fn alter(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len().max(1));
            match self.below(8) {
                0 => bytes.truncate(place),
                1 => bytes.insert(place.min(bytes.len()), self.below(256) as u8),
                2 if !bytes.is_empty() => drop(bytes.remove(place)),
                3 if !bytes.is_empty() => bytes[place] = [0, 1, 0x7f, 0xff][self.below(4)],
                4 if bytes.len() < 1 << 20 => bytes.extend_from_within(place.min(bytes.len())..),
                5 => {
                    let from = self.below(other.len().max(1)).min(other.len());
                    bytes.truncate(place);
                    bytes.extend_from_slice(&other[from..]);
                }
                _ if !bytes.is_empty() => bytes[place] ^= 1 << self.below(8),
                _ => bytes.push(self.below(256) as u8),
            }
        }
        bytes
    }
}
