//! Sealed chunks and records, manifests and range proofs, as suppliers give them back.

use std::cell::RefCell;
use std::sync::LazyLock;

use base::{ChunkId, SpaceId, SymmetricKey, encode};
use codec::{
    BlockCoder, EpochKeys, Finished, FragmentClass, Kind, Manifest, Opener, Packer, RangeProof,
    RecordScope, Sealer, Shape, Stripe, Suite, fragment_root,
};

use super::{Decoder, read};

/// A sealed chunk, behind its id.
pub const CHUNK: Decoder =
    Decoder { name: "codec_chunk", takes: takes_chunk, valid: || CHUNKS.clone() };
/// A sealed record.
pub const RECORD: Decoder =
    Decoder { name: "codec_record", takes: takes_record, valid: || RECORDS.clone() };
/// What a block consists of.
pub const MANIFEST: Decoder =
    Decoder { name: "codec_manifest", takes: takes_manifest, valid: valid_manifests };
/// A proof that a part of a fragment is there.
pub const PROOF: Decoder = Decoder { name: "codec_proof", takes: takes_proof, valid: valid_proofs };

const SECRET: SymmetricKey = SymmetricKey([3; 32]);
const ID_BYTES: usize = 32;
const SCOPE: RecordScope<'static> = RecordScope {
    space: SpaceId([1; 32]),
    epoch: 5,
    kind: Kind::Catalog,
    id: [7; 32],
    secret: &SECRET,
};

static CHUNKS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut chunks = vec![];
    for suite in [Suite::Aes256Gcm, Suite::ChaCha20Poly1305] {
        let mut sealer = Sealer::new(suite);
        for plain in [&b""[..], b"dust", &prose(3_000), &noise(500)] {
            let chunk = keys().identify(plain);
            let sealed = sealer.seal(&keys(), Kind::Data, chunk).expect("short");
            chunks.push([&chunk.id().0, sealed].concat());
        }
    }
    chunks
});

static RECORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let seal = |(suite, salt, plain): (Suite, u8, Vec<u8>)| {
        let mut sealer = Sealer::new(suite);
        sealer.seal_record(&SCOPE, &[salt; 32], &plain).expect("short").to_vec()
    };
    let (aes, chacha) = (Suite::Aes256Gcm, Suite::ChaCha20Poly1305);
    [(aes, 1, vec![]), (aes, 2, prose(2_000)), (chacha, 3, noise(300))].map(seal).to_vec()
});

thread_local! {
    static OPENER: RefCell<Opener> = RefCell::default();
}

fn keys() -> EpochKeys {
    EpochKeys::new(SCOPE.space, SCOPE.epoch, SymmetricKey([2; 32]), SECRET)
}

fn takes_chunk(bytes: &[u8]) -> bool {
    let Some((id, sealed)) = bytes.split_first_chunk::<ID_BYTES>() else { return false };
    let is_taken = OPENER
        .with_borrow_mut(|opener| opener.open(&keys(), Kind::Data, ChunkId(*id), sealed).is_ok());
    assert!(!is_taken || CHUNKS.iter().any(|made| made == bytes), "a forged chunk");
    is_taken
}

fn takes_record(bytes: &[u8]) -> bool {
    let is_taken = OPENER.with_borrow_mut(|opener| opener.open_record(&SCOPE, bytes).is_ok());
    assert!(!is_taken || RECORDS.iter().any(|made| made == bytes), "a forged record");
    is_taken
}

fn takes_manifest(bytes: &[u8]) -> bool {
    let Some(manifest) = read::<Manifest>(bytes) else { return false };
    let (shape, class) = (manifest.shape(), manifest.class());
    assert_eq!(manifest.roots().len(), shape.total());
    assert!(class.bytes() * shape.data() <= shape.full_block_bytes(), "a block too large");
    let _ = manifest.verify(bytes.len() % 300, bytes);
    let data = class.bytes() * shape.data();
    let pieces: usize = manifest.pieces(bytes.len(), usize::MAX).map(|piece| piece.bytes).sum();
    assert_eq!(pieces, data - bytes.len().min(data), "the pieces are not the rest of the block");
    true
}

fn valid_manifests() -> Vec<Vec<u8>> {
    [(7, 7), (2, 2), (16, 28)].map(|(data, parity)| encode(&manifest(data, parity))).to_vec()
}

fn manifest(data: usize, parity: usize) -> Manifest {
    let shape = Shape::new(data, parity).expect("a known shape");
    let mut packer = Packer::new(Stripe::new(shape));
    packer.fill(&noise(3_000));
    match packer.finish(&SECRET) {
        Finished::Last(mut last) => BlockCoder::new(shape).encode(&mut last.stripe),
        Finished::Nothing(_) => unreachable!("something was put in"),
    }
}

fn takes_proof(bytes: &[u8]) -> bool {
    let Some(proof) = read::<RangeProof>(bytes) else { return false };
    let class = FragmentClass::of(FRAGMENT.len()).expect("the length of a class");
    let Ok(proved) = proof.verify(class, fragment_root(&FRAGMENT)) else { return false };
    let start = (proof.index as usize) << (10 + proof.level);
    assert!(proved == &FRAGMENT[start..][..proved.len()], "a false proof");
    true
}

static FRAGMENT: LazyLock<Vec<u8>> = LazyLock::new(|| noise(16 << 10));

fn valid_proofs() -> Vec<Vec<u8>> {
    let make = |(level, index)| encode(&RangeProof::make(&FRAGMENT, level, index).expect("inside"));
    [(0, 0), (0, 15), (1, 3), (2, 2)].map(make).to_vec()
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

fn prose(length: usize) -> Vec<u8> {
    let mut text = b"a fragment is one of the pieces of a block; ".repeat(length / 44 + 1);
    text.truncate(length);
    text
}
