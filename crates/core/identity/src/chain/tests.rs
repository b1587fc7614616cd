//! Only the promised key moves a chain on.

use std::cmp::Ordering;

use base::{decode, encode};
use expect_test::expect;

use super::*;
use crate::tests::{every_bit_counts, hex, seed, withstands};

fn rotated(times: usize) -> Chain {
    (0..times).fold(seed(1).chain(), |chain, _| chain.rotate(&seed(1)).unwrap())
}

#[test]
fn the_bytes_are_frozen() {
    expect!["019c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f01000000470663b01f775637c701118fd79f271c67fa4d8442ea600de54bcff6f92640bcbc7aa4221aae9d62d953df23d4ef37dfdb4b6ef5ead6137bc8f464369d331d09a59be3a4fe82a54a315f24537cdb904464342be01f264d28827a29e3e2f62c0a01998801f1b7ae797c8d930518486ce9978710d941111c12d3c55e986fe43d2456"].assert_eq(&hex(&encode(&rotated(1))));
}

#[test]
fn a_rotation_keeps_the_identity_and_changes_the_key() {
    for times in 0..=ROTATIONS_MAX {
        let owner = rotated(times).verify().unwrap();
        let key = seed(1).signing_key(times as u32).public();
        assert_eq!(owner, Owner { identity: seed(1).identity(), generation: times as u32, key });
    }
}

#[test]
fn a_chain_has_an_end() {
    let full = rotated(ROTATIONS_MAX);
    assert_eq!(full.rotate(&seed(1)), Err(ChainError::TooLong(ROTATIONS_MAX + 1)));
    let mut longer = full;
    longer.links.push(longer.links[0].clone());
    assert_eq!(longer.verify(), Err(ChainError::TooLong(ROTATIONS_MAX + 1)));
}

#[test]
fn other_words_cannot_rotate() {
    assert_eq!(seed(1).chain().rotate(&seed(2)), Err(ChainError::Rotation(1)));
}

/// The first rotation with another promise, signed by the key of `generation`.
fn forged(generation: u32) -> Chain {
    let mut chain = rotated(1);
    let next_hash = next_key_hash(seed(9).signing_key(0).public());
    let rotation = Rotation { next_hash, ..chain.rotations().next().unwrap() };
    let key = seed(1).signing_key(generation);
    chain.links[0].signature = Signature::make(&key, Label::Rotation, &encode(&rotation));
    Chain { next_hash: Some(next_hash), ..chain }
}

#[test]
fn the_thief_of_the_current_key_cannot_rotate() {
    // He has seen the next public key in the published rotation and commits to a key of his own.
    assert_eq!(forged(0).verify(), Err(ChainError::Rotation(1)));
}

#[test]
fn rotations_hold_in_their_order_and_for_their_identity_only() {
    let good = rotated(3);
    for broken in [vec![1, 0, 2], vec![0, 0, 1], vec![1, 2], vec![0, 2], vec![0, 1]] {
        let links = broken.iter().map(|place| good.links[*place].clone()).collect();
        let chain = Chain { links, ..good.clone() };
        assert!(matches!(chain.verify(), Err(ChainError::Rotation(_))), "{broken:?}");
    }
    let stranger = Chain { inception: seed(2).inception(), ..good };
    assert_eq!(stranger.verify(), Err(ChainError::Rotation(1)));
}

#[test]
fn a_chain_has_one_form() {
    let promising = Chain { next_hash: rotated(1).next_hash, ..rotated(0) };
    assert_eq!(promising.verify(), Err(ChainError::End));
    let endless = Chain { next_hash: None, ..rotated(1) };
    assert_eq!(endless.verify(), Err(ChainError::End));
}

#[test]
fn a_weak_first_key_is_refused() {
    let mut inception = seed(1).inception();
    inception.master = PublicKey([0; 32]);
    assert_eq!(Chain::new(inception).verify(), Err(ChainError::Key(KeyError::SmallOrder)));
}

#[test]
fn a_longer_chain_is_newer_and_a_fork_is_an_error() {
    assert_eq!(rotated(2).compare(&rotated(1)), Ok(Ordering::Greater));
    assert_eq!(rotated(1).compare(&rotated(1)), Ok(Ordering::Equal));
    assert_eq!(rotated(0).compare(&rotated(1)), Ok(Ordering::Less));
    assert_eq!(rotated(0).compare(&seed(2).chain()), Err(KinshipError::Strangers));

    // Whoever has the words can make a second rotation; both hold, together they are a fork.
    let fork = forged(1);
    assert!(fork.verify().is_ok());
    assert_eq!(fork.compare(&rotated(2)), Err(KinshipError::Fork(1)));
}

#[test]
fn no_bit_of_a_chain_is_free() {
    let owner = rotated(2).verify();
    every_bit_counts(&encode(&rotated(2)), |bytes| {
        decode::<Chain>(bytes).is_ok_and(|chain| chain.verify() == owner)
    });
}

#[test]
fn hostile_bytes_are_refused() {
    withstands(&rotated(2));
}
