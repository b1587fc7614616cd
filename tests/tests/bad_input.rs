//! Files that cannot be read or change meanwhile, suppliers that lost something, and damaged homes:
//! each is told by a code, and nothing is lost.

use std::fs::{File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use disk::tree::sample::make_sample;
use e2e::command::run;
use e2e::{Network, back_up, check_everything, restore_all, write_noise};
use fleet::{Daemon, Media};

const MIB: u64 = 1 << 20;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

/// Two suppliers, a customer with a version, and its files.
async fn settled(bytes: u64) -> anyhow::Result<(Network, Daemon, String, PathBuf)> {
    let network = Network::start(2, Media::Tcp).await?;
    let config = network.customer_config("double", 2);
    let (customer, words) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, bytes, 9)?;
    back_up(&customer, &source).await?;
    Ok((network, customer, words, source))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_named_and_the_rest_is_kept() -> anyhow::Result<()> {
    let network = Network::start(2, Media::Tcp).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(source.join("closed"))?;
    std::fs::write(source.join("open"), b"for all")?;
    std::fs::write(source.join("secret"), b"for nobody")?;
    std::fs::write(source.join("closed/inside"), b"for nobody")?;
    let close =
        |name, mode| std::fs::set_permissions(source.join(name), Permissions::from_mode(mode));
    close("secret", 0)?;
    close("closed", 0)?;
    let Some(wrapper) = powerless(&source.join("secret")) else { return Ok(()) };
    let home = network.home("customer")?;
    fleet::init(&network.program, &home).await?;
    std::fs::write(home.join("config.toml"), network.customer_config("double", 2).toml())?;
    let customer = Daemon::restart_under(wrapper, &network.program, &home).await?;

    let ran = run(&home, &["backup", "start", text(&source)]).await?;
    assert_eq!(ran.exit, Some(3), "{ran:?}");
    assert!(ran.out.contains("1 is safe"), "{ran:?}");
    for name in ["secret", "closed"] {
        assert!(ran.err.contains(text(&source.join(name))), "{name} is not named: {ran:?}");
    }
    let target = network.root.path().join("restored");
    let ran = run(&home, &["restore", "--target", text(&target)]).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    let copy = target.join(source.strip_prefix("/")?);
    assert_eq!(std::fs::read(copy.join("open"))?, b"for all");
    assert!(!copy.join("secret").exists());

    // Alone it is no backup at all.
    let ran = run(&home, &["backup", "start", text(&source.join("closed/inside"))]).await?;
    assert_ne!(ran.exit, Some(0), "{ran:?}");
    customer.kill().await?;
    close("closed", 0o700)?;
    Ok(())
}

/// What a daemon is to be started under so that modes count for it; none, with a note, where the
/// system has nothing for that.
fn powerless(unreadable: &Path) -> Option<&'static [&'static str]> {
    const STRANGER: &[&str] = &["unshare", "--user"];
    if File::open(unreadable).is_err() {
        return Some(&[]);
    }
    let tried = Command::new("unshare").args(["--user", "cat", text(unreadable)]).output();
    if tried.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("denied")) {
        return Some(STRANGER);
    }
    let note = "SKIPPED: run by root, and no user namespace is to be had: every file can be read\n";
    std::io::stderr().write_all(note.as_bytes()).expect("there is an output");
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_it_is_read_is_kept_as_it_was_read_and_named()
-> anyhow::Result<()> {
    let (network, customer, _, source) = settled(MIB).await?;
    let busy = source.join("busy");
    write_noise(&busy, 16 * MIB, 1)?;
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = std::thread::spawn({
        let (file, is_over) = (OpenOptions::new().write(true).open(&busy)?, is_over.clone());
        move || {
            for number in 0_u64.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                file.write_all_at(&number.to_le_bytes(), number % MIB).expect("it can be written");
            }
        }
    });
    let ran = run(&customer.home, &["backup", "start", text(&source)]).await;
    is_over.store(true, Ordering::Relaxed);
    writing.join().expect("it only writes");
    let ran = ran?;
    assert_eq!(ran.exit, Some(3), "{ran:?}");
    assert!(ran.err.contains("busy") && ran.err.contains("changed"), "{ran:?}");

    let target = network.root.path().join("restored");
    let ran = run(&customer.home, &["restore", "--target", text(&target)]).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    let copy = target.join(source.strip_prefix("/")?).join("busy");
    assert_eq!(std::fs::metadata(copy)?.len(), 16 * MIB);

    // The next version has it as it is now: it is read again.
    let ran = run(&customer.home, &["backup", "start", text(&source)]).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    restore_all(&customer, &source, &network.root.path().join("later")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_nothing_is_refused_before_it_begins() -> anyhow::Result<()> {
    let network = Network::start(1, Media::Tcp).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 1)).await?;
    let ran = run(&customer.home, &["backup", "start", "/does/not/exist"]).await?;
    assert!(ran.failed_with(1, "no-such-path"), "{ran:?}");
    assert!(customer.client.jobs().await?.is_empty());
    Ok(())
}

/// What a supplier's disk may do to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Truncated,
    Altered,
    Removed,
}

fn damage(path: &Path, how: Damage) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(path)?.len();
    match how {
        Damage::Truncated => OpenOptions::new().write(true).open(path)?.set_len(bytes / 8)?,
        Damage::Altered => {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            // Somewhere in each MiB: the sizes of the records do not matter.
            for place in (MIB / 2..bytes).step_by(1 << 20) {
                let mut byte = [0];
                file.read_exact_at(&mut byte, place)?;
                file.write_all_at(&[!byte[0]], place)?;
            }
        }
        Damage::Removed => std::fs::remove_file(path)?,
    }
    Ok(())
}

// The control of every test that ends with a check: it does fail when something is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_finds_what_a_supplier_lost_and_a_restore_does_without_it() -> anyhow::Result<()> {
    for how in [Damage::Truncated, Damage::Altered, Damage::Removed] {
        let (mut network, customer, _, source) = settled(24 * MIB).await?;
        check_everything(&customer).await?;
        let device = network.kill(1).await?;
        damage(&network.supplier_home(1).join("supplier/segment-00000001"), how)?;
        network.revive(1).await?;
        e2e::until_online(&customer, &device).await?;

        let ran = run(&customer.home, &["check", "--percent", "100"]).await?;
        assert_eq!(ran.exit, Some(3), "{how:?}: {ran:?}");
        assert!(ran.err.contains(&device), "{how:?}: the supplier is not named: {ran:?}");
        restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    }
    Ok(())
}

/// Overwrites all generations of a document of a home.
fn spoil(home: &Path, name: &str) -> anyhow::Result<()> {
    let generations = ["", ".1", ".2", ".3"].map(|end| home.join(format!("{name}{end}")));
    for path in generations.iter().filter(|path| path.exists()) {
        let bytes = std::fs::read(path)?;
        std::fs::write(path, &bytes[..bytes.len() / 2])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_are_cut_off_are_named_and_nothing_is_lost() -> anyhow::Result<()> {
    let (network, customer, _, source) = settled(MIB).await?;
    let home = customer.kill().await?;
    let settings = std::fs::read_to_string(home.join("config.toml"))?;
    let cut = settings.find("[storage]").expect("a section") + 4;
    std::fs::write(home.join("config.toml"), &settings[..cut])?;
    let ran = run(&home, &["run"]).await?;
    assert!(ran.failed_with(1, "bad-settings"), "{ran:?}");
    std::fs::write(home.join("config.toml"), &settings)?;
    let customer = Daemon::restart(&network.program, &home).await?;
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_without_its_keystore_says_so_and_its_advice_brings_everything_back()
-> anyhow::Result<()> {
    let (network, customer, words, source) = settled(MIB).await?;
    let home = customer.kill().await?;
    spoil(&home, "keystore")?;
    let ran = run(&home, &["run"]).await?;
    assert!(ran.failed_with(1, "home-damaged"), "{ran:?}");
    assert!(ran.err.contains("init --recover"), "{ran:?}");
    let recovered = network.recovered(&words, &network.customer_config("double", 2)).await?;
    restore_all(&recovered, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_else_of_a_home_is_damaged_is_had_again_from_the_network() -> anyhow::Result<()> {
    for name in ["drive/catalog", "drive/keyring", "book", "anchors"] {
        let (network, customer, _, source) = settled(4 * MIB).await?;
        // Ended as it should, so that the anchors are there too.
        let home = customer.home.clone();
        assert!(customer.stop().await);
        spoil(&home, name)?;
        let customer = Daemon::restart(&network.program, &home).await?;
        restore_all(&customer, &source, &network.root.path().join("restored")).await?;
        check_everything(&customer).await?;
        // And it goes on from there, without sending anything again.
        let job = back_up(&customer, &source).await?;
        assert!(job.bytes_moved < MIB, "{name}: {} bytes again", job.bytes_moved);
        assert_eq!(customer.client.versions().await?.len(), 2, "{name}");
    }
    Ok(())
}
