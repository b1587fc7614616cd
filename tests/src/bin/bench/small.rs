//! Many small files through the whole path, and a backup of a tree in which nothing changed.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use e2e::{Network, back_up, compare, restore};
use fleet::Daemon;

use crate::beside;
use crate::cost::{cpu_s, peak_mib};
use crate::input::{settle, write_small};
use crate::report::Table;
use crate::scale::Scale;

const SUPPLIERS: usize = 7;
const FILE_BYTES: usize = 4096;
const UNCHANGED_BYTES: usize = 100;

/// The tables.
pub(crate) async fn run(scale: &Scale) -> anyhow::Result<Vec<Table>> {
    let network = Network::start(SUPPLIERS, scale.media).await?;
    let config = network.customer_config("double", SUPPLIERS as u8);
    let (customer, _) = network.customer("customer", &config).await?;
    let mut tables = small(&network, &customer, scale).await?;
    let source = network.root.path().join("small");
    tables.extend(beside::small(&source, scale.small_files())?);
    tables.push(unchanged(&network, &customer, scale).await?);
    Ok(tables)
}

async fn small(network: &Network, customer: &Daemon, scale: &Scale) -> anyhow::Result<Vec<Table>> {
    let files = scale.small_files();
    let (source, target) = (network.root.path().join("small"), network.root.path().join("back"));
    write_small(&source, files, FILE_BYTES)?;
    let pid = customer.pid().context("the customer has ended")?;
    let mut table = Table::new(
        format!("Small: {files} files of 4 KiB, {SUPPLIERS} suppliers, double"),
        &["", "s", "files/s", "customer CPU-s"],
    );
    let (begun, cpu) = (Instant::now(), cpu_s(pid)?);
    back_up(customer, &source).await?;
    let wall_s = begun.elapsed().as_secs_f64();
    let speed = files as f64 / wall_s;
    table.row(vec!["backup".into(), wall_s.into(), speed.into(), (cpu_s(pid)? - cpu).into()]);
    let (begun, cpu) = (Instant::now(), cpu_s(pid)?);
    let job = restore(customer, &target).await?;
    let wall_s = begun.elapsed().as_secs_f64();
    if job.state != "done" || job.problems_total > 0 {
        bail!("the restore ended so: {job:?}");
    }
    let speed = files as f64 / wall_s;
    table.row(vec!["restore".into(), wall_s.into(), speed.into(), (cpu_s(pid)? - cpu).into()]);
    ensure!(compare(&source, &target)?.is_equal(), "other files came back");
    let drive = customer.client.status().await?.drive;
    let (packed, stored) = (drive.packed_bytes as f64, drive.stored_bytes as f64);
    table.note(format!(
        "Stored {:.2} MiB at all suppliers, {:.2} of twice what was packed (target 1.15) and {:.2} \
         of twice the files. Peak of the customer {:.0} MiB.",
        stored / 1e6 / 1.048_576,
        stored / (2.0 * packed),
        stored / (2.0 * (files * FILE_BYTES) as f64),
        peak_mib(pid)?
    ));
    table.note("Targets: 5,000 and 3,000 files/s where restic does 7,500 and 2,400.");
    Ok(vec![table])
}

async fn unchanged(network: &Network, customer: &Daemon, scale: &Scale) -> anyhow::Result<Table> {
    let files = scale.unchanged_files();
    let source = network.root.path().join("unchanged");
    write_small(&source, files, UNCHANGED_BYTES)?;
    // The last file stands in the directory of the highest number, and was written last.
    settle(&source.join(format!("{:04}", (files - 1) / 100))).await?;
    let pid = customer.pid().context("the customer has ended")?;
    let mut table = Table::new(
        format!("Small: {files} files of {UNCHANGED_BYTES} bytes"),
        &["", "s", "files/s", "customer CPU-s"],
    );
    for name in ["first backup", "second backup, nothing changed"] {
        let (begun, cpu) = (Instant::now(), cpu_s(pid)?);
        let job = back_up(customer, &source).await?;
        let wall_s = begun.elapsed().as_secs_f64();
        let speed = files as f64 / wall_s;
        table.row(vec![name.into(), wall_s.into(), speed.into(), (cpu_s(pid)? - cpu).into()]);
        let expected = if name == "first backup" { 0 } else { files as u64 };
        ensure!(job.files_unchanged >= expected, "only {} were unchanged", job.files_unchanged);
    }
    table.note("Target: 50,000 files/s where nothing changed.");
    Ok(table)
}
