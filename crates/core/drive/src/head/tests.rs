//! The sealed reference opens under its keys only, and nothing of it may be changed.

use base::{BlockId, ChunkId, SpaceId, SymmetricKey};
use proptest::prelude::*;

use super::*;
use crate::format::{BlockEntry, BlockKind, ChunkEntry, ChunkKind, Extent};

fn keyring(seed: u8) -> Keyring {
    Keyring::create(SpaceId([1; 32]), &SymmetricKey([seed; 32]))
}

fn reference(parts: u8) -> HeadRef {
    let blocks = (0..parts).map(|part| BlockEntry {
        id: BlockId([part; 32]),
        k: 2,
        m: 2,
        fragment_bytes: 1 << 20,
        arrangement: 1,
        kind: BlockKind::Catalog,
    });
    let chunks = (0..parts).map(|part| ChunkEntry {
        id: ChunkId([part; 32]),
        epoch: 0,
        kind: ChunkKind::Head,
        bytes: 1 << 20,
        extents: vec![Extent { block: part.into(), offset: 0, length: 1 << 20 }],
    });
    HeadRef { blocks: blocks.collect(), chunks: chunks.collect() }
}

fn sealed(parts: u8) -> Vec<u8> {
    let keys = Keys::new(&keyring(2));
    reference(parts).seal(&keys, Suite::ChaCha20Poly1305, &[5; 32]).unwrap()
}

#[test]
fn a_reference_comes_back() {
    for parts in [1, 2, 64] {
        assert_eq!(HeadRef::open(&sealed(parts), &keyring(2)), Ok(reference(parts)));
    }
    let mut later = keyring(2);
    later.begin_epoch(SymmetricKey([8; 32])).unwrap();
    assert_eq!(HeadRef::open(&sealed(1), &later), Ok(reference(1)));
}

#[test]
fn other_keys_and_epochs_do_not_open_it() {
    let other = HeadRef::open(&sealed(1), &keyring(3));
    assert_eq!(other, Err(HeadError::Open(OpenError::Authentication)));
    let mut bytes = sealed(1);
    bytes[1] = 7;
    assert_eq!(HeadRef::open(&bytes, &keyring(2)), Err(HeadError::NoKey { epoch: 7 }));
    bytes[0] = 2;
    let newer = HeadError::Form(DecodeError::Version { found: 2, known: 1 });
    assert_eq!(HeadRef::open(&bytes, &keyring(2)), Err(newer));
    let long = vec![1; HEAD_REF_BYTES_MAX + 1];
    let error = HeadRef::open(&long, &keyring(2));
    assert!(matches!(error, Err(HeadError::Form(DecodeError::TooLong { .. }))));
}

#[test]
fn salts_differ() {
    let salts = [Record::Part(0), Record::Part(1), Record::Reference];
    let salts = salts.map(|record| salt_of(&[1; 32], record));
    assert!(salts[0] != salts[1] && salts[1] != salts[2] && salts[0] != salts[2]);
    assert_ne!(salt_of(&[2; 32], Record::Part(0)), salts[0]);
}

proptest! {
    #[test]
    fn nothing_of_it_may_be_changed(at in 0_usize..300, bit in 0_u8..8) {
        let mut bytes = sealed(1);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(HeadRef::open(&bytes, &keyring(2)).is_err());
        bytes.truncate(at);
        prop_assert!(HeadRef::open(&bytes, &keyring(2)).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(HeadRef::open(&bytes, &keyring(2)).is_err());
    }
}
