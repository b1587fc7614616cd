//! The owner's part of the original's scenarios 7, 17 and 23, at seven suppliers and with real sizes;
//! what else an owner does with a drive.

use std::path::Path;

use daemon::view::{BackupRequest, RestoreRequest, path_text};
use disk::tree::sample::make_sample;
use e2e::{Network, back_up, compare, finish, restore, restore_all};
use fleet::Media;

const MIB: u64 = 1 << 20;

fn sample(network: &Network, name: &str, bytes: u64) -> std::path::PathBuf {
    let path = network.root.path().join(name);
    make_sample(&path, bytes, 7).expect("an empty directory");
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_7_what_goes_up_comes_down_equal() -> anyhow::Result<()> {
    let network = Network::start(7, Media::Both).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 7)).await?;
    let source = sample(&network, "files", 48 * MIB);
    let job = back_up(&customer, &source).await?;
    assert_eq!(job.safety.as_deref(), Some("safe"));
    restore_all(&customer, &source, &network.root.path().join("restored")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_17_a_new_machine_gets_everything_from_the_words() -> anyhow::Result<()> {
    let network = Network::start(7, Media::Both).await?;
    let config = network.customer_config("double", 7);
    let (customer, words) = network.customer("customer", &config).await?;
    let source = sample(&network, "files", 24 * MIB);
    back_up(&customer, &source).await?;
    std::fs::write(source.join("later"), b"a second version")?;
    back_up(&customer, &source).await?;
    let home = customer.kill().await?;
    std::fs::remove_dir_all(home)?;

    let recovered = network.recovered(&words, &config).await?;
    restore_all(&recovered, &source, &network.root.path().join("restored")).await?;
    assert_eq!(recovered.client.versions().await?.len(), 2);
    let suppliers = recovered.client.suppliers().await?;
    assert_eq!(suppliers.iter().filter(|supplier| supplier.place.is_some()).count(), 7);

    // The recovered machine goes on where the lost one was: nothing is stored twice.
    let job = back_up(&recovered, &source).await?;
    assert!(job.bytes_moved < 4 * MIB, "{} bytes sealed again", job.bytes_moved);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_23_one_supplier_down_and_up_again() -> anyhow::Result<()> {
    let mut network = Network::start(7, Media::Both).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 7)).await?;
    let source = sample(&network, "files", 24 * MIB);
    back_up(&customer, &source).await?;
    network.kill(3).await?;
    restore_all(&customer, &source, &network.root.path().join("one-down")).await?;
    network.revive(3).await?;
    let revived = network.suppliers[3].as_ref().expect("it lives again");
    customer.client.connect(&revived.addresses[0]).await?;
    restore_all(&customer, &source, &network.root.path().join("all-up")).await?;
    let job = customer.client.check(&daemon::view::CheckRequest { percent: 100 }).await?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!((job.state.as_str(), job.problems_total), ("done", 0), "{:?}", job.problems);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unchanged_tree_sends_nothing_again_and_a_change_sends_little() -> anyhow::Result<()> {
    let network = Network::start(4, Media::Both).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 4)).await?;
    let source = sample(&network, "files", 32 * MIB);
    back_up(&customer, &source).await?;
    let second = back_up(&customer, &source).await?;
    assert!(second.bytes_moved < MIB, "{} bytes of an unchanged tree", second.bytes_moved);
    std::fs::write(source.join("new"), vec![5; 100_000])?;
    let third = back_up(&customer, &source).await?;
    assert!(third.bytes_moved < 2 * MIB, "{} bytes for one small file", third.bytes_moved);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_version_and_any_path_of_it_comes_back_alone() -> anyhow::Result<()> {
    let network = Network::start(4, Media::Both).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 4)).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(source.join("notes"))?;
    std::fs::write(source.join("notes/a"), b"first")?;
    std::fs::write(source.join("b"), b"besides")?;
    let first = back_up(&customer, &source).await?.version;
    std::fs::write(source.join("notes/a"), b"second, and longer")?;
    back_up(&customer, &source).await?;

    let target = network.root.path().join("old");
    let request = RestoreRequest {
        version: first,
        path: Some(path_text::from_path(&source.join("notes"))),
        target: path_text::from_path(&target),
        ..RestoreRequest::default()
    };
    let job = customer.client.restore(&request).await?;
    assert_eq!(finish(&customer, &job.id).await?.state, "done");
    let copy = target.join(source.strip_prefix("/")?);
    assert_eq!(std::fs::read(copy.join("notes/a"))?, b"first");
    assert!(!copy.join("b").exists());

    let newest = customer.client.versions().await?[0].number;
    let path = path_text::from_path(&source.join("notes/a"));
    let mut range = customer.client.read_file(Some(newest), &path, 8, Some(3)).await?;
    let mut bytes = vec![];
    while let Some(part) = range.next().await? {
        bytes.extend_from_slice(&part);
    }
    assert_eq!(bytes, b"and");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_overwrites_nothing_unless_told() -> anyhow::Result<()> {
    let network = Network::start(2, Media::Both).await?;
    let (customer, _) = network.customer("customer", &network.customer_config("double", 2)).await?;
    let source = network.root.path().join("files");
    std::fs::create_dir_all(&source)?;
    std::fs::write(source.join("a"), b"kept")?;
    back_up(&customer, &source).await?;
    let target = network.root.path().join("target");
    let there = target.join(source.strip_prefix("/")?);
    std::fs::create_dir_all(&there)?;
    std::fs::write(there.join("a"), b"mine")?;

    let job = restore(&customer, &target).await?;
    assert!(job.problems_total > 0, "the conflict is told: {job:?}");
    assert_eq!(std::fs::read(there.join("a"))?, b"mine");

    let request = RestoreRequest {
        target: path_text::from_path(&target),
        existing: Some("overwrite".into()),
        ..RestoreRequest::default()
    };
    let job = customer.client.restore(&request).await?;
    assert_eq!(finish(&customer, &job.id).await?.problems_total, 0);
    assert!(compare(&source, &target)?.is_equal());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_suppliers_and_unreadable_paths_are_named() -> anyhow::Result<()> {
    let network = Network::start(2, Media::Both).await?;
    let mut config = network.customer_config("double", 4);
    config.hire_wait = "5 s".into();
    let (customer, _) = network.customer("customer", &config).await?;
    let source = sample(&network, "files", MIB);
    let request =
        BackupRequest { paths: vec![path_text::from_path(&source)], ..BackupRequest::default() };
    let job = customer.client.backup(&request).await?;
    let job = finish(&customer, &job.id).await?;
    assert_eq!(job.state, "failed");
    assert_eq!(job.error.expect("it says why").code, "too-few-suppliers");

    let missing = BackupRequest {
        paths: vec![path_text::from_path(Path::new("/does/not/exist"))],
        ..BackupRequest::default()
    };
    // Refused at once, or a job that says which path could not be read.
    if let Ok(job) = customer.client.backup(&missing).await {
        let job = finish(&customer, &job.id).await?;
        assert!(job.error.is_some() || job.problems_total > 0, "{job:?}");
    }
    Ok(())
}
