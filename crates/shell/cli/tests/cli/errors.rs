//! What goes wrong is said in three lines, and by the exit code.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{World, assert_runs, file};

#[test]
fn wrong_usage_is_2() {
    let world = World::new();
    assert_runs(
        &world,
        "usage.txt",
        &[
            &[],
            &["fly"],
            &["backup"],
            &["backup", "start"],
            &["backup", "start", "/", "--fast"],
            &["restore"],
            &["restore", "--target", "/tmp", "--overwrite", "--keep-both"],
            &["restore", "--target", "/tmp", "--version", "0"],
            &["version", "show", "newest"],
            &["cat", "1", "a", "--bytes", "many"],
            &["check", "--percent", "101"],
            &["init", "--words-file", "words"],
            &["init", "--password-file", "a", "--no-password"],
            &["supplier", "offer", "some"],
            &["completions", "dos"],
        ],
    );
}

/// Every command that asks a daemon.
const ASKING: [&[&str]; 25] = [
    &["durability"],
    &["status"],
    &["stop"],
    &["backup", "start", "/"],
    &["backup", "list"],
    &["backup", "pause"],
    &["job", "follow", "x"],
    &["version", "list"],
    &["version", "show", "latest"],
    &["version", "diff", "1", "2"],
    &["restore", "--target", "/nowhere"],
    &["cat", "latest", "a"],
    &["check"],
    &["supplier", "list"],
    &["supplier", "hire"],
    &["supplier", "end", "x"],
    &["customer", "list"],
    &["customer", "end", "x"],
    &["service", "list"],
    &["service", "stop", "x"],
    &["automata", "list"],
    &["automata", "show", "x"],
    &["automata", "follow"],
    &["peer", "list"],
    &["peer", "connect", "/ip4/127.0.0.1/tcp/1"],
];

#[test]
fn without_a_daemon_every_command_says_so_and_is_4() {
    let world = World::new();
    let expected = "No daemon answers at HOME/api.sock. [daemon-not-running]\n\
        Nothing is lost: what was safe stays safe.\nStart it with `bitdust run`.\n";
    for args in ASKING {
        let ran = world.run(args);
        assert_eq!((ran.exit, ran.out.as_str()), (Some(4), ""), "{args:?}");
        assert_eq!(ran.err, expected, "{args:?}");
        let ran = world.run(&[args, &["--json"]].concat());
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["error"]["code"], "daemon-not-running", "{args:?}");
        assert_eq!((ran.exit, ran.err.as_str()), (Some(4), expected), "{args:?}");
    }
}

#[test]
fn what_the_daemon_refuses_is_said_in_its_words() {
    let world = World::served();
    std::fs::write(world.path().join("nobody"), "").unwrap();
    std::fs::write(world.path().join("full"), "").unwrap();
    let nobody = world.path().join("nobody").to_str().unwrap().to_owned();
    let full = world.path().join("full").to_str().unwrap().to_owned();
    for (args, exit, code) in [
        (vec!["job", "show", "job-7"], 1, "no-such-job"),
        (vec!["version", "show", "404"], 1, "no-such-version"),
        (vec!["version", "diff", "1", "404"], 1, "no-such-version"),
        (vec!["cat", "3", "gone"], 1, "no-such-path"),
        (vec!["service", "stop", "sun"], 1, "no-such-service"),
        (vec!["automata", "show", "sun"], 1, "no-such-automaton"),
        (vec!["backup", "start", "/no/such/path"], 1, "no-such-path"),
        (vec!["backup", "start", &nobody], 6, "too-few-suppliers"),
        (vec!["backup", "start", &full], 7, "own-disk"),
        (vec!["restore", "--target", "/tmp", "--version", "9"], 6, "too-few-suppliers"),
    ] {
        let ran = world.run(&args);
        assert_eq!(ran.exit, Some(exit), "{args:?} {}", ran.err);
        assert!(ran.err.contains(&format!("[{code}]")), "{args:?} {}", ran.err);
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 3), "{args:?} {}", ran.err);
    }
}

#[test]
fn a_list_or_a_file_that_breaks_off_fails_after_what_has_come() {
    let world = World::served();
    assert_runs(
        &world,
        "broken-off.txt",
        &[
            &["version", "show", "latest", "broken"],
            &["version", "show", "latest", "broken", "--json"],
            &["cat", "latest", "broken"],
        ],
    );
}

#[test]
fn a_home_that_cannot_be_is_named() {
    let world = World::new();
    let plain = file(&world, "plain", "").to_str().unwrap().to_owned();
    let ran = world.run(&["init", "--no-password", "--home", &plain]);
    assert_eq!(ran.exit, Some(1));
    assert!(ran.err.contains("[home-unusable]"), "{}", ran.err);
    let mut command = world.command(&["status"]);
    let output = command.env_remove("BITDUST_HOME").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("[home-unusable]"));
}

#[test]
fn settings_that_are_wrong_are_named_with_their_line() {
    let world = World::new();
    file(&world, "config.toml", "[storage]\nsuppliers = 7\ncolour = \"red\"\n");
    let ran = world.run(&["config", "show"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("[bad-settings]") && ran.err.contains("colour"), "{}", ran.err);
}

#[test]
fn the_socket_of_a_running_daemon_is_closed_to_others() {
    let world = World::served();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.path().join("api.sock")), 0o600);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::served();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = world.command(&["version", "show", "latest", "--recursive"]);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let world = World::served();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = world.command(&["status"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("[output-failed]"));
}
