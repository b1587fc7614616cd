//! The policies with many suppliers: all of them processes, and as many lost as the policy allows.

use std::process::Command;

use e2e::program;

fn demo(policy: &str) {
    let arguments = ["demo", "--policy", policy, "--size", "16MiB", "--json"];
    let output = Command::new(program().expect("built")).args(arguments).output();
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{policy} ended with {}: {said}\n{errors}", output.status);
}

// One after the other: 164 processes at once are too many for a small machine.
#[test]
fn standard_vault_and_bunker_lose_what_they_may() {
    for policy in ["standard", "vault", "bunker"] {
        demo(policy);
    }
}
