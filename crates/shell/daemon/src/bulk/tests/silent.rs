//! A supplier that is connected and says nothing any more, as if its cable were pulled: the others
//! have enough, and nobody waits for it.

use std::sync::mpsc;
use std::thread::{JoinHandle, spawn};

use tokio::sync::oneshot;

use crate::fixtures::{Daemon, settings};
use crate::handle::Handle;
use crate::settings::Settings;
use crate::view::{BackupRequest, JobView, RestoreRequest};

/// A daemon on a runtime of its own, which stands still when it is frozen.
struct Apart {
    address: String,
    device: String,
    freeze: Option<oneshot::Sender<()>>,
    _end: mpsc::Sender<()>,
    _thread: JoinHandle<()>,
}

impl Apart {
    async fn start(number: u8, settings: Settings) -> Self {
        let (freeze, frozen) = oneshot::channel::<()>();
        let (end, ended) = mpsc::channel::<()>();
        let (tell, told) = oneshot::channel();
        let thread = spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap();
            let _daemon = runtime.block_on(async {
                let daemon = Daemon::start(number, settings).await;
                let _ = tell.send((daemon.address().to_owned(), daemon.device().to_string()));
                let _ = frozen.await;
                daemon
            });
            // Its sockets are open, and nobody looks at them.
            let _ = ended.recv();
        });
        let (address, device) = told.await.unwrap();
        Self { address, device, freeze: Some(freeze), _end: end, _thread: thread }
    }

    fn freeze(&mut self) {
        let _ = self.freeze.take().unwrap().send(());
    }
}

fn over(is_quic: bool) -> Settings {
    let mut settings = settings();
    settings.tcp.enabled = !is_quic;
    settings.quic.enabled = is_quic;
    if is_quic {
        settings.network.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into()];
    }
    settings
}

async fn done(handle: &Handle, job: JobView) {
    let mut watched = handle.watch_job(job.id).await.unwrap();
    let job = watched.wait_for(JobView::is_over).await.unwrap().clone();
    assert_eq!((job.state.as_str(), job.problems.len()), ("done", 0), "{job:?}");
}

/// Backs up, freezes one of three suppliers, restores; says whether that one still counted as
/// connected at the end.
async fn restore_beside_a_frozen_one(seed: u8, is_quic: bool) -> bool {
    let first = Apart::start(seed, over(is_quic)).await;
    let beside = || {
        let mut settings = over(is_quic);
        settings.network.bootstrap = vec![first.address.clone()];
        settings
    };
    let mut second = Apart::start(seed + 1, beside()).await;
    let _third = Apart::start(seed + 2, beside()).await;
    let mut plan = beside();
    plan.storage.enabled = true;
    plan.supplier.enabled = false;
    plan.storage.suppliers = 3;
    let customer = Daemon::start(seed + 3, plan).await;
    let handle = &customer.running.handle;

    let files = tempfile::tempdir().unwrap();
    let mut content = vec![0; 8_000_000];
    blake3::Hasher::new().finalize_xof().fill(&mut content);
    std::fs::write(files.path().join("file"), &content).unwrap();
    let paths = vec![files.path().to_str().unwrap().to_owned()];
    let request = BackupRequest { paths, ..BackupRequest::default() };
    done(handle, handle.backup(request).await.unwrap()).await;

    second.freeze();
    let target = tempfile::tempdir().unwrap();
    let into = target.path().join("back");
    let request =
        RestoreRequest { target: into.to_str().unwrap().to_owned(), ..RestoreRequest::default() };
    done(handle, handle.restore(request).await.unwrap()).await;
    let back = into.join(files.path().strip_prefix("/").unwrap()).join("file");
    assert!(std::fs::read(back).unwrap() == content);
    let suppliers = handle.suppliers().await.unwrap();
    let is_online = suppliers.iter().find(|each| each.device == second.device).unwrap().online;
    customer.stop().await;
    is_online
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_silent_supplier_over_tcp() {
    // Nothing but patience of a minute would find out by itself that it is gone.
    assert!(restore_beside_a_frozen_one(61, false).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_silent_supplier_over_quic() {
    // Here the connection ends by itself after ten seconds, which a slow machine may need.
    restore_beside_a_frozen_one(71, true).await;
}
