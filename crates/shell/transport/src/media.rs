//! TCP and QUIC under one roof, each with a switch.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::dummy::DummyTransport;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{
    Boxed, DialOpts, ListenerId, Transport, TransportError, TransportEvent,
};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId, dns, quic, tcp};

use crate::handle::Counts;
use crate::meter::Meter;
use crate::multiplex::{Multiplex, WINDOW_BYTES};
use crate::secure::Security;
use crate::{Limits, Medium, StartError, address};

/// What every medium yields: who is there, and how to open streams.
type Link = (PeerId, StreamMuxerBox);

/// Streams of the library's own protocols that a connection may have beside ours.
const OTHER_STREAMS_MAX: usize = 64;

/// How much earlier TCP is tried than QUIC when both are on: QUIC costs three times the CPU for each
/// byte, but where the way is long it is still the first to answer.
const TCP_HEAD_START: Duration = Duration::from_millis(200);

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
    counts: Arc<Counts>,
) -> Result<Boxed<Link>, StartError> {
    let streams_max = limits.streams_per_connection_max + OTHER_STREAMS_MAX;
    let meter = Meter::new(limits.streams_max, counts);
    let counted = meter.clone();
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(Security::new(keys)?)
        .multiplex(Multiplex::new(streams_max))
        .map(move |(peer, connection), _| (peer, StreamMuxerBox::new(counted.watch(connection))));
    let tcp = TransportTimeout::new(tcp, limits.handshake_wait).boxed();

    let streams = u32::try_from(streams_max).unwrap_or(u32::MAX);
    let window = u32::try_from(WINDOW_BYTES).unwrap_or(u32::MAX);
    let mut config = quic::Config::new(keys);
    config.handshake_timeout = limits.handshake_wait;
    config.max_concurrent_stream_limit = streams;
    config.max_stream_data = window;
    // All streams of a QUIC connection share its window. It is larger than all of them together, or
    // streams that wait for one another would stand still for ever.
    config.max_connection_data = window.saturating_mul(streams.saturating_add(1));
    let quic = quic::tokio::Transport::new(config)
        .map(move |(peer, connection), _| (peer, StreamMuxerBox::new(meter.watch(connection))))
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
        let waits =
            address::medium(&address) == Some(Medium::Quic) && self.switches.is_on(Medium::Tcp);
        let Some(medium) = self.of(&address) else {
            return Err(TransportError::MultiaddrNotSupported(address));
        };
        let dial = medium.dial(address, options)?;
        if !waits {
            return Ok(dial);
        }
        Ok(Box::pin(async move {
            tokio::time::sleep(TCP_HEAD_START).await;
            dial.await
        }))
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
