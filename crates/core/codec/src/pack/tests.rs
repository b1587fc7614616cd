//! What is packed is found again at its extents, and padding tells nothing.

use proptest::prelude::*;

use super::*;
use crate::fixtures::{key, noise};
use crate::shape::FragmentClass;

/// Packs all chunks and returns their spans and the data of all blocks.
fn pack(shape: Shape, chunks: &[Vec<u8>]) -> (Vec<Span>, Vec<Vec<u8>>) {
    let mut packer = Packer::new(Stripe::new(shape));
    let (mut spans, mut blocks) = (Vec::new(), Vec::new());
    for chunk in chunks {
        spans.push(packer.span(chunk.len() as u32));
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            rest = packer.fill(rest);
            if packer.is_full() {
                let filled = packer.replace(Stripe::new(shape));
                assert_eq!(filled.block as usize, blocks.len());
                blocks.push(filled.stripe.data().to_vec());
            }
        }
    }
    if let Finished::Last(filled) = packer.finish(&key(1)) {
        assert_eq!(filled.block as usize, blocks.len());
        blocks.push(filled.stripe.data().to_vec());
    }
    (spans, blocks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chunks_are_found_at_their_extents(
        k in 1usize..4, seed: u64, lengths in prop::collection::vec(0usize..1_500_000, 0..8),
    ) {
        let shape = Shape::new(k, 1).unwrap();
        let chunks: Vec<Vec<u8>> =
            lengths.iter().zip(seed..).map(|(&length, seed)| noise(seed, length)).collect();
        let (spans, blocks) = pack(shape, &chunks);
        for (span, chunk) in spans.iter().zip(&chunks) {
            let found: Vec<u8> = span
                .extents(shape)
                .flat_map(|e| &blocks[e.block as usize][e.offset as usize..][..e.bytes as usize])
                .copied()
                .collect();
            prop_assert!(found == *chunk);
        }
        let total: usize = lengths.iter().sum();
        let full = shape.full_block_bytes();
        prop_assert_eq!(blocks.len(), total.div_ceil(full));
        prop_assert!(blocks.iter().rev().skip(1).all(|block| block.len() == full));
    }
}

#[test]
fn a_block_that_is_exactly_full_leaves_nothing_to_pad() {
    let shape = Shape::new(2, 2).unwrap();
    let (_, blocks) = pack(shape, &[noise(1, 2 << 20)]);
    assert_eq!(blocks.len(), 1);
    let mut packer = Packer::new(Stripe::new(shape));
    packer.fill(&noise(1, 2 << 20));
    let packer = Packer::new(packer.replace(Stripe::new(shape)).stripe);
    assert!(matches!(packer.finish(&key(1)), Finished::Nothing(stripe) if stripe.used() == 0));
}

#[test]
fn padding_looks_like_noise_and_depends_on_its_key() {
    let shape = Shape::new(3, 2).unwrap();
    let last = |padding_key, bytes| {
        let mut packer = Packer::new(Stripe::new(shape));
        packer.fill(&noise(1, bytes));
        let Finished::Last(filled) = packer.finish(&key(padding_key)) else { panic!("not empty") };
        assert_eq!(filled.stripe.used(), bytes);
        (filled.stripe.class(), filled.stripe.data().to_vec())
    };
    let (class, data) = last(1, 100);
    assert_eq!((class, data.len()), (FragmentClass::SMALLEST, 3 * 4096));
    assert_eq!(data[..100], noise(1, 100));
    let padding = &data[100..];
    assert!(zstd::bulk::compress(padding, 1).unwrap().len() >= padding.len());
    let (_, again) = last(1, 100);
    let (_, other) = last(2, 100);
    assert_eq!(again, data);
    assert_ne!(other[100..], data[100..]);
    assert_eq!(last(1, 3 * 4096).1.len(), 3 * 4096);
    assert_eq!(last(1, 3 * 4096 + 1).1.len(), 3 * 8192);
}

#[test]
#[should_panic(expected = "only full blocks are replaced")]
fn a_block_with_room_cannot_be_taken() {
    let shape = Shape::new(1, 1).unwrap();
    Packer::new(Stripe::new(shape)).replace(Stripe::new(shape));
}
