//! What the end-to-end tests share: a small network of real processes, and what a user does with it.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use daemon::view::{BackupRequest, JobView, RestoreRequest, path_text};
use disk::tree::compare::{Aspects, Comparison, compare_trees};
use fleet::{Config, Daemon, Media};
use tempfile::TempDir;

pub mod hostile;

/// Nothing in these tests may take longer.
pub const STEP_MAX: Duration = Duration::from_secs(600);

/// The program under test: built by the same command, two directories above the test's own.
///
/// # Errors
/// It was not built.
pub fn program() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("cannot find my own program")?;
    let found = test.ancestors().skip(1).map(|directory| directory.join("bitdust"));
    let mut found = found.filter(|path| path.is_file());
    found.next().context("`bitdust` is not built: cargo build --workspace")
}

/// Suppliers on loopback, each a process; all of it is gone when this is dropped.
pub struct Network {
    /// Everything is below this.
    pub root: TempDir,
    /// The program.
    pub program: PathBuf,
    /// The suppliers that are alive, by number; a killed one leaves its place empty.
    pub suppliers: Vec<Option<Daemon>>,
    media: Media,
}

impl Network {
    /// Starts so many suppliers.
    ///
    /// # Errors
    /// One could not be started.
    pub async fn start(suppliers: usize, media: Media) -> anyhow::Result<Self> {
        Self::start_with(suppliers, media, |_, config| config).await
    }

    /// Starts suppliers with settings of their own.
    ///
    /// # Errors
    /// One could not be started.
    pub async fn start_with(
        suppliers: usize,
        media: Media,
        adapt: impl Fn(usize, Config) -> Config,
    ) -> anyhow::Result<Self> {
        let root = tempfile::Builder::new().prefix("bitdust-e2e-").tempdir()?;
        let mut network = Self { root, program: program()?, suppliers: vec![], media };
        for number in 0..suppliers {
            let config = Config::supplier(media, &network.bootstrap());
            let config = adapt(number, Config { port: Some(free_port()), ..config });
            let home = network.home(&format!("supplier-{number:02}"))?;
            fleet::init(&network.program, &home).await?;
            let daemon = Daemon::start(&network.program, &home, &config).await?;
            network.suppliers.push(Some(daemon));
        }
        Ok(network)
    }

    /// Addresses of one running node.
    pub fn bootstrap(&self) -> Vec<String> {
        let alive = self.suppliers.iter().flatten().next();
        alive.map(|daemon| daemon.addresses.clone()).unwrap_or_default()
    }

    /// A home below the root.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn home(&self, name: &str) -> anyhow::Result<PathBuf> {
        let home = self.root.path().join(name);
        std::fs::create_dir_all(&home)?;
        Ok(home)
    }

    /// The settings of a customer.
    pub fn customer_config(&self, policy: &'static str, suppliers: u8) -> Config {
        Config::customer(self.media, &self.bootstrap(), policy, suppliers)
    }

    /// A customer with a new identity, and its words.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn customer(&self, name: &str, config: &Config) -> anyhow::Result<(Daemon, String)> {
        let home = self.home(name)?;
        let words = fleet::init(&self.program, &home).await?;
        Ok((Daemon::start(&self.program, &home, config).await?, words))
    }

    /// A customer on an empty home, recovered from the words.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn recovered(&self, words: &str, config: &Config) -> anyhow::Result<Daemon> {
        let home = self.home("recovered")?;
        fleet::recover(&self.program, &home, words).await?;
        Daemon::start(&self.program, &home, config).await
    }

    /// Kills a supplier with SIGKILL.
    ///
    /// # Errors
    /// It is dead already.
    pub async fn kill(&mut self, number: usize) -> anyhow::Result<String> {
        let daemon = self.suppliers[number].take().context("already dead")?;
        let device = daemon.device.clone();
        daemon.kill().await?;
        Ok(device)
    }

    /// Starts a killed supplier again from its home.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn revive(&mut self, number: usize) -> anyhow::Result<()> {
        let home = self.root.path().join(format!("supplier-{number:02}"));
        self.suppliers[number] = Some(Daemon::restart(&self.program, &home).await?);
        Ok(())
    }
}

/// A port that is free for TCP and UDP and that the system gives to nobody by itself, so that a
/// node that was killed finds it free again.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = ("127.0.0.1", port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return port;
        }
    }
}

/// Waits for the end of a job.
///
/// # Errors
/// It took too long, or the daemon broke.
pub async fn finish(daemon: &Daemon, id: &str) -> anyhow::Result<JobView> {
    until(daemon, id, JobView::is_over).await
}

/// Waits until a job is as wanted, or over.
///
/// # Errors
/// It took too long, or the daemon broke.
pub async fn until(
    daemon: &Daemon,
    id: &str,
    is_so: impl Fn(&JobView) -> bool,
) -> anyhow::Result<JobView> {
    let watch = async {
        let mut events = daemon.client.watch_job(id).await?;
        while let Some(job) = events.next().await? {
            if is_so(&job) || job.is_over() {
                return Ok(job);
            }
        }
        Ok(daemon.client.job(id).await?)
    };
    tokio::time::timeout(STEP_MAX, watch).await.context("a job took too long")?
}

/// Backs a path up and waits for the version.
///
/// # Errors
/// The backup did not become a version.
pub async fn back_up(daemon: &Daemon, path: &Path) -> anyhow::Result<JobView> {
    let job = daemon.client.backup(&backup_of(path)).await?;
    let job = finish(daemon, &job.id).await?;
    if job.state == "done" { Ok(job) } else { bail!("the backup ended so: {job:?}") }
}

/// A request for a backup with no options.
pub fn backup_of(path: &Path) -> BackupRequest {
    BackupRequest { paths: vec![path_text::from_path(path)], ..BackupRequest::default() }
}

/// Restores the latest version into `target` and waits for the end, whatever it is.
///
/// # Errors
/// The restore was not taken.
pub async fn restore(daemon: &Daemon, target: &Path) -> anyhow::Result<JobView> {
    let request =
        RestoreRequest { target: path_text::from_path(target), ..RestoreRequest::default() };
    let job = daemon.client.restore(&request).await?;
    finish(daemon, &job.id).await
}

/// Compares what was backed up with what was restored below `target`.
///
/// # Errors
/// One of the trees cannot be read.
pub fn compare(source: &Path, target: &Path) -> anyhow::Result<Comparison> {
    let copy = target.join(source.strip_prefix("/").unwrap_or(source));
    Ok(compare_trees(source, &copy, Aspects::default())?)
}

/// Restores, and checks that every byte came back.
///
/// # Errors
/// Something did not come back.
pub async fn restore_all(daemon: &Daemon, source: &Path, target: &Path) -> anyhow::Result<JobView> {
    let job = restore(daemon, target).await?;
    if job.state != "done" || job.problems_total > 0 {
        bail!("the restore ended so: {job:?}");
    }
    let compared = compare(source, target)?;
    if compared.is_equal() { Ok(job) } else { bail!("not equal: {:?}", compared.differences) }
}
