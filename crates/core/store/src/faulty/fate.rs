//! What a crash leaves: each choice is a function of the seed and of *what* was written *where*,
//! never of when, so that callers who write in any order see the same crash for the same seed.

/// What survives of the un-synced changes of one file, or of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nothing reached the device.
    Nothing,
    /// Everything reached the device.
    Everything,
    /// What lies below a point reached the device; the write at the point is torn.
    Prefix,
    /// Some writes did, whole.
    Writes,
    /// Some sectors did.
    Sectors,
}

impl Mode {
    pub(super) fn of(seed: u64, name: &str) -> Self {
        match mix(seed, &[1, text_key(name)]) % 8 {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 | 3 => Self::Prefix,
            4 => Self::Writes,
            _ => Self::Sectors,
        }
    }
}

/// A number made of a seed and of what is decided on (splitmix64, Steele, Lea and Flood 2014).
pub(super) fn mix(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(splitmix(seed), |state, part| splitmix(state ^ splitmix(*part)))
}

/// A number that stands for a text.
pub(super) fn text_key(text: &str) -> u64 {
    fingerprint(text.as_bytes())
}

/// A number that stands for some bytes (FNV-1a over words).
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64 ^ bytes.len() as u64;
    for piece in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        state ^= state >> 29;
    }
    state
}

fn splitmix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
