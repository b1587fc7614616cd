//! The keys of given words never change. The secret ones were computed a second time with Python's
//! `hashlib` and `hmac`.

use expect_test::expect;
use ml_kem::kem::Decapsulate;

use super::*;
use crate::tests::{hex, seed};

#[test]
fn the_keys_of_the_words_are_frozen() {
    let seed = Seed::new(&Phrase::from_entropy([0; 32]));
    let agreement = seed.agreement(0);
    expect!["8a7ad437060fb919d70a9c790a718049faacb17d56473cfb8531695bfaaf0286"]
        .assert_eq(&hex(&seed.signing_key(0).seed().0));
    expect!["f4649b3e15e97869131b2700653568593c5089ac4bd0a7ea2be83fa88f24cfec"]
        .assert_eq(&hex(&seed.signing_key(1).seed().0));
    expect!["676490fd95e9609e35104b2604c53005f9d88efec5ba5df351abbe9fb0881444"]
        .assert_eq(&hex(&agreement.x25519.0));
    expect!["5f3c3742a20532b61629f8441d88989ad0d8ff8efeb74f250301b469d60b3a76a7180162ba82e3b88cd68485020a8ce80d0264c0dc47362589d039d9f1a878ca"].assert_eq(&hex(&agreement.ml_kem_seed));
    expect!["1659198aa0e2aa660fcc5c74da23a828422bb40e01fde170c48d29fb0ece68ab"]
        .assert_eq(&hex(&seed.storage_root().0));
}

#[test]
fn the_public_side_of_the_words_is_frozen() {
    let seed = Seed::new(&Phrase::from_entropy([0; 32]));
    let Inception { master, next_hash, x25519, ml_kem_hash } = seed.inception();
    expect!["dbce540b2f6822a19b8d3a38cf13184b6d7dc1691a6153c5107cb74c25a8ab30"]
        .assert_eq(&hex(&master.0));
    expect!["70dda0759986612a33965589437ce9b78d694ec2e8493457234a5e2b98a09f39"]
        .assert_eq(&hex(&next_hash.0));
    expect!["774b892b609db381f5c625f2fd7802f07195b34db07194acf652b23a39cb1e69"]
        .assert_eq(&hex(&x25519));
    expect!["49c4418ca801fa48ad72e4ae680f51870a1c4fa7b2873c9038ed42f914ab1370"]
        .assert_eq(&hex(&ml_kem_hash.0));
    expect!["bd1c3k3z844d8t5ydm452ujp8gkfj08t4asvm8mkfrj64s3yk9max5s5ndyve"]
        .assert_eq(&seed.identity().to_string());
}

#[test]
fn each_purpose_and_generation_has_its_own_key() {
    let seed = seed(1);
    let keys = [
        seed.signing_key(0).seed().0,
        seed.signing_key(1).seed().0,
        seed.agreement(0).x25519.0,
        seed.agreement(1).x25519.0,
        seed.storage_root().0,
    ];
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn another_implementation_of_ml_kem_agrees_with_ours() {
    use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};

    let secret = seed(1).agreement(0);
    let theirs = EncapsulationKey::new(&ML_KEM_768, &*secret.public().ml_kem).unwrap();
    let (ciphertext, shared) = theirs.encapsulate().unwrap();
    let (ours, _) = MlKem768::from_seed(&MlKemSeed::from(secret.ml_kem_seed));
    let opened = ours.decapsulate_slice(ciphertext.as_ref()).unwrap();
    assert_eq!(opened.as_slice(), shared.as_ref());
}
