//! Streams: many at once, refused openly, and never lost.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use transport::{Event, Medium, OpenError, StreamKind};

use crate::nodes::{Media, connect, converse, echo, limits, run, settings, until, within};

const MIB: usize = 1024 * 1024;

async fn many_echoes(media: Media) {
    let (here, there) = (run(settings(0, media)).await, run(settings(1, media)).await);
    let peer = connect(&here, &there).await;
    echo(there);
    let sent: Arc<Vec<u8>> = Arc::new((0..MIB).map(|n| (n * 31 / 7) as u8).collect());
    let all = (0..128).map(|n| {
        let (handle, sent) = (here.handle.clone(), sent.clone());
        tokio::spawn(async move {
            let stream = match n % 2 {
                0 => handle.open_control(peer).await.unwrap(),
                _ => handle.open_bulk(peer).await.unwrap(),
            };
            converse(stream, &sent).await;
        })
    });
    let all: Vec<_> = all.collect();
    for one in all {
        within("an echo of 1 MiB among 128", one).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_twenty_eight_echoes_at_once_over_tcp() {
    many_echoes(Media::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_twenty_eight_echoes_at_once_over_quic() {
    many_echoes(Media::Quic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_wait_for_one_another_do_not_stand_still_over_quic() {
    // Each side writes 120 streams to the end before it reads any: what is under way fits into the
    // windows of the streams, and the window of the connection is larger than all of them. With the
    // library's windows (15 MB, and 10 MB at the sender) this stands still for ever.
    let (here, mut there) =
        (run(settings(0, Media::Quic)).await, run(settings(1, Media::Quic)).await);
    let peer = connect(&here, &there).await;
    let sent = vec![7; 250 * 1024];
    let mut pairs = Vec::new();
    for _ in 0..120 {
        let opened = within("a stream", here.handle.open_bulk(peer)).await.unwrap();
        let came = until(&mut there, "a stream", |event| match event {
            Event::InboundBulk(stream) => Some(stream),
            _ => None,
        });
        pairs.push((opened, came.await));
    }
    within("all writes", async {
        for (one, two) in &mut pairs {
            one.write_all(&sent).await.unwrap();
            two.write_all(&sent).await.unwrap();
            one.flush().await.unwrap();
            two.flush().await.unwrap();
        }
    })
    .await;
    for (one, two) in &mut pairs {
        for stream in [one, two] {
            let mut got = vec![0; sent.len()];
            within("a read", stream.read_exact(&mut got)).await.unwrap();
            assert!(got == sent);
        }
    }
}

#[tokio::test]
async fn a_stream_knows_its_kind_peer_and_path() {
    for (media, medium) in [(Media::Tcp, Medium::Tcp), (Media::Quic, Medium::Quic)] {
        let (here, mut there) = (run(settings(0, media)).await, run(settings(1, media)).await);
        let peer = connect(&here, &there).await;
        let opened = within("a stream", here.handle.open_control(peer)).await.unwrap();
        assert_eq!((opened.peer(), opened.kind()), (peer, StreamKind::Control));
        assert_eq!((opened.path().medium, opened.path().dialled), (medium, true));
        let came = until(&mut there, "a stream", |event| match event {
            Event::InboundControl(stream) => Some(stream),
            Event::InboundBulk(_) => panic!("another kind was opened"),
            _ => None,
        });
        let came = came.await;
        assert_eq!((came.peer(), came.path().medium), (here.handle.myself(), medium));
        assert!(came.path().direct && !came.path().dialled);
    }
}

#[tokio::test]
async fn what_nobody_has_taken_yet_is_refused_openly_beyond_the_limit() {
    let here = run(settings(0, Media::Tcp)).await;
    let mut narrow = settings(1, Media::Tcp);
    narrow.limits = limits(|limits| limits.streams_waiting_max = 2);
    let mut there = run(narrow).await;
    let peer = connect(&here, &there).await;
    let open = || within("an answer", here.handle.open_bulk(peer));
    let held = [open().await.unwrap(), open().await.unwrap()];
    assert_eq!(open().await.unwrap_err(), OpenError::Busy);
    assert_eq!(there.handle.counters().streams_refused, 1);
    let taken = until(&mut there, "a stream", |event| match event {
        Event::InboundBulk(stream) => Some(stream),
        _ => None,
    });
    let taken = taken.await;
    open().await.expect("a place is free again");
    drop((held, taken));
}

#[tokio::test]
async fn more_streams_than_a_connection_may_have_are_refused_openly_by_either_side() {
    let here = run(settings(0, Media::Quic)).await;
    let mut narrow = settings(1, Media::Quic);
    narrow.limits = limits(|limits| limits.streams_per_connection_max = 3);
    let narrow = run(narrow).await;
    let peer = connect(&here, &narrow).await;
    let narrow = echo(narrow);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(within("a stream", here.handle.open_control(peer)).await.unwrap());
    }
    let beyond = within("an answer", here.handle.open_control(peer)).await;
    assert_eq!(beyond.unwrap_err(), OpenError::Busy);
    let own = within("an answer", narrow.open_control(here.handle.myself())).await;
    assert_eq!(own.unwrap_err(), OpenError::TooMany);
    let ended = held.pop().unwrap();
    within("an echo", converse(ended, b"the last word")).await;
    within("a free place", async { while here.handle.open_control(peer).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_dropped_stream_is_an_end_or_an_error_to_the_other_side() {
    for media in [Media::Tcp, Media::Quic] {
        let (here, mut there) = (run(settings(0, media)).await, run(settings(1, media)).await);
        let peer = connect(&here, &there).await;
        let opened = within("a stream", here.handle.open_bulk(peer)).await.unwrap();
        let came = until(&mut there, "a stream", |event| match event {
            Event::InboundBulk(stream) => Some(stream),
            _ => None,
        });
        let mut came = came.await;
        drop(opened);
        let read = within("an end", came.read(&mut [0; 16])).await;
        assert!(matches!(read, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn a_lost_connection_ends_its_streams() {
    for media in [Media::Tcp, Media::Quic] {
        let (here, there) = (run(settings(0, media)).await, run(settings(1, media)).await);
        let peer = connect(&here, &there).await;
        let there = echo(there);
        let mut stream = within("a stream", here.handle.open_bulk(peer)).await.unwrap();
        stream.write_all(b"one").await.unwrap();
        stream.flush().await.unwrap();
        within("an answer", stream.read_exact(&mut [0; 3])).await.unwrap();
        there.disconnect(here.handle.myself()).await;
        let read = within("an end", stream.read(&mut [0; 16])).await;
        assert!(matches!(read, Ok(0) | Err(_)));
    }
}
