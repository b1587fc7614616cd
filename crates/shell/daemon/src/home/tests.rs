//! What the loop keeps, sound and damaged.

use base::{DeviceId, encode};
use node::book::Book;

use super::*;
use crate::peers::addresses::Anchor;

fn home() -> (tempfile::TempDir, Home) {
    let directory = tempfile::tempdir().unwrap();
    let lock = HomeLock::take(directory.path()).unwrap();
    let home = Home::new(directory.path(), lock);
    (directory, home)
}

fn book(sequence: u64) -> Book {
    Book { root_sequence: sequence, ..Book::default() }
}

#[test]
fn an_empty_home_has_nothing_and_no_complaint() {
    let (_directory, home) = home();
    let Kept { book, anchors, warnings } = read_kept(&home);
    assert_eq!((book, anchors, warnings), (None, Anchors::default(), vec![]));
}

#[test]
fn what_was_kept_comes_back() {
    let (_directory, home) = home();
    let addresses = vec!["/ip4/1.2.3.4/tcp/1".into()];
    let anchors = Anchors(vec![Anchor { device: DeviceId([1; 32]), addresses }]);
    home.book().save(&encode(&book(7))).unwrap();
    home.anchors().save(&encode(&anchors)).unwrap();
    let kept = read_kept(&home);
    assert_eq!((kept.book, kept.anchors, kept.warnings), (Some(book(7)), anchors, vec![]));
}

#[test]
fn a_damaged_book_gives_way_to_the_one_before() {
    let (_directory, home) = home();
    home.book().save(&encode(&book(1))).unwrap();
    home.book().save(&encode(&book(2))).unwrap();
    std::fs::write(home.book().path(), b"rot").unwrap();
    let kept = read_kept(&home);
    assert_eq!(kept.book, Some(book(1)));
    assert!(kept.warnings[0].contains("the version before"), "{:?}", kept.warnings);
}

#[test]
fn without_any_whole_book_the_node_starts_and_says_so() {
    let (_directory, home) = home();
    home.book().save(&encode(&book(1))).unwrap();
    std::fs::write(home.book().path(), b"rot").unwrap();
    std::fs::write(home.anchors().path(), b"rot").unwrap();
    let kept = read_kept(&home);
    assert_eq!((kept.book, kept.anchors), (None, Anchors::default()));
    assert_eq!(kept.warnings.len(), 1, "lost anchors are of no interest");
}
