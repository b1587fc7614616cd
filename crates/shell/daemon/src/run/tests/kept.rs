//! Jobs belong to the daemon of a home, whichever process that is.

use super::pairs::{finished, tree};
use crate::fixtures::{Daemon, settings};
use crate::view::{BackupRequest, CheckRequest, JobView};

async fn job(daemon: &Daemon, id: &str) -> JobView {
    daemon.running.handle.job(id.into()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_on_after_a_restart_and_a_paused_one_when_it_may() {
    let files = tempfile::tempdir().unwrap();
    tree(files.path());
    let mut plan = settings();
    plan.storage.enabled = true;
    plan.supplier.enabled = false;
    let customer = Daemon::start(41, plan).await;
    let paths = vec![files.path().to_str().unwrap().to_owned()];
    let request = BackupRequest { paths, ..BackupRequest::default() };
    // There is no supplier yet.
    let begun = customer.running.handle.backup(request.clone()).await.unwrap();
    assert_eq!(begun.state, "waiting");

    let customer = customer.restart(41).await;
    let kept = job(&customer, &begun.id).await;
    assert_eq!((&kept.kind, &kept.state, kept.started), (&begun.kind, &begun.state, begun.started));
    let same = customer.running.handle.backup(request.clone()).await.unwrap();
    assert_eq!(same.id, begun.id, "it is the backup that runs");
    let other = BackupRequest { read_all: true, ..request.clone() };
    let busy = customer.running.handle.backup(other).await.unwrap_err();
    assert_eq!(busy.code, "busy");
    customer.running.handle.pause_job(begun.id.clone()).await.unwrap();
    let busy = customer.running.handle.backup(request).await.unwrap_err();
    assert_eq!(busy.code, "busy", "one that is paused is not gone on with unasked");

    let customer = customer.restart(41).await;
    assert_eq!(job(&customer, &begun.id).await.state, "paused");
    let supplier = Daemon::start(42, settings()).await;
    customer.running.handle.connect(supplier.address().to_owned()).await.unwrap();
    let resumed = customer.running.handle.resume_job(begun.id.clone()).await.unwrap();
    assert_ne!(resumed.state, "paused");
    let done = finished(&customer.running.handle, resumed).await;
    assert_eq!((done.state.as_str(), done.version), ("done", Some(1)), "{done:?}");

    // What is over is told of, and not done again.
    let customer = customer.restart(41).await;
    let over = job(&customer, &begun.id).await;
    assert_eq!(
        (over.state.clone(), over.files_done, over.ended),
        (done.state, done.files_done, done.ended)
    );
    assert_eq!(customer.running.handle.jobs().await.unwrap().len(), 1);
    assert_eq!(finished(&customer.running.handle, over.clone()).await.id, over.id);
    assert_eq!(customer.running.handle.versions().await.unwrap().len(), 1);
    customer.stop().await;
    supplier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_cancelled_stays_so() {
    let mut plan = settings();
    plan.storage.enabled = true;
    let daemon = Daemon::start(43, plan).await;
    let paths = vec!["/".into()];
    let request = BackupRequest { paths, ..BackupRequest::default() };
    let begun = daemon.running.handle.backup(request).await.unwrap();
    daemon.running.handle.cancel_job(begun.id.clone()).await.unwrap();
    let checked = daemon.running.handle.check(CheckRequest { percent: 0 }).await.unwrap();
    finished(&daemon.running.handle, checked).await;

    let daemon = daemon.restart(43).await;
    assert_eq!(job(&daemon, &begun.id).await.state, "cancelled");
    let kinds: Vec<String> =
        daemon.running.handle.jobs().await.unwrap().into_iter().map(|job| job.kind).collect();
    assert_eq!(kinds, ["check", "backup"], "newest first");
    daemon.stop().await;
}
