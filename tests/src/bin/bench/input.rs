//! What is measured with: bytes that nothing compresses, words, and files of them.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;

/// Bytes that nothing compresses, others for each seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Words by chance, compressing about fourfold.
pub(crate) fn prose(length: usize) -> Vec<u8> {
    let words: Vec<String> = (0..2000u32)
        .map(|i| {
            let hash = blake3::hash(&i.to_le_bytes());
            let letters = 2 + usize::from(hash.as_bytes()[0] % 8);
            hash.as_bytes()[1..=letters].iter().map(|b| char::from(b'a' + b % 26)).collect()
        })
        .collect();
    let choices = noise(0, length);
    let mut text = Vec::with_capacity(length + 16);
    for pair in choices.chunks_exact(2) {
        if text.len() >= length {
            break;
        }
        // Some words are far more frequent than others.
        let number = usize::from(pair[0]) * usize::from(pair[1]) * 2000 / 65_536;
        text.extend_from_slice(words[number].as_bytes());
        text.push(b' ');
    }
    text.resize(length, b' ');
    text
}

/// A file of noise.
pub(crate) fn write_noise(path: &Path, bytes: u64) -> anyhow::Result<()> {
    const PIECE: usize = 1 << 20;
    let mut file = std::fs::File::create(path).context("cannot make a file")?;
    for seed in 0..bytes / PIECE as u64 {
        file.write_all(&noise(seed, PIECE))?;
    }
    Ok(())
}

/// So many files of this length, a hundred to a directory.
pub(crate) fn write_small(root: &Path, files: usize, bytes: usize) -> anyhow::Result<()> {
    for number in 0..files {
        let directory = root.join(format!("{:04}", number / 100));
        if number % 100 == 0 {
            std::fs::create_dir_all(&directory)?;
        }
        std::fs::write(directory.join(format!("{number:06}")), noise(number as u64, bytes))?;
    }
    Ok(())
}

/// Waits until a change of `path`, which was just written, would show in `stat`: what is younger is
/// read again by the next backup, changed or not, for some file systems count in steps of two seconds.
pub(crate) async fn settle(path: &Path) -> anyhow::Result<()> {
    let changed = std::fs::metadata(path)?.ctime();
    let is_settled = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.is_ok_and(|now| now.as_secs() as i64 > changed + 3)
    };
    let mut look = tokio::time::interval(Duration::from_millis(100));
    while !is_settled() {
        look.tick().await;
    }
    Ok(())
}
