//! The id of a network stays the same.

use expect_test::expect;

use super::*;

#[test]
fn ids_are_frozen_and_distinct() {
    expect!["bdnet1ur4w2pdm5pt9z7s9nskh4skfsqvfft4q6f0xd0p3j93gjperte7sl0vfwq"]
        .assert_eq(&network_id("main").to_string());
    assert_ne!(network_id("main"), network_id("Main"));
}
