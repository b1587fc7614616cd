//! Every decoder that a peer, a record, a disk, a file or a user can feed: what it takes, and what it
//! promises about everything else. `tests/hostile.rs` replays the corpora of `fuzz/corpus` and alters
//! them; the targets of `fuzz/` search on from there, guided by coverage.

use base::{Date, NetworkId, SecretKey, SymmetricKey, Wire, decode, encode};

mod chance;
pub mod codec;
pub mod drive;
pub mod identity;
pub mod mesh;
pub mod node;
pub mod shell;
pub mod storage;
pub mod store;

pub use chance::Chance;

/// One decoder under attack.
pub struct Decoder {
    /// The name of its fuzz target and of its corpus.
    pub name: &'static str,
    /// Whether it takes these bytes as what they claim to be. Panics if a promise is broken: that a
    /// value has one form, for example, or that a signature cannot be had from nowhere.
    pub takes: fn(&[u8]) -> bool,
    /// Bytes that it takes, as our own encoders make them.
    pub valid: fn() -> Vec<Vec<u8>>,
}

/// How many altered values every run of the tests throws at each of them.
pub const CASES: usize = 100_000;

/// All of them.
pub const DECODERS: [Decoder; 31] = [
    codec::CHUNK,
    codec::MANIFEST,
    codec::PROOF,
    codec::RECORD,
    drive::ENTRY,
    drive::HEAD,
    drive::HEAD_REF,
    drive::INDEX,
    drive::NODE,
    identity::CREDENTIAL,
    identity::DOCUMENT,
    identity::KEYRING,
    identity::KEYSTORE,
    identity::WORDS,
    mesh::ENVELOPE,
    mesh::FRAMES,
    mesh::HELLO,
    mesh::KEY,
    mesh::RECORD,
    node::BOOK,
    shell::PATH,
    shell::QUANTITY,
    shell::SETTINGS,
    storage::ANSWER,
    storage::CONTRACT,
    storage::EVIDENCE,
    storage::MESSAGE,
    storage::REQUEST,
    storage::ROOT,
    store::RECEIPT,
    store::SEGMENTS,
];

const NETWORK: NetworkId = NetworkId([3; 32]);
const NOW: Date = Date(1_795_167_296_789);

/// The value of these bytes. No value has a second form, but that of an older version.
fn read<T: Wire>(bytes: &[u8]) -> Option<T> {
    let value = decode(bytes).ok()?;
    let is_older = bytes.first().is_some_and(|version| *version < T::VERSION);
    assert!(is_older || encode(&value) == bytes, "a second form of one value");
    Some(value)
}

fn is_form<T: Wire>(bytes: &[u8]) -> bool {
    read::<T>(bytes).is_some()
}

fn device_key(number: u8) -> SecretKey {
    SecretKey::from_seed(SymmetricKey([number; 32]))
}
