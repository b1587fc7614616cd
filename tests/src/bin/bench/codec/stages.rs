//! The data path in memory, from plain bytes to masked fragments and back.

use std::cell::RefCell;
use std::hint::black_box;

use base::{BlockId, ChunkId, IdentityId, SpaceId, SymmetricKey};
use codec::{
    BlockCoder, Chunker, EpochKeys, Filled, Finished, Kind, Manifest, Mask, Opener, Packer, Sealer,
    Shape, Sizes, Span, Stripe, Suite,
};
use erasure::Code;

use crate::input::noise;

const PADDING_KEY: SymmetricKey = SymmetricKey([9; 32]);

/// An input with its chunks and keys.
pub(super) struct Stages<'a> {
    pub(super) input: &'a [u8],
    pub(super) chunks: Vec<&'a [u8]>,
    pub(super) chunker: Chunker,
    pub(super) keys: EpochKeys,
    /// Bytes of all sealed chunks together.
    pub(super) sealed: usize,
}

/// What lies at the suppliers, and where the chunks are in it.
pub(super) struct Stored {
    ids: Vec<ChunkId>,
    spans: Vec<Span>,
    blocks: Vec<(Manifest, Stripe)>,
    buffers: RefCell<Buffers>,
}

/// Reused, as in a restore.
struct Buffers {
    stream: Vec<u8>,
    fragments: Vec<Vec<u8>>,
    opener: Opener,
}

impl<'a> Stages<'a> {
    /// Cuts and seals the input once, to know its chunks and their lengths.
    pub(super) fn new(input: &'a [u8]) -> Self {
        let key = |byte| SymmetricKey([byte; 32]);
        let chunker = Chunker::new(Sizes::STANDARD, &key(1));
        let keys = EpochKeys::new(SpaceId([2; 32]), 0, key(3), key(4));
        let chunks = cut_all(&chunker, input);
        let mut sealer = Sealer::new(Suite::Aes256Gcm);
        let sealed = chunks.iter().map(|chunk| seal(&mut sealer, &keys, chunk).1.len()).sum();
        Self { input, chunks, chunker, keys, sealed }
    }

    /// Whether nothing was gained by compressing.
    pub(super) fn is_random(&self) -> bool {
        self.sealed > self.input.len()
    }

    /// Everything from the plain bytes to masked fragments with their roots.
    pub(super) fn encode(
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
                    spare = Some(finish(full, coder).1);
                }
                if sealed.is_empty() {
                    break;
                }
            }
            rest = after;
        }
        let last = match packer.finish(&PADDING_KEY) {
            Finished::Last(last) => finish(last, coder).1,
            Finished::Nothing(stripe) => stripe,
        };
        (last, spare.expect("one is always spare"))
    }

    /// The masked fragments of all blocks, kept.
    pub(super) fn stored(&self, shape: Shape) -> Stored {
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
        if let Finished::Last(last) = packer.finish(&PADDING_KEY) {
            full.push(last);
        }
        let coder = BlockCoder::new(shape);
        let blocks: Vec<_> = full.into_iter().map(|full| finish(full, &coder)).collect();
        let stream = vec![0; blocks.len() * shape.full_block_bytes()];
        let fragments = vec![vec![0; shape.full_class().bytes()]; shape.data()];
        let buffers = RefCell::new(Buffers { stream, fragments, opener: Opener::new() });
        Stored { ids, spans, blocks, buffers }
    }

    /// From masked fragments, half of those lost that may be, to the plain bytes.
    pub(super) fn decode(&self, shape: Shape, stored: &Stored) {
        let coder = BlockCoder::new(shape);
        let (lost, full) = (lost(shape), shape.full_block_bytes());
        let wanted: Vec<usize> = (0..lost).collect();
        let Buffers { stream, fragments, opener } = &mut *stored.buffers.borrow_mut();
        for ((manifest, stripe), data) in stored.blocks.iter().zip(stream.chunks_exact_mut(full)) {
            let (id, bytes) = (manifest.block_id(), manifest.class().bytes());
            for ((index, fragment), own) in
                stripe.fragments().enumerate().skip(lost).zip(&mut *fragments)
            {
                own[..bytes].copy_from_slice(fragment);
                mask(id, index).apply(&mut own[..bytes]);
            }
            let have: Vec<_> = fragments
                .iter()
                .enumerate()
                .map(|(number, own)| manifest.verify(lost + number, &own[..bytes]))
                .collect::<Result<_, _>>()
                .expect("as it was");
            let (rebuilt, kept) = data[..bytes * shape.data()].split_at_mut(lost * bytes);
            let mut out: Vec<&mut [u8]> = rebuilt.chunks_exact_mut(bytes).collect();
            coder.rebuild(manifest, &have, &wanted, &mut out).expect("enough");
            for (target, own) in kept.chunks_exact_mut(bytes).zip(&*fragments) {
                target.copy_from_slice(&own[..bytes]);
            }
        }
        for (id, span) in stored.ids.iter().zip(&stored.spans) {
            let sealed = &stream[span.start as usize..][..span.bytes as usize];
            black_box(opener.open(&self.keys, Kind::Data, *id, sealed).expect("it opens"));
        }
    }

    /// Only the arithmetic of making what is lost, for as many blocks.
    pub(super) fn rebuild(&self, shape: Shape, stored: &Stored) {
        let code = Code::new(shape.data(), shape.parity()).expect("a known code");
        let (lost, total) = (lost(shape), shape.total());
        let present: Vec<bool> = (0..total).map(|index| index >= lost).collect();
        let wanted: Vec<usize> = (0..lost).collect();
        let plan = code.plan(&present, &wanted).expect("enough are left");
        let Buffers { stream, fragments, .. } = &mut *stored.buffers.borrow_mut();
        for (manifest, _) in &stored.blocks {
            let bytes = manifest.class().bytes();
            let sources: Vec<&[u8]> = fragments.iter().map(|own| &own[..bytes]).collect();
            let mut out: Vec<&mut [u8]> = stream.chunks_exact_mut(bytes).take(lost).collect();
            plan.apply(&sources, &mut out).expect("they fit");
        }
    }
}

/// How many data fragments are taken as lost.
fn lost(shape: Shape) -> usize {
    (shape.parity() / 2).min(shape.data() / 2).max(1)
}

fn finish(mut full: Filled, coder: &BlockCoder) -> (Manifest, Stripe) {
    let manifest = coder.encode(&mut full.stripe);
    mask_all(&mut full.stripe, &manifest);
    (manifest, full.stripe)
}

fn mask(block: BlockId, index: usize) -> Mask {
    Mask::new(&SymmetricKey([5; 32]), IdentityId([index as u8; 32]), block, index as u8)
}

/// Masks all fragments and hashes them again, for the receipts.
pub(super) fn mask_all(stripe: &mut Stripe, manifest: &Manifest) {
    let id = manifest.block_id();
    for index in 0..stripe.shape().total() {
        let fragment = stripe.fragment_mut(index).expect("within the shape");
        black_box(mask(id, index).apply_and_root(fragment));
    }
}

/// Names and seals one chunk.
pub(super) fn seal<'s>(
    sealer: &'s mut Sealer,
    keys: &EpochKeys,
    chunk: &[u8],
) -> (ChunkId, &'s [u8]) {
    let chunk = keys.identify(chunk);
    (chunk.id(), sealer.seal(keys, Kind::Data, chunk).expect("of chunk length"))
}

/// A full block of noise.
pub(super) fn filled(stripe: Stripe) -> Stripe {
    let shape = stripe.shape();
    let mut packer = Packer::new(stripe);
    packer.fill(&noise(4, shape.full_block_bytes()));
    packer.replace(Stripe::new(shape)).stripe
}

/// All chunks of an input.
pub(super) fn cut_all<'a>(chunker: &Chunker, mut rest: &'a [u8]) -> Vec<&'a [u8]> {
    let mut chunks = vec![];
    while let Some(length) = chunker.cut(rest, true) {
        let (chunk, after) = rest.split_at(length);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}
