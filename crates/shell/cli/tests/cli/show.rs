//! What is shown: aligned for people, one JSON document for programs.

use serde_json::Value;

use super::{World, assert_golden, assert_runs};

/// Every command that shows something and ends by itself.
const SHOWING: [&[&str]; 21] = [
    &["status"],
    &["durability"],
    &["service", "list"],
    &["service", "start", "storage"],
    &["service", "stop", "storage"],
    &["service", "stop", "storage", "--dry-run"],
    &["automata", "list"],
    &["automata", "show", "contract"],
    &["config", "show"],
    &["version", "list"],
    &["supplier", "list"],
    &["supplier", "hire"],
    &["supplier", "end", "bddev1bbbb"],
    &["customer", "list"],
    &["customer", "end", "bd1dddd"],
    &["peer", "list"],
    &["peer", "connect", "/ip4/127.0.0.1/tcp/1"],
    &["job", "list"],
    &["job", "show", "job-running"],
    &["job", "show", "job-failed"],
    &["backup", "list"],
];

#[test]
fn people_see_aligned_text() {
    assert_runs(&World::served(), "text.txt", &SHOWING);
}

#[test]
fn programs_get_one_document() {
    let world = World::served();
    let mut record = String::new();
    for args in SHOWING {
        let ran = world.run(&[args, &["--json"]].concat());
        assert_eq!((ran.exit, ran.err.as_str()), (Some(0), ""), "{args:?}");
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        record.push_str(&format!("$ bitdust {} --json\n{document}\n\n", args.join(" ")));
    }
    assert_golden("json.txt", &record);
}

#[test]
fn lists_without_a_known_end_come_in_lines() {
    let lines: &[&[&str]] = &[
        &["version", "show", "latest"],
        &["version", "show", "3", "photos", "--recursive"],
        &["version", "show", "3", "--json"],
        &["version", "diff", "2", "3"],
        &["version", "diff", "2", "3", "--json"],
    ];
    assert_runs(&World::served(), "lines.txt", lines);
}

#[test]
fn a_file_is_printed_as_it_is() {
    let world = World::served();
    let cat = |args: &[&str]| world.run(&[&["cat", "latest", "hello.txt"], args].concat());
    assert_eq!(cat(&[]).out, "Hello from far away.\n");
    assert_eq!(cat(&["--offset", "6", "--bytes", "4"]).out, "from");
    assert_eq!(cat(&["--offset", "1KiB"]).out, "");
    let json = cat(&["--offset", "6", "--bytes", "4", "--json"]).out;
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], serde_json::json!({ "offset": 6, "hex": "6672" }));
    assert_eq!(lines[1], serde_json::json!({ "offset": 8, "hex": "6f6d" }));
}

#[test]
fn settings_are_set_through_the_daemon() {
    let world = World::served();
    assert_runs(
        &world,
        "set.txt",
        &[
            &["config", "set", "storage.suppliers", "13"],
            &["supplier", "offer", "1000TiB"],
            &["supplier", "offer", "0", "--json"],
        ],
    );
}

#[test]
fn a_daemon_is_ended() {
    let world = World::served();
    let ran = world.run(&["stop"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Some(0), "The node has ended.\n"));
}

#[test]
fn settings_are_shown_without_a_daemon_too() {
    let world = World::new();
    let defaults = world.run(&["config", "default"]);
    assert_eq!((defaults.exit, defaults.err.as_str()), (Some(0), ""));
    assert_eq!(world.run(&["config", "show"]).out, defaults.out);
    let json = world.run(&["config", "show", "--json"]).out;
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["storage"]["suppliers"], 7);
}

#[test]
fn the_home_is_where_the_user_says() {
    let world = World::served();
    let mut command = world.command(&["status", "--home"]);
    let output = command.arg(world.path()).env_remove("BITDUST_HOME").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    // In $XDG_DATA_HOME, and before it in $HOME.
    let data = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(world.path(), data.path().join("bitdust")).unwrap();
    let mut command = world.command(&["status"]);
    let output = command.env_remove("BITDUST_HOME").env("XDG_DATA_HOME", data.path()).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    std::fs::create_dir_all(data.path().join(".local/share")).unwrap();
    let link = data.path().join(".local/share/bitdust");
    std::os::unix::fs::symlink(world.path(), link).unwrap();
    let output =
        world.command(&["status"]).env_remove("BITDUST_HOME").env("HOME", data.path()).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
}
