//! Who may use whom. A new row or name here is a new edge, and needs a page in `docs/decisions`.

use super::Complaint;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

/// Our crates, each with those of ours that it may use, for its tests too.
///
/// Subjects do not use each other: what one wants of another passes through the wiring in `node`.
/// `mesh` alone uses `identity`, for it is identities that it finds and proves. `storage` uses the
/// formats of `codec` and `store`, for evidence is made of them (decision 009).
#[rustfmt::skip]
const EDGES: [(&str, &[&str]); 25] = [
    ("automata", &[]),
    ("erasure", &[]),
    ("base", &["automata"]),
    ("codec", &["base", "erasure"]),
    ("store", &["base"]),
    ("spaces", &["automata", "base"]),
    ("drive", &["base", "codec", "spaces", "store"]),

    ("identity", &["automata", "base", "spaces"]),
    ("mesh", &["automata", "base", "identity", "spaces"]),
    ("storage", &["automata", "base", "codec", "spaces", "store"]),
    ("files", &["automata", "base", "spaces"]),
    ("messaging", &["automata", "base", "spaces"]),
    ("publishing", &["automata", "base", "spaces"]),
    ("market", &["automata", "base", "spaces"]),

    ("node", &["automata", "base", "files", "identity", "market", "mesh", "messaging", "publishing",
        "spaces", "storage"]),
    ("simulator", &["automata", "base", "codec", "drive", "erasure", "identity", "mesh", "node",
        "spaces", "storage", "store"]),

    ("transport", &["base"]),
    ("disk", &["base", "store"]),
    ("daemon", &["automata", "base", "codec", "disk", "drive", "erasure", "identity", "mesh",
        "node", "spaces", "storage", "store", "transport"]),
    ("api", &["automata", "base", "daemon"]),
    ("mount", &["base", "daemon"]),
    ("fleet", &["api"]),
    ("cli", &["api", "base", "daemon", "disk", "fleet", "identity", "mesh", "mount", "spaces",
        "storage", "transport"]),

    // The benchmarks put the whole path beside the raw speed of its parts, and every decoder is
    // attacked from here.
    ("e2e", &["api", "base", "codec", "daemon", "disk", "drive", "erasure", "fleet", "identity",
        "mesh", "node", "spaces", "storage", "store", "transport"]),
    ("xtask", &[]),
];

/// Libraries of others that only some of our crates may use: `*` stands for all shells.
const RESERVED: [(&str, &[&str]); 6] = [
    ("libp2p", &["transport"]),
    ("redb", &["store", "disk"]),
    ("anyhow", &["cli", "fleet", "xtask", "e2e"]),
    ("tokio", &["*", "e2e"]),
    ("tracing", &["*"]),
    ("rustix", &["*", "e2e"]),
];

/// Each crate has a row, uses only what stands in it, and is named in `ARCHITECTURE.md`.
pub(super) fn keep_their_direction(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = vec![];
    for (path, text) in tree.ending("Cargo.toml") {
        let Some((folder, name)) = crate_of(path) else { continue };
        let Some((_, may_use)) = EDGES.iter().find(|(each, _)| *each == name) else {
            let what = format!("`{name}` has no row in the table of edges");
            complaints.push(Complaint::of_file(path, what));
            continue;
        };
        for (line, used) in dependencies(text) {
            let is_ours = EDGES.iter().any(|(each, _)| *each == used);
            if is_ours && !may_use.contains(&used) {
                let what = format!("`{name}` may not use `{used}`: a new edge needs a decision");
                complaints.push(Complaint::at(path, line, what));
            }
            if !is_open_to(used, name, folder) {
                complaints.push(Complaint::at(
                    path,
                    line,
                    format!("`{name}` may not use `{used}`"),
                ));
            }
        }
        let map = tree.text("ARCHITECTURE.md");
        if path.starts_with("crates/") && map.is_some_and(|map| !map.contains(&format!("`{name}`")))
        {
            let what = format!("does not name the crate `{name}`");
            complaints.push(Complaint::of_file("ARCHITECTURE.md", what));
        }
    }
    complaints
}

/// The folder (`core`, `shell`, or none) and the name of a crate of ours.
fn crate_of(manifest: &str) -> Option<(&str, &str)> {
    match manifest.split('/').collect::<Vec<_>>()[..] {
        ["crates", folder, name, "Cargo.toml"] => Some((folder, name)),
        ["tests", "Cargo.toml"] => Some(("", "e2e")),
        ["xtask", "Cargo.toml"] => Some(("", "xtask")),
        _ => None,
    }
}

/// Whether the library `used`, with those that belong to it, may be used in this crate.
fn is_open_to(used: &str, name: &str, folder: &str) -> bool {
    let belongs = |family: &str| {
        used.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    RESERVED.iter().filter(|(family, _)| belongs(family)).all(|(_, open_to)| {
        open_to.contains(&name) || (folder == "shell" && open_to.contains(&"*"))
    })
}

/// The names under all `[…dependencies]` of a manifest, each with its line.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = vec![];
    let mut is_list = false;
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_list = section.ends_with("dependencies");
            if let Some((_, name)) = section.split_once("dependencies.") {
                found.push((index + 1, name));
            }
        } else if is_list && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['=', '.']).next().unwrap_or(line).trim();
            found.push((index + 1, name.trim_matches('"')));
        }
    }
    found
}
