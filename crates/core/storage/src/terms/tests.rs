//! Contracts hold for what was signed and for nothing else.

use base::{SecretKey, SymmetricKey};

use super::*;

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
