//! Peers that break the rules, with the network library's bare connections.

use std::pin::Pin;
use std::time::Duration;

use futures::future::poll_fn;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::core::Endpoint;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, SubstreamBox};
use libp2p::core::transport::{DialOpts, PortUse, Transport as _};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{noise, tcp, yamux};

use crate::nodes::{Media, Node, connect, converse, echo, limits, run, settings, within};

/// A connection that nobody drives but the test.
async fn bare_connection(keys: &Keypair, to: &Node) -> std::io::Result<StreamMuxerBox> {
    let mut transport = tcp::tokio::Transport::new(tcp::Config::new())
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keys).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let address = to.handle.listening().await.remove(0).parse().unwrap();
    let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    Ok(transport.dial(address, options).unwrap().await?.1)
}

/// Lets a connection work, without a word on any stream, until the other side ends it.
async fn ended(mut connection: StreamMuxerBox) {
    let mut silent = Vec::new();
    poll_fn(|cx| {
        loop {
            match Pin::new(&mut connection).poll_inbound(cx) {
                std::task::Poll::Ready(Ok(stream)) => silent.push(stream),
                std::task::Poll::Ready(Err(_)) => return std::task::Poll::Ready(()),
                std::task::Poll::Pending => break,
            }
        }
        Pin::new(&mut connection).poll(cx).map(drop)
    })
    .await;
}

async fn open(connection: &mut StreamMuxerBox) -> SubstreamBox {
    poll_fn(|cx| Pin::new(&mut *connection).poll_outbound(cx)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_peer_has_four_connections_and_no_more() {
    let node = run(settings(0, Media::Tcp)).await;
    let keys = Keypair::generate_ed25519();
    let mut connections = Vec::new();
    for _ in 0..6 {
        if let Ok(connection) = within("a handshake", bare_connection(&keys, &node)).await {
            connections.push(tokio::spawn(ended(connection)));
        }
    }
    within("the refusals", async {
        while node.handle.counters().connections_refused < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let ends = futures::future::select_all(connections);
    let (_, _, rest) = within("an end", ends).await;
    let (_, _, rest) = within("another end", futures::future::select_all(rest)).await;
    assert!(rest.len() <= 4);
    let honest = run(settings(1, Media::Tcp)).await;
    connect(&honest, &node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_never_names_its_protocol_is_cut_off() {
    let node = run(settings(0, Media::Tcp)).await;
    let keys = Keypair::generate_ed25519();
    let mut connection = within("a handshake", bare_connection(&keys, &node)).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..32 {
        let mut stream = within("a stream", open(&mut connection)).await;
        // The first byte of the negotiation, and then silence.
        stream.write_all(&[19]).await.unwrap();
        streams.push(stream);
    }
    let driven = tokio::spawn(ended(connection));
    // Meanwhile others are served.
    let honest = run(settings(1, Media::Tcp)).await;
    let peer = connect(&honest, &node).await;
    echo(node);
    let stream = within("a stream", honest.handle.open_control(peer)).await.unwrap();
    within("an echo", converse(stream, b"unharmed")).await;
    for mut stream in streams {
        let read = async {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await
        };
        let _ = within("an end", read).await;
    }
    driven.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_too_many_streams_takes_no_place_from_others() {
    let mut narrow = settings(0, Media::Tcp);
    narrow.limits = limits(|limits| limits.streams_max = 60);
    let node = run(narrow).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let keys = Keypair::generate_ed25519();
        let mut connection = within("a handshake", bare_connection(&keys, &node)).await.unwrap();
        for _ in 0..60 {
            let mut stream = within("a stream", open(&mut connection)).await;
            stream.write_all(&[19]).await.unwrap();
            held.push(stream);
        }
        tokio::spawn(ended(connection));
    }
    within("the refusals", async {
        while node.handle.counters().streams_refused < 180 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let honest = run(settings(1, Media::Tcp)).await;
    let peer = connect(&honest, &node).await;
    echo(node);
    let stream = within("a stream", honest.handle.open_control(peer)).await.unwrap();
    within("an echo", converse(stream, b"unharmed")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_stands_still_is_given_up() {
    let node = run(settings(0, Media::Tcp)).await;
    let address = node.handle.listening().await.remove(0);
    let port: u16 = address.rsplit('/').next().unwrap().parse().unwrap();
    let mut silent = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut buffer = [0; 64];
    let read = tokio::io::AsyncReadExt::read(&mut silent, &mut buffer);
    let limit = Duration::from_secs(15);
    let ended = tokio::time::timeout(limit, read).await.expect("given up in time");
    assert!(matches!(ended, Ok(0) | Err(_)));
}
