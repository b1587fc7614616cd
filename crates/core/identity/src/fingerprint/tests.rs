//! What is compared aloud stays the same, and differs between identities.

use expect_test::expect;

use super::*;
use crate::tests::seed;

#[test]
fn the_words_are_frozen() {
    expect!["this wisdom loud exercise pudding change"].assert_eq(&fingerprint(seed(1).identity()));
}

#[test]
fn near_identities_sound_different() {
    let mut all = std::collections::BTreeSet::new();
    for bit in 0..256 {
        let mut identity = IdentityId([0; 32]);
        identity.0[bit / 8] = 1 << (bit % 8);
        assert!(all.insert(fingerprint(identity)));
    }
}
