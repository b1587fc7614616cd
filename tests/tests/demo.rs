//! The demo ends with every byte back, with every number of suppliers, policy and transport.

use std::io::{BufRead, BufReader};
use std::process::Command;

use e2e::program;

fn demo(arguments: &[&str]) -> serde_json::Value {
    let program = program().expect("built");
    let output = Command::new(program).arg("demo").args(arguments).arg("--json").output();
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{arguments:?} ended with {}: {said}\n{errors}",
        output.status
    );
    let story: serde_json::Value = serde_json::from_str(&said).expect("one JSON document");
    assert_eq!(story["healed"]["whole"], true, "{said}");
    assert_eq!(story["compared"]["identical"], true, "{said}");
    assert_eq!(story["one_more"]["clear"], true, "{said}");
    story
}

#[test]
fn seven_suppliers_over_both_transports() {
    let story = demo(&["--size", "64MiB"]);
    assert_eq!(story["backup"]["may_lose"], 3);
    let expansion = story["backup"]["expansion"].as_f64().expect("a number");
    assert!(expansion < 2.3, "stores {expansion} times the files");
}

#[test]
fn two_suppliers_over_tcp_only() {
    demo(&["--suppliers", "2", "--size", "16MiB", "--transport", "tcp"]);
}

#[test]
fn four_suppliers_over_quic_only() {
    demo(&["--suppliers", "4", "--size", "16MiB", "--transport", "quic"]);
}

#[test]
fn seven_suppliers_over_tcp_only_and_over_quic_only() {
    demo(&["--size", "16MiB", "--transport", "tcp"]);
    demo(&["--size", "16MiB", "--transport", "quic"]);
}

#[test]
fn thirteen_suppliers() {
    demo(&["--suppliers", "13", "--size", "16MiB"]);
}

#[test]
fn a_tree_of_almost_nothing() {
    let tree = tempfile::tempdir().expect("made");
    std::fs::write(tree.path().join("note"), b"short").expect("written");
    let story = demo(&[tree.path().to_str().expect("text"), "--suppliers", "2"]);
    assert_eq!(story["compared"]["identical"], true, "{story}");
    assert_eq!(story["one_more"]["clear"], true, "{story}");
}

/// SIGTERM ends all processes and leaves nothing behind, as Ctrl-C does.
#[test]
fn sigterm_leaves_nothing_behind() {
    use rustix::process::{Pid, Signal, kill_process};
    let temporary = tempfile::tempdir().expect("made");
    let mut command = std::process::Command::new(program().expect("built"));
    command.args(["demo", "--suppliers", "3", "--size", "64MiB"]).env("TMPDIR", temporary.path());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let is_begun = |line: &std::io::Result<String>| {
        line.as_ref().is_ok_and(|line| line.contains("identity was made"))
    };
    assert!(lines.any(|line| is_begun(&line)), "it has not begun");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it lives");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130), "{rest:?}");
    let left = std::fs::read_dir(temporary.path()).expect("a directory").count();
    assert_eq!(left, 0, "something is left");
    let name = temporary.path().to_str().expect("text").to_owned();
    let is_of_it = |entry: &std::fs::DirEntry| {
        std::fs::read_to_string(entry.path().join("cmdline")).is_ok_and(|line| line.contains(&name))
    };
    let processes = std::fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    assert_eq!(processes.filter(is_of_it).count(), 0, "a process is left");
}

#[test]
fn a_wrong_policy_is_refused() {
    let program = program().expect("built");
    let output = Command::new(program).args(["demo", "--policy", "triple"]).output();
    assert!(!output.expect("it starts").status.success());
}
