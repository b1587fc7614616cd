//! The demo ends with every byte back, with every number of suppliers, policy and transport.

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
fn a_wrong_policy_is_refused() {
    let program = program().expect("built");
    let output = Command::new(program).args(["demo", "--policy", "triple"]).output();
    assert!(!output.expect("it starts").status.success());
}
