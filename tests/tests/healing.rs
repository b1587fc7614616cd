//! Suppliers that are lost, sent away or go bad are replaced, and what they kept is made anew.

use std::collections::BTreeSet;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use api::client::Step;
use daemon::view::durability::DurabilityView;
use disk::tree::sample::make_sample;
use e2e::{Network, back_up, check_everything, restore_all};
use fleet::{Config, Daemon, Media};

const MIB: u64 = 1 << 20;
/// Far beyond what it takes.
const STEP_MAX: Duration = Duration::from_secs(300);

/// The number of the supplier at the first place.
async fn first_placed(network: &Network, customer: &Daemon) -> anyhow::Result<usize> {
    let suppliers = customer.client.suppliers().await?;
    let device = &suppliers.first().context("no supplier")?.device;
    let is_it = |daemon: &Option<Daemon>| daemon.as_ref().is_some_and(|d| d.device == *device);
    network.suppliers.iter().position(is_it).context("a supplier of another network")
}

/// Waits until it stands so with the data: looked at whenever a process has moved.
async fn until_durable(
    customer: &Daemon,
    is_so: impl Fn(&DurabilityView) -> bool,
) -> anyhow::Result<DurabilityView> {
    let watch = async {
        let mut steps = customer.client.journal().await?;
        loop {
            let view = customer.client.durability().await?;
            if is_so(&view) {
                return anyhow::Ok(view);
            }
            while !matches!(steps.next().await?, Step::Line(_)) {}
        }
    };
    match tokio::time::timeout(STEP_MAX, watch).await {
        Ok(view) => view,
        Err(_) => anyhow::bail!("it stands so: {:?}", customer.client.durability().await?),
    }
}

fn is_healed(view: &DurabilityView, may_lose: u32, without: &str) -> bool {
    let placed = view.suppliers.iter().filter(|supplier| supplier.place.is_some());
    view.verdict == "safe"
        && view.may_lose == may_lose
        && placed.into_iter().all(|supplier| supplier.device != without)
}

/// Of seven suppliers so many die and the home burns; everything comes back.
async fn survives_the_worst(
    mut network: Network,
    words: &str,
    source: &Path,
) -> anyhow::Result<()> {
    let config = network.customer_config("double", 7);
    let recovered = network.recovered(words, &config).await?;
    let used: BTreeSet<String> = recovered_devices(&recovered).await?;
    let mut killed = 0;
    for number in 0..network.suppliers.len() {
        let device = network.suppliers[number].as_ref().map(|daemon| daemon.device.clone());
        if killed < 3 && device.is_some_and(|device| used.contains(&device)) {
            network.kill(number).await?;
            killed += 1;
        }
    }
    restore_all(&recovered, source, &network.root.path().join("back")).await?;
    Ok(())
}

async fn recovered_devices(customer: &Daemon) -> anyhow::Result<BTreeSet<String>> {
    let watch = async {
        let mut steps = customer.client.journal().await?;
        loop {
            let suppliers = customer.client.suppliers().await?;
            if suppliers.len() >= 7 {
                return anyhow::Ok(suppliers.into_iter().map(|each| each.device).collect());
            }
            steps.next().await?;
        }
    };
    tokio::time::timeout(STEP_MAX, watch).await.context("the suppliers were not found again")?
}

/// The original's scenario 14: one supplier is replaced by the user, and nothing is lost by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_14_a_supplier_is_replaced_and_everything_is_whole_again() -> anyhow::Result<()> {
    let network = Network::start(8, Media::Both).await?;
    let config = network.customer_config("double", 7);
    let (customer, words) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, 24 * MIB, 1)?;
    back_up(&customer, &source).await?;
    let first = first_placed(&network, &customer).await?;
    let device = network.suppliers[first].as_ref().context("alive")?.device.clone();
    customer.client.end_supplier(&device).await?;
    until_durable(&customer, |view| is_healed(view, 3, &device)).await?;
    check_everything(&customer).await?;
    let home = customer.kill().await?;
    std::fs::remove_dir_all(home)?;
    survives_the_worst(network, &words, &source).await
}

/// The original's scenario 15: a place goes to a supplier that the user names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_15_a_place_goes_to_a_named_supplier() -> anyhow::Result<()> {
    let network = Network::start(9, Media::Both).await?;
    let config = network.customer_config("double", 7);
    let (customer, _) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, 16 * MIB, 4)?;
    back_up(&customer, &source).await?;
    let suppliers = customer.client.suppliers().await?;
    let old = suppliers.get(1).context("a second place")?.device.clone();
    let is_spare = |daemon: &&Daemon| suppliers.iter().all(|each| each.device != daemon.device);
    let named = network.suppliers.iter().flatten().find(is_spare).context("a spare one")?;
    customer.client.hire_supplier(Some(named.device.clone()), named.addresses.clone()).await?;
    customer.client.end_supplier(&old).await?;
    let view = until_durable(&customer, |view| is_healed(view, 3, &old)).await?;
    let place = view.suppliers.iter().find(|each| each.device == named.device);
    ensure!(place.is_some_and(|each| each.place.is_some()), "{:?}", view.suppliers);
    check_everything(&customer).await?;
    restore_all(&customer, &source, &network.root.path().join("back")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_supplier_is_replaced_by_itself() -> anyhow::Result<()> {
    let mut network = Network::start(8, Media::Both).await?;
    let config = Config {
        suspect: "1 s".into(),
        missing: "3 s".into(),
        ..network.customer_config("double", 7)
    };
    let (customer, words) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, 24 * MIB, 2)?;
    back_up(&customer, &source).await?;
    let first = first_placed(&network, &customer).await?;
    let device = network.kill(first).await?;
    until_durable(&customer, |view| is_healed(view, 3, &device)).await?;
    check_everything(&customer).await?;
    let home = customer.kill().await?;
    std::fs::remove_dir_all(home)?;
    survives_the_worst(network, &words, &source).await
}

/// A disk that goes bad in silence: the supplier is there, and does not know what it has lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supplier_whose_disk_went_bad_is_found_by_audits_and_replaced() -> anyhow::Result<()> {
    let mut network = Network::start(8, Media::Both).await?;
    let config = Config { audit: "1 s".into(), ..network.customer_config("double", 7) };
    let (customer, _) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, 24 * MIB, 3)?;
    back_up(&customer, &source).await?;
    let first = first_placed(&network, &customer).await?;
    let supplier = network.suppliers[first].take().context("alive")?;
    let device = supplier.device.clone();
    supplier.stop().await;
    let spoiled = spoil(&network.supplier_home(first).join("supplier"))?;
    ensure!(spoiled > 0, "nothing was spoiled");
    network.revive(first).await?;
    let revived = network.suppliers[first].as_ref().context("alive")?;
    customer.client.connect(&revived.addresses[0]).await?;
    let view = until_durable(&customer, |view| is_healed(view, 3, &device)).await?;
    let verdict = view.suppliers.iter().find(|each| each.device == device);
    if let Some(verdict) = verdict {
        ensure!(["drained", "fired"].contains(&verdict.verdict.as_str()), "{verdict:?}");
    }
    let others = view.suppliers.iter().filter(|each| each.device != device);
    ensure!(others.into_iter().all(|each| each.verdict == "trusted"), "{:?}", view.suppliers);
    let evidence = std::fs::read_dir(network.root.path().join("customer/evidence"))?;
    ensure!(evidence.count() > 0, "no evidence is kept");
    check_everything(&customer).await?;
    Ok(())
}

/// Changes a byte in each 32 KiB of all segments behind their beginning; says how many.
fn spoil(store: &Path) -> anyhow::Result<usize> {
    let mut spoiled = 0;
    for path in walk(store)? {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(&path)?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_segment = name.starts_with("segment-");
        for at in (64 * 1024..file.metadata()?.len()).step_by(32 * 1024).filter(|_| is_segment) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at)?;
            file.write_all_at(&[!byte[0]], at)?;
            spoiled += 1;
        }
    }
    Ok(spoiled)
}

fn walk(directory: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
