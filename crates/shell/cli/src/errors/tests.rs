//! The pages are those of the code, and the daemon says nothing that they do not list.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use api::catalogue::{CODES, find};
use expect_test::expect_file;

use super::*;

#[test]
fn the_page_of_errors_is_the_catalogue() {
    let mut page = String::from(
        "# Errors\n\n\
         Made from `crates/shell/api/src/catalogue/table.rs`; do not edit.\n\n\
         Each error says what happened, what it means for the data and what to do, and has a code \
         that keeps its meaning. The same codes come in the `code` field of `--json` output and of \
         the local API; the words of one error may say more than the ones here. The exit codes are \
         explained in [operations/exit-codes.md](operations/exit-codes.md).\n",
    );
    for known in CODES {
        let exit = ExitCode::from(known.kind) as u8;
        let http = known.kind.status();
        writeln!(page, "\n## `{}`\n\nExit code {exit}, HTTP {http}.\n", known.code).unwrap();
        writeln!(page, "- What happened: {}", known.when).unwrap();
        writeln!(page, "- For the data: {}", known.meaning).unwrap();
        writeln!(page, "- What to do: {}", known.advice).unwrap();
    }
    expect_file!["../../../../../docs/errors.md"].assert_eq(&page);
}

#[test]
fn the_page_of_exit_codes_is_the_enum() {
    let mut page = String::from(
        "# Exit codes\n\n\
         Made from `crates/shell/cli/src/exit.rs`; do not edit. They never change their meaning.\n\n\
         | code | meaning |\n|---|---|\n",
    );
    for (exit, meaning) in ExitCode::ALL {
        writeln!(page, "| {} | {meaning} |", exit as u8).unwrap();
    }
    page.push_str("\nWhich error leads to which code is in [errors.md](../errors.md).\n");
    expect_file!["../../../../../docs/operations/exit-codes.md"].assert_eq(&page);
}

/// All source files below a directory of this workspace but tests and the table of codes.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        let is_other = path.ends_with("tests.rs") || path.ends_with("catalogue/table.rs");
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if is_source && !is_other {
            found.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn sources_of(crates: &[&str]) -> Vec<String> {
    let shell = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    crates.iter().for_each(|name| sources(&shell.join(name).join("src"), &mut found));
    found
}

/// The codes in a source: how the daemon writes an `ErrorView`.
fn codes_in(source: &str) -> BTreeSet<&str> {
    let mut codes = BTreeSet::new();
    for before in ["code: ", " error(", "(error(", " view(", " unknown(", "(unknown("] {
        for after in source.split(before).skip(1) {
            let literal =
                after.trim_start().strip_prefix('"').and_then(|text| text.split('"').next());
            codes.extend(
                literal.filter(|text| text.bytes().all(|b| b == b'-' || b.is_ascii_lowercase())),
            );
        }
    }
    codes
}

#[test]
fn every_code_of_the_daemon_is_in_the_catalogue() {
    let sources = sources_of(&["daemon"]);
    let said: BTreeSet<&str> = sources.iter().flat_map(|source| codes_in(source)).collect();
    assert!(said.len() > 10, "{said:?}");
    for code in said.into_iter().chain(daemon::FAILURE_CODES) {
        assert!(find(code).is_some(), "{code} of the daemon is not in the catalogue");
    }
}

#[test]
fn every_code_of_the_catalogue_is_said_somewhere() {
    let sources = sources_of(&["daemon", "api", "cli"]);
    for known in CODES {
        let literal = format!("\"{}\"", known.code);
        let is_said = sources.iter().any(|source| source.contains(&literal));
        assert!(is_said, "nobody says {}", known.code);
    }
}

#[test]
fn an_error_is_three_lines() {
    let text = Failure::of("no-home", "There is no identity in /tmp/x.").to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "There is no identity in /tmp/x. [no-home]");
}
