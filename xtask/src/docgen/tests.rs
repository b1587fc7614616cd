//! The list of automata is complete, and known to be stale when it is.

use super::{AUTOMATA, automata, check};
use crate::tree::Tree;

const CONTRACT: (&str, &str) =
    ("crates/core/storage/src/contract/automaton.md", "# contract\n\nAgrees on a quota.\n\n```");
const LINK: (&str, &str) = ("crates/core/mesh/src/link/automaton.md", "# link\n\nKeeps a peer.\n");
const EXAMPLE: (&str, &str) =
    ("crates/core/automata/src/delivery/automaton.md", "# delivery\n\nAn example.\n");

#[test]
fn lists_each_automaton_under_its_crate() {
    let text = automata(&Tree::of(&[CONTRACT, LINK, EXAMPLE])).unwrap();
    let (_, list) = text.split_once("docgen`.\n").unwrap();
    let expected = "
## mesh

- [link](../../crates/core/mesh/src/link/automaton.md): Keeps a peer.

## storage

- [contract](../../crates/core/storage/src/contract/automaton.md): Agrees on a quota.
";
    assert_eq!(list, expected);
}

#[test]
fn says_when_the_list_is_stale() {
    let text = automata(&Tree::of(&[CONTRACT])).unwrap();
    check(&Tree::of(&[CONTRACT, (AUTOMATA, &text)])).expect("control: it is fresh");
    assert!(check(&Tree::of(&[CONTRACT])).is_err());
    assert!(check(&Tree::of(&[CONTRACT, LINK, (AUTOMATA, &text)])).is_err());
}

#[test]
fn an_empty_drawing_is_named() {
    let error = automata(&Tree::of(&[(LINK.0, "")])).unwrap_err();
    assert!(error.to_string().starts_with(LINK.0), "{error}");
}
