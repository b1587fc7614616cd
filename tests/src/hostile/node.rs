//! What the node keeps of itself.

use std::collections::{BTreeMap, BTreeSet};

use base::{ContractId, IdentityId, decode, encode};
use node::book::{Book, Notice, SupplierEntry, Tie};
use storage::policy::Policy;
use storage::terms::Arrangement;

use super::storage::contract;
use super::{Decoder, NOW, device_key};

/// The node's own lasting state, and the forms that it had before.
pub const BOOK: Decoder = Decoder { name: "node_book", takes: takes_book, valid: valid_books };

/// Nobody signs a book, so its maps may stand in any order; nothing in it is lost.
fn takes_book(bytes: &[u8]) -> bool {
    let Ok(book) = decode::<Book>(bytes) else { return false };
    assert!(decode::<Book>(&encode(&book)).as_ref() == Ok(&book), "another book");
    true
}

fn valid_books() -> Vec<Vec<u8>> {
    let entry = |tie, contract| SupplierEntry {
        identity: IdentityId([3; 32]),
        contract,
        tie,
        is_dismissed: false,
        last_seen: Some(NOW),
        fragments: 7,
        bytes: 7 << 20,
    };
    let device = |number| device_key(number).public().into();
    let arrangement = Arrangement { number: 1, policy: Policy::Double, places: vec![] };
    let some = Book {
        suppliers: BTreeMap::from([
            (device(8), entry(Tie::Active, Some(contract()))),
            (device(9), entry(Tie::Named, None)),
        ]),
        arrangements: BTreeMap::from([(1, arrangement)]),
        used: BTreeSet::from([1]),
        root_sequence: NOW.0,
        root_maker: Some(device(1)),
        head: vec![6; 400],
        switches: BTreeMap::from([("supplier".to_owned(), false)]),
        generations: BTreeMap::from([(IdentityId([3; 32]), 2)]),
        notices: BTreeMap::from([(ContractId([1; 32]), Notice { erased: NOW, awake_ms: 5 })]),
        ..Book::default()
    };
    [Book::default(), some].iter().map(encode).collect()
}
