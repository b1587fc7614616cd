//! TCP and QUIC under one roof, each with a switch.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::dummy::DummyTransport;
use libp2p::core::transport::{
    Boxed, DialOpts, ListenerId, Transport, TransportError, TransportEvent,
};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId, dns, noise, quic, tcp, yamux};

use crate::{Limits, Medium, StartError, address};

/// What every medium yields: who is there, and how to open streams.
type Link = (PeerId, StreamMuxerBox);

/// Bytes that may be on the way on one QUIC stream. Yamux begins with as many.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// Streams of the library's own protocols that a connection may have beside ours.
const OTHER_STREAMS_MAX: usize = 64;

/// Which media are in use.
pub(crate) struct Switches {
    tcp: AtomicBool,
    quic: AtomicBool,
}

impl Switches {
    pub(crate) fn new(tcp: bool, quic: bool) -> Self {
        Self { tcp: AtomicBool::new(tcp), quic: AtomicBool::new(quic) }
    }

    fn of(&self, medium: Medium) -> &AtomicBool {
        match medium {
            Medium::Tcp => &self.tcp,
            Medium::Quic => &self.quic,
        }
    }

    pub(crate) fn is_on(&self, medium: Medium) -> bool {
        self.of(medium).load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, medium: Medium, on: bool) {
        self.of(medium).store(on, Ordering::Relaxed);
    }
}

/// TCP and QUIC. Names are resolved by the system before an address comes here.
struct Media {
    tcp: Boxed<Link>,
    quic: Boxed<Link>,
    switches: Arc<Switches>,
    quic_first: bool,
}

/// Builds both media and the resolver of names before them.
pub(crate) fn build(
    keys: &Keypair,
    limits: &Limits,
    switches: Arc<Switches>,
) -> Result<Boxed<Link>, StartError> {
    let streams_max = limits.streams_per_connection_max + OTHER_STREAMS_MAX;
    let mut multiplexer = yamux::Config::default();
    multiplexer.set_max_num_streams(streams_max);
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keys).map_err(|_| StartError::Key)?)
        .multiplex(multiplexer)
        .timeout(limits.handshake_wait)
        .boxed();

    let streams = u32::try_from(streams_max).unwrap_or(u32::MAX);
    let mut config = quic::Config::new(keys);
    config.handshake_timeout = limits.handshake_wait;
    config.max_concurrent_stream_limit = streams;
    config.max_stream_data = STREAM_WINDOW_BYTES;
    // All streams of a QUIC connection share its window. It is larger than all of them together, or
    // streams that wait for one another would stand still for ever.
    config.max_connection_data = STREAM_WINDOW_BYTES.saturating_mul(streams.saturating_add(1));
    let quic = quic::tokio::Transport::new(config)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed();

    let media = Media { tcp, quic, switches, quic_first: false };
    // The resolver takes what it wraps with it when it fails, so it is tried on nothing first.
    let resolver = dns::tokio::Transport::system(DummyTransport::<Link>::new()).map(drop);
    if let Err(error) = resolver {
        tracing::warn!(%error, "no resolver: addresses with names cannot be dialled");
        return Ok(media.boxed());
    }
    Ok(dns::tokio::Transport::system(media).map_err(StartError::Resolver)?.boxed())
}

impl Media {
    fn of(&mut self, address: &Multiaddr) -> Option<&mut Boxed<Link>> {
        let medium = address::medium(address).filter(|medium| self.switches.is_on(*medium))?;
        Some(match medium {
            Medium::Tcp => &mut self.tcp,
            Medium::Quic => &mut self.quic,
        })
    }
}

impl Transport for Media {
    type Output = Link;
    type Error = io::Error;
    type ListenerUpgrade = <Boxed<Link> as Transport>::ListenerUpgrade;
    type Dial = <Boxed<Link> as Transport>::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        match self.of(&address) {
            Some(medium) => medium.listen_on(id, address),
            None => Err(TransportError::MultiaddrNotSupported(address)),
        }
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.tcp.remove_listener(id) || self.quic.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        match self.of(&address) {
            Some(medium) => medium.dial(address, options),
            None => Err(TransportError::MultiaddrNotSupported(address)),
        }
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        // In turn, so that neither is kept waiting by a flood on the other.
        self.quic_first = !self.quic_first;
        let Self { tcp, quic, quic_first, .. } = &mut *self;
        let (first, second) = if *quic_first { (quic, tcp) } else { (tcp, quic) };
        match Pin::new(first).poll(cx) {
            Poll::Ready(event) => Poll::Ready(event),
            Poll::Pending => Pin::new(second).poll(cx),
        }
    }
}
