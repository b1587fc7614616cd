//! Checks, tests, benchmarks and generated documents: `cargo xtask`, the same here as in CI.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;

use anyhow::{Result, bail};

mod cargo;
mod docgen;
mod fuzz;
mod report;
mod suite;
mod tidy;
mod tree;

use cargo::cargo;
use report::Report;
use suite::Counts;
use tree::Tree;

const USAGE: &str = "\
cargo xtask <command>

  check            format, Clippy, tidy and generated documents
  test             check, then all tests: unit, property, simulation, end to end
  tidy             the rules of the project that no other tool knows
  docgen           writes the generated documents
  golden [ARGS]    draws all goldens again, and the documents made of them; read the diff
  sim [ARGS]       the simulator: --short, --seed N, --scenario NAME
  soak [ARGS]      the simulator at full speed and full length
  e2e [ARGS]       the tests on real processes; arguments go to `cargo test`
  bench [ARGS]     the benchmarks, release build: codec, store, network, path, small, memory, or
                   all; --quick for smaller inputs, --help for the rest
  fuzz [S [NAME]]  each fuzz target for S seconds, 60 if not said, or one; needs cargo-fuzz
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else { bail!("no command\n\n{USAGE}") };
    let takes_args = matches!(&command[..], "golden" | "sim" | "soak" | "e2e" | "bench" | "fuzz");
    if !takes_args && !rest.is_empty() {
        bail!("`{command}` takes no arguments\n\n{USAGE}");
    }
    match &command[..] {
        "check" => {
            let mut report = Report::default();
            check(&mut report);
            report.end()
        }
        "test" => return Ok(test()),
        "tidy" => tidy::run(&Tree::read()?),
        "docgen" => docgen::write(&Tree::read()?),
        "golden" => {
            cargo(&["test", "--workspace", "--no-fail-fast"])
                .args(rest)
                .env("UPDATE_EXPECT", "1")
                .run()?;
            docgen::write(&Tree::read()?)
        }
        "sim" => cargo(&["run", "--package", "simulator", "--"]).args(rest).run(),
        "soak" => cargo(&["run", "--release", "--package", "simulator", "--"]).args(rest).run(),
        "e2e" => {
            cargo(&["build", "--package", "cli"]).run()?;
            cargo(&["test", "--package", "e2e"]).args(rest).run()
        }
        "bench" => {
            cargo(&["build", "--release", "--package", "cli"]).run()?;
            cargo(&["run", "--release", "--package", "e2e", "--bin", "bench", "--"])
                .args(rest)
                .run()
        }
        "fuzz" => fuzz::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("no command `{command}`\n\n{USAGE}"),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn check(report: &mut Report) {
    report.section("format", || cargo(&["fmt", "--all", "--check"]).run());
    report.section("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).run()
    });
    report.section("tidy", || tidy::run(&Tree::read()?));
    report.section("documents", || docgen::check(&Tree::read()?));
}

/// All sections run even if one fails, so that one run of CI tells everything.
fn test() -> ExitCode {
    let mut report = Report::default();
    let mut counts = Counts::default();
    check(&mut report);
    // One build of the whole workspace, so that all parts are built with the same features, and
    // the programs that the end-to-end tests start are there.
    report.section("build", || cargo(&["build", "--workspace", "--all-targets"]).run());
    report.section(report::TESTS, || suite::run(&mut counts));
    report.end_of_tests(counts)
}
