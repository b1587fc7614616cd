//! What can be typed, as it is printed and as it is documented.

use std::collections::BTreeSet;

use expect_test::expect_file;

use super::World;

/// The commands that a help text lists, but for `help` itself.
fn commands_in(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    // A description that is wrapped goes on in a line that begins with more spaces.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(String::from).collect()
}

/// Each command with its help text, in the order of the help texts.
fn all_helps(world: &World, path: &[String], helps: &mut Vec<(String, String)>) {
    let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let ran = world.run(&args);
    assert_eq!((ran.exit, ran.err.as_str()), (Some(0), ""), "{args:?}");
    helps.push((path.join(" "), ran.out.clone()));
    for command in commands_in(&ran.out) {
        all_helps(world, &[path, &[command]].concat(), helps);
    }
}

#[test]
fn the_page_of_commands_is_what_the_binary_prints() {
    let mut helps = Vec::new();
    all_helps(&World::new(), &[], &mut helps);
    let mut page = String::from(
        "# Commands\n\nMade from the help texts of `bitdust` (`crates/shell/cli/src/args.rs`); do not \
         edit.\n",
    );
    for (path, help) in &helps {
        let name = if path.is_empty() { "bitdust".into() } else { format!("bitdust {path}") };
        page.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end()));
    }
    expect_file!["../../../../../docs/operations/commands.md"].assert_eq(&page);
}

#[test]
fn every_verb_that_was_promised_is_there() {
    let mut helps = Vec::new();
    all_helps(&World::new(), &[], &mut helps);
    let found: BTreeSet<&str> = helps.iter().map(|(path, _)| path.as_str()).collect();
    for verb in [
        "init",
        "password change",
        "run",
        "status",
        "stop",
        "backup start",
        "backup list",
        "backup show",
        "backup pause",
        "backup resume",
        "backup cancel",
        "job list",
        "job show",
        "job follow",
        "job pause",
        "job resume",
        "job cancel",
        "version list",
        "version show",
        "version diff",
        "restore",
        "cat",
        "check",
        "supplier list",
        "supplier hire",
        "supplier end",
        "supplier offer",
        "customer list",
        "customer end",
        "service list",
        "service start",
        "service stop",
        "automata list",
        "automata show",
        "automata follow",
        "config show",
        "config set",
        "config default",
        "peer list",
        "peer connect",
        "demo",
        "completions",
    ] {
        assert!(found.contains(verb), "there is no `bitdust {verb}`");
    }
    for (path, help) in &helps {
        for flag in ["--home", "--json", "--quiet"] {
            assert!(help.contains(flag), "`bitdust {path}` has no {flag}");
        }
    }
}

#[test]
fn completions_know_the_commands() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = world.run(&["completions", shell]);
        assert_eq!((ran.exit, ran.err.as_str()), (Some(0), ""));
        for word in ["backup", "restore", "supplier", "one-file-system"] {
            assert!(ran.out.contains(word), "{shell} does not complete {word}");
        }
    }
}

#[test]
fn the_version_is_printed() {
    let ran = World::new().run(&["--version"]);
    assert_eq!(ran.out, concat!("bitdust ", env!("CARGO_PKG_VERSION"), "\n"));
}
