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
    expect!["42444b455953540a010100400000000100000001000000090909090909090909090909090909090909090909090909090909090909090916ecb21fea14aa17f8c825d38f34c8223b0016f59a3b114bcd6aa777ea58cca01a859b14121b670039f090accac8a9844e9a82b2923129bfa91c216deaa2584067074871c17e6277af42941db724845b824abb1681309b69b17a2247a9b5ed1004d6ae9d3f6bca667d6681613742aab1d01bfeae1b30ded39bb9a64735689cb3a06e96f918e861789a1ddafd6be902377bb1a3e76d5e69a0154061792f7429f5ccc93426ba34a642a38971056c4c6facfc062a3a029fdbe11c9abc78c2c19697061b1d00f53b2568ba35929d3fc32adf90a4808ebe1aa7cf38088f728aa41d662d1213ce375e7e674062c528dcca7c30262aaa33e35c23c94971b93df58b4e9f260af150a029703c117690458b3cfd5f4ea9b6c48a75980ec0143c588f0f2d197f31e6253d0d7578f3c4b9d9d76340c7aa11da07ecc6acab4ba6e585f7d69d157ef68f93e9a0e096fc0e600433a9bc2dae4d0b76626eff79b70defec902400fda71e7901e20c68f7bb3f9eda9f9b688b67e90053520a53d151a573347d4379630e5c2cc6b95c0404e8d983fea88cc5a3cb4d7da0fed2a720eec234ede5d7fc5a2018f89b6fc9dc6ec4c818189860234666c729fb9ed46cd3c270805dd931dc8e2fe6220dca7ac36651e60a6f3113e0ad7dd9e8122a84186cd18c6e1e6743d2fdd863b301102172ee0049f3a96f7933c05a571ce57241e538b1fa64bdeb77348ddddbaac420a21ad781aa33a10e21cf97f7fe20b924"].assert_eq(&hex(&sealed("secret")));
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
