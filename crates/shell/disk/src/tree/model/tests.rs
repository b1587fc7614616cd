//! Names and paths cannot climb.

use proptest::prelude::*;

use super::name::{is_partial, partial_name};
use super::*;

#[test]
fn names_that_lead_elsewhere_are_refused() {
    assert_eq!(Name::new(b""), Err(BadName::Empty));
    assert_eq!(Name::new(b"."), Err(BadName::Dots));
    assert_eq!(Name::new(b".."), Err(BadName::Dots));
    assert_eq!(Name::new(b"a/b"), Err(BadName::Slash));
    assert_eq!(Name::new(b"a\0"), Err(BadName::Nul));
    assert_eq!(Name::new(&[b'a'; 256]), Err(BadName::TooLong { bytes: 256 }));
    assert!(Name::new(&[0xff; 255]).is_ok());
    assert!(Name::new(b"...").is_ok());
}

#[test]
fn a_path_takes_names_only_down_to_the_limit() {
    let mut path = TreePath::root();
    let name = Name::new(b"d").unwrap();
    for _ in 0..DEPTH_MAX {
        path = path.join(&name).unwrap();
    }
    assert_eq!(path.join(&name), Err(TooDeep));
    let joined = [path.as_bytes(), b"/d"].concat();
    assert_eq!(TreePath::parse(&joined), Err(BadPath::Depth(TooDeep)));
}

#[test]
fn absolute_and_climbing_paths_are_refused() {
    for path in ["/etc", "a//b", "a/", "a/../b", "./a", "..", "a\0b"] {
        assert!(matches!(TreePath::parse(path.as_bytes()), Err(BadPath::Name(_))), "{path:?}");
    }
    assert_eq!(TreePath::parse(b""), Ok(TreePath::root()));
}

#[test]
fn what_is_shown_cannot_speak_to_the_terminal() {
    let name = Name::new(b"a\x1b[2J\xff\xc3\xa4\xe2\x80\xae").unwrap();
    assert_eq!(name.to_string(), "a\\u{1b}[2J\\xffä\\u{202e}");
    assert_eq!(TreePath::root().to_string(), ".");
}

#[test]
fn the_special_nanoseconds_of_the_kernel_are_no_time() {
    assert!(Time::new(0, (1 << 30) - 1).is_err());
    assert!(Time::new(0, (1 << 30) - 2).is_err());
    assert!(Time::new(-1, 999_999_999).is_ok());
}

#[test]
fn only_our_own_pattern_is_a_partial_name() {
    assert!(is_partial(&partial_name(7)));
    assert!(is_partial(&partial_name(u64::MAX)));
    for name in [&b".bitdust-part-"[..], b".bitdust-part-notes", b"x.bitdust-part-0123456789abcdef"]
    {
        assert!(!is_partial(name));
    }
}

proptest! {
    #[test]
    fn a_path_is_the_sum_of_its_names(names in prop::collection::vec("[a-c.]{3,6}", 0..8)) {
        let mut path = TreePath::root();
        for name in &names {
            let child = path.join(&Name::new(name.as_bytes()).unwrap()).unwrap();
            prop_assert_eq!(child.parent(), Some(path));
            prop_assert_eq!(child.name(), Some(name.as_bytes()));
            path = child;
        }
        prop_assert_eq!(path.depth(), names.len());
        let back: Vec<_> = path.names().map(<[u8]>::to_vec).collect();
        prop_assert_eq!(back, names.iter().map(|n| n.clone().into_bytes()).collect::<Vec<_>>());
        prop_assert_eq!(TreePath::parse(path.as_bytes()), Ok(path));
    }

    #[test]
    fn a_time_comes_back_from_its_nanoseconds(seconds in any::<i64>(), ns in 0u32..1_000_000_000) {
        let time = Time::new(seconds, ns).unwrap();
        prop_assert_eq!(Time::from_nanoseconds(time.nanoseconds_since_1970()), time);
    }
}
