//! The last line never says that all is well when it is not.

use anyhow::bail;

use super::{Report, TESTS};
use crate::suite::Counts;

fn failures(tests_failed: usize, failing: &[&'static str]) -> usize {
    let mut report = Report::default();
    for name in ["format", "build", TESTS] {
        report.section(name, || if failing.contains(&name) { bail!("broken") } else { Ok(()) });
    }
    report.sum(Counts { passed: 5, failed: tests_failed }).failed
}

#[test]
fn counts_what_failed_without_a_test() {
    assert_eq!(failures(0, &[]), 0, "control: nothing failed");
    assert_eq!(failures(0, &["format", "build"]), 2);
    assert_eq!(failures(0, &[TESTS]), 1, "a process died before it could say what failed");
    assert_eq!(failures(3, &["format", TESTS]), 4, "failed tests are counted by themselves");
}
