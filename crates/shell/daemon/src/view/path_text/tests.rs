//! Every path has its text, and the text gives the path back.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn every_path_comes_back(bytes in prop::collection::vec(1_u8..=255, 0..64)) {
        let text = from_bytes(&bytes);
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert_eq!(to_bytes(&text).unwrap(), bytes);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[\\\\x0-9a-gé\u{0}]{0,24}") {
        if let Ok(bytes) = to_bytes(&text) {
            prop_assert_eq!(to_bytes(&from_bytes(&bytes)).unwrap(), bytes);
        }
    }
}

#[test]
fn ordinary_names_stay_as_they_are() {
    for name in ["/home/ann/Grüße 2026.txt", "файл", "a b\"c'd", "写真/📷.jpg"] {
        assert_eq!(from_bytes(name.as_bytes()), name);
        assert_eq!(to_path(name).unwrap(), Path::new(name));
    }
}

#[test]
fn other_bytes_backslashes_and_controls_are_escaped() {
    assert_eq!(from_bytes(b"caf\xe9"), "caf\\xe9");
    assert_eq!(from_bytes(b"a\\x41"), "a\\x5cx41");
    assert_eq!(from_bytes(b"a\n\x1b[31mb\xc2\x9b"), "a\\x0a\\x1b[31mb\\xc2\\x9b");
    assert_eq!(to_bytes("caf\\xE9").unwrap(), b"caf\xe9");
}

#[test]
fn a_broken_escape_is_named() {
    for (text, at) in [("a\\", 1), ("\\x4", 0), ("ab\\y41", 2), ("\\xg1", 0), ("\\x+1", 0)] {
        assert_eq!(to_bytes(text), Err(ParsePathError::Escape { at }));
    }
    assert_eq!(to_bytes("a\\x00"), Err(ParsePathError::Zero));
    assert_eq!(to_bytes("a\0"), Err(ParsePathError::Zero));
}
