//! What the end-to-end tests share: a small network of real processes, and what a user does with it.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use api::client::Step;
use daemon::view::{BackupRequest, CheckRequest, JobView, RestoreRequest, path_text};
use disk::tree::compare::{Aspects, Comparison, compare_trees};
use fleet::{Config, Daemon, Media};
use tempfile::TempDir;

pub mod command;
pub mod hostile;
mod noise;

pub use noise::write_noise;

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

    /// Begins to start a killed supplier again, and kills it after this time or when it is ready.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn break_start(&self, number: usize, after: Duration) -> anyhow::Result<bool> {
        Daemon::break_start(&self.program, &self.supplier_home(number), after).await
    }

    /// Where a supplier lives.
    pub fn supplier_home(&self, number: usize) -> PathBuf {
        self.root.path().join(format!("supplier-{number:02}"))
    }

    /// Starts a killed supplier again from its home.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn revive(&mut self, number: usize) -> anyhow::Result<()> {
        let home = self.supplier_home(number);
        self.suppliers[number] = Some(Daemon::restart(&self.program, &home).await?);
        Ok(())
    }
}

/// A port that is free for TCP and UDP and that the system gives to nobody by itself, so that a
/// node that was killed finds it free again. Test programs that run at once begin at other ones.
fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    loop {
        let number = std::process::id()
            .wrapping_mul(101)
            .wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = (FIRST + number % COUNT) as u16;
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

/// Waits until a customer has a session with this supplier.
///
/// # Errors
/// It took too long, or the daemon broke.
pub async fn until_online(customer: &Daemon, device: &str) -> anyhow::Result<()> {
    let watch = async {
        // Followed before it is asked, so that nothing happens in between.
        let mut steps = customer.client.journal().await?;
        let suppliers = customer.client.suppliers().await?;
        if suppliers.iter().any(|supplier| supplier.device == device && supplier.online) {
            return Ok(());
        }
        loop {
            if let Step::Line(line) = steps.next().await?
                && line.automaton == "peer_link"
                && (line.instance.as_str(), line.to.as_str()) == (device, "Online")
            {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(STEP_MAX, watch).await.context("a supplier did not come back")?
}

/// Fetches every fragment from every supplier, and checks that each is there and right.
///
/// # Errors
/// One is not.
pub async fn check_everything(daemon: &Daemon) -> anyhow::Result<JobView> {
    let job = daemon.client.check(&CheckRequest { percent: 100 }).await?;
    let job = finish(daemon, &job.id).await?;
    let is_whole = job.files_done > 0 && job.files_done == job.files_total;
    if job.state == "done" && job.problems_total == 0 && is_whole {
        Ok(job)
    } else {
        bail!("the check ended so: {job:?}")
    }
}

/// The most memory that a process ever held, bytes.
///
/// # Errors
/// It is gone.
pub fn peak_rss(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no peak is told")?;
    Ok(kib.parse::<u64>()? * 1024)
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
