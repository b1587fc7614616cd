//! Quotas, full disks and large files.

use std::os::unix::fs::FileExt;

use daemon::view::CheckRequest;
use disk::tree::sample::make_sample;
use e2e::{Network, back_up, backup_of, finish, restore_all, until};
use fleet::{Config, Media};

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
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supplier_that_gives_nothing_more_makes_no_contract() -> anyhow::Result<()> {
    let give_little = |_, config: Config| Config { donated: Some("1 MiB".into()), ..config };
    let network = Network::start_with(2, Media::Both, give_little).await?;
    let mut config = network.customer_config("double", 2);
    config.hire_wait = "5 s".into();
    let (customer, _) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, MIB, 1)?;
    let job = customer.client.backup(&backup_of(&source)).await?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!(job.error.expect("it says why").code, "too-few-suppliers");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_a_supplier_is_told_and_heals_when_space_returns() -> anyhow::Result<()> {
    let Some(mount) = Tmpfs::mount(160 * MIB) else {
        println!("not permitted to mount a tmpfs here: the faulty disk of `store` covers this");
        return Ok(());
    };
    let on_tmpfs = |number, config: Config| match number {
        1 => Config {
            supplier_path: mount.path().display().to_string(),
            disk_floor: "8 MiB".into(),
            ..config
        },
        _ => config,
    };
    let network = Network::start_with(2, Media::Both, on_tmpfs).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 2)).await?;
    let ballast = mount.path().join("ballast");
    std::fs::File::create(&ballast)?.write_all_at(&vec![1; 120 * MIB as usize], 0)?;
    let source = network.root.path().join("files");
    make_sample(&source, 48 * MIB, 4)?;
    let job = customer.client.backup(&backup_of(&source)).await?;
    let job = until(&customer, &job.id, |job| job.doing.contains("disk is full")).await?;
    assert_eq!(job.state, "running", "{job:?}");
    std::fs::remove_file(&ballast)?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!(job.state, "done", "{job:?}");
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    let check = customer.client.check(&CheckRequest { percent: 100 }).await?;
    assert_eq!(finish(&customer, &check.id).await?.problems_total, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_four_gibibytes_takes_little_memory_on_both_sides() -> anyhow::Result<()> {
    const RSS_MAX: u64 = 256 * MIB;
    let network = Network::start(2, Media::Tcp).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 2)).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(&source)?;
    write_incompressible(&source.join("large"), 4 * GIB)?;
    back_up(&customer, &source).await?;
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    for daemon in network.suppliers.iter().flatten().chain([&customer]) {
        let peak = peak_rss(daemon.pid().expect("it runs"))?;
        assert!(peak <= RSS_MAX, "{} peaked at {} MiB", daemon.home.display(), peak / MIB);
    }
    Ok(())
}

/// The kernel's own mark of the most memory that a process ever held, bytes.
fn peak_rss(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("0");
    Ok(kib.parse::<u64>()? * 1024)
}

fn write_incompressible(path: &std::path::Path, bytes: u64) -> anyhow::Result<()> {
    use std::io::Write;
    let mut file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let mut state = 0x1234_5678_9abc_def0_u64;
    let mut piece = vec![0_u8; 1 << 20];
    for _ in 0..bytes >> 20 {
        for word in piece.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&piece)?;
    }
    Ok(file.flush()?)
}

/// A small file system in memory, unmounted when dropped.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount(bytes: u64) -> Option<Self> {
        let directory = tempfile::tempdir().ok()?;
        let size = format!("size={bytes}");
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path());
        command.output().ok().filter(|output| output.status.success())?;
        Some(Self(directory))
    }

    fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
