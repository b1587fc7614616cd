//! Documents that are made from others: the list of all automata.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use crate::cargo::root;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

const AUTOMATA: &str = "docs/automata/README.md";

/// The crate that defines what an automaton is; what it draws is an example.
const EXAMPLE: &str = "crates/core/automata/";

/// Writes what is stale.
pub(crate) fn write(tree: &Tree) -> Result<()> {
    let text = automata(tree)?;
    if tree.text(AUTOMATA) != Some(&text) {
        let path = root().join(AUTOMATA);
        let folder = path.parent().context("a file without a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {AUTOMATA}"))?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {AUTOMATA}"))?;
        println!("wrote {AUTOMATA}");
    }
    Ok(())
}

/// Says what is stale; anything stale is an error.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    if tree.text(AUTOMATA) != Some(&automata(tree)?) {
        bail!("{AUTOMATA} is stale: run `cargo xtask docgen`");
    }
    Ok(())
}

/// A list of all drawings, by crate, each with its purpose.
fn automata(tree: &Tree) -> Result<String> {
    let mut text = "\
# Automata

Every process of a node is an automaton. Each drawing below is made by running the code, so it is
what the program does. `bitdust automata` shows the same live.

This list is made by `cargo xtask docgen`.
"
    .to_owned();
    let mut last = "";
    let drawings = tree.ending("/automaton.md").filter(|(path, _)| path.starts_with("crates/"));
    for (path, drawing) in drawings.filter(|(path, _)| !path.starts_with(EXAMPLE)) {
        let owner = path.split('/').nth(2).with_context(|| format!("{path} is in no crate"))?;
        let (name, purpose) = title_of(drawing).with_context(|| {
            format!("{path} has no title and purpose: run `cargo xtask golden`")
        })?;
        if owner != last {
            write!(text, "\n## {owner}\n\n")?;
            last = owner;
        }
        writeln!(text, "- [{name}](../../{path}): {purpose}")?;
    }
    Ok(text)
}

/// The heading and the first paragraph of a drawing.
fn title_of(drawing: &str) -> Option<(&str, &str)> {
    let mut lines = drawing.lines().filter(|line| !line.is_empty());
    Some((lines.next()?.strip_prefix("# ")?, lines.next()?))
}
