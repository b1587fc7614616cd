//! The parts of the data path, each as fast as its library.

use std::hint::black_box;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::stages::{Stages, cut_all};

/// A compressor, its reverse, and their buffers.
pub(super) struct Raw {
    zstd: zstd::bulk::Compressor<'static>,
    unpack: zstd::bulk::Decompressor<'static>,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Raw {
    /// Level 1, as in the data path.
    pub(super) fn new() -> Self {
        let zstd = zstd::bulk::Compressor::new(1).expect("level 1 exists");
        let unpack = zstd::bulk::Decompressor::new().expect("no dictionary is needed");
        Self { zstd, unpack, out: vec![0; 5 << 20], buffer: vec![0; 1 << 20] }
    }

    /// All of what compresses, three samples of what does not.
    pub(super) fn compress(&mut self, stages: &Stages<'_>) {
        for chunk in &stages.chunks {
            let plain =
                if stages.is_random() { &chunk[..chunk.len().min(12 << 10)] } else { chunk };
            black_box(self.zstd.compress_to_buffer(plain, self.out.as_mut_slice()).expect("room"));
        }
    }

    /// Cut, name, compress, encrypt.
    pub(super) fn before_blocks(&mut self, stages: &Stages<'_>) {
        black_box(cut_all(&stages.chunker, stages.input));
        identify(stages);
        self.compress(stages);
        encrypt(&mut self.buffer, stages.sealed);
    }

    /// All chunks compressed; none where nothing is gained.
    pub(super) fn packed(&mut self, stages: &Stages<'_>) -> Vec<Vec<u8>> {
        let chunks = if stages.is_random() { &[][..] } else { &stages.chunks };
        chunks.iter().map(|chunk| self.zstd.compress(chunk).expect("room")).collect()
    }

    /// What opening costs: decryption, as dear as encryption, decompression, and the id.
    pub(super) fn open(&mut self, stages: &Stages<'_>, packed: &[Vec<u8>]) {
        encrypt(&mut self.buffer, stages.sealed);
        for chunk in packed {
            let plain = self.unpack.decompress_to_buffer(chunk, self.out.as_mut_slice());
            black_box(plain.expect("room"));
        }
        identify(stages);
    }
}

fn identify(stages: &Stages<'_>) {
    stages.chunks.iter().for_each(|chunk| _ = black_box(blake3::keyed_hash(&[1; 32], chunk)));
}

/// Encrypts so many bytes, a buffer at a time.
pub(super) fn encrypt(buffer: &mut [u8], bytes: usize) {
    for _ in 0..bytes / buffer.len() {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; 32]).expect("32 bytes"));
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), buffer).expect("short");
        black_box(tag.as_ref().len());
    }
}
