//! Content for a sample: from a seed, quick, and of a known sort.

use std::io::{self, Write};

/// What content is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Cannot be compressed.
    Random,
    /// Compresses like written text.
    Text,
    /// Random blocks that come again and again, as in disk images.
    Repeated,
}

const BUFFER_BYTES: usize = 256 << 10;
const REPEATED_BLOCKS: u64 = 8;
const REPEATED_BLOCK_BYTES: usize = 2 << 20;

const WORDS: [&str; 64] = [
    "the", "of", "and", "to", "in", "that", "was", "his", "he", "it", "with", "is", "for", "as",
    "had", "you", "not", "be", "her", "on", "at", "by", "which", "have", "or", "from", "this",
    "him", "but", "all", "she", "they", "were", "my", "are", "me", "one", "their", "so", "an",
    "said", "them", "we", "who", "would", "been", "will", "no", "when", "there", "network", "node",
    "fragment", "supplier", "catalog", "message", "identity", "contract", "between", "another",
    "evening", "mountain", "remember", "window",
];

/// The generator splitmix64, for tests and samples only.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, 0 if there is none.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    pub(super) fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// Words with spaces, ends of sentences, numbers and ends of lines.
    fn fill_with_text(&mut self, buffer: &mut Vec<u8>, bytes: usize) {
        buffer.clear();
        while buffer.len() < bytes {
            let mut random = self.next();
            for _ in 0..6 {
                buffer.extend_from_slice(WORDS[(random % 64) as usize].as_bytes());
                buffer.push(b' ');
                random >>= 6;
            }
            match random % 16 {
                0 => buffer.extend_from_slice(b".\n"),
                1 => buffer.extend_from_slice(random.to_string().as_bytes()),
                _ => {}
            }
        }
        buffer.truncate(bytes);
    }
}

pub(super) fn write_content(
    out: &mut impl Write,
    sort: Sort,
    bytes: u64,
    seed: u64,
) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut left = bytes;
    let mut buffer = Vec::new();
    while left > 0 {
        let step = if sort == Sort::Repeated { REPEATED_BLOCK_BYTES } else { BUFFER_BYTES };
        let step = step.min(usize::try_from(left).unwrap_or(usize::MAX));
        match sort {
            Sort::Text => random.fill_with_text(&mut buffer, step),
            Sort::Random => {
                buffer.resize(step, 0);
                random.fill(&mut buffer);
            }
            Sort::Repeated => {
                buffer.resize(step, 0);
                Random::new(seed ^ random.below(REPEATED_BLOCKS)).fill(&mut buffer);
            }
        }
        out.write_all(&buffer)?;
        left -= step as u64;
    }
    Ok(())
}
