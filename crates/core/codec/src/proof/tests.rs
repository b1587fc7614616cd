//! A proof convinces of its range, and of nothing else.

use base::{decode, encode};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{Choices, noise};
use crate::fragment_root;

#[test]
fn every_range_of_every_level_is_proved() {
    for class in FragmentClass::all().take(4) {
        let fragment = noise(1, class.bytes());
        let root = fragment_root(&fragment);
        let height = (class.bytes() / LEAF).ilog2() as u8;
        for level in 0..=height {
            for index in 0..1u32 << (height - level) {
                let proof = RangeProof::make(&fragment, level, index).unwrap();
                let start = (index as usize * LEAF) << level;
                let expected = &fragment[start..start + (LEAF << level)];
                assert_eq!(proof.verify(class, root), Ok(expected));
                assert_eq!(decode(&encode(&proof)), Ok(proof));
            }
        }
    }
}

#[test]
fn a_kibibyte_of_the_largest_fragment_is_proved_with_less_than_three() {
    let fragment = noise(1, 1 << 20);
    let root = fragment_root(&fragment);
    for index in [0, 1, 511, 512, 1023] {
        let proof = RangeProof::make(&fragment, 0, index).unwrap();
        assert_eq!(encode(&proof).len(), 1024 + 10 * 32 + 1 + 1 + 4 + 4 + 4);
        assert!(proof.verify(FragmentClass::LARGEST, root).is_ok());
    }
    let whole = RangeProof::make(&fragment, 10, 0).unwrap();
    assert!(encode(&whole).len() <= RangeProof::BYTES_MAX);
    assert!(whole.verify(FragmentClass::LARGEST, root).is_ok());
}

#[test]
fn a_proof_convinces_of_nothing_else() {
    let class = FragmentClass::of(16 << 10).unwrap();
    let fragment = noise(1, class.bytes());
    let root = fragment_root(&fragment);
    let good = RangeProof::make(&fragment, 1, 5).unwrap();
    assert!(good.verify(class, root).is_ok());
    let verify = |change: &dyn Fn(&mut RangeProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        proof.verify(class, root).err()
    };
    assert_eq!(good.verify(class, fragment_root(&[])), Err(ProofError::Root));
    for index in [0, 1, 2, 3, 4, 6, 7] {
        assert_eq!(verify(&|p| p.index = index), Some(ProofError::Root), "as range {index}");
    }
    assert_eq!(verify(&|p| p.index = 8), Some(ProofError::Range { level: 1, index: 8 }));
    assert_eq!(verify(&|p| p.level = 5), Some(ProofError::Range { level: 5, index: 5 }));
    assert_eq!(verify(&|p| p.level = 0), Some(ProofError::Form));
    assert_eq!(verify(&|p| p.siblings.truncate(2)), Some(ProofError::Form));
    assert_eq!(verify(&|p| p.siblings.swap(0, 1)), Some(ProofError::Root));
    assert_eq!(verify(&|p| p.bytes.truncate(2047)), Some(ProofError::Form));
    let smaller = FragmentClass::of(8 << 10).unwrap();
    assert_eq!(good.verify(smaller, root), Err(ProofError::Range { level: 1, index: 5 }));
}

#[test]
fn every_flipped_bit_of_a_proof_is_noticed() {
    let fragment = noise(1, 4096);
    let root = fragment_root(&fragment);
    let mut bytes = encode(&RangeProof::make(&fragment, 0, 2).unwrap());
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let proved = decode::<RangeProof>(&bytes)
            .is_ok_and(|proof| proof.verify(FragmentClass::SMALLEST, root).is_ok());
        assert!(!proved, "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn ranges_and_lengths_that_do_not_exist_are_refused() {
    let fragment = noise(1, 4096);
    let make = |bytes: &[u8], level, index| RangeProof::make(bytes, level, index).err();
    assert_eq!(make(&fragment[1..], 0, 0), Some(ProofError::Length { bytes: 4095 }));
    assert_eq!(make(&[], 0, 0), Some(ProofError::Length { bytes: 0 }));
    assert_eq!(make(&fragment, 0, 4), Some(ProofError::Range { level: 0, index: 4 }));
    assert_eq!(make(&fragment, 3, 0), Some(ProofError::Range { level: 3, index: 0 }));
    assert_eq!(
        make(&fragment, 255, u32::MAX),
        Some(ProofError::Range { level: 255, index: u32::MAX })
    );
}

#[test]
fn no_bytes_make_the_verifier_panic() {
    let mut choices = Choices::new(3);
    let fragment = noise(1, 8192);
    let class = FragmentClass::of(8192).unwrap();
    let root = fragment_root(&fragment);
    let good = RangeProof::make(&fragment, 0, 3).unwrap();
    let bytes = encode(&good);
    for _ in 0..100_000 {
        let mut bytes = bytes.clone();
        choices.mutate(&mut bytes);
        if let Ok(proof) = decode::<RangeProof>(&bytes) {
            assert!(proof.verify(class, root).is_err() || proof == good);
        }
    }
}

proptest! {
    #[test]
    fn wild_proofs_are_refused(level: u8, index: u32, bytes in 0usize..3000, siblings in 0usize..12) {
        let proof = RangeProof {
            level, index, bytes: noise(1, bytes), siblings: vec![Hash([1; 32]); siblings],
        };
        for class in FragmentClass::all() {
            prop_assert!(proof.verify(class, Hash([2; 32])).is_err());
        }
    }
}
