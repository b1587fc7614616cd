//! The same files with restic into a local directory, without redundancy and network, if the program
//! is there: what a plain backup costs on this machine in this run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::cost::{Cost, ended_children_cpu_s};
use crate::report::Table;

const MIB: f64 = (1_u64 << 20) as f64;

/// MB/s and CPU seconds per GiB; nothing without restic.
pub(crate) fn large(source: &Path, bytes: u64) -> anyhow::Result<Option<Table>> {
    let Some(costs) = costs(source)? else { return Ok(None) };
    let mut table = Table::new("Beside: restic, local directory", &["", "MB/s", "CPU-s/GiB"]);
    for (name, Cost { wall_s, cpu_s }) in costs {
        let gib = bytes as f64 / MIB / 1024.0;
        table.row(vec![name.into(), (bytes as f64 / 1e6 / wall_s).into(), (cpu_s / gib).into()]);
    }
    Ok(Some(table))
}

/// Files/s; nothing without restic.
pub(crate) fn small(source: &Path, files: usize) -> anyhow::Result<Option<Table>> {
    let Some(costs) = costs(source)? else { return Ok(None) };
    let mut table = Table::new("Beside: restic, local directory", &["", "s", "files/s", "CPU-s"]);
    for (name, Cost { wall_s, cpu_s }) in costs {
        table.row(vec![name.into(), wall_s.into(), (files as f64 / wall_s).into(), cpu_s.into()]);
    }
    Ok(Some(table))
}

fn costs(source: &Path) -> anyhow::Result<Option<[(&'static str, Cost); 2]>> {
    if !restic(&["version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(None);
    }
    let directory = tempfile::Builder::new().prefix("bitdust-bench-").tempdir()?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a path that is no text");
    let (repository, target) = (directory.path().join("repository"), directory.path().join("back"));
    let (source, repository, target) = (text(source)?, text(&repository)?, text(&target)?);
    let run =
        |arguments: &[&str]| measured(&[&["--no-cache", "-r", &repository], arguments].concat());
    run(&["init"])?;
    let backup = run(&["backup", &source])?;
    let restore = run(&["restore", "latest", "--target", &target])?;
    Ok(Some([("backup", backup), ("restore", restore)]))
}

fn measured(arguments: &[&str]) -> anyhow::Result<Cost> {
    let (begun, cpu_s) = (Instant::now(), ended_children_cpu_s()?);
    let status = restic(arguments).status().context("cannot start restic")?;
    ensure!(status.success(), "restic {arguments:?} ended with {status}");
    Ok(Cost { wall_s: begun.elapsed().as_secs_f64(), cpu_s: ended_children_cpu_s()? - cpu_s })
}

fn restic(arguments: &[&str]) -> Command {
    let mut command = Command::new("restic");
    command.args(arguments).env("RESTIC_PASSWORD", "bench");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
