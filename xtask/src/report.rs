//! Sections of a run: what came of each, and how long it took.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::suite::Counts;

#[cfg(test)]
mod tests;

/// The name of the section whose failures are counted one by one.
pub(crate) const TESTS: &str = "tests";

#[derive(Default)]
pub(crate) struct Report {
    sections: Vec<Section>,
}

struct Section {
    name: &'static str,
    is_ok: bool,
    took: Duration,
}

impl Report {
    /// Runs one section under its heading. An error is printed, and kept for the end.
    pub(crate) fn section(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let begin = Instant::now();
        let result = work().inspect_err(|error| println!("error: {error:#}"));
        let took = begin.elapsed();
        let section = Section { name, is_ok: result.is_ok(), took };
        println!("-- {}", section.told());
        self.sections.push(section);
    }

    /// The list of sections, and an error if one failed.
    pub(crate) fn end(self) -> Result<()> {
        println!("\n== summary");
        for section in &self.sections {
            println!("{}", section.told());
        }
        let failed = self.failed();
        if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
    }

    /// The same, and as the very last line the sum of the tests.
    pub(crate) fn end_of_tests(self, counts: Counts) -> ExitCode {
        let sum = self.sum(counts);
        if let Err(error) = self.end() {
            println!("error: {error:#}");
        }
        println!("{} passed, {} failed", sum.passed, sum.failed);
        if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// A section that failed without a failed test (format, a build, a process that died) counts as
    /// one failure, so that the last line never hides it.
    fn sum(&self, counts: Counts) -> Counts {
        let has_own_count = |name: &str| name == TESTS && counts.failed > 0;
        let others = self.failed().into_iter().filter(|name| !has_own_count(name)).count();
        Counts { failed: counts.failed + others, ..counts }
    }

    fn failed(&self) -> Vec<&'static str> {
        self.sections.iter().filter(|section| !section.is_ok).map(|section| section.name).collect()
    }
}

impl Section {
    fn told(&self) -> String {
        let outcome = if self.is_ok { "ok" } else { "FAILED" };
        format!("{:<10} {outcome:<6} {:>7.1} s", self.name, self.took.as_secs_f64())
    }
}
