//! SIGKILL at random moments: nothing receipted is lost, a backup goes on where it was, and daemons
//! start again by themselves. The moments are chosen by a fixed seed.

use disk::tree::sample::make_sample;
use e2e::{Network, back_up, backup_of, restore_all, until};
use fleet::{Daemon, Media};

const MIB: u64 = 1 << 20;

/// A repeatable choice (SplitMix64).
struct Moments(u64);

impl Moments {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_killed_while_it_uploads_goes_on_where_it_was() -> anyhow::Result<()> {
    const KILLS: u64 = 30;
    let network = Network::start(4, Media::Both).await?;
    let config = network.customer_config("double", 4);
    let (mut customer, _) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    make_sample(&source, 48 * MIB, 3)?;
    let mut moments = Moments(1);
    let mut sent_at_last = u64::MAX;
    for round in 0..KILLS {
        let job = customer.client.backup(&backup_of(&source)).await?;
        let stop_at = moments.below(24 * MIB);
        let job = until(&customer, &job.id, |job| job.bytes_moved > stop_at).await?;
        if round > KILLS / 2 {
            sent_at_last = sent_at_last.min(job.bytes_moved);
        }
        let home = customer.kill().await?;
        customer = Daemon::restart(&network.program, &home).await?;
    }
    let job = back_up(&customer, &source).await?;
    assert!(job.bytes_moved < 40 * MIB, "what was placed is sent again: {}", job.bytes_moved);
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supplier_killed_while_it_stores_keeps_what_it_receipted() -> anyhow::Result<()> {
    const KILLS: usize = 30;
    let mut network = Network::start(2, Media::Both).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 2)).await?;
    let mut moments = Moments(2);
    for round in 0..KILLS {
        let source = network.root.path().join(format!("files-{round}"));
        make_sample(&source, 2 * MIB, round as u64)?;
        let job = customer.client.backup(&backup_of(&source)).await?;
        let stop_at = moments.below(2 * MIB);
        until(&customer, &job.id, |job| job.bytes_moved > stop_at).await?;
        let victim = round % 2;
        network.kill(victim).await?;
        network.revive(victim).await?;
        let done = e2e::finish(&customer, &job.id).await?;
        assert_eq!(done.state, "done", "round {round}: {done:?}");
        assert_eq!(done.problems_total, 0);
    }
    let check = customer.client.check(&daemon::view::CheckRequest { percent: 100 }).await?;
    let check = e2e::finish(&customer, &check.id).await?;
    assert_eq!((check.state.as_str(), check.problems_total), ("done", 0), "{:?}", check.problems);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_daemons_killed_thirty_times_start_again() -> anyhow::Result<()> {
    let mut network = Network::start(2, Media::Both).await?;
    let (mut customer, _) =
        network.customer("customer", &network.customer_config("double", 2)).await?;
    let source = network.root.path().join("files");
    make_sample(&source, 4 * MIB, 5)?;
    back_up(&customer, &source).await?;
    for round in 0..10 {
        let home = customer.kill().await?;
        for number in 0..2 {
            network.kill(number).await?;
        }
        for number in 0..2 {
            network.revive(number).await?;
        }
        customer = Daemon::restart(&network.program, &home).await?;
        let target = network.root.path().join(format!("restored-{round}"));
        restore_all(&customer, &source, &target).await?;
    }
    Ok(())
}
