//! Each method of the handle is a route, and its answers and errors come through as they are.

use std::collections::BTreeSet;

use daemon::view::{BackupRequest, CheckRequest, RestoreRequest};

use super::{answers, start};
use crate::client::{Client, ClientError};

/// Calls every method of the client once.
async fn call_all(client: &Client) -> Result<(), ClientError> {
    client.status().await?;
    client.durability().await?;
    client.services().await?;
    client.start_service("storage").await?;
    client.stop_service("storage", true).await?;
    client.automata().await?;
    client.automaton("contract").await?;
    client.config().await?;
    client.set_config("storage.suppliers", "13").await?;
    client.backup(&BackupRequest::default()).await?;
    client.restore(&RestoreRequest::default()).await?;
    client.check(&CheckRequest::default()).await?;
    client.jobs().await?;
    client.job("job-done").await?;
    client.watch_job("job-done").await?;
    client.pause_job("job-running").await?;
    client.resume_job("job-running").await?;
    client.cancel_job("job-running").await?;
    client.versions().await?;
    client.entries(None, "", true).await?;
    client.differences(2, 3).await?;
    client.read_file(Some(3), "hello.txt", 0, None).await?;
    client.suppliers().await?;
    client.hire_supplier(None, vec![]).await?;
    client.end_supplier("bddev1bbbb").await?;
    client.customers().await?;
    client.end_customer("bd1dddd").await?;
    client.peers().await?;
    client.connect("/ip4/127.0.0.1/tcp/1").await?;
    client.shutdown().await
}

/// The names of all requests, read from the seam itself.
fn all_requests() -> BTreeSet<String> {
    let source = include_str!("../../../daemon/src/handle.rs");
    let start = source.find("pub enum Request {").unwrap();
    let body = &source[start..start + source[start..].find("\n}").unwrap()];
    let variants =
        body.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let name =
        |line: &str| line.trim().split(|c: char| !c.is_alphanumeric()).next().map(String::from);
    variants.filter_map(name).filter(|name| !name.is_empty()).collect()
}

#[tokio::test]
async fn every_method_of_the_handle_is_reached_by_the_client() {
    let mut served = start();
    call_all(&served.client).await.unwrap();
    let mut asked = BTreeSet::new();
    while let Ok(name) = served.asked.try_recv() {
        asked.insert(name);
    }
    let all = all_requests();
    assert!(all.len() >= 29, "{all:?}");
    assert_eq!(asked, all);
    served.stop().await;
}

#[tokio::test]
async fn answers_come_through_whole() {
    let served = start();
    let job = served.client.job("job-problems").await.unwrap();
    let sent = answers::job("job-problems").unwrap();
    assert_eq!(format!("{job:?}"), format!("{sent:?}"));
    let stopped = served.client.stop_service("storage", false).await.unwrap();
    assert_eq!(stopped, ["storage", "supplier"]);
    let config = served.client.set_config("a.b", "\"x\"").await.unwrap();
    assert_eq!((config.key.as_str(), config.kept.as_str()), ("a.b", "\"x\""));
    let peer = served.client.connect("/ip4/127.0.0.1/tcp/1").await.unwrap();
    assert_eq!(peer.address, "/ip4/127.0.0.1/tcp/1");
    served.stop().await;
}

#[tokio::test]
async fn refusals_come_through_in_the_words_of_the_daemon() {
    let served = start();
    let refused = served.client.job("a/../b ?&%#\u{1f4a5}").await.unwrap_err();
    let expected = answers::error("no-such-job", "There is no job a/../b ?&%#\u{1f4a5}.");
    assert!(matches!(&refused, ClientError::Refused(error) if *error == expected), "{refused:?}");
    let request = BackupRequest { paths: vec!["/nobody".into()], ..Default::default() };
    let refused = served.client.backup(&request).await.unwrap_err();
    assert_eq!(refused.view().code, "too-few-suppliers");
    served.stop().await;
}

#[tokio::test]
async fn without_a_daemon_the_client_says_so() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = Client::new(home.path().join("api.sock"));
    assert_eq!(nowhere.status().await.unwrap_err().view().code, "daemon-not-running");
    // A socket that nobody listens at any more.
    drop(std::os::unix::net::UnixListener::bind(home.path().join("api.sock")).unwrap());
    assert!(home.path().join("api.sock").exists());
    assert_eq!(nowhere.status().await.unwrap_err().view().code, "daemon-not-running");
}

#[tokio::test]
async fn a_daemon_that_has_ended_is_named_as_such() {
    let served = start();
    served.client.shutdown().await.unwrap();
    let refused = served.client.status().await.unwrap_err();
    assert_eq!(refused.view().code, "daemon-stopping");
    served.stop().await;
}
