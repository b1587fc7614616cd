//! A policy with many suppliers: all of them processes, as many killed as the policy allows, and the
//! customer's home erased.

use std::process::Command;

use e2e::program;

fn survives(policy: &str, may_lose: u64) {
    let arguments = ["demo", "--policy", policy, "--size", "16MiB", "--json"];
    let output = Command::new(program().expect("built")).args(arguments).output();
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{policy} ended with {}: {said}\n{errors}", output.status);
    let story: serde_json::Value = serde_json::from_str(&said).expect("one JSON document");
    assert_eq!(story["backup"]["may_lose"], may_lose, "{said}");
    let killed = story["destroyed"]["suppliers"].as_array().expect("a list");
    assert_eq!(killed.len() as u64, may_lose, "{said}");
    assert_eq!(story["compared"]["identical"], true, "{said}");
    assert_eq!(story["one_more"]["clear"], true, "{said}");
}

#[test]
fn standard_loses_28_of_44() {
    survives("standard", 28);
}

#[test]
fn vault_loses_40_of_56() {
    survives("vault", 40);
}

#[test]
fn bunker_loses_56_of_64() {
    survives("bunker", 56);
}
