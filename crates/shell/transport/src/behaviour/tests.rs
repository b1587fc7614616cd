//! Which texts can name a network.

use super::*;

#[test]
fn a_network_has_a_plain_name() {
    for good in ["test", "bitdust-1", "a", "x.y_z", &"n".repeat(64)] {
        assert!(is_network(good), "{good}");
        assert!(dht_name(good).is_some());
    }
    for bad in ["", "a/b", "two words", "ü", "a\n", &"n".repeat(65)] {
        assert!(!is_network(bad), "{bad}");
    }
}
