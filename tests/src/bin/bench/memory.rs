//! How much memory a node takes: idle, and at the most while a large file passes.

use anyhow::{Context, bail};
use e2e::{Network, back_up, restore};
use fleet::Daemon;

use crate::cost::{peak_mib, resident_mib};
use crate::input::write_noise;
use crate::report::Table;
use crate::scale::Scale;

const SUPPLIERS: usize = 2;

/// The table.
pub(crate) async fn run(scale: &Scale) -> anyhow::Result<Vec<Table>> {
    let network = Network::start(SUPPLIERS, scale.media).await?;
    let bytes = scale.memory_bytes();
    let mut table = Table::new(
        format!("Memory: MiB, a file of {} MiB, {SUPPLIERS} suppliers", bytes >> 20),
        &["", "RSS", "peak RSS", "allowed"],
    );
    let mut row = |name: &str, daemon: &Daemon, allowed: f64| -> anyhow::Result<()> {
        let pid = daemon.pid().context("a daemon has ended")?;
        let (now, peak) = (resident_mib(pid)?, peak_mib(pid)?);
        table.row(vec![name.into(), now.into(), peak.into(), allowed.into()]);
        Ok(())
    };
    let supplier = network.suppliers[0].as_ref().context("it was just started")?;
    row("idle node", supplier, 64.0)?;
    let (customer, _) =
        network.customer("customer", &network.customer_config("double", SUPPLIERS as u8)).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(&source)?;
    write_noise(&source.join("large"), bytes)?;
    back_up(&customer, &source).await?;
    row("customer after the upload", &customer, 256.0)?;
    row("supplier after the upload", supplier, 256.0)?;
    let job = restore(&customer, &network.root.path().join("back")).await?;
    if job.state != "done" {
        bail!("the restore ended so: {job:?}");
    }
    row("customer after the restore", &customer, 256.0)?;
    row("supplier after the restore", supplier, 256.0)?;
    Ok(vec![table])
}
