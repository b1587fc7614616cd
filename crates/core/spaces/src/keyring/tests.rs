//! The keys of a space are distinct, and only its epochs grow.

use std::collections::BTreeSet;

use expect_test::expect;

use super::*;

fn keyring() -> Keyring {
    Keyring::create(SpaceId([5; 32]), &SymmetricKey([1; 32]))
}

fn all(keyring: &Keyring) -> [[u8; 32]; 5] {
    let Keyring { id_key, gear_key, padding_key, mask_root, .. } = keyring;
    [id_key.0, gear_key.0, padding_key.0, mask_root.0, keyring.newest().1.0]
}

#[test]
fn the_keys_are_frozen() {
    let hex = |key: &[u8; 32]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    expect![[r#"
        a7069d2643e39d57e792b4a896e6940bf11a268f95219080b28dd0aa2d9ab5f3
        aaaf7ca4ecf3d1410c95f201a6a2d2bc74cc6556d7ba30e69786ea249b2978d2
        077449e5a38023c571375012f878c18ad285cd5dbaf659ae190d5d621935602e
        93574de87e98caf5b824e77da5cdde69acc839d173bd94ee0262a20437f2ee31
        1283583a5b461b004e95ac1881223e4d21e10f6617ea178147050e3ffb9cfac4"#]]
    .assert_eq(&all(&keyring()).iter().map(hex).collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_two_keys_are_equal() {
    let other_space = Keyring::create(SpaceId([6; 32]), &SymmetricKey([1; 32]));
    let other_random = Keyring::create(SpaceId([5; 32]), &SymmetricKey([2; 32]));
    let keys = [keyring(), other_space, other_random].iter().flat_map(all).collect::<BTreeSet<_>>();
    assert_eq!(keys.len(), 15);
}

#[test]
fn a_new_epoch_leaves_all_else_as_it_is() {
    let mut ring = keyring();
    assert_eq!(ring.begin_epoch(SymmetricKey([9; 32])), Ok(1));
    assert_eq!(ring.newest().0, 1);
    assert!(ring.newest().1.0 == [9; 32]);
    assert!(ring.epoch(0) == Some(keyring().newest().1));
    assert!(ring.epoch(2).is_none());
    assert_eq!(ring.epochs().collect::<Vec<_>>(), [0, 1]);
    assert!(all(&ring)[..4] == all(&keyring())[..4]);
}

#[test]
fn epochs_have_a_limit() {
    let mut ring = keyring();
    for epoch in 1..EPOCHS_MAX as u32 {
        assert_eq!(ring.begin_epoch(SymmetricKey([9; 32])), Ok(epoch));
    }
    assert_eq!(ring.begin_epoch(SymmetricKey([9; 32])), Err(KeyringError::Full));
}

#[test]
fn the_own_drive_follows_from_the_words_and_from_nothing_public() {
    let root = SymmetricKey([7; 32]);
    let drive = own_drive(IdentityId([1; 32]), &root);
    expect!["bdspace1jjmdxldw9m8zrtypec5dl876nanexmtgldfqmpdxlqtz2aa42htsd2hguz"]
        .assert_eq(&drive.to_string());
    assert_ne!(drive, own_drive(IdentityId([2; 32]), &root));
    assert_ne!(drive, own_drive(IdentityId([1; 32]), &SymmetricKey([8; 32])));
}
