//! Measures the stages of the data path and the whole of it: seconds per GB of plain data on one
//! thread, beside the bound that the raw speed of the parts allows in the same run. The best of some
//! rounds counts; on a busy machine only the ratios mean something.
//!
//! `cargo run --release -p codec --example pipeline`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement, not the core"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base::{ChunkId, IdentityId, SpaceId, SymmetricKey};
use codec::{
    BlockCoder, Chunker, EpochKeys, Filled, Finished, Kind, Manifest, Mask, Opener, Packer, Sealer,
    Shape, Sizes, Span, Stripe, Suite, fragment_root,
};
use erasure::Code;

const INPUT: usize = 64 << 20;
const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_millis(20);
const SHAPES: [(usize, usize); 6] = [(4, 4), (7, 7), (16, 28), (16, 40), (8, 56), (64, 64)];

fn main() {
    for (name, input) in [("random", noise(INPUT)), ("text", prose(INPUT))] {
        println!("\n{name}, {} MiB: seconds per GB of plain data\n", INPUT >> 20);
        let bench = Bench::new(&input);
        bench.before_blocks();
        for (k, m) in SHAPES {
            bench.with_shape(Shape::new(k, m).expect("a known shape"));
        }
    }
}

struct Bench<'a> {
    input: &'a [u8],
    chunks: Vec<&'a [u8]>,
    chunker: Chunker,
    keys: EpochKeys,
    /// Bytes of all sealed chunks together.
    sealed: usize,
}

impl<'a> Bench<'a> {
    fn new(input: &'a [u8]) -> Bench<'a> {
        let key = |byte| SymmetricKey([byte; 32]);
        let chunker = Chunker::new(Sizes::STANDARD, &key(1));
        let keys = EpochKeys::new(SpaceId([2; 32]), 0, key(3), key(4));
        let chunks = cut_all(&chunker, input);
        let mut sealer = Sealer::new(Suite::Aes256Gcm);
        let sealed = chunks.iter().map(|chunk| seal(&mut sealer, &keys, chunk).1.len()).sum();
        Bench { input, chunks, chunker, keys, sealed }
    }

    /// Prints what the stages before the blocks cost.
    fn before_blocks(&self) {
        let mut sealer = Sealer::new(Suite::Aes256Gcm);
        let mut raw = Raw::new();
        let (chunks, keys) = (&self.chunks, &self.keys);
        let mut cut = || drop(black_box(cut_all(&self.chunker, self.input)));
        let mut id = || chunks.iter().for_each(|c| _ = black_box(keys.chunk_id(c)));
        let mut seal_all =
            || chunks.iter().for_each(|c| _ = black_box(seal(&mut sealer, keys, c).1.len()));
        let mut compress = || raw.compress(self);
        let mut buffer = vec![0; 1 << 20];
        let mut encrypt = || encrypt(&mut buffer, self.sealed);
        let costs = rounds(&mut [&mut cut, &mut id, &mut seal_all, &mut compress, &mut encrypt]);
        let [cut, id, seal, compress, encrypt] = per_gb(&costs, self.input.len());
        println!(
            "mean chunk {} KiB, sealed {:.3} of plain\n\
             cut {cut:.3}  id {id:.3}  compress and seal {seal:.3} (raw {compress:.3} + {encrypt:.3})",
            (self.input.len() / self.chunks.len()) >> 10,
            self.sealed as f64 / self.input.len() as f64
        );
    }

    fn with_shape(&self, shape: Shape) {
        let mut raw = Raw::new();
        let mut before = || raw.before_blocks(self);
        let mut stripes = Some((Stripe::new(shape), Stripe::new(shape)));
        let (mut sealer, coder) = (Sealer::new(Suite::Aes256Gcm), BlockCoder::new(shape));
        let mut full = filled(Stripe::new(shape));
        let mut masked = filled(Stripe::new(shape));
        let block = shape.full_block_bytes();
        let all = block / shape.data() * shape.total();
        let code = Code::new(shape.data(), shape.parity()).expect("a known code");
        let mut buffers: Vec<Vec<u8>> = vec![noise(block / shape.data()); shape.total()];
        let mut whole = || {
            let stripes_now = stripes.take().expect("put back below");
            stripes = Some(self.encode(stripes_now, &mut sealer, &coder));
        };
        let mut encode = || drop(black_box(coder.encode(&mut full)));
        let manifest = coder.encode(&mut masked);
        let mut mask = || mask_all(&mut masked, &manifest);
        let source = noise(block);
        let mut target = vec![0; block];
        let mut copy = || target.copy_from_slice(black_box(&source));
        let mut parity = || {
            let (data, parity) = buffers.split_at_mut(shape.data());
            let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
            let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
            code.encode(&data, &mut parity).expect("they fit");
        };
        let hashed = noise(block / shape.data());
        let mut hash = || (0..shape.total()).for_each(|_| _ = black_box(fragment_root(&hashed)));
        let mut buffer = vec![0; block / shape.data()];
        let mut encrypt = || encrypt(&mut buffer, all);
        let costs = rounds(&mut [
            &mut whole,
            &mut before,
            &mut encode,
            &mut mask,
            &mut copy,
            &mut parity,
            &mut hash,
            &mut encrypt,
        ]);
        let [whole, before] = per_gb(&costs[..2], self.input.len());
        // A GB of plain data is this much of a GB in blocks.
        let blocks = self.sealed as f64 / self.input.len() as f64;
        let [encode, mask, copy, parity, hash, encrypt] =
            per_gb(&costs[2..], block).map(|cost| cost * blocks);
        let bound = before + copy + parity + 2.0 * hash + encrypt;
        println!(
            "{:>6}: whole {whole:.3} = {:.0} % of the bound {bound:.3}; parity and roots {encode:.3} \
             (raw {parity:.3} + {hash:.3}), masks and their roots {mask:.3} (raw {encrypt:.3} + \
             {hash:.3}), copy {copy:.3}; restore {:.3}",
            format!("{}+{}", shape.data(), shape.parity()),
            100.0 * bound / whole,
            self.restore(shape),
        );
    }

    /// Everything from the plain bytes to masked fragments with their roots.
    fn encode(
        &self,
        (first, second): (Stripe, Stripe),
        sealer: &mut Sealer,
        coder: &BlockCoder,
    ) -> (Stripe, Stripe) {
        let mut packer = Packer::new(first);
        let mut spare = Some(second);
        let mut rest = self.input;
        while let Some(length) = self.chunker.cut(rest, true) {
            let (chunk, after) = rest.split_at(length);
            let mut sealed = seal(sealer, &self.keys, chunk).1;
            loop {
                sealed = packer.fill(sealed);
                if packer.is_full() {
                    let full = packer.replace(spare.take().expect("one is always spare"));
                    spare = Some(finish(full, coder));
                }
                if sealed.is_empty() {
                    break;
                }
            }
            rest = after;
        }
        let last = match packer.finish(&SymmetricKey([9; 32])) {
            Finished::Last(last) => finish(last, coder),
            Finished::Nothing(stripe) => stripe,
        };
        (last, spare.expect("one is always spare"))
    }

    /// From masked fragments in memory, the first half of all suppliers lost, to the plain bytes.
    fn restore(&self, shape: Shape) -> f64 {
        let (ids, spans, blocks) = self.stored(shape);
        let coder = BlockCoder::new(shape);
        let length = shape.full_class().bytes();
        let lost = (shape.parity() / 2).min(shape.data() / 2).max(1);
        let wanted: Vec<usize> = (0..lost).collect();
        let mut stream = vec![0; blocks.len() * shape.full_block_bytes()];
        let mut opener = Opener::new();
        let mut spare: Vec<Vec<u8>> = vec![vec![0; length]; shape.data()];
        let mut restore = || {
            for ((manifest, stripe), data) in
                blocks.iter().zip(stream.chunks_exact_mut(shape.full_block_bytes()))
            {
                let id = manifest.block_id();
                for ((index, fragment), own) in
                    stripe.fragments().enumerate().skip(lost).zip(&mut spare)
                {
                    own[..fragment.len()].copy_from_slice(fragment);
                    mask(id, index).apply(&mut own[..fragment.len()]);
                }
                let bytes = manifest.class().bytes();
                let have: Vec<_> = spare
                    .iter()
                    .enumerate()
                    .map(|(i, own)| manifest.verify(lost + i, &own[..bytes]).expect("as it was"))
                    .collect();
                let (rebuilt, kept) = data[..bytes * shape.data()].split_at_mut(lost * bytes);
                let mut out: Vec<&mut [u8]> = rebuilt.chunks_exact_mut(bytes).collect();
                coder.rebuild(manifest, &have, &wanted, &mut out).expect("enough");
                for (target, own) in kept.chunks_exact_mut(bytes).zip(&spare) {
                    target.copy_from_slice(&own[..bytes]);
                }
            }
            for (id, span) in ids.iter().zip(&spans) {
                let sealed = &stream[span.start as usize..][..span.bytes as usize];
                black_box(opener.open(&self.keys, Kind::Data, *id, sealed).expect("it opens"));
            }
        };
        per_gb::<1>(&rounds(&mut [&mut restore]), self.input.len())[0]
    }

    fn stored(&self, shape: Shape) -> (Vec<ChunkId>, Vec<Span>, Vec<(Manifest, Stripe)>) {
        let mut packer = Packer::new(Stripe::new(shape));
        let (mut ids, mut spans, mut full) = (vec![], vec![], vec![]);
        let mut sealer = Sealer::new(Suite::Aes256Gcm);
        for chunk in &self.chunks {
            let (id, mut sealed) = seal(&mut sealer, &self.keys, chunk);
            ids.push(id);
            spans.push(packer.span(sealed.len() as u32));
            while !sealed.is_empty() {
                sealed = packer.fill(sealed);
                if packer.is_full() {
                    full.push(packer.replace(Stripe::new(shape)));
                }
            }
        }
        if let Finished::Last(last) = packer.finish(&SymmetricKey([9; 32])) {
            full.push(last);
        }
        let coder = BlockCoder::new(shape);
        let coded = full.into_iter().map(|Filled { mut stripe, .. }| {
            let manifest = coder.encode(&mut stripe);
            mask_all(&mut stripe, &manifest);
            (manifest, stripe)
        });
        (ids, spans, coded.collect())
    }
}

/// The parts of the stages before the blocks, each as fast as its library.
struct Raw {
    zstd: zstd::bulk::Compressor<'static>,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Raw {
    fn new() -> Raw {
        let zstd = zstd::bulk::Compressor::new(1).expect("level 1 exists");
        Raw { zstd, out: vec![0; 5 << 20], buffer: vec![0; 1 << 20] }
    }

    /// All of what compresses, three samples of what does not.
    fn compress(&mut self, bench: &Bench<'_>) {
        let is_random = bench.sealed > bench.input.len();
        for chunk in &bench.chunks {
            let plain = if is_random { &chunk[..chunk.len().min(12 << 10)] } else { chunk };
            black_box(self.zstd.compress_to_buffer(plain, self.out.as_mut_slice()).expect("room"));
        }
    }

    fn before_blocks(&mut self, bench: &Bench<'_>) {
        black_box(cut_all(&bench.chunker, bench.input));
        bench.chunks.iter().for_each(|c| _ = black_box(blake3::keyed_hash(&[1; 32], c)));
        self.compress(bench);
        encrypt(&mut self.buffer, bench.sealed);
    }
}

fn finish(mut full: Filled, coder: &BlockCoder) -> Stripe {
    let manifest = coder.encode(&mut full.stripe);
    mask_all(&mut full.stripe, &manifest);
    full.stripe
}

fn mask(block: base::BlockId, index: usize) -> Mask {
    Mask::new(&SymmetricKey([5; 32]), IdentityId([index as u8; 32]), block, index as u8)
}

fn mask_all(stripe: &mut Stripe, manifest: &Manifest) {
    let id = manifest.block_id();
    for index in 0..stripe.shape().total() {
        let fragment = stripe.fragment_mut(index).expect("within the shape");
        black_box(mask(id, index).apply_and_root(fragment));
    }
}

fn seal<'s>(sealer: &'s mut Sealer, keys: &EpochKeys, chunk: &[u8]) -> (ChunkId, &'s [u8]) {
    let chunk = keys.identify(chunk);
    (chunk.id(), sealer.seal(keys, Kind::Data, chunk).expect("of chunk length"))
}

fn encrypt(buffer: &mut [u8], bytes: usize) {
    for _ in 0..bytes / buffer.len() {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; 32]).expect("32 bytes"));
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), buffer).expect("short");
        black_box(tag.as_ref().len());
    }
}

fn filled(stripe: Stripe) -> Stripe {
    let shape = stripe.shape();
    let mut packer = Packer::new(stripe);
    packer.fill(&noise(shape.full_block_bytes()));
    packer.replace(Stripe::new(shape)).stripe
}

fn cut_all<'a>(chunker: &Chunker, mut rest: &'a [u8]) -> Vec<&'a [u8]> {
    let mut chunks = vec![];
    while let Some(length) = chunker.cut(rest, true) {
        let (chunk, after) = rest.split_at(length);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// The least time of each over all rounds, taken in turn.
fn rounds(works: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; works.len()];
    for _ in 0..ROUNDS {
        for (best, work) in best.iter_mut().zip(works.iter_mut()) {
            let (start, mut calls) = (Instant::now(), 0);
            while calls == 0 || start.elapsed() < TURN {
                work();
                calls += 1;
            }
            *best = best.min(start.elapsed().as_secs_f64() / f64::from(calls));
        }
    }
    best
}

fn per_gb<const N: usize>(seconds: &[f64], bytes: usize) -> [f64; N] {
    std::array::from_fn(|i| seconds[i] / bytes as f64 * 1e9)
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

/// Words by chance, compressing about fourfold.
fn prose(length: usize) -> Vec<u8> {
    let words: Vec<String> = (0..2000u32)
        .map(|i| {
            let hash = blake3::hash(&i.to_le_bytes());
            let letters = 2 + usize::from(hash.as_bytes()[0] % 8);
            hash.as_bytes()[1..=letters].iter().map(|b| char::from(b'a' + b % 26)).collect()
        })
        .collect();
    let choices = noise(length);
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
