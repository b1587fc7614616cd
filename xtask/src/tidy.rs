//! The rules of the project that no other tool knows: `source` for the text of files, `crates` for
//! who may use whom. A rule is a function from the tree to complaints; each has a test with a control.

use std::fmt;

use anyhow::{Result, bail};

use crate::tree::Tree;

mod crates;
mod source;

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    path: String,
    /// From 1; none for the whole file.
    line: Option<usize>,
    what: String,
}

type Rule = fn(&Tree) -> Vec<Complaint>;

const RULES: [Rule; 11] = [
    source::opens_with_its_purpose,
    source::is_short,
    source::has_no_mod_rs,
    source::keeps_tests_apart,
    source::expects_instead_of_allowing,
    source::ignores_no_test,
    source::is_finished,
    source::sleeps_in_no_test,
    source::draws_each_automaton,
    source::names_no_machine,
    crates::keep_their_direction,
];

/// Prints all complaints; any is an error.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let complaints: Vec<Complaint> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    complaints.iter().for_each(|complaint| println!("{complaint}"));
    if !complaints.is_empty() {
        bail!("tidy has {} complaints", complaints.len());
    }
    Ok(())
}

impl Complaint {
    fn of_file(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, what: what.into() }
    }

    fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}
