//! Content that neither compresses nor repeats.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file of so many bytes; another seed makes quite another file.
///
/// # Errors
/// It cannot be written.
pub fn write_noise(path: &Path, bytes: u64, seed: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut piece = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        // Xorshift (Marsaglia, 2003).
        for word in piece.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        file.write_all(&piece[..part])?;
        left -= part as u64;
    }
    Ok(())
}
