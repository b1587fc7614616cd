//! Runs all tests, shows what they say, and counts.

use std::io::{BufRead, BufReader};

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;

#[cfg(test)]
mod tests;

/// How many targets the list of the slowest names.
const SLOWEST_MAX: usize = 8;

/// The sum over all targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// Tests of the whole workspace, all of them even if one fails. `counts` is filled in any case.
pub(crate) fn run(counts: &mut Counts) -> Result<()> {
    let (reader, writer) = std::io::pipe().context("no pipe")?;
    let mut cargo = cargo(&["test", "--workspace", "--no-fail-fast"]);
    // One pipe for both, so that results stay below the name of their target.
    cargo.command.stdin(std::process::Stdio::null());
    cargo.command.stdout(writer.try_clone().context("no pipe")?).stderr(writer);
    let mut child = cargo.command.spawn().context("cannot start cargo test")?;
    drop(cargo); // It holds the writing end, and the reader waits for the last holder to go.

    let mut tally = Tally::default();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("lost the output of cargo test")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(&line);
    }
    let status = child.wait().context("lost cargo test")?;
    *counts = tally.counts();
    println!("\nslowest:\n{}", tally.slowest());
    if !status.success() {
        bail!("cargo test ended with {status}");
    }
    Ok(())
}

/// What the output of `cargo test` says of each target.
#[derive(Default)]
struct Tally {
    target: String,
    targets: Vec<Target>,
}

#[derive(Clone, Debug, PartialEq)]
struct Target {
    name: String,
    counts: Counts,
    seconds: f64,
}

impl Tally {
    fn read(&mut self, line: &str) {
        if let Some(name) = target_of(line) {
            self.target = name;
        }
        if let Some((counts, seconds)) = result_of(line) {
            self.targets.push(Target { name: self.target.clone(), counts, seconds });
        }
    }

    fn counts(&self) -> Counts {
        self.targets.iter().fold(Counts::default(), |sum, target| Counts {
            passed: sum.passed + target.counts.passed,
            failed: sum.failed + target.counts.failed,
        })
    }

    fn slowest(&self) -> String {
        let mut targets = self.targets.clone();
        targets.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        let line = |target: &Target| {
            let Target { name, counts, seconds } = target;
            format!("{seconds:>9.1} s  {name}, {} tests\n", counts.passed + counts.failed)
        };
        targets.iter().take(SLOWEST_MAX).map(line).collect()
    }
}

/// `store` of `Running unittests src/lib.rs (target/debug/deps/store-0d8ffdb278c38c93)`.
fn target_of(line: &str) -> Option<String> {
    if let Some(name) = line.trim_start().strip_prefix("Doc-tests ") {
        return Some(format!("{name} (documentation)"));
    }
    let (what, path) = line.trim_start().strip_prefix("Running ")?.split_once(" (")?;
    let file = path.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    let (name, _hash) = file.rsplit_once('-')?;
    Some(if what.starts_with("unittests") { name.to_owned() } else { format!("{name} ({what})") })
}

/// Passed, failed and seconds of
/// `test result: ok. 20 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.08s`.
fn result_of(line: &str) -> Option<(Counts, f64)> {
    let (_, told) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = told.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    let seconds = parts.last()?.strip_prefix("finished in ")?.strip_suffix('s')?.parse().ok()?;
    Some((Counts { passed, failed }, seconds))
}
