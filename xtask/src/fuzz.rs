//! Runs each coverage-guided fuzz target for a while.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root};

const TARGETS: &str = "fuzz/fuzz_targets";
const SECONDS: u64 = 60;
const INSTALL: &str = "\
cargo-fuzz is not installed: `cargo install cargo-fuzz`, and a C++ compiler.
The targets run without a sanitizer, for which the stable toolchain is enough. To look for faults
of memory too, in the C code below us, take a nightly one: `cargo +nightly fuzz run <target>`.";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let seconds = match args {
        [] => SECONDS,
        [seconds] => seconds.parse().context("`fuzz` takes a number of seconds")?,
        _ => bail!("`fuzz` takes a number of seconds, and nothing else"),
    };
    let targets = targets(&root().join(TARGETS))?;
    if !cargo(&["fuzz", "--version"]).command.output().is_ok_and(|output| output.status.success()) {
        bail!("{INSTALL}");
    }
    let limit = format!("-max_total_time={seconds}");
    for target in &targets {
        println!("\n== {target}, {seconds} s");
        cargo(&["fuzz", "run", "--sanitizer", "none", target, "--", &limit]).run()?;
    }
    println!("\n{} targets, {seconds} s each: nothing found", targets.len());
    Ok(())
}

/// The names of the files there, without `.rs`.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = vec![];
    for entry in folder.read_dir().with_context(|| format!("no fuzz targets in {TARGETS}"))? {
        let name = entry.with_context(|| format!("cannot list {TARGETS}"))?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".rs")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
