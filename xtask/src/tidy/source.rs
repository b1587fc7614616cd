//! Rules for the text of files. Words that are forbidden are put together here from halves, so that
//! this file may stand under its own rules.

use super::Complaint;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

/// Longest file, in lines.
const LINES_MAX: usize = 500;
/// Longest file of tests, in lines.
const TEST_LINES_MAX: usize = 800;
/// Files that may be longer, with their length now. The list and its numbers may only shrink.
const LONG: [(&str, usize); 0] = [];

pub(super) fn opens_with_its_purpose(tree: &Tree) -> Vec<Complaint> {
    let silent = tree.ending(".rs").filter(|(_, text)| !text.starts_with("//! "));
    silent.map(|(path, _)| Complaint::at(path, 1, "say with `//!` what the file is for")).collect()
}

pub(super) fn is_short(tree: &Tree) -> Vec<Complaint> {
    lengths(tree, &LONG)
}

fn lengths(tree: &Tree, long: &[(&str, usize)]) -> Vec<Complaint> {
    let mut complaints = vec![];
    for (path, text) in sources(tree) {
        let lines = text.lines().count();
        let max = if is_test(path) { TEST_LINES_MAX } else { LINES_MAX };
        match long.iter().find(|(name, _)| *name == path) {
            None if lines > max => {
                let what = format!("has {lines} lines, more than {max}: split it by subject");
                complaints.push(Complaint::of_file(path, what));
            }
            Some((_, known)) if lines > *known => {
                let what = format!("has {lines} lines, more than the {known} it was let off with");
                complaints.push(Complaint::of_file(path, what));
            }
            Some((_, known)) if lines < *known => {
                let what = format!("has {lines} lines now: lower its number in `LONG`");
                complaints.push(Complaint::of_file(path, what));
            }
            _ => {}
        }
    }
    let is_gone = |name: &str| tree.text(name).is_none();
    let gone = long.iter().filter(|(name, _)| is_gone(name));
    complaints
        .extend(gone.map(|(name, _)| Complaint::of_file(name, "is gone: strike it off `LONG`")));
    complaints
}

pub(super) fn has_no_mod_rs(tree: &Tree) -> Vec<Complaint> {
    let named = tree.ending(".rs").filter(|(path, _)| name_of(path) == "mod.rs");
    named
        .map(|(path, _)| Complaint::of_file(path, "name it `foo.rs`, with `foo/` beside"))
        .collect()
}

pub(super) fn keeps_tests_apart(tree: &Tree) -> Vec<Complaint> {
    let opens = |line: &str| ["mod tests {", "mod test {"].contains(&line.trim());
    rust_lines(tree, opens, "tests live in `foo/tests.rs`")
}

pub(super) fn expects_instead_of_allowing(tree: &Tree) -> Vec<Complaint> {
    let marks = [concat!("#[", "allow("), concat!("#![", "allow(")];
    let what = "use `#[expect(lint, reason = \"…\")]`";
    rust_lines(tree, |line| marks.iter().any(|mark| line.contains(mark)), what)
}

pub(super) fn ignores_no_test(tree: &Tree) -> Vec<Complaint> {
    rust_lines(tree, |line| line.contains(concat!("#[", "ignore")), "a test that nobody runs")
}

pub(super) fn is_finished(tree: &Tree) -> Vec<Complaint> {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let calls = [concat!("to", "do!("), concat!("unimple", "mented!(")];
    let is_open = |line: &str| {
        let mut tokens = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        tokens.any(|token| words.contains(&token)) || calls.iter().any(|call| line.contains(call))
    };
    lines(sources(tree), is_open, "finish it, or make it a sentence in the header")
}

pub(super) fn sleeps_in_no_test(tree: &Tree) -> Vec<Complaint> {
    let tests = tree.ending(".rs").filter(|(path, _)| is_test(path));
    let what = "wait for the event, not for the clock";
    lines(tests, |line| line.contains(concat!("sle", "ep(")), what)
}

/// An automaton of `foo.rs` is drawn in `foo/automaton.md`.
pub(super) fn draws_each_automaton(tree: &Tree) -> Vec<Complaint> {
    let has_one = |text: &str| text.lines().any(|line| line.starts_with("impl Automaton for "));
    let is_drawn = |path: &str| {
        let drawing = path.strip_suffix(".rs").map(|stem| format!("{stem}/automaton.md"));
        drawing.is_some_and(|drawing| tree.text(&drawing).is_some())
    };
    tree.ending(".rs")
        .filter(|(path, text)| !is_test(path) && has_one(text) && !is_drawn(path))
        .map(|(path, _)| Complaint::of_file(path, "draw its `automaton.md` in a folder beside it"))
        .collect()
}

/// Absolute paths of the machines on which we work are nobody else's business.
pub(super) fn names_no_machine(tree: &Tree) -> Vec<Complaint> {
    let places = [concat!("/wo", "rk/"), concat!("/tmp", "/t-")];
    let is_start =
        |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || "._-~/}".contains(c));
    let names_one = |line: &str| {
        places.iter().any(|place| line.match_indices(place).any(|(at, _)| is_start(&line[..at])))
    };
    lines(tree.files(), names_one, "the path of some machine")
}

/// Files that people write.
fn sources(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    [".rs", ".ts", ".svelte"].into_iter().flat_map(|end| tree.ending(end))
}

/// `foo/tests.rs` and what is beneath it, and the end-to-end tests.
fn is_test(path: &str) -> bool {
    name_of(path) == "tests.rs" || path.split('/').rev().skip(1).any(|folder| folder == "tests")
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn rust_lines(tree: &Tree, is_wrong: impl Fn(&str) -> bool, what: &str) -> Vec<Complaint> {
    lines(tree.ending(".rs"), is_wrong, what)
}

fn lines<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
    is_wrong: impl Fn(&str) -> bool,
    what: &str,
) -> Vec<Complaint> {
    let mut complaints = vec![];
    for (path, text) in files {
        let wrong = text.lines().enumerate().filter(|(_, line)| is_wrong(line));
        complaints.extend(wrong.map(|(index, _)| Complaint::at(path, index + 1, what)));
    }
    complaints
}
