//! The nodes of the demo: suppliers, and a customer that loses everything but its words.

use std::path::{Path, PathBuf};

use anyhow::Context;
use fleet::{Config, Daemon, Media, init, recover};
use storage::policy::{Policy, Spread};

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

/// The suppliers that are alive.
pub(super) struct Fleet {
    setting: Setting,
    program: PathBuf,
    suppliers: Vec<Daemon>,
}

impl Fleet {
    /// Starts all suppliers; the first one is where the others begin, as any running node could be.
    pub(super) async fn start(setting: Setting) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find my own program")?;
        let mut fleet = Self { setting, program, suppliers: vec![] };
        let first = fleet.start_supplier(0, &[]).await?;
        let bootstrap = first.addresses.clone();
        fleet.suppliers.push(first);
        let numbers: Vec<u8> = (1..fleet.setting.spread.suppliers).collect();
        for batch in numbers.chunks(AT_ONCE) {
            let started = batch.iter().map(|number| fleet.start_supplier(*number, &bootstrap));
            let started = futures::future::try_join_all(started).await?;
            fleet.suppliers.extend(started);
        }
        Ok(fleet)
    }

    /// Starts one supplier more.
    pub(super) async fn start_spare(&mut self) -> anyhow::Result<()> {
        let bootstrap = self.suppliers.last().context("no supplier is left")?.addresses.clone();
        let spare = self.start_supplier(self.setting.spread.suppliers, &bootstrap).await?;
        self.suppliers.push(spare);
        Ok(())
    }

    /// Everything of the demo is below this.
    pub(super) fn root(&self) -> &Path {
        &self.setting.root
    }

    /// A customer on an empty home, and its 24 words.
    pub(super) async fn new_customer(&self) -> anyhow::Result<(Daemon, String)> {
        let home = self.home("customer")?;
        let words = init(&self.program, &home).await?;
        // The days until a dead supplier is replaced are seconds here.
        let (suspect, missing) = ("2 s".into(), "5 s".into());
        let config = Config { suspect, missing, ..self.customer_config()? };
        Ok((Daemon::start(&self.program, &home, &config).await?, words))
    }

    /// A customer on an empty home who knows the words and the address of one running node.
    pub(super) async fn recover_customer(&self, words: &str) -> anyhow::Result<Daemon> {
        let home = self.home("recovered")?;
        recover(&self.program, &home, words).await?;
        Daemon::start(&self.program, &home, &self.customer_config()?).await
    }

    /// Kills the first `count` suppliers with SIGKILL; returns their devices.
    pub(super) async fn kill_suppliers(&mut self, count: u8) -> anyhow::Result<Vec<String>> {
        let mut devices = vec![];
        for supplier in self.suppliers.drain(..usize::from(count)) {
            devices.push(supplier.device.clone());
            supplier.kill().await?;
        }
        Ok(devices)
    }

    /// Stops what is left.
    pub(super) async fn stop(self) {
        futures::future::join_all(self.suppliers.into_iter().map(Daemon::stop)).await;
    }

    fn customer_config(&self) -> anyhow::Result<Config> {
        let living = self.suppliers.last().context("no supplier is left")?;
        let Setting { media, policy, spread, .. } = &self.setting;
        Ok(Config::customer(*media, &living.addresses, policy.name(), spread.suppliers))
    }

    async fn start_supplier(&self, number: u8, bootstrap: &[String]) -> anyhow::Result<Daemon> {
        let home = self.home(&format!("supplier-{number:02}"))?;
        init(&self.program, &home).await?;
        let config = Config::supplier(self.setting.media, bootstrap);
        Daemon::start(&self.program, &home, &config).await
    }

    fn home(&self, name: &str) -> anyhow::Result<PathBuf> {
        let home = self.setting.root.join(name);
        std::fs::create_dir_all(&home)
            .with_context(|| format!("cannot make {}", home.display()))?;
        Ok(home)
    }
}
