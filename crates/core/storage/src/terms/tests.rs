//! Contracts hold for what was signed and for nothing else; root documents have one form.

use base::{SecretKey, SymmetricKey};

use proptest::prelude::*;

use super::*;
use crate::policy::Policy;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(SymmetricKey([seed; 32]))
}

fn contract() -> Contract {
    let terms = Terms {
        network: NetworkId([1; 32]),
        customer: IdentityId([2; 32]),
        supplier: IdentityId([3; 32]),
        device: key(8).public().into(),
        quota_bytes: 1 << 30,
        from: Date(5),
        until: Date(6),
        price: 0,
        salt: [9; 16],
    };
    let bytes = encode(&terms);
    Contract {
        customer_device: key(7).public().into(),
        customer_signature: Signature::make(&key(7), Label::ContractOffer, &bytes),
        supplier_signature: Signature::make(&key(8), Label::ContractAcceptance, &bytes),
        renewal: None,
        terms,
    }
}

#[test]
fn both_signatures_are_needed() {
    assert_eq!(contract().verify(), Ok(()));
    let mut forged = contract();
    forged.supplier_signature = forged.customer_signature;
    assert_eq!(forged.verify(), Err(ContractError::Supplier));
    let mut forged = contract();
    forged.customer_device = key(9).public().into();
    assert_eq!(forged.verify(), Err(ContractError::Customer));
}

fn renewed() -> Contract {
    let until = Date(900);
    let end = encode(&NewEnd { contract: contract().terms.id(), until });
    let sign = |seed| Signature::make(&key(seed), Label::ContractRenewal, &end);
    let renewal = Renewal {
        until,
        customer_device: key(7).public().into(),
        customer_signature: sign(7),
        supplier_signature: sign(8),
    };
    Contract { renewal: Some(renewal), ..contract() }
}

#[test]
fn a_later_end_needs_both_signatures_and_keeps_the_id() {
    assert_eq!(renewed().verify(), Ok(()));
    assert_eq!((contract().until(), renewed().until()), (Date(6), Date(900)));
    assert_eq!(renewed().terms.id(), contract().terms.id());
    let forge = |change: fn(&mut Renewal)| {
        let mut forged = renewed();
        forged.renewal.iter_mut().for_each(change);
        forged.verify()
    };
    assert_eq!(forge(|renewal| renewal.until = Date(901)), Err(ContractError::Renewal));
    let theirs = |renewal: &mut Renewal| renewal.customer_signature = renewal.supplier_signature;
    assert_eq!(forge(theirs), Err(ContractError::Renewal));
    let ours = |renewal: &mut Renewal| renewal.supplier_signature = renewal.customer_signature;
    assert_eq!(forge(ours), Err(ContractError::Renewal));
    let mut other = renewed();
    other.terms = Terms { salt: [1; 16], ..other.terms };
    other.customer_signature =
        Signature::make(&key(7), Label::ContractOffer, &encode(&other.terms));
    other.supplier_signature =
        Signature::make(&key(8), Label::ContractAcceptance, &encode(&other.terms));
    assert_eq!(other.verify(), Err(ContractError::Renewal), "the end of another contract");
}

#[test]
fn a_contract_of_the_first_form_is_read() {
    let mut bytes = encode(&contract());
    assert_eq!((bytes[0], bytes.pop()), (2, Some(0)));
    bytes[0] = 1;
    assert_eq!(base::decode::<Contract>(&bytes), Ok(contract()));
    assert_eq!(base::decode::<Contract>(&encode(&renewed())), Ok(renewed()));
}

#[test]
fn changed_terms_are_another_contract_and_unsigned() {
    let mut changed = contract();
    changed.terms.quota_bytes += 1;
    assert_ne!(changed.terms.id(), contract().terms.id());
    assert_eq!(changed.verify(), Err(ContractError::Customer));
}

#[test]
fn the_bytes_are_frozen() {
    let hex: String = encode(&contract().terms).iter().map(|byte| format!("{byte:02x}")).collect();
    expect_test::expect!["010101010101010101010101010101010101010101010101010101010101010101020202020202020202020202020202020202020202020202020202020202020203030303030303030303030303030303030303030303030303030303030303031398f62c6d1a457c51ba6a4b5f3dbd2f69fca93216218dc8997e416bd17d93ca000000400000000005000000000000000600000000000000000000000000000009090909090909090909090909090909"].assert_eq(&hex);
}

fn place(number: u8) -> Place {
    Place {
        identity: IdentityId([number; 32]),
        device: DeviceId([number; 32]),
        contract: ContractId([number; 32]),
    }
}

fn root(arrangements: Vec<Arrangement>) -> RootDocument {
    RootDocument {
        identity: IdentityId([1; 32]),
        space: SpaceId([2; 32]),
        sequence: 3,
        date: Date(4),
        keyring: vec![5; 6],
        arrangements,
        head: vec![7; 8],
    }
}

fn arrangement(number: u32, places: &[u8]) -> Arrangement {
    let places = places.iter().map(|number| place(*number)).collect();
    Arrangement { number, policy: Policy::Double, places }
}

#[test]
fn the_bytes_of_a_root_document_are_frozen() {
    let root = root(vec![arrangement(1, &[1, 2]), arrangement(2, &[3, 2])]);
    let hex: String = encode(&root).iter().map(|byte| format!("{byte:02x}")).collect();
    expect_test::expect!["0101010101010101010101010101010101010101010101010101010101010101010202020202020202020202020202020202020202020202020202020202020202030000000000000004000000000000000600000005050505050503000000010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303020000000100000000020000000000010002000000000200000002000100080000000707070707070707"].assert_eq(&hex);
}

#[test]
fn a_supplier_replaced_each_week_for_two_years_fits_into_a_root_document() {
    let mut places: Vec<u8> = (0..44).collect();
    let mut list = vec![];
    for number in 1..=104 {
        list.push(arrangement(number, &places));
        places[usize::try_from(number).unwrap() % 44] = 44 + u8::try_from(number).unwrap();
    }
    assert!(arrangements_fit(&list));
    let largest = RootDocument { keyring: vec![0; 2_048], head: vec![0; 16 * 1024], ..root(list) };
    assert!(encode(&largest).len() < RootDocument::BYTES_MAX - 1_024);
}

#[test]
fn more_arrangements_than_fit_are_told_before_they_are_lost() {
    let list: Vec<_> = (0..=ARRANGEMENTS_MAX).map(|_| arrangement(1, &[1, 2])).collect();
    assert!(arrangements_fit(&list[1..]));
    assert!(!arrangements_fit(&list));
}

proptest! {
    #[test]
    fn a_root_document_is_read_as_it_was_written(
        lists in proptest::collection::vec(proptest::collection::vec(0_u8..9, 0..9), 0..9),
    ) {
        let list = (1..).zip(&lists).map(|(number, places)| arrangement(number, places)).collect();
        let root = root(list);
        prop_assert_eq!(base::decode::<RootDocument>(&encode(&root)), Ok(root));
    }

    #[test]
    fn a_changed_root_document_is_another_one_or_none(
        places in proptest::collection::vec(0_u8..4, 0..6),
        (at, flip) in (any::<proptest::sample::Index>(), 1_u8..=255),
    ) {
        let mut bytes = encode(&root(vec![arrangement(1, &places), arrangement(2, &[1, 2, 3])]));
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(read) = base::decode::<RootDocument>(&bytes) {
            prop_assert_eq!(encode(&read), bytes);
        }
    }
}
