//! Manifests: golden bytes, hostile bytes, and what they let through.

use base::{DecodeError, decode};
use expect_test::expect;

use super::*;
use crate::fixtures::{Choices, block, noise};

fn small() -> Manifest {
    block(Shape::new(2, 1).unwrap(), &noise(1, 5000)).1
}

#[test]
fn the_bytes_of_a_manifest_and_its_id_are_frozen() {
    let manifest = small();
    let bytes: String = encode(&manifest).iter().map(|byte| format!("{byte:02x}")).collect();
    expect![[r#"
        010201001000000258c911993c89a8f8618d3f1a42513afc1a5ece41f83baf740e8a111f2a7838efc88d189cf421313956078840cacdaa29ee95ffb5e03dc06fe9096be52ab7378faedcd9aa9dc01af7b46d990cb3aeba4393b33be30631155099aacb694dee51
        bdblk16zccryr9h2jx2lg4svgym5s68u9q3ftkr4zewhzq405mxylthgmqu3952v
    "#]]
    .assert_eq(&format!("{bytes}\n{}\n", manifest.block_id()));
}

#[test]
fn every_part_of_a_manifest_changes_the_id() {
    let manifest = small();
    let mut bytes = encode(&manifest);
    for bit in 8..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = decode::<Manifest>(&bytes) {
            assert_ne!(other.block_id(), manifest.block_id(), "bit {bit}");
        } else {
            assert!(bit < 7 * 8, "roots may be anything, the rest may not");
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn malformed_manifests_are_refused() {
    let good = encode(&small());
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        decode::<Manifest>(&bytes)
    };
    assert_eq!(with(&|_| ()), Ok(small()));
    assert_eq!(with(&|b| b[0] = 2), Err(DecodeError::Version { found: 2, known: 1 }));
    let malformed = Err(DecodeError::Malformed);
    assert_eq!(with(&|b| b[1] = 0), malformed, "no data");
    assert_eq!(with(&|b| b[2] = 0), malformed, "no parity");
    assert_eq!(with(&|b| b[2] = 2), malformed, "a root too few");
    assert_eq!(with(&|b| b.push(0)), malformed, "a byte too many");
    assert_eq!(with(&|b| b[4] = 0x11), malformed, "no class");
    assert_eq!(with(&|b| b.truncate(50)), malformed);
    let mut large = vec![1, 32, 1];
    large.extend((1u32 << 20).to_le_bytes());
    large.extend([0; 33 * 32]);
    assert_eq!(decode::<Manifest>(&large), malformed, "blocks of 32 MiB do not exist");
    large[5] = 8;
    assert!(decode::<Manifest>(&large).is_ok(), "of 16 MiB they do");
}

#[test]
fn the_largest_manifest_is_read() {
    let manifest = block(Shape::new(127, 128).unwrap(), &[1]).1;
    let bytes = encode(&manifest);
    assert_eq!(bytes.len(), Manifest::BYTES_MAX);
    assert_eq!(decode(&bytes), Ok(manifest));
}

#[test]
fn no_bytes_make_the_decoder_panic() {
    let mut choices = Choices::new(2);
    let good = encode(&small());
    for _ in 0..100_000 {
        let mut bytes = good.clone();
        choices.mutate(&mut bytes);
        if let Ok(manifest) = decode::<Manifest>(&bytes) {
            assert_eq!(encode(&manifest), bytes, "one form for each value");
        }
    }
}

#[test]
fn only_the_fragment_itself_is_verified() {
    let (stripe, manifest) = block(Shape::new(2, 1).unwrap(), &noise(1, 5000));
    let mut fragment = stripe.fragment(1).unwrap().to_vec();
    assert_eq!(manifest.verify(1, &fragment).unwrap().bytes(), fragment);
    let root = |index| Some(FragmentError::Root { index });
    assert_eq!(manifest.verify(0, &fragment).err(), root(0), "another one");
    assert_eq!(
        manifest.verify(3, &fragment).err(),
        Some(FragmentError::NoSuchFragment { index: 3, total: 3 })
    );
    assert_eq!(
        manifest.verify(1, &fragment[1..]).err(),
        Some(FragmentError::Length { expected: 4096, got: 4095 })
    );
    for bit in 0..fragment.len() * 8 {
        fragment[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(manifest.verify(1, &fragment).err(), root(1), "bit {bit}");
        fragment[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_range_of_the_block_is_in_few_pieces() {
    let manifest = small();
    let pieces = |offset, bytes| manifest.pieces(offset, bytes).collect::<Vec<_>>();
    let piece = |fragment, offset, bytes| Piece { fragment, offset, bytes };
    assert_eq!(pieces(0, 4096), [piece(0, 0, 4096)]);
    assert_eq!(pieces(4000, 200), [piece(0, 4000, 96), piece(1, 0, 104)]);
    assert_eq!(pieces(8000, 1000), [piece(1, 3904, 192)], "no further than the block");
    assert_eq!(pieces(8192, 1), []);
    assert_eq!(pieces(0, 0), []);
    assert_eq!(pieces(usize::MAX, usize::MAX), []);
}
