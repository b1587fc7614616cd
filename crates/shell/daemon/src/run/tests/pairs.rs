//! Daemons that find each other, keep each other's files, and bring them back.

use std::path::Path;

use crate::fixtures::{Daemon, settings};
use crate::handle::Handle;
use crate::settings::{Settings, Span};
use crate::view::{BackupRequest, JobView, RestoreRequest};

pub(super) fn customer_of(supplier: &Daemon) -> Settings {
    let mut settings = settings();
    settings.storage.enabled = true;
    settings.supplier.enabled = false;
    settings.network.bootstrap = vec![supplier.address().to_owned()];
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_finds_and_hires_a_supplier_by_itself() {
    let supplier = Daemon::start(11, settings()).await;
    let customer = Daemon::start(12, customer_of(&supplier)).await;
    let mut journal = customer.running.handle.journal();
    let is_active = |suppliers: &[crate::view::SupplierView]| {
        suppliers.iter().any(|each| each.state == "active")
    };
    while !is_active(&customer.running.handle.suppliers().await.unwrap()) {
        super::line(&mut journal, "contract", "Active").await;
    }
    let suppliers = customer.running.handle.suppliers().await.unwrap();
    assert_eq!(suppliers[0].device, supplier.device().to_string());
    assert_eq!((suppliers[0].online, suppliers[0].place), (true, Some(0)));
    let customers = supplier.running.handle.customers().await.unwrap();
    assert_eq!(customers[0].identity, customer.keys.identity().to_string());
    assert!(customers[0].quota_bytes >= 128 << 20, "{customers:?}");

    // Both know each other again after a restart of the one that was hired.
    let mut journal = customer.running.handle.journal();
    let supplier = supplier.restart(11).await;
    super::line(&mut journal, "peer_link", "Away").await;
    // A dial may meet one of the node's own, or of the supplier's, and both end.
    for _ in 0..20 {
        if customer.running.handle.connect(supplier.address().to_owned()).await.is_ok() {
            break;
        }
    }
    while !customer.running.handle.suppliers().await.unwrap()[0].online {
        super::line(&mut journal, "peer_link", "Online").await;
    }
    customer.stop().await;
    supplier.stop().await;
}

/// Waits for the end of a job.
pub(super) async fn finished(handle: &Handle, job: JobView) -> JobView {
    let mut watched = handle.watch_job(job.id).await.unwrap();
    watched.wait_for(JobView::is_over).await.unwrap().clone()
}

fn file(path: &Path, seed: u64, bytes: usize) {
    let mut content = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut content);
    std::fs::write(path, content).unwrap();
}

/// Some files of many sizes, of which the largest takes several blocks.
pub(super) fn tree(root: &Path) {
    std::fs::create_dir_all(root.join("deep/er")).unwrap();
    for (number, bytes) in [0, 1, 4096, 100_000, 3_000_000, 9_000_000].into_iter().enumerate() {
        file(&root.join(format!("deep/er/file-{number}")), number as u64, bytes);
    }
    std::fs::write(root.join("text"), "a text\n".repeat(1000)).unwrap();
}

fn is_same(one: &Path, other: &Path) {
    for name in ["text", "deep/er/file-0", "deep/er/file-3", "deep/er/file-4", "deep/er/file-5"] {
        let (one, other) = (std::fs::read(one.join(name)), std::fs::read(other.join(name)));
        assert!(one.unwrap() == other.unwrap(), "{name} differs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_out_to_suppliers_and_come_back_without_one_of_them() {
    let first = Daemon::start(31, settings()).await;
    let mut others = vec![];
    for number in [32, 33] {
        let mut plan = settings();
        plan.network.bootstrap = vec![first.address().to_owned()];
        others.push(Daemon::start(number, plan).await);
    }
    let mut plan = customer_of(&first);
    plan.storage.suppliers = 3;
    plan.clocks.fetch_patience = Span(2_000);
    let customer = Daemon::start(34, plan).await;
    let handle = &customer.running.handle;
    let files = tempfile::tempdir().unwrap();
    tree(files.path());
    let paths = vec![files.path().to_str().unwrap().to_owned()];
    let request = BackupRequest { paths, ..BackupRequest::default() };
    let job = finished(handle, handle.backup(request.clone()).await.unwrap()).await;
    assert_eq!((job.state.as_str(), job.safety.as_deref()), ("done", Some("safe")));
    assert!(job.problems.is_empty(), "{job:?}");
    let status = handle.status().await.unwrap();
    assert_eq!((status.drive.versions, status.drive.may_lose), (1, 1));
    assert!(status.drive.packed_bytes > 12_000_000 && status.drive.stored_bytes > 24_000_000);

    // Unchanged files are not sent again.
    let job = finished(handle, handle.backup(request).await.unwrap()).await;
    assert_eq!(job.state, "done", "{job:?}");
    assert!(job.bytes_moved < 1_000_000, "{job:?}");

    others.pop().unwrap().stop().await;
    let target = tempfile::tempdir().unwrap();
    let into = target.path().join("back");
    let request =
        RestoreRequest { target: into.to_str().unwrap().to_owned(), ..RestoreRequest::default() };
    let job = finished(handle, handle.restore(request).await.unwrap()).await;
    assert_eq!(job.state, "done", "{job:?}");
    is_same(files.path(), &into.join(files.path().strip_prefix("/").unwrap()));
    customer.stop().await;
    first.stop().await;
    others.pop().unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_supplier_kept_is_made_anew_at_another_and_the_other_may_go_then() {
    let first = Daemon::start(41, settings()).await;
    let joining = || {
        let mut plan = settings();
        plan.network.bootstrap = vec![first.address().to_owned()];
        plan
    };
    let second = Daemon::start(42, joining()).await;
    let mut plan = customer_of(&first);
    plan.storage.suppliers = 2;
    plan.clocks.fetch_patience = Span(2_000);
    let customer = Daemon::start(44, plan).await;
    let handle = &customer.running.handle;
    let files = tempfile::tempdir().unwrap();
    tree(files.path());
    let paths = vec![files.path().to_str().unwrap().to_owned()];
    let request = BackupRequest { paths, ..BackupRequest::default() };
    let job = finished(handle, handle.backup(request).await.unwrap()).await;
    assert_eq!((job.state.as_str(), job.safety.as_deref()), ("done", Some("safe")));
    let told = handle.durability().await.unwrap();
    assert_eq!((told.verdict.as_str(), told.may_lose, told.placements.len()), ("safe", 1, 1));

    let mut journal = handle.journal();
    handle.end_supplier(second.device().to_string()).await.unwrap();
    let told = handle.durability().await.unwrap();
    assert_eq!((told.verdict.as_str(), told.placements[0].may_lose), ("at risk", Some(0)));
    second.stop().await;
    let third = Daemon::start(43, joining()).await;
    super::line(&mut journal, "repair", "Verifying").await;
    while handle.durability().await.unwrap().verdict != "safe" {
        journal.recv().await.unwrap();
    }
    let told = handle.durability().await.unwrap();
    assert!(told.placements.iter().all(|placed| placed.may_lose == Some(1)), "{told:?}");
    first.stop().await;
    let target = tempfile::tempdir().unwrap();
    let into = target.path().join("back");
    let request =
        RestoreRequest { target: into.to_str().unwrap().to_owned(), ..RestoreRequest::default() };
    let job = finished(handle, handle.restore(request).await.unwrap()).await;
    assert_eq!(job.state, "done", "{job:?}");
    is_same(files.path(), &into.join(files.path().strip_prefix("/").unwrap()));
    customer.stop().await;
    third.stop().await;
}
