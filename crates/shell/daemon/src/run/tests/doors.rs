//! What the doors are answered.

use disk::document::{HomeLock, LockError};

use crate::fixtures::{Daemon, keys, settings};
use crate::{Start, StartError, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_tells_about_itself() {
    let daemon = Daemon::start(21, settings()).await;
    let handle = &daemon.running.handle;
    let status = handle.status().await.unwrap();
    assert_eq!(status.identity, daemon.keys.identity().to_string());
    assert_eq!(status.device, daemon.device().to_string());
    assert_eq!(status.addresses, daemon.running.addresses);
    assert_eq!((status.drive.state.as_str(), status.drive.safety.as_str()), ("ready", "empty"));
    assert_eq!(status.peers, 0);
    assert!(status.warnings.iter().any(|text| text.contains("No other node")), "{status:?}");
    assert_eq!(handle.config().await.unwrap(), settings().to_toml());
    let automata = handle.automata().await.unwrap();
    assert!(automata.iter().any(|each| each.name == "custody" && each.state == "Ready"));
    let custody = handle.automaton("custody".into()).await.unwrap();
    assert!(custody.mermaid.contains("Opening --> Ready"));
    assert!(custody.journal.iter().any(|line| line.to == "Ready"));
    assert_eq!(handle.automaton("none".into()).await.unwrap_err().code, "no-such-automaton");
    assert_eq!(handle.job("x".into()).await.unwrap_err().code, "no-such-job");
    assert_eq!(handle.end_supplier("x".into()).await.unwrap_err().code, "no-such-supplier");
    let stranger = keys(9).device_id().to_string();
    assert_eq!(handle.end_supplier(stranger).await.unwrap_err().code, "no-such-supplier");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_stops_with_all_that_needs_it_and_starts_again() {
    let daemon = Daemon::start(22, settings()).await;
    let handle = daemon.running.handle.clone();
    let mut journal = handle.journal();
    let would = handle.stop_service("network".into(), true).await.unwrap();
    assert!(would.contains(&"supplier".to_owned()), "{would:?}");
    let stopped = handle.stop_service("network".into(), false).await.unwrap();
    assert_eq!(stopped, would);
    super::line(&mut journal, "service", "Off").await;
    assert_eq!(handle.status().await.unwrap().addresses, Vec::<String>::new());

    handle.start_service("network".into()).await.unwrap();
    loop {
        let line = super::line(&mut journal, "service", "On").await;
        if line.instance == "supplier" {
            break;
        }
    }
    assert_eq!(handle.status().await.unwrap().addresses.len(), 1);
    let services = handle.services().await.unwrap();
    let state =
        |name: &str| services.iter().find(|each| each.name == name).map(|each| each.state.clone());
    assert_eq!((state("tcp").as_deref(), state("quic").as_deref()), (Some("on"), Some("off")));
    assert_eq!(handle.start_service("x".into()).await.unwrap_err().code, "no-such-service");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_is_kept_for_the_next_start() {
    let daemon = Daemon::start(23, settings()).await;
    let handle = &daemon.running.handle;
    let set = handle.set_config("storage.suppliers".into(), "13".into()).await.unwrap();
    assert_eq!((set.kept.as_str(), set.in_force.as_deref()), ("13", Some("1")));
    assert!(set.needs_restart() && handle.config().await.unwrap().contains("suppliers = 1\n"));
    let file = std::fs::read_to_string(daemon.home.path().join("config.toml")).unwrap();
    assert_eq!(file, "[storage]\nsuppliers = 13\n");
    let set = handle.set_config("supplier.donated".into(), "3 GiB".into()).await.unwrap();
    assert!(!set.needs_restart(), "{set:?}");
    assert_eq!(handle.status().await.unwrap().supplier.donated_bytes, 3 << 30);
    assert!(handle.config().await.unwrap().contains("donated = \"3 GiB\""));
    let wrong = handle.set_config("storage.suppliers".into(), "many".into()).await.unwrap_err();
    assert_eq!(wrong.code, "bad-setting");
    let unknown = handle.set_config("storage.many".into(), "1".into()).await.unwrap_err();
    assert_eq!(unknown.code, "no-such-setting");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_has_one_daemon_and_is_free_when_it_has_ended() {
    let daemon = Daemon::start(24, settings()).await;
    let home = daemon.home.path().to_owned();
    assert!(matches!(HomeLock::take(&home), Err(LockError::AlreadyRunning { .. })));
    let handle = daemon.running.handle.clone();
    handle.shutdown().await.unwrap();
    let crate::fixtures::Daemon { mut running, home: directory, .. } = daemon;
    assert!(running.wait().await);
    HomeLock::take(directory.path()).unwrap();
    assert_eq!(handle.status().await.unwrap_err().code, "daemon-stopping");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_an_error_that_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut settings = settings();
    settings.network.listen = vec![format!("/ip4/127.0.0.1/tcp/{port}")];
    let home = tempfile::tempdir().unwrap();
    let lock = HomeLock::take(home.path()).unwrap();
    let plan = Start { home: home.path().into(), lock, keys: keys(25), settings };
    let error = start(plan).await.unwrap_err();
    assert!(matches!(error, StartError::Network(_)));
    let view = error.view();
    assert_eq!(view.code, "daemon-failed");
    assert!(view.happened.contains(&port.to_string()), "{view:?}");
}
