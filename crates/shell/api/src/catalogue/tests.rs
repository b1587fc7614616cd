//! The catalogue is complete in itself.

use std::collections::BTreeSet;

use super::*;

#[test]
fn each_code_stands_once_and_in_one_form() {
    let mut seen = BTreeSet::new();
    for Code { code, when, meaning, advice, .. } in CODES {
        assert!(seen.insert(code), "{code} stands twice");
        let is_plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(is_plain, "{code} is not in small letters and hyphens");
        for sentence in [when, meaning, advice] {
            let starts = sentence.starts_with(|c: char| c.is_uppercase() || c == '`');
            assert!(starts && sentence.ends_with('.'), "no sentence in {code}: {sentence}");
        }
    }
}

#[test]
fn an_unknown_code_counts_as_a_failure() {
    assert_eq!(kind_of("made-up"), Kind::Failed);
    assert_eq!(kind_of("no-such-job"), Kind::Missing);
}

#[test]
fn each_status_is_an_error_of_http() {
    for known in CODES {
        assert!((400..600).contains(&known.kind.status()), "{}", known.code);
    }
}
