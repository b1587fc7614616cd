//! A book that an earlier program wrote is read.

use base::{NetworkId, Signature, decode, encode};
use storage::terms::Terms;

use super::older::{Older, OlderContract, OlderEntry};
use super::*;

fn older() -> Older {
    let contract = OlderContract {
        terms: Terms {
            network: NetworkId([1; 32]),
            customer: IdentityId([2; 32]),
            supplier: IdentityId([3; 32]),
            device: DeviceId([4; 32]),
            quota_bytes: 1 << 30,
            from: Date(5),
            until: Date(6),
            price: 0,
            salt: [7; 16],
        },
        customer_device: DeviceId([8; 32]),
        customer_signature: Signature([9; 64]),
        supplier_signature: Signature([10; 64]),
    };
    let entry = OlderEntry {
        identity: IdentityId([3; 32]),
        contract: Some(contract),
        tie: Tie::Active,
        is_dismissed: false,
        last_seen: Some(Date(11)),
        fragments: 12,
        bytes: 13,
    };
    Older {
        suppliers: [(DeviceId([4; 32]), entry)].into(),
        arrangements: BTreeMap::new(),
        used: [1].into(),
        root_sequence: 14,
        root_date: Date(15),
        root_maker: None,
        head: vec![16],
        is_confirmed: true,
        siblings: vec![],
        switches: [("dht".to_owned(), false)].into(),
        is_recovering: false,
    }
}

#[test]
fn what_earlier_programs_wrote_is_read() {
    let body = borsh::to_vec(&older()).expect("into memory");
    let first = decode::<Book>(&[&[1], body.as_slice()].concat()).expect("version 1");
    let second = decode::<Book>(&[&[2], body.as_slice(), &[0; 4]].concat()).expect("version 2");
    assert_eq!(first, second);
    assert_eq!(first.suppliers[&DeviceId([4; 32])].fragments, 12);
    assert_eq!((first.root_sequence, first.is_confirmed), (14, true));
    assert_eq!(decode::<Book>(&encode(&first)), Ok(first.clone()));
    assert_eq!(
        decode::<Book>(&[&[2], body.as_slice(), &[0; 5]].concat()),
        Err(DecodeError::Malformed)
    );
    let mut third = borsh::to_vec(&first).expect("into memory");
    third.truncate(third.len() - 4);
    assert_eq!(decode::<Book>(&[&[3], third.as_slice()].concat()), Ok(first));
    let found = decode::<Book>(&[&[5], body.as_slice()].concat());
    assert_eq!(found, Err(DecodeError::Version { found: 5, known: 4 }));
}
