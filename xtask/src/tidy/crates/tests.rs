//! Edges that exist are allowed, others are named with their line.

use super::{dependencies, keep_their_direction};
use crate::tree::Tree;

fn complaints(files: &[(&str, &str)]) -> Vec<String> {
    keep_their_direction(&Tree::of(files)).iter().map(ToString::to_string).collect()
}

#[test]
fn subjects_do_not_use_each_other() {
    let path = "crates/core/messaging/Cargo.toml";
    assert_eq!(complaints(&[(path, "[dependencies]\nbase = {}\nserde = {}")]), [""; 0], "control");
    let expected =
        [format!("{path}:3: `messaging` may not use `storage`: a new edge needs a decision")];
    assert_eq!(complaints(&[(path, "[dependencies]\nbase = {}\nstorage = {}")]), expected);
}

#[test]
fn the_core_uses_no_shell_and_no_world() {
    let node = "crates/core/node/Cargo.toml";
    let wrong = "[dependencies]\ndisk = {}\n[dev-dependencies]\ntokio.workspace = true";
    let expected = [
        format!("{node}:2: `node` may not use `disk`: a new edge needs a decision"),
        format!("{node}:4: `node` may not use `tokio`"),
    ];
    assert_eq!(complaints(&[(node, wrong)]), expected);
    let control = "[dependencies]\ndisk = {}\ntokio-util = {}";
    assert_eq!(complaints(&[("crates/shell/daemon/Cargo.toml", control)]), [""; 0], "control");
}

#[test]
fn one_crate_names_the_network_and_two_the_database() {
    let uses = |library: &str, name: &str| {
        let path = format!("crates/shell/{name}/Cargo.toml");
        complaints(&[(&path, &format!("[dependencies]\n{library} = {{}}"))]).len()
    };
    assert_eq!((uses("libp2p", "transport"), uses("redb", "disk")), (0, 0), "control");
    assert_eq!((uses("libp2p", "daemon"), uses("redb", "daemon")), (1, 1));
    assert_eq!(uses("libp2p-kad", "api"), 1, "nor a part of it");
}

#[test]
fn a_new_crate_needs_a_row_and_a_place_on_the_map() {
    let lights = ("crates/core/lights/Cargo.toml", "");
    assert_eq!(
        complaints(&[lights]),
        [format!("{}: `lights` has no row in the table of edges", lights.0)]
    );
    let base = ("crates/core/base/Cargo.toml", "");
    assert_eq!(complaints(&[base, ("ARCHITECTURE.md", "- `base`: ids")]), [""; 0], "control");
    let expected = ["ARCHITECTURE.md: does not name the crate `base`"];
    assert_eq!(complaints(&[base, ("ARCHITECTURE.md", "- basement")]), expected);
}

#[test]
fn reads_all_lists_of_a_manifest() {
    let manifest = "\
[package]
name = \"x\"
[dependencies]
# why
base = { workspace = true }
node.workspace = true
[target.'cfg(unix)'.dependencies]
\"rustix\" = \"1\"
[dev-dependencies.proptest]
version = \"1\"
[lints]
workspace = true
";
    let expected = [(5, "base"), (6, "node"), (8, "rustix"), (9, "proptest")];
    assert_eq!(dependencies(manifest), expected);
}
