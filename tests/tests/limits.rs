//! Quotas that are used up, disks that are full, and a large file in little memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use daemon::view::{RestoreRequest, path_text};
use disk::tree::sample::make_sample;
use e2e::{
    Network, back_up, backup_of, check_everything, compare, finish, peak_rss, restore_all, until,
    write_noise,
};
use fleet::{Config, Daemon, Media};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_is_used_up_is_told_and_loses_nothing() -> anyhow::Result<()> {
    let network = Network::start(2, Media::Both).await?;
    let mut config = network.customer_config("double", 2);
    config.needed = "8 MiB".into();
    config.blocked_wait = "3 s".into();
    let (customer, _) = network.customer("customer", &config).await?;
    let small = network.root.path().join("small");
    make_sample(&small, 2 * MIB, 1)?;
    back_up(&customer, &small).await?;

    let large = network.root.path().join("large");
    make_sample(&large, 24 * MIB, 2)?;
    let job = customer.client.backup(&backup_of(&large)).await?;
    let job = finish(&customer, &job.id).await?;
    let error = job.error.expect("it says why");
    assert_eq!((job.state.as_str(), error.code.as_str()), ("failed", "held-up"), "{error:?}");
    assert!(error.happened.contains("quota"), "{error:?}");
    restore_all(&customer, &small, &network.root.path().join("restored")).await?;
    check_everything(&customer).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supplier_that_gives_nothing_more_makes_no_contract() -> anyhow::Result<()> {
    let give_little = |_, config: Config| Config { donated: Some("1 MiB".into()), ..config };
    let network = Network::start_with(2, Media::Both, give_little).await?;
    let mut config = network.customer_config("double", 2);
    config.hire_wait = "3 s".into();
    let (customer, _) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, MIB, 1)?;
    let job = customer.client.backup(&backup_of(&source)).await?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!(job.error.expect("it says why").code, "too-few-suppliers");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_a_supplier_is_told_and_the_backup_goes_on_when_room_returns()
-> anyhow::Result<()> {
    let mut network = Network::start(1, Media::Both).await?;
    let Some(small) = SmallDisk::new(&network, 96 * MIB) else { return Ok(()) };
    let config = Config::supplier(Media::Both, &network.bootstrap());
    let config = Config {
        supplier_path: small.path.display().to_string(),
        disk_floor: "8 MiB".into(),
        ..config
    };
    let supplier = small.start(&network, "small-supplier", &config).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 2)).await?;
    let ballast = small.seen_from_outside(&supplier).join("ballast");
    write_noise(&ballast, 56 * MIB, 1)?;

    let source = network.root.path().join("files");
    make_sample(&source, 32 * MIB, 4)?;
    let job = customer.client.backup(&backup_of(&source)).await?;
    let job = until(&customer, &job.id, |job| job.doing.contains("disk is full")).await?;
    assert_eq!(job.state, "running", "{job:?}");
    std::fs::remove_file(&ballast)?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!(job.state, "done", "{job:?}");
    check_everything(&customer).await?;
    network.kill(0).await?;
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_here_ends_a_restore_by_its_code_and_leaves_no_part_of_a_file()
-> anyhow::Result<()> {
    let network = Network::start(2, Media::Both).await?;
    let Some(small) = SmallDisk::new(&network, 8 * MIB) else { return Ok(()) };
    let config = network.customer_config("double", 2);
    let customer = small.start(&network, "customer", &config).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(&source)?;
    write_noise(&source.join("small"), MIB, 1)?;
    write_noise(&source.join("too-large"), 16 * MIB, 2)?;
    back_up(&customer, &source).await?;
    let target = path_text::from_path(&small.path);
    let request = RestoreRequest { target, ..RestoreRequest::default() };
    let job = customer.client.restore(&request).await?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!(job.error.as_ref().expect("it says why").code, "own-disk", "{job:?}");
    let copy = small.seen_from_outside(&customer).join(source.strip_prefix("/")?);
    assert!(!copy.join("too-large").exists());

    // With room it comes back.
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_four_gibibytes_takes_little_memory_on_both_sides() -> anyhow::Result<()> {
    const RSS_MAX: u64 = 256 * MIB;
    let network = Network::start(2, Media::Tcp).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 2)).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(&source)?;
    write_noise(&source.join("large"), 4 * GIB, 1)?;
    let job = customer.client.backup(&backup_of(&source)).await?;
    println!("{}", curve(&network, &customer, &job.id).await?);
    let target = network.root.path().join("restored");
    let request =
        RestoreRequest { target: path_text::from_path(&target), ..RestoreRequest::default() };
    let job = customer.client.restore(&request).await?;
    println!("{}", curve(&network, &customer, &job.id).await?);
    assert!(compare(&source, &target)?.is_equal());
    for daemon in network.suppliers.iter().flatten().chain([&customer]) {
        let peak = peak_rss(daemon.pid().expect("it runs"))?;
        assert!(peak <= RSS_MAX, "{} peaked at {} MiB", daemon.home.display(), peak / MIB);
    }
    Ok(())
}

/// Follows a job to its end; tells how the peaks grew, of the customer and of each supplier.
async fn curve(network: &Network, customer: &Daemon, id: &str) -> anyhow::Result<String> {
    const EVERY: u64 = 256 * MIB;
    let (mut next, mut told) = (0, String::new());
    loop {
        let job = until(customer, id, |job| job.bytes_done >= next).await?;
        let daemons = [customer].into_iter().chain(network.suppliers.iter().flatten());
        let peaks: Vec<u64> = daemons
            .map(|daemon| Ok(peak_rss(daemon.pid().expect("it runs"))? / MIB))
            .collect::<anyhow::Result<_>>()?;
        let done = job.bytes_done / MIB;
        told.push_str(&format!("{} of {done} MiB: peaks {peaks:?} MiB\n", job.kind));
        if job.is_over() {
            anyhow::ensure!(job.state == "done" && job.problems_total == 0, "{job:?}");
            return Ok(told);
        }
        next = job.bytes_done + EVERY;
    }
}

/// A small disk in memory that only one daemon sees, and that is gone with it.
struct SmallDisk {
    path: PathBuf,
    bytes: u64,
}

impl SmallDisk {
    /// None where the system does not let a user mount anything: that is said, and the faulty `Disk`
    /// of the store's own tests has to do.
    fn new(network: &Network, bytes: u64) -> Option<Self> {
        let path = network.root.path().join("small-disk");
        std::fs::create_dir_all(&path).expect("an empty directory");
        let small = Self { path, bytes };
        let [first, rest @ ..] = &small.wrapper()[..] else { return None };
        let tried = Command::new(first).args(rest).arg("true").output();
        if tried.is_ok_and(|output| output.status.success()) {
            return Some(small);
        }
        // Not by a macro: the output of a test that passes is hidden.
        let note = "SKIPPED: no tmpfs can be mounted here; full disks are tested in `store` only\n";
        std::io::stderr().write_all(note.as_bytes()).expect("there is an output");
        None
    }

    /// Mounts it in a namespace of its own and becomes the command that follows.
    fn wrapper(&self) -> Vec<String> {
        let script = format!("mount -t tmpfs -o size={} tmpfs \"$0\" && exec \"$@\"", self.bytes);
        let path = self.path.display().to_string();
        ["unshare", "-r", "-m", "sh", "-c", &script, &path].map(String::from).to_vec()
    }

    async fn start(
        &self,
        network: &Network,
        name: &str,
        config: &Config,
    ) -> anyhow::Result<Daemon> {
        let home = network.home(name)?;
        fleet::init(&network.program, &home).await?;
        std::fs::write(home.join("config.toml"), config.toml())?;
        let wrapper = self.wrapper();
        let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
        Daemon::restart_under(&wrapper, &network.program, &home).await
    }

    /// The same directory as the daemon sees it.
    fn seen_from_outside(&self, daemon: &Daemon) -> PathBuf {
        let root = format!("/proc/{}/root", daemon.pid().expect("it runs"));
        Path::new(&root).join(self.path.strip_prefix("/").expect("an absolute path"))
    }
}
