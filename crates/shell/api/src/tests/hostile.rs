//! Requests as they should not be, as raw bytes on the socket: each is refused in bounds and in words.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::{Served, start};
use crate::server::{BUSY_ANSWERS_MAX, CONNECTIONS_MAX, HEADER_BYTES_MAX};

/// Sends `request` and reads until the server closes; the status line and the rest.
async fn send(served: &Served, request: &[u8]) -> (u16, String) {
    let mut stream = UnixStream::connect(served.socket()).await.unwrap();
    // The server may refuse, and close, before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}

fn post(path: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[tokio::test]
async fn an_honest_request_passes() {
    let mut served = start();
    let request = post("/v1/checks", "application/json; charset=utf-8", "{\"percent\":5}");
    let (status, answer) = send(&served, &request).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(served.asked.recv().await.unwrap(), "Check");
    served.stop().await;
}

#[tokio::test]
async fn wrong_bodies_are_refused_and_never_reach_the_daemon() {
    let mut served = start();
    let json = "application/json";
    let deep = "[".repeat(100_000);
    for (path, kind, body, status, code) in [
        ("/v1/checks", "text/plain", "{\"percent\":5}", 415, "not-json"),
        ("/v1/checks", "application/x-www-form-urlencoded", "percent=5", 415, "not-json"),
        ("/v1/checks", "application/jsonx", "{\"percent\":5}", 415, "not-json"),
        ("/v1/checks", json, "", 400, "bad-request"),
        ("/v1/checks", json, "{\"percent\":5", 400, "bad-request"),
        ("/v1/checks", json, "{\"percent\":500}", 400, "bad-request"),
        ("/v1/checks", json, "{\"percent\":5,\"force\":true}", 400, "bad-request"),
        ("/v1/backups", json, "{\"paths\":[],\"exclude\":[]}", 400, "bad-request"),
        ("/v1/restores", json, "{\"target\":\"/\",\"overwrite\":1}", 400, "bad-request"),
        ("/v1/backups", json, &deep, 400, "bad-request"),
        ("/v1/config", json, "{\"key\":\"a\"}", 400, "bad-request"),
        ("/v1/services/storage/stop", json, "{\"dryrun\":true}", 400, "bad-request"),
        ("/v1/nothing", json, "{}", 404, "no-such-route"),
        ("/v1/status", json, "{}", 405, "wrong-method"),
    ] {
        let (found, answer) = send(&served, &post(path, kind, body)).await;
        assert_eq!(found, status, "{path} {kind} {answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{path} {answer}");
    }
    assert!(served.asked.try_recv().is_err());
    served.stop().await;
}

#[tokio::test]
async fn wrong_queries_and_paths_are_refused() {
    let mut served = start();
    for (path, status) in [
        ("/v1/versions/0x3/entries", 400),
        ("/v1/versions/-1/file?path=a", 400),
        ("/v1/versions/3/file", 400),
        ("/v1/versions/3/file?path=a&offset=-1", 400),
        ("/v1/versions/3/file?path=a&bytes=99999999999999999999", 400),
        ("/v1/versions/3/entries?depth=2", 400),
        ("/v1/versions/latest/diff?newer=2", 400),
        ("/v1/jobs/%ff", 400),
        ("/v1/../etc/passwd", 404),
        ("//", 404),
        ("*", 404),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let (found, answer) = send(&served, request.as_bytes()).await;
        assert_eq!(found, status, "{path} {answer}");
        assert!(answer.contains("\"advice\":"), "{path} {answer}");
    }
    assert!(served.asked.try_recv().is_err());
    served.stop().await;
}

#[tokio::test]
async fn too_much_is_cut_off() {
    let mut served = start();
    let long = "x".repeat(HEADER_BYTES_MAX + 4_096);
    let many = "a: b\r\n".repeat(100);
    for head in [
        format!("GET /v1/status HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n"),
        format!("GET /v1/status?{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!("GET /v1/status HTTP/1.1\r\nhost: a\r\n{many}\r\n"),
    ] {
        let (status, answer) = send(&served, head.as_bytes()).await;
        assert!(matches!(status, 414 | 431), "{status} {answer}");
    }
    let announced = "POST /v1/checks HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
        content-type: application/json\r\ncontent-length: 99999999999\r\n\r\n";
    assert_eq!(send(&served, announced.as_bytes()).await.0, 413);
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(20);
    let unannounced = format!(
        "POST /v1/checks HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
    );
    assert_eq!(send(&served, unannounced.as_bytes()).await.0, 413);
    assert!(served.asked.try_recv().is_err());
    served.stop().await;
}

#[tokio::test]
async fn no_http_is_no_answer() {
    let mut served = start();
    for noise in [&b"\x16\x03\x01\x02\x00\x01\x00\x01"[..], b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n"] {
        let (status, answer) = send(&served, noise).await;
        assert!(matches!(status, 0 | 400), "{answer}");
    }
    assert!(served.asked.try_recv().is_err());
    served.stop().await;
}

/// The clock of the test stands still but for timers, so ten seconds pass at once.
#[tokio::test(start_paused = true)]
async fn a_head_or_a_body_that_does_not_come_is_cut_off() {
    let served = start();
    let before = tokio::time::Instant::now();
    for slow in [&b"GET /v1/status HTTP/1.1\r\nhost"[..], b""] {
        assert!(matches!(send(&served, slow).await.0, 0 | 408));
    }
    let body = "POST /v1/checks HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
        connection: close\r\ncontent-length: 20\r\n\r\n{\"perc";
    let (status, answer) = send(&served, body.as_bytes()).await;
    assert_eq!(status, 408, "{answer}");
    assert!(before.elapsed() < Duration::from_secs(31), "{:?}", before.elapsed());
    served.stop().await;
}

#[tokio::test]
async fn beyond_the_limit_connections_are_told_that_it_is_busy() {
    let served = start();
    let mut seated = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut stream = UnixStream::connect(served.socket()).await.unwrap();
        stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        seated.push(stream);
    }
    assert_eq!(served.client.status().await.unwrap_err().view().code, "busy");
    let mut waiting = Vec::new();
    for _ in 0..BUSY_ANSWERS_MAX {
        waiting.push(UnixStream::connect(served.socket()).await.unwrap());
    }
    let mut closed = UnixStream::connect(served.socket()).await.unwrap();
    assert_eq!(closed.read(&mut [0]).await.unwrap(), 0);
    drop((seated, waiting));
    // Their seats are free again once the server has seen the end of each.
    while served.client.status().await.is_err() {
        tokio::task::yield_now().await;
    }
    served.stop().await;
}
