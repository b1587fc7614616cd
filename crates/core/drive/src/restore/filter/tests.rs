//! A filter wants whole paths, never names that only begin alike.

use super::{Filter, Match};

fn test(wanted: &str, path: &str) -> Match {
    Filter::paths([wanted.as_bytes().to_vec()]).test(path.as_bytes())
}

#[test]
fn wants_a_path_and_all_below() {
    assert_eq!(test("/a/b", "/a/b"), Match::Whole);
    assert_eq!(test("/a/b/", "/a/b/c"), Match::Whole);
    assert_eq!(test("/a/b", "/a"), Match::Way);
    assert_eq!(test("/a/b", "/"), Match::Way);
    assert_eq!(test("/", "/a"), Match::Whole);
    assert_eq!(test("/a/b", "/a/bc"), Match::No);
    assert_eq!(test("/a/b", "/c"), Match::No);
}

#[test]
fn tells_what_was_not_met() {
    let mut filter = Filter::paths([b"/a".to_vec(), b"/b/c".to_vec()]);
    assert_eq!(filter.test(b"/a/x"), Match::Whole);
    assert_eq!(filter.test(b"/b"), Match::Way);
    assert_eq!(filter.unmet().collect::<Vec<_>>(), [b"/b/c"]);
    assert_eq!(Filter::all().test(b"/anything"), Match::Whole);
}
