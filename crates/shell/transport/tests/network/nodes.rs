//! Nodes for tests, and what is done with them everywhere.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use transport::{
    Event, Events, Handle, Limits, PeerKey, Settings, Stream, Validator, Verdict, start,
};

/// Which media a node uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Tcp,
    Quic,
    Both,
}

/// A running node.
pub(crate) struct Node {
    pub(crate) handle: Handle,
    pub(crate) events: Events,
}

/// Settings of the node with a number, on loopback only.
pub(crate) fn settings(number: u16, media: Media) -> Settings {
    let mut seed = [0x55; 32];
    seed[..2].copy_from_slice(&number.to_be_bytes());
    let mut settings = Settings::new("test", seed.into(), Arc::new(honest));
    let listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"];
    settings.listen = listen.map(String::from).to_vec();
    settings.tcp = media != Media::Quic;
    settings.quic = media != Media::Tcp;
    settings
}

pub(crate) async fn run(settings: Settings) -> Node {
    let (handle, events) = within("a start", start(settings)).await.unwrap();
    Node { handle, events }
}

/// A node that knows another one to start from.
pub(crate) async fn join(number: u16, media: Media, first: &Node) -> Node {
    let mut settings = settings(number, media);
    settings.bootstrap = first.handle.invitations().await;
    let node = run(settings).await;
    within("a bootstrap", node.handle.bootstrap()).await.unwrap();
    node
}

/// A network in which each node has had the first one's address only.
pub(crate) async fn network(size: u16, media: Media) -> Vec<Node> {
    let mut nodes = vec![run(settings(0, media)).await];
    for number in 1..size {
        nodes.push(join(number, media, &nodes[0]).await);
    }
    for node in &nodes {
        within("a bootstrap", node.handle.bootstrap()).await.unwrap();
    }
    nodes
}

/// Connects one node to another one.
pub(crate) async fn connect(from: &Node, to: &Node) -> PeerKey {
    let peer = to.handle.myself();
    let addresses = to.handle.listening().await;
    within("a connection", from.handle.connect(peer, addresses)).await.unwrap();
    peer
}

/// Everything that is waited for has a deadline, far beyond what it takes.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(40), future).await {
        Ok(done) => done,
        Err(_) => panic!("{what} took too long"),
    }
}

/// Takes events until one is what is looked for.
pub(crate) async fn until<T>(
    node: &mut Node,
    what: &str,
    mut wanted: impl FnMut(Event) -> Option<T>,
) -> T {
    within(what, async {
        loop {
            let event = node.events.next().await.expect("the transport runs");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    })
    .await
}

/// Sends back whatever comes on any stream, until the events end. Returns the handle.
pub(crate) fn echo(node: Node) -> Handle {
    let Node { handle, mut events } = node;
    let running = handle.clone();
    tokio::spawn(async move {
        let _running = running;
        while let Some(event) = events.next().await {
            if let Event::InboundControl(stream) | Event::InboundBulk(stream) = event {
                tokio::spawn(send_back(stream));
            }
        }
    });
    handle
}

async fn send_back(mut stream: Stream) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return stream.shutdown().await,
            bytes => stream.write_all(&buffer[..bytes]).await?,
        }
    }
}

/// Sends bytes while it reads them back, and compares.
pub(crate) async fn converse(stream: Stream, sent: &[u8]) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let send = async {
        writer.write_all(sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let receive = async {
        let mut received = Vec::with_capacity(sent.len());
        reader.read_to_end(&mut received).await.unwrap();
        assert!(received == sent, "what came back is not what was sent");
    };
    tokio::join!(send, receive);
}

/// A record's value in these tests: 0 or, for a forgery, 1; the publisher; the sequence; anything.
pub(crate) fn record(publisher: u8, sequence: u8) -> Vec<u8> {
    vec![0, publisher, sequence]
}

/// A record that no honest node believes.
pub(crate) fn forgery(publisher: u8, sequence: u8) -> Vec<u8> {
    vec![1, publisher, sequence]
}

/// Refuses forgeries, and whatever is not newer than what is stored.
pub(crate) fn honest(_: &[u8], value: &[u8], stored: Option<&[u8]>) -> Verdict {
    match (value, stored) {
        ([0, _, newer, ..], Some([_, _, older, ..])) if newer <= older => Verdict::Refuse,
        ([0, publisher, ..], _) => Verdict::Accept { publisher: [*publisher; 32] },
        _ => Verdict::Refuse,
    }
}

/// Believes everything.
pub(crate) fn gullible() -> Validator {
    Arc::new(|_, _, _| Verdict::Accept { publisher: [0; 32] })
}

pub(crate) fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}
