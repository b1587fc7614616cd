//! A node that runs, as its user sees it: signals in the middle of a backup, services that are
//! switched, automata that are followed.

use std::path::{Path, PathBuf};

use api::client::Step;
use daemon::view::JobView;
use e2e::command::{begin, end, run};
use e2e::{Network, STEP_MAX, check_everything, restore_all, until, write_noise};
use fleet::{Config, Daemon, Media};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

const MIB: u64 = 1 << 20;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

fn signal(pid: Option<u32>, signal: Signal) {
    let pid = pid.and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
    kill_process(pid, signal).expect("it is ours");
}

/// Two suppliers, a customer, and a file that takes a while.
async fn world(bytes: u64) -> anyhow::Result<(Network, Daemon, PathBuf)> {
    let network = Network::start(2, Media::Tcp).await?;
    // Little memory: little is on its way when something happens.
    let config = Config { memory: "32 MiB".into(), ..network.customer_config("double", 2) };
    let (customer, _) = network.customer("customer", &config).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(&source)?;
    write_noise(&source.join("large"), bytes, 1)?;
    Ok((network, customer, source))
}

/// Begins `backup start` as a command, and waits until the job works.
async fn back_up_by_command(customer: &Daemon, source: &Path) -> anyhow::Result<(Child, JobView)> {
    let mut steps = customer.client.journal().await?;
    let child = begin(&customer.home, &["backup", "start", text(source)])?;
    let working = async {
        loop {
            // After a restart it is one that runs already.
            let jobs = customer.client.jobs().await?;
            if let Some(job) = jobs.into_iter().find(|job| job.state == "running") {
                return anyhow::Ok(job.id);
            }
            while !is_step_of(&steps.next().await?, "backup") {}
        }
    };
    let id = tokio::time::timeout(STEP_MAX, working).await??;
    let job = until(customer, &id, |job| job.bytes_done > 0).await?;
    assert!(!job.is_over(), "{job:?}");
    Ok((child, job))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_and_sigterm_of_a_command_leave_its_backup_running() -> anyhow::Result<()> {
    let (network, customer, source) = world(96 * MIB).await?;
    let (command, job) = back_up_by_command(&customer, &source).await?;
    signal(command.id(), Signal::INT);
    let ran = end(command).await?;
    assert!(ran.failed_with(130, "interrupted"), "{ran:?}");
    assert!(ran.err.contains(&job.id), "{ran:?}");

    let follower = begin(&customer.home, &["job", "follow", &job.id])?;
    // It follows when it has been told of the job; whatever it is then, SIGTERM ends it alone.
    until(&customer, &job.id, |now| now.bytes_done > job.bytes_done).await?;
    signal(follower.id(), Signal::TERM);
    let exit = end(follower).await?.exit;
    assert!(matches!(exit, Some(130) | None), "{exit:?}");

    let ran = run(&customer.home, &["job", "follow", &job.id]).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_ended_in_a_backup_ends_cleanly_and_goes_on_later() -> anyhow::Result<()> {
    let (network, mut customer, source) = world(96 * MIB).await?;
    for with in [Signal::TERM, Signal::INT] {
        let (command, job) = back_up_by_command(&customer, &source).await?;
        until(&customer, &job.id, |job| job.bytes_moved > 32 * MIB).await?;
        let home = customer.home.clone();
        assert!(customer.stop_by(with).await, "it did not end as it should");
        let ran = end(command).await?;
        assert_ne!(ran.exit, Some(0), "{ran:?}");
        assert!(ran.err.contains("Nothing") || ran.err.contains("safe"), "{ran:?}");
        assert!(!home.join("api.sock").exists());
        customer = Daemon::restart(&network.program, &home).await?;
    }
    let placed = customer.client.status().await?.drive.packed_bytes;
    assert!(placed > 8 * MIB, "only {placed} bytes were kept of two attempts");
    let ran = run(&customer.home, &["backup", "start", text(&source), "--json"]).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    let job: JobView = serde_json::from_str(&ran.out)?;
    assert!(job.bytes_moved < 104 * MIB - placed, "{} bytes, {placed} were there", job.bytes_moved);
    check_everything(&customer).await?;
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supplier_that_is_switched_off_takes_nothing_until_it_is_on_again() -> anyhow::Result<()>
{
    let (network, customer, source) = world(64 * MIB).await?;
    let (command, job) = back_up_by_command(&customer, &source).await?;
    let supplier = network.suppliers[1].as_ref().expect("it is alive");
    let ran = run(&supplier.home, &["service", "stop", "supplier"]).await?;
    assert_eq!((ran.exit, ran.out.as_str()), (Some(0), "Stopped: supplier.\n"), "{ran:?}");
    let held = until(&customer, &job.id, |job| job.doing.contains("takes no customers")).await?;
    assert_eq!(held.state, "running", "{held:?}");
    assert_eq!(run(&supplier.home, &["service", "start", "supplier"]).await?.exit, Some(0));
    let ran = end(command).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    check_everything(&customer).await?;
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_stopped_service_stops_with_it_and_comes_back_with_it() -> anyhow::Result<()> {
    let (network, customer, source) = world(64 * MIB).await?;
    let home = &customer.home;
    let (command, job) = back_up_by_command(&customer, &source).await?;
    let ran = run(home, &["service", "stop", "network", "--dry-run"]).await?;
    assert!(ran.out.starts_with("Would stop: "), "{ran:?}");
    let would = ran.out.replace("Would stop", "Stopped");
    assert_eq!(state_of(home, "network").await?, "on");
    let ran = run(home, &["service", "stop", "network"]).await?;
    assert_eq!((ran.exit, &ran.out), (Some(0), &would), "{ran:?}");
    for name in ["network", "tcp", "dht", "customer", "backup", "restore"] {
        assert!(would.contains(name), "{would}");
    }
    until(&customer, &job.id, |job| job.state == "paused").await?;
    until_service(&customer, "network", "off").await?;
    until_alone(&customer).await?;
    // What needs it is refused by name.
    let ran = run(home, &["check"]).await?;
    assert!(ran.failed_with(1, "service-off"), "{ran:?}");

    assert_eq!(run(home, &["service", "start", "network"]).await?.exit, Some(0));
    until_service(&customer, "backup", "on").await?;
    assert_eq!(run(home, &["job", "resume", &job.id]).await?.exit, Some(0));
    let ran = end(command).await?;
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

async fn state_of(home: &Path, name: &str) -> anyhow::Result<String> {
    let ran = run(home, &["service", "list", "--json"]).await?;
    let services: serde_json::Value = serde_json::from_str(&ran.out)?;
    let services = services.as_array().expect("a list").iter();
    let mut found = services.filter(|service| service["name"] == name);
    Ok(found.next().expect("it is listed")["state"].as_str().expect("a text").to_owned())
}

/// Waits until a service is in this state.
async fn until_service(customer: &Daemon, name: &str, state: &str) -> anyhow::Result<()> {
    let mut steps = customer.client.journal().await?;
    let watch = async {
        while state_of(&customer.home, name).await? != state {
            while !is_step_of(&steps.next().await?, "service") {}
        }
        Ok(())
    };
    tokio::time::timeout(STEP_MAX, watch).await?
}

/// Waits until no peer is connected.
async fn until_alone(customer: &Daemon) -> anyhow::Result<()> {
    let mut steps = customer.client.journal().await?;
    let watch = async {
        while !customer.client.peers().await?.is_empty() {
            while !is_step_of(&steps.next().await?, "peer_link") {}
        }
        Ok(())
    };
    tokio::time::timeout(STEP_MAX, watch).await?
}

fn is_step_of(step: &Step, automaton: &str) -> bool {
    matches!(step, Step::Line(line) if line.automaton == automaton)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn automata_are_followed_while_they_work() -> anyhow::Result<()> {
    let (_network, customer, source) = world(8 * MIB).await?;
    let mut follower = begin(&customer.home, &["automata", "follow", "backup", "--json"])?;
    let mut lines = BufReader::new(follower.stdout.take().expect("an output")).lines();
    // Backups follow each other until the follower has come: then it sees all of one.
    let backups = async {
        loop {
            e2e::back_up(&customer, &source).await?;
        }
    };
    let mut seen: Vec<serde_json::Value> = vec![];
    let watch = async {
        while !is_whole(&seen) {
            let line = lines.next_line().await?.expect("it has no end of its own");
            seen.push(serde_json::from_str(&line)?);
        }
        anyhow::Ok(())
    };
    let either = async {
        tokio::select! {
            watched = watch => watched,
            failed = backups => failed,
        }
    };
    tokio::time::timeout(STEP_MAX, either).await??;
    assert!(seen.iter().all(|line| line["automaton"] == "backup" && line["outcome"] == "moved"));
    signal(follower.id(), Signal::INT);
    let ran = end(follower).await?;
    assert_eq!((ran.exit, ran.err.as_str()), (Some(130), ""), "{ran:?}");

    let ran = run(&customer.home, &["automata", "show", "backup"]).await?;
    assert!(ran.out.contains("stateDiagram") && ran.out.contains("Publishing"), "{ran:?}");
    Ok(())
}

/// Whether one backup was followed from its beginning to its end.
fn is_whole(lines: &[serde_json::Value]) -> bool {
    let begun = lines.iter().filter(|line| line["from"] == "Hiring");
    let mut ids = begun.map(|line| &line["instance"]);
    ids.any(|id| lines.iter().any(|line| line["instance"] == *id && line["to"] == "Done"))
}
