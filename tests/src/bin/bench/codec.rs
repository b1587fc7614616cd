//! The stages of the data path in memory and the whole of it: CPU seconds per GB of plain data on one
//! thread, beside the bound that the raw speed of the parts allows in the same run. Of several
//! rounds the best counts.

mod raw;
mod stages;

use std::hint::black_box;

use codec::{BlockCoder, Sealer, Shape, Stripe, Suite, fragment_root};
use erasure::Code;

use crate::cost::thread_cpu_s;
use crate::input::{noise, prose};
use crate::report::Table;
use crate::scale::Scale;
use raw::{Raw, encrypt};
use stages::{Stages, cut_all, filled, mask_all, seal};

const SHAPES: [(usize, usize); 6] = [(4, 4), (7, 7), (16, 28), (16, 40), (8, 56), (64, 64)];
/// A work is repeated until it took this long, seconds of CPU.
const TURN_S: f64 = 0.02;

/// CPU seconds per GB of plain data, and their bounds by the parts.
#[derive(Clone, Copy)]
pub(crate) struct Whole {
    pub(crate) encode: f64,
    pub(crate) encode_bound: f64,
    pub(crate) decode: f64,
    pub(crate) decode_bound: f64,
}

/// The tables.
pub(crate) fn run(scale: &Scale) -> Vec<Table> {
    let mut tables = vec![];
    for (name, input) in
        [("random", noise(0, scale.codec_bytes())), ("text", prose(scale.codec_bytes()))]
    {
        let stages = Stages::new(&input);
        tables.push(before_blocks(name, &stages, scale));
        let columns = [
            "", "encode", "bound", "of bound", "parity", "hash", "mask", "copy", "decode", "bound",
        ];
        let mut table =
            Table::new(format!("Codec, {name}: blocks, CPU-s/GB of plain data"), &columns);
        for (data, parity) in SHAPES {
            let shape = Shape::new(data, parity).expect("a known shape");
            with_shape(&stages, shape, scale, Some(&mut table));
        }
        table.note(
            "encode: everything from plain bytes to masked fragments with their roots; its bound: \
             the stages before the blocks, copy, parity, two hashes and the mask. Target: 0.80. \
             decode: unmask, verify, make what is lost (half of what may be), open; its bound: \
             the mask, hash and rebuilding of k fragments, and decryption, decompression and id of the \
             content.",
        );
        tables.push(table);
    }
    tables
}

/// What incompressible data costs with this shape.
pub(crate) fn whole(data: usize, parity: usize, scale: &Scale) -> Whole {
    let input = noise(0, scale.codec_bytes());
    let shape = Shape::new(data, parity).expect("a known shape");
    with_shape(&Stages::new(&input), shape, scale, None)
}

fn before_blocks(name: &str, stages: &Stages<'_>, scale: &Scale) -> Table {
    let mut sealer = Sealer::new(Suite::Aes256Gcm);
    let mut raw = Raw::new();
    let (chunks, keys) = (&stages.chunks, &stages.keys);
    let mut cut = || drop(black_box(cut_all(&stages.chunker, stages.input)));
    let mut id = || chunks.iter().for_each(|chunk| _ = black_box(keys.chunk_id(chunk)));
    let mut seal_all =
        || chunks.iter().for_each(|chunk| _ = black_box(seal(&mut sealer, keys, chunk).1.len()));
    let mut compress = || raw.compress(stages);
    let mut buffer = vec![0; 1 << 20];
    let mut encrypt = || encrypt(&mut buffer, stages.sealed);
    let mut works: [&mut dyn FnMut(); 5] =
        [&mut cut, &mut id, &mut seal_all, &mut compress, &mut encrypt];
    let [cut, id, seal, compress, encrypt] = per_gb(&rounds(&mut works, scale), stages.input.len());
    let title = format!("Codec, {name}: before the blocks, CPU-s/GB of plain data");
    let mut table = Table::new(title, &["", "CPU-s/GB", "raw parts"]);
    table.row(vec!["cut into chunks".into(), cut.into(), cut.into()]);
    // The id of a chunk is made in `seal` too; alone it is its own raw part.
    table.row(vec!["id".into(), id.into(), id.into()]);
    table.row(vec!["id, compress, encrypt".into(), seal.into(), (id + compress + encrypt).into()]);
    let mean_kib = (stages.input.len() / chunks.len()) >> 10;
    let sealed = stages.sealed as f64 / stages.input.len() as f64;
    table.note(format!("Mean chunk {mean_kib} KiB, sealed {sealed:.3} of plain."));
    table
}

fn with_shape(
    stages: &Stages<'_>,
    shape: Shape,
    scale: &Scale,
    table: Option<&mut Table>,
) -> Whole {
    let mut raw = Raw::new();
    let mut before = || raw.before_blocks(stages);
    let mut stripes = Some((Stripe::new(shape), Stripe::new(shape)));
    let (mut sealer, coder) = (Sealer::new(Suite::Aes256Gcm), BlockCoder::new(shape));
    let mut encode = || {
        let now = stripes.take().expect("put back below");
        stripes = Some(stages.encode(now, &mut sealer, &coder));
    };
    let mut masked = filled(Stripe::new(shape));
    let manifest = coder.encode(&mut masked);
    let mut mask = || mask_all(&mut masked, &manifest);
    let block = shape.full_block_bytes();
    let (source, mut target) = (noise(1, block), vec![0; block]);
    let mut copy = || target.copy_from_slice(black_box(&source));
    let code = Code::new(shape.data(), shape.parity()).expect("a known code");
    let fragment = block / shape.data();
    let mut buffers: Vec<Vec<u8>> = vec![noise(2, fragment); shape.total()];
    let mut parity = || {
        let (data, parity) = buffers.split_at_mut(shape.data());
        let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
        let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
        code.encode(&data, &mut parity).expect("they fit");
    };
    let hashed = noise(3, fragment);
    let mut hash = || (0..shape.total()).for_each(|_| _ = black_box(fragment_root(&hashed)));
    let mut buffer = vec![0; fragment];
    let mut encrypt_all = || encrypt(&mut buffer, fragment * shape.total());
    let mut works: [&mut dyn FnMut(); 7] =
        [&mut encode, &mut before, &mut mask, &mut copy, &mut parity, &mut hash, &mut encrypt_all];
    let costs = rounds(&mut works, scale);
    let [encode, before] = per_gb(&costs[..2], stages.input.len());
    // A GB of plain data is this much of a GB in blocks.
    let blocks = stages.sealed as f64 / stages.input.len() as f64;
    let [mask, copy, parity, hash, encrypt] = per_gb(&costs[2..], block).map(|cost| cost * blocks);
    let stored = stages.stored(shape);
    let mut decode = || stages.decode(shape, &stored);
    let mut opener = Raw::new();
    let packed = opener.packed(stages);
    let mut open = || opener.open(stages, &packed);
    let mut rebuild = || stages.rebuild(shape, &stored);
    let [decode, open, rebuild] =
        per_gb(&rounds(&mut [&mut decode, &mut open, &mut rebuild], scale), stages.input.len());
    let kept = shape.data() as f64 / shape.total() as f64;
    let whole = Whole {
        encode,
        encode_bound: before + copy + parity + 2.0 * hash + encrypt,
        decode,
        decode_bound: (encrypt + hash) * kept + rebuild + open,
    };
    if let Some(table) = table {
        table.row(vec![
            format!("{}+{}", shape.data(), shape.parity()).into(),
            encode.into(),
            whole.encode_bound.into(),
            (whole.encode_bound / encode).into(),
            parity.into(),
            hash.into(),
            mask.into(),
            copy.into(),
            decode.into(),
            whole.decode_bound.into(),
        ]);
    }
    whole
}

/// The least CPU seconds of each work over all rounds, taken in turn.
fn rounds(works: &mut [&mut dyn FnMut()], scale: &Scale) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; works.len()];
    for _ in 0..scale.codec_rounds() {
        for (best, work) in best.iter_mut().zip(works.iter_mut()) {
            let (begun, mut calls) = (thread_cpu_s(), 0);
            while calls == 0 || thread_cpu_s() - begun < TURN_S {
                work();
                calls += 1;
            }
            *best = best.min((thread_cpu_s() - begun) / f64::from(calls));
        }
    }
    best
}

fn per_gb<const N: usize>(seconds: &[f64], bytes: usize) -> [f64; N] {
    std::array::from_fn(|number| seconds[number] / bytes as f64 * 1e9)
}
