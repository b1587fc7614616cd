//! The right password opens the file; anything else says what is wrong.

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::tests::{Chance, NOW, device_key, hex, keystore, seed};

const SALT: [u8; 32] = [9; 32];

fn sealed(password: &str) -> Vec<u8> {
    seal_keystore(&keystore(1, 11), password, Cost::fast(), SALT).unwrap()
}

fn error(bytes: &[u8], password: &str) -> Option<KeystoreError> {
    open_keystore(bytes, password).err()
}

/// All secrets as bytes, for comparing.
fn secrets(keystore: &Keystore) -> Vec<u8> {
    borsh::to_vec(&Content::of(keystore)).unwrap()
}

/// The file with a byte of its header changed and the checksum made right again.
fn tampered(place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = sealed("secret");
    let end = bytes.len() - 16;
    bytes[place] = byte;
    let sum = base::hash("bitdust keystore checksum v1", &bytes[..end]);
    bytes[end..].copy_from_slice(&sum.0[..16]);
    bytes
}

#[test]
fn the_bytes_are_frozen() {
    expect!["42444b455953540a010100400000000100000001000000090909090909090909090909090909090909090909090909090909090909090916ecb21fea14aa17f8c825d38f34c822e16db1426cb65132e3e1db76eecaf33545e5e3c2259214ff744427307553c03f6bd3e6a4d8accb665994357b5aa888a7c8156bd49456e1b0e1e4cc057792df37e414df8a3a8962d5d66ad635672884dea262d9cffd625c8d5a98928d75552594666b0793b1c1eb9cce93ce1075c722cfd762b71aedf0306150620085fd4ca302be557cc19bb7376116824428a9f64ed7cbe0ea7e83ab0327f05029956277e9f6a9dc680e4dc1612d683dbcb7d693c3f5c784a0be38579b2e1587f9acc57f126e5c7a7a132d42663fa8f06907426488a10ca62aa37b03afdb608cbcd5983bd1b754b989a631dabaa2a922a6c1c0604975eae929675b0318d1459422e76ab6c56ff3db04929f36c16ba37c39cfa6469beb1f53891df29373daea8648bd181034cda4e73d1de586bd2a3d20a10687c1f4d9161fde00c27e80bef9afaf5b46a0cd28f5f137844e4d1e5c6f94a9697db7d09e523384d3480dcb8e71a59c8ad39d942e64a39659e650527b9263bd91679712d1adfa1c2734be97f416a97d08cdee3c94c614a7670eb9d8ac75e410c5c919376b106e9c7a306c05594672145dd538444ebdf7fc8915023a45742c5f70dd7d587e026d96bf03e52c4cfdf80c1387c9a4f5693cb31516b58c503fc69f2e42851363440ede17007fc188a4b3e8eb9248ccd2c7cc4336538f009317c6a09087e5617851689bbdd419c644b0b3328b1bc30c4162c7c4a1"].assert_eq(&hex(&sealed("secret")));
}

#[test]
fn the_password_opens_it() {
    let opened = open_keystore(&sealed("secret"), "secret").unwrap();
    assert!(secrets(&opened.keystore) == secrets(&keystore(1, 11)));
    assert!(opened.cost.is_fast() && !opened.has_empty_password);
    assert_eq!(opened.keystore.identity(), seed(1).identity());
    assert_eq!(
        opened.keystore.credential().verify(NOW).unwrap().device,
        opened.keystore.device_id()
    );
}

#[test]
fn an_empty_password_is_legal_and_told() {
    let bytes = seal_keystore(&keystore(1, 11), "", Cost::standard(), SALT).unwrap();
    let opened = open_keystore(&bytes, "").unwrap();
    assert!(opened.has_empty_password && opened.cost.is_fast());
    assert_eq!(error(&bytes, "x"), Some(KeystoreError::WrongPassword));
    assert_eq!(error(&sealed("secret"), ""), Some(KeystoreError::WrongPassword));
}

#[test]
fn a_wrong_password_is_told_from_damage() {
    let bytes = sealed("secret");
    assert_eq!(error(&bytes, "Secret"), Some(KeystoreError::WrongPassword));
    for place in 8..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        assert_eq!(error(&bytes, "secret"), Some(KeystoreError::Damaged), "byte {place}");
    }
    for length in 8..bytes.len() {
        assert_eq!(error(&bytes[..length], "secret"), Some(KeystoreError::Damaged));
    }
    assert_eq!(error(b"BDKEYST", "secret"), Some(KeystoreError::NotAKeystore));
    assert_eq!(error(b"{\"version\":3}", ""), Some(KeystoreError::NotAKeystore));
    assert_eq!(error(b"", ""), Some(KeystoreError::NotAKeystore));
}

#[test]
fn a_newer_version_is_named() {
    assert_eq!(error(&tampered(8, 2), "secret"), Some(KeystoreError::Version(2)));
}

#[test]
fn hostile_costs_are_refused_before_any_work() {
    // Not declared fast, memory of 64 KiB; then declared fast, with more than fast.
    assert_eq!(error(&tampered(9, 0), "secret"), Some(KeystoreError::Cost));
    for place in 11..23 {
        assert_eq!(error(&tampered(place, 0xff), "secret"), Some(KeystoreError::Cost));
    }
    assert!(Cost::custom(64 * 1024, 3, 1).is_ok());
    assert!(Cost::custom(1024 * 1024, 10, 16).is_ok());
    for (memory, passes, lanes) in [
        (65_535, 3, 4),
        (65_536, 2, 4),
        (1_048_577, 3, 4),
        (65_536, 11, 4),
        (65_536, 3, 0),
        (65_536, 3, 17),
    ] {
        assert_eq!(Cost::custom(memory, passes, lanes), Err(KeystoreError::Cost));
    }
}

#[test]
fn the_floor_works_with_real_memory() {
    let cost = Cost::custom(64 * 1024, 3, 4).unwrap();
    let bytes = seal_keystore(&keystore(1, 11), "secret", cost, SALT).unwrap();
    assert_eq!(open_keystore(&bytes, "secret").unwrap().cost, cost);
}

#[test]
fn a_changed_password_replaces_the_old_one() {
    let bytes = change_password(&sealed("old"), "old", "new", Cost::fast(), [8; 32]).unwrap();
    assert!(open_keystore(&bytes, "new").is_ok());
    assert_eq!(error(&bytes, "old"), Some(KeystoreError::WrongPassword));
    let wrong = change_password(&sealed("old"), "odl", "new", Cost::fast(), [8; 32]);
    assert_eq!(wrong.err(), Some(KeystoreError::WrongPassword));
}

#[test]
fn nothing_of_the_secrets_is_in_the_clear() {
    let (bytes, mine) = (sealed("secret"), keystore(1, 11));
    for secret in [&mine.master.seed().0, &mine.device.seed().0, &mine.storage_root.0] {
        assert!(!bytes.windows(8).any(|window| secret.starts_with(window)));
    }
    assert!(!bytes.windows(6).any(|window| window == b"laptop"));
}

#[test]
fn the_next_signing_key_is_not_inside() {
    let next = seed(1).signing_key(1);
    let inside = secrets(&keystore(1, 11));
    assert!(!inside.windows(32).any(|window| window == next.seed().0));
}

#[test]
fn words_of_another_identity_make_no_keystore() {
    let name = DeviceName::new("laptop").unwrap();
    let wrong = Keystore::from_seed(&seed(2), seed(1).chain(), device_key(11), name, NOW);
    assert_eq!(wrong.err(), Some(KeystoreError::Mismatch));
}

#[test]
fn a_rotated_identity_keeps_its_current_keys_only() {
    let chain = seed(1).chain().rotate(&seed(1)).unwrap();
    let name = DeviceName::new("laptop").unwrap();
    let mine = Keystore::from_seed(&seed(1), chain, device_key(11), name, NOW).unwrap();
    let bytes = seal_keystore(&mine, "secret", Cost::fast(), SALT).unwrap();
    let opened = open_keystore(&bytes, "secret").unwrap().keystore;
    assert_eq!(opened.master.public(), seed(1).signing_key(1).public());
    assert_eq!(opened.identity(), seed(1).identity());
}

#[test]
fn hostile_files_are_refused() {
    let good = sealed("secret");
    let mut chance = Chance(3);
    for _ in 0..100_000 {
        let bytes = chance.mutate(&good);
        assert!(bytes == good || open_keystore(&bytes, "secret").is_err());
    }
}

proptest! {
    #[test]
    fn any_other_password_is_wrong(password in "\\PC{0,20}") {
        prop_assume!(password != "secret");
        prop_assert_eq!(error(&sealed("secret"), &password), Some(KeystoreError::WrongPassword));
    }
}
