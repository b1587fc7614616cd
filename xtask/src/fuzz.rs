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
    let (seconds, wanted) = match args {
        [] => (SECONDS, None),
        [seconds, rest @ ..] if rest.len() <= 1 => {
            let seconds = seconds.parse().context("`fuzz` takes a number of seconds first")?;
            (seconds, rest.first())
        }
        _ => bail!("`fuzz` takes a number of seconds and the name of a target, and nothing else"),
    };
    let mut targets = targets(&root().join(TARGETS))?;
    targets.retain(|target| wanted.is_none_or(|wanted| wanted == target));
    if targets.is_empty() {
        bail!("there is no such target in {TARGETS}");
    }
    if !cargo(&["fuzz", "--version"]).command.output().is_ok_and(|output| output.status.success()) {
        bail!("{INSTALL}");
    }
    for target in &targets {
        println!("\n== {target}, {seconds} s");
        search(target, seconds)?;
    }
    println!("\n{} targets, {seconds} s each: nothing found", targets.len());
    Ok(())
}

/// What leads to new places goes into the first folder and comes back in the next run; what is in
/// the second is kept in the repository and stays as it is.
fn search(target: &str, seconds: u64) -> Result<()> {
    let new = root().join("target/fuzz").join(target);
    std::fs::create_dir_all(&new).with_context(|| format!("cannot make {}", new.display()))?;
    let new = new.to_str().context("the path of the repository is no text")?;
    let kept = format!("fuzz/corpus/{target}");
    let limit = format!("-max_total_time={seconds}");
    cargo(&["fuzz", "run", "--sanitizer", "none", target, new, &kept, "--", &limit]).run()
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
