//! Long answers: in order, whole or visibly not whole, and ended when the server ends.

use daemon::handle::{Handle, Request};
use daemon::view::JobView;
use tokio::sync::{mpsc, watch};

use super::{Served, answers, start, start_over};
use crate::client::{ClientError, FileBytes, Lines, Step};

async fn all<T: serde::de::DeserializeOwned>(mut lines: Lines<T>) -> (Vec<T>, Option<String>) {
    let mut items = Vec::new();
    loop {
        match lines.next().await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error.view().code)),
        }
    }
}

async fn whole(mut file: FileBytes) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    while let Some(part) = file.next().await? {
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

#[tokio::test]
async fn lists_come_in_order_and_to_the_end() {
    let served = start();
    let (entries, error) = all(served.client.entries(Some(3), "", true).await.unwrap()).await;
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["photos", "caf\\xe9", "photos/a.jpg", "photos/latest"]);
    assert_eq!(error, None);
    let (differences, error) = all(served.client.differences(2, 3).await.unwrap()).await;
    assert_eq!((differences.len(), error), (4, None));
    served.stop().await;
}

#[tokio::test]
async fn a_list_that_breaks_off_says_why() {
    let served = start();
    let (entries, error) = all(served.client.entries(None, "broken", false).await.unwrap()).await;
    assert_eq!((entries.len(), error.as_deref()), (1, Some("too-few-suppliers")));
    for (version, path, code) in
        [(None, "refused", "too-few-suppliers"), (Some(404), "", "no-such-version")]
    {
        let refused = served.client.entries(version, path, false).await.unwrap_err();
        assert_eq!(refused.view().code, code);
    }
    served.stop().await;
}

#[tokio::test]
async fn an_answer_whose_giver_broke_is_never_taken_for_whole() {
    let served = start();
    let (entries, error) = all(served.client.entries(None, "vanished", true).await.unwrap()).await;
    assert_eq!((entries.len(), error.as_deref()), (1, Some("daemon-failed")));
    let (differences, error) = all(served.client.differences(3, 5).await.unwrap()).await;
    assert_eq!((differences.len(), error.as_deref()), (1, Some("daemon-failed")));
    let file = served.client.read_file(None, "vanished", 0, None).await.unwrap();
    assert_eq!(whole(file).await.unwrap_err().view().code, "daemon-broke-off");
    served.stop().await;
}

#[tokio::test]
async fn ranges_of_a_file_are_exact() {
    let served = start();
    let read = async |path, offset, bytes| {
        whole(served.client.read_file(None, path, offset, bytes).await.unwrap()).await
    };
    assert_eq!(read("hello.txt", 0, None).await.unwrap(), b"Hello from far away.\n");
    assert_eq!(read("hello.txt", 6, Some(4)).await.unwrap(), b"from");
    assert_eq!(read("hello.txt", 99, None).await.unwrap(), b"");
    assert_eq!(read("empty", 0, None).await.unwrap(), b"");
    served.stop().await;
}

#[tokio::test]
async fn a_file_that_breaks_off_is_never_taken_for_whole() {
    let served = start();
    let file = served.client.read_file(None, "broken", 0, None).await.unwrap();
    assert_eq!(whole(file).await.unwrap_err().view().code, "daemon-broke-off");
    let missing = served.client.read_file(None, "gone", 0, None).await.unwrap_err();
    assert_eq!(missing.view().code, "no-such-path");
    served.stop().await;
}

/// A server whose only job is in the hands of the test.
fn start_with_job(job: JobView) -> (Served, watch::Sender<JobView>) {
    let (handle, mut requests, journal) = Handle::new();
    let (sender, receiver) = watch::channel(job);
    tokio::spawn(async move {
        while let Some(request) = requests.recv().await {
            if let Request::WatchJob(_, reply) = request {
                reply.send(Ok(receiver.clone())).unwrap();
            }
        }
    });
    let (_, asked) = mpsc::unbounded_channel();
    (start_over(handle, asked, journal), sender)
}

#[tokio::test]
async fn a_job_is_followed_until_it_is_over() {
    let running = answers::job("job-running").unwrap();
    let (served, job) = start_with_job(running.clone());
    let mut events = served.client.watch_job("job-running").await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().files_done, 40);
    job.send(JobView { files_done: 90, ..running }).unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().files_done, 90);
    job.send(answers::job("job-done").unwrap()).unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().state, "done");
    assert!(events.next().await.unwrap().is_none());
    served.stop().await;
}

#[tokio::test]
async fn a_job_whose_daemon_goes_is_not_taken_for_over() {
    let (served, job) = start_with_job(answers::job("job-running").unwrap());
    let mut events = served.client.watch_job("job-running").await.unwrap();
    events.next().await.unwrap().unwrap();
    drop(job);
    assert_eq!(events.next().await.unwrap_err().view().code, "daemon-stopping");
    served.stop().await;
}

#[tokio::test]
async fn the_journal_is_followed_and_says_what_is_missing() {
    let served = start();
    let mut steps = served.client.journal().await.unwrap();
    served.journal.send(answers::step(1)).unwrap();
    assert_eq!(steps.next().await.unwrap(), Step::Line(answers::step(1)));
    // One task runs the test: nobody reads while so many lines come.
    for n in 0..5_000 {
        served.journal.send(answers::step(n)).unwrap();
    }
    assert_eq!(steps.next().await.unwrap(), Step::Lost(5_000 - 4_096));
    assert_eq!(steps.next().await.unwrap(), Step::Line(answers::step(904)));
    served.stop().await;
}

#[tokio::test]
async fn the_end_of_the_server_ends_every_stream() {
    let served = start();
    let mut steps = served.client.journal().await.unwrap();
    let mut events = served.client.watch_job("job-running").await.unwrap();
    events.next().await.unwrap().unwrap();
    served.stop().await;
    assert_eq!(steps.next().await.unwrap_err().view().code, "daemon-stopping");
    assert_eq!(events.next().await.unwrap_err().view().code, "daemon-stopping");
}
