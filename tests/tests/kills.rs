//! SIGKILL at moments drawn from a fixed seed: nothing receipted is lost, a backup goes on where it
//! was, and daemons start again by themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daemon::view::JobView;
use e2e::hostile::Chance;
use e2e::{
    Network, STEP_MAX, back_up, backup_of, check_everything, finish, restore_all, until,
    until_online,
};
use fleet::{Config, Daemon, Media};

const MIB: u64 = 1 << 20;

/// A customer that looks for its suppliers again as soon as they are gone, and has little on its way.
fn eager(network: &Network, suppliers: u8) -> Config {
    let config = network.customer_config("double", suppliers);
    Config { reconnect: "100 ms".into(), memory: "32 MiB".into(), ..config }
}

fn moment(chance: &mut Chance, below_ms: usize) -> Duration {
    Duration::from_millis(chance.below(below_ms) as u64)
}

/// A tree to which each round adds something.
struct Growing {
    path: PathBuf,
    files: u64,
    bytes: u64,
}

impl Growing {
    fn new(network: &Network) -> anyhow::Result<Self> {
        let path = network.root.path().join("files");
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, files: 0, bytes: 0 })
    }

    fn grow(&mut self, bytes: u64) -> anyhow::Result<()> {
        self.files += 1;
        self.bytes += bytes;
        let path = self.path.join(format!("file-{:04}", self.files));
        Ok(e2e::write_noise(&path, bytes, self.files)?)
    }
}

/// Everything is at the suppliers, right, and comes back.
async fn is_whole(customer: &Daemon, source: &Path, target: &Path) -> anyhow::Result<()> {
    check_everything(customer).await?;
    restore_all(customer, source, target).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_killed_while_it_uploads_goes_on_where_it_was() -> anyhow::Result<()> {
    const KILLS: usize = 300;
    const FIRST_MIB: u64 = 128;
    let network = Network::start(4, Media::Tcp).await?;
    let (customer, _) = network.customer("customer", &eager(&network, 4)).await?;
    let mut source = Growing::new(&network)?;
    source.grow(FIRST_MIB * MIB)?;
    let mut uploads = Uploads { network: &network, chance: Chance(1), hit: BTreeMap::new() };
    let mut home = customer.kill().await?;

    // First one large version, killed until it is there: what was placed is not sent again.
    let mut kills = 0;
    let packed = loop {
        let (customer, job) = uploads.attempt_some(&home, &source.path).await?;
        let packed = customer.client.status().await?.drive.packed_bytes;
        home = customer.kill().await?;
        if job.state == "done" {
            break packed;
        }
        kills += 1;
        assert!(kills < KILLS, "it comes no further: {job:?}");
    };
    println!("{kills} kills of the first version, {packed} bytes packed");
    // A chunk of which a part was not placed yet is not safe, and sealed again: one for each kill.
    let has_gone_on = kills > 3 && packed < (FIRST_MIB + 2 + 2 * kills as u64) * MIB;
    assert!(has_gone_on, "{kills} kills, {packed} bytes packed of {FIRST_MIB} MiB");

    // Then many small ones, killed in all their phases.
    for _ in kills..KILLS {
        if uploads.chance.below(6) == 0 {
            let after = moment(&mut uploads.chance, 120);
            Daemon::break_start(&network.program, &home, after).await?;
            continue;
        }
        source.grow(1 + uploads.chance.below(MIB as usize) as u64)?;
        let (customer, _) = uploads.attempt(&home, &source.path).await?;
        home = customer.kill().await?;
    }
    println!("killed as it was: {:#?}", uploads.hit);
    for phase in ["reading", "placing the last", "index", "versions", "publishing", "done"] {
        let hits: usize =
            uploads.hit.iter().filter(|(at, _)| at.contains(phase)).map(|(_, count)| count).sum();
        assert!(hits > 0, "never killed in '{phase}'");
    }

    let customer = Daemon::restart(&network.program, &home).await?;
    back_up(&customer, &source.path).await?;
    is_whole(&customer, &source.path, &network.root.path().join("restored")).await
}

/// Backups that are going to be killed.
struct Uploads<'a> {
    network: &'a Network,
    chance: Chance,
    /// How often it was in which phase.
    hit: BTreeMap<String, usize>,
}

impl Uploads<'_> {
    /// Starts the customer and a backup, and comes back when a little of it is on its way, however
    /// fast this machine is.
    async fn attempt_some(
        &mut self,
        home: &Path,
        source: &Path,
    ) -> anyhow::Result<(Daemon, JobView)> {
        let customer = Daemon::restart(&self.network.program, home).await?;
        let job = customer.client.backup(&backup_of(source)).await?;
        let enough = self.chance.below(48 * MIB as usize) as u64;
        let is_some = |job: &JobView| job.bytes_moved > enough || job.is_over();
        let job = until(&customer, &job.id, is_some).await?;
        anyhow::ensure!(job.state != "failed", "{job:?}");
        Ok((customer, job))
    }

    /// Starts the customer and a backup, and comes back in the middle of it: after some time, or in
    /// some phase.
    async fn attempt(&mut self, home: &Path, source: &Path) -> anyhow::Result<(Daemon, JobView)> {
        let customer = Daemon::restart(&self.network.program, home).await?;
        let job = customer.client.backup(&backup_of(source)).await?;
        let phase = ["reading", "last blocks", "index", "versions", "publishing", "done"]
            .get(self.chance.below(12));
        let is_there = |job: &JobView| {
            phase.is_some_and(|phase| job.state.contains(phase) || job.doing.contains(phase))
        };
        let wait = if phase.is_some() { STEP_MAX } else { moment(&mut self.chance, 500) };
        // When the time is over first, this is the moment.
        let _ = tokio::time::timeout(wait, until(&customer, &job.id, is_there)).await;
        let job = customer.client.job(&job.id).await?;
        anyhow::ensure!(job.state != "failed", "{job:?}");
        *self.hit.entry(format!("{} {}", job.state, job.doing)).or_default() += 1;
        Ok((customer, job))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supplier_killed_while_it_stores_keeps_what_it_receipted() -> anyhow::Result<()> {
    const KILLS: usize = 300;
    let mut network = Network::start(2, Media::Tcp).await?;
    let (customer, _) = network.customer("customer", &eager(&network, 2)).await?;
    let mut source = Growing::new(&network)?;
    source.grow(8 * MIB)?;
    let mut job = customer.client.backup(&backup_of(&source.path)).await?;
    let mut chance = Chance(2);
    let (mut kills, mut busy, mut jobs) = (0, 0, 1);
    while kills < KILLS {
        let over = finish(&customer, &job.id);
        if let Ok(done) = tokio::time::timeout(moment(&mut chance, 200), over).await {
            let done = done?;
            assert_eq!((done.state.as_str(), done.problems_total), ("done", 0), "{done:?}");
            source.grow(8 * MIB)?;
            job = customer.client.backup(&backup_of(&source.path)).await?;
            jobs += 1;
        }
        let victim = chance.below(2);
        let (device, receipted) = receipted(&network, &customer, victim).await?;
        network.kill(victim).await?;
        kills += 1;
        if chance.below(4) == 0 {
            network.break_start(victim, moment(&mut chance, 120)).await?;
            kills += 1;
        }
        network.revive(victim).await?;
        let kept = kept(&network, victim).await?;
        assert!(kept >= receipted, "{receipted:?} were receipted, {kept:?} are there");
        busy += usize::from(kept > receipted);
        until_online(&customer, &device).await?;
    }
    println!("{jobs} backups, {busy} kills while receipts were on their way");
    assert!(busy > 0, "no kill met a supplier at work");
    let done = finish(&customer, &job.id).await?;
    assert_eq!((done.state.as_str(), done.problems_total), ("done", 0), "{done:?}");
    is_whole(&customer, &source.path, &network.root.path().join("restored")).await
}

/// Fragments and bytes for which a customer holds receipts of a supplier.
async fn receipted(
    network: &Network,
    customer: &Daemon,
    number: usize,
) -> anyhow::Result<(String, (u64, u64))> {
    let device = network.suppliers[number].as_ref().expect("it is alive").device.clone();
    let suppliers = customer.client.suppliers().await?;
    let supplier = suppliers.iter().find(|supplier| supplier.device == device);
    let counts = supplier.map_or((0, 0), |supplier| (supplier.fragments, supplier.used_bytes));
    Ok((device, counts))
}

/// Fragments and bytes that a supplier keeps.
async fn kept(network: &Network, number: usize) -> anyhow::Result<(u64, u64)> {
    let supplier = network.suppliers[number].as_ref().expect("it is alive");
    let customers = supplier.client.customers().await?;
    Ok(customers.first().map_or((0, 0), |customer| (customer.fragments, customer.used_bytes)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_daemons_killed_together_start_again() -> anyhow::Result<()> {
    const KILLS: usize = 30;
    let mut network = Network::start(2, Media::Both).await?;
    let (mut customer, _) = network.customer("customer", &eager(&network, 2)).await?;
    let mut source = Growing::new(&network)?;
    let mut chance = Chance(3);
    for _ in 0..KILLS {
        source.grow(1 + chance.below(4 * MIB as usize) as u64)?;
        let job = customer.client.backup(&backup_of(&source.path)).await?;
        let over = finish(&customer, &job.id);
        let _ = tokio::time::timeout(moment(&mut chance, 600), over).await;
        let mut receipts = vec![];
        for number in 0..2 {
            receipts.push(receipted(&network, &customer, number).await?.1);
        }
        let home = customer.kill().await?;
        for number in 0..2 {
            network.kill(number).await?;
        }
        for (number, receipted) in receipts.into_iter().enumerate() {
            network.revive(number).await?;
            let kept = kept(&network, number).await?;
            assert!(kept >= receipted, "{receipted:?} were receipted, {kept:?} are there");
        }
        customer = Daemon::restart(&network.program, &home).await?;
    }
    back_up(&customer, &source.path).await?;
    is_whole(&customer, &source.path, &network.root.path().join("restored")).await
}
