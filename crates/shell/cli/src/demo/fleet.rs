//! The nodes of the demo: suppliers, and a customer that loses everything but its words.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use api::client::Client;
use storage::policy::{Policy, Spread};

use super::Media;
use super::process::{Daemon, init, recover};

/// Suppliers that are started at the same time.
const AT_ONCE: usize = 8;

/// What kind of fleet.
#[derive(Clone)]
pub(super) struct Setting {
    /// Everything of the demo is below this.
    pub(super) root: PathBuf,
    pub(super) policy: Policy,
    pub(super) spread: Spread,
    pub(super) media: Media,
    /// Bytes of the tree that is made.
    pub(super) size: u64,
}

impl Setting {
    pub(super) fn media_name(&self) -> &'static str {
        match self.media {
            Media::Tcp => "TCP only",
            Media::Quic => "QUIC only",
            Media::Both => "TCP and QUIC",
        }
    }

    /// The settings file of a node.
    fn config(&self, is_customer: bool, bootstrap: &[String]) -> anyhow::Result<String> {
        let (tcp, quic) = (self.media != Media::Quic, self.media != Media::Tcp);
        let mut text = String::new();
        writeln!(text, "[network]\nname = \"demo\"")?;
        writeln!(text, "listen = [\"/ip4/127.0.0.1/tcp/0\", \"/ip4/127.0.0.1/udp/0/quic-v1\"]")?;
        writeln!(text, "bootstrap = {bootstrap:?}")?;
        writeln!(text, "[tcp]\nenabled = {tcp}\n[quic]\nenabled = {quic}\n[mdns]\nenabled = false")?;
        writeln!(text, "[storage]\nenabled = {is_customer}\npolicy = \"{}\"", self.policy.name())?;
        writeln!(text, "suppliers = {}\nneeded = \"64 GiB\"", self.spread.suppliers)?;
        writeln!(text, "[supplier]\nenabled = {}\ndonated = \"1 TiB\"", !is_customer)?;
        writeln!(text, "disk_floor = \"64 MiB\"")?;
        // Seconds instead of the worldwide network's minutes, so that a loss is named while one
        // watches; what is decided stays the same.
        writeln!(text, "[clocks]\nfetch_patience = \"10 s\"\ncollect = \"20 s\"\nsearch = \"2 s\"")?;
        writeln!(text, "search_again = \"2 s\"\nseek = \"2 s\"\nblocked_wait = \"5 min\"")?;
        Ok(text)
    }
}

/// A customer's node.
pub(super) struct Customer {
    pub(super) client: Client,
    daemon: Daemon,
    home: PathBuf,
}

impl Customer {
    /// Kills it without warning and erases its home.
    pub(super) async fn kill_and_erase(self) -> anyhow::Result<PathBuf> {
        self.daemon.kill().await?;
        std::fs::remove_dir_all(&self.home)
            .with_context(|| format!("cannot erase {}", self.home.display()))?;
        Ok(self.home)
    }
}

/// The suppliers that are alive.
pub(super) struct Fleet {
    setting: Setting,
    suppliers: Vec<Supplier>,
}

struct Supplier {
    daemon: Daemon,
    device: String,
}

impl Fleet {
    /// Starts all suppliers; the first one is where the others begin, as any running node could be.
    pub(super) async fn start(setting: Setting) -> anyhow::Result<Self> {
        let mut fleet = Self { setting, suppliers: vec![] };
        let first = start_supplier(&fleet.setting, 0, &[]).await?;
        let bootstrap = first.daemon.addresses.clone();
        fleet.suppliers.push(first);
        let numbers: Vec<u8> = (1..fleet.setting.spread.suppliers).collect();
        for batch in numbers.chunks(AT_ONCE) {
            let started = batch.iter().map(|n| start_supplier(&fleet.setting, *n, &bootstrap));
            fleet.suppliers.extend(futures::future::try_join_all(started).await?);
        }
        Ok(fleet)
    }

    /// Everything of the demo is below this.
    pub(super) fn root(&self) -> &Path {
        &self.setting.root
    }

    /// A customer on an empty home, and its 24 words.
    pub(super) async fn new_customer(&self) -> anyhow::Result<(Customer, String)> {
        let home = self.setting.root.join("customer");
        std::fs::create_dir_all(&home)?;
        let words = init(&home).await?;
        Ok((self.start_customer(home).await?, words))
    }

    /// A customer on an empty home who knows the words and the address of one running node.
    pub(super) async fn recover_customer(&self, words: &str) -> anyhow::Result<Customer> {
        let home = self.setting.root.join("recovered");
        std::fs::create_dir_all(&home)?;
        recover(&home, words).await?;
        self.start_customer(home).await
    }

    /// Kills the first `count` suppliers with SIGKILL; returns their devices.
    pub(super) async fn kill_suppliers(&mut self, count: u8) -> anyhow::Result<Vec<String>> {
        let mut devices = vec![];
        for supplier in self.suppliers.drain(..usize::from(count)) {
            devices.push(supplier.device.clone());
            supplier.daemon.kill().await?;
        }
        Ok(devices)
    }

    /// Stops what is left.
    pub(super) async fn stop(self) {
        futures::future::join_all(self.suppliers.into_iter().map(|each| each.daemon.stop())).await;
    }

    async fn start_customer(&self, home: PathBuf) -> anyhow::Result<Customer> {
        let living = self.suppliers.last().context("no supplier is left")?;
        let config = self.setting.config(true, &living.daemon.addresses)?;
        std::fs::write(home.join("config.toml"), config)?;
        let daemon = Daemon::start(&home).await?;
        Ok(Customer { client: Client::new(home.join("api.sock")), daemon, home })
    }
}

async fn start_supplier(
    setting: &Setting,
    number: u8,
    bootstrap: &[String],
) -> anyhow::Result<Supplier> {
    let home = setting.root.join(format!("supplier-{number:02}"));
    std::fs::create_dir_all(&home)?;
    init(&home).await?;
    std::fs::write(home.join("config.toml"), setting.config(false, bootstrap)?)?;
    let daemon = Daemon::start(&home).await?;
    let device = Client::new(home.join("api.sock")).status().await?.device;
    Ok(Supplier { daemon, device })
}
