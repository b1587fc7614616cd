//! Each rule complains of what it forbids, where it stands, and of nothing beside it.

use crate::tidy::Rule;
use crate::tree::Tree;

/// Asserts that `rule` complains of these places, and not at all of the control.
fn check(rule: Rule, wrong: &[(&str, &str)], places: &[&str], control: &[(&str, &str)]) {
    assert_eq!(found(rule, wrong), places);
    assert_eq!(found(rule, control), Vec::<String>::new(), "control");
}

fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let place = |c: &crate::tidy::Complaint| match c.line {
        Some(line) => format!("{}:{line}", c.path),
        None => c.path.clone(),
    };
    rule(&Tree::of(files)).iter().map(place).collect()
}

#[test]
fn a_file_says_what_it_is_for() {
    let wrong = [("a.rs", "// A.\nfn a() {}"), ("b.rs", ""), ("c.rs", "\n//! C.")];
    let control = [("a.rs", "//! A.\n"), ("b.md", "")];
    check(super::opens_with_its_purpose, &wrong, &["a.rs:1", "b.rs:1", "c.rs:1"], &control);
}

#[test]
fn a_file_is_short() {
    let (at_limit, above, tests) = ("//\n".repeat(500), "//\n".repeat(501), "//\n".repeat(801));
    let wrong = [("a.rs", &above[..]), ("a/tests.rs", &tests), ("web/b.svelte", &above)];
    let control = [("a.rs", &at_limit[..]), ("a/tests.rs", &above), ("c.md", &above)];
    check(super::is_short, &wrong, &["a.rs", "a/tests.rs", "web/b.svelte"], &control);
}

#[test]
fn the_list_of_long_files_only_shrinks() {
    let tree = |lines: usize| Tree::of(&[("a.rs", &"//\n".repeat(lines))]);
    let complaints = |lines, known| super::lengths(&tree(lines), &[("a.rs", known)]).len();
    assert_eq!(complaints(600, 600), 0, "control: it is as long as the list says");
    assert_eq!(complaints(601, 600), 1);
    assert_eq!(complaints(599, 600), 1);
    assert_eq!(super::lengths(&Tree::of(&[]), &[("a.rs", 600)]).len(), 1);
}

#[test]
fn no_file_is_named_mod() {
    let wrong = [("a/mod.rs", "//! A.")];
    check(super::has_no_mod_rs, &wrong, &["a/mod.rs"], &[("a/mood_mod.rs", "//! A.")]);
}

#[test]
fn tests_have_their_own_file() {
    let wrong = [("a.rs", "#[cfg(test)]\nmod tests {\n}")];
    check(super::keeps_tests_apart, &wrong, &["a.rs:2"], &[("a.rs", "#[cfg(test)]\nmod tests;")]);
}

#[test]
fn a_lint_is_expected_with_its_reason() {
    let wrong = [
        ("a.rs", concat!("#[", "allow(dead_code)]")),
        ("b.rs", concat!("//!\n#![", "allow(dead_code)]")),
    ];
    let control = [("a.rs", "#[expect(dead_code, reason = \"none\")]")];
    check(super::expects_instead_of_allowing, &wrong, &["a.rs:1", "b.rs:2"], &control);
}

#[test]
fn every_test_runs() {
    let wrong = [
        ("a.rs", concat!("#[test]\n#[", "ignore]")),
        ("b.rs", concat!("#[", "ignore = \"slow\"]")),
    ];
    check(super::ignores_no_test, &wrong, &["a.rs:2", "b.rs:1"], &[("a.rs", "Step::Ignore")]);
}

#[test]
fn what_is_merged_is_finished() {
    let wrong = [
        ("a.rs", concat!("// TO", "DO: more")),
        ("b.rs", concat!("fn b() { to", "do!() }")),
        ("c.ts", concat!("// FIX", "ME")),
    ];
    let control = [("a.rs", "let todos = MASTODON;"), ("STYLE.md", concat!("TO", "DO"))];
    check(super::is_finished, &wrong, &["a.rs:1", "b.rs:1", "c.ts:1"], &control);
}

#[test]
fn a_test_waits_for_events() {
    let line = concat!("std::thread::sle", "ep(wait);");
    let wrong = [("a/tests.rs", line), ("tests/src/demo.rs", line), ("b/tests/c.rs", line)];
    let control = [("daemon/src/work.rs", line), ("a/tests.rs", "let sleeper = 1;")];
    let places = ["a/tests.rs:1", "b/tests/c.rs:1", "tests/src/demo.rs:1"];
    check(super::sleeps_in_no_test, &wrong, &places, &control);
}

#[test]
fn an_automaton_is_drawn() {
    let lamp = "//! Lamp.\nimpl Automaton for Lamp {\n";
    let example = "//! impl Automaton for Lamp {\n";
    let wrong = [("a/lamp.rs", lamp), ("a/automaton.md", "# lamp")];
    let control = [
        ("a/lamp.rs", lamp),
        ("a/lamp/automaton.md", "# lamp"),
        ("a/lamp/tests.rs", lamp),
        ("a/lib.rs", example),
    ];
    check(super::draws_each_automaton, &wrong, &["a/lamp.rs"], &control);
}

#[test]
fn no_machine_is_named() {
    let ours = [concat!("see /wo", "rk/main"), concat!("(/tmp", "/t-x)")].join("\n");
    let theirs = [concat!("/home/a/wo", "rk/main"), concat!("$HOME/tmp", "/t-x")].join("\n");
    let wrong = [("a.md", &ours[..])];
    check(super::names_no_machine, &wrong, &["a.md:1", "a.md:2"], &[("a.md", &theirs)]);
}
