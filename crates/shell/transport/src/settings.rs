//! What a transport is started with.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{Limits, PeerKey};

/// Whether a record may be stored or believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and counts for the quota of this publisher.
    Accept {
        /// Bytes that stand for who signed it.
        publisher: [u8; 32],
    },
    /// It may not.
    Refuse,
}

/// Judges a record by its key, its value and the value stored so far. It is called in the task that
/// owns the network, so it computes (a signature check is fine) and waits for nothing.
pub type Validator = Arc<dyn Fn(&[u8], &[u8], Option<&[u8]>) -> Verdict + Send + Sync>;

/// What a transport is started with. The device secret is never printed.
pub struct Settings {
    /// The network's id: 1 to 64 of `a-z A-Z 0-9 - _ .`. It stands in every protocol name, so that
    /// networks never mix.
    pub network: String,
    /// The Ed25519 seed of the device key, from which the peer id follows.
    pub device_secret: Zeroizing<[u8; 32]>,
    /// Multiaddresses to listen on. Those of a switched off medium wait until it is switched on.
    pub listen: Vec<String>,
    /// Whether TCP (Noise, Yamux) is used, in both directions.
    pub tcp: bool,
    /// Whether QUIC (UDP) is used, in both directions.
    pub quic: bool,
    /// Whether peers on the local network are announced to and looked for (multicast DNS).
    pub mdns: bool,
    /// Multiaddresses of running nodes, with or without `/p2p/…` at the end. Any node will do.
    pub bootstrap: Vec<String>,
    /// Whether this node stores and answers for others in the DHT, or only asks.
    pub dht_server: bool,
    /// What is granted to peers.
    pub limits: Limits,
    /// Judges each record before it is stored.
    pub validator: Validator,
}

impl Settings {
    /// Listens with TCP and QUIC on all interfaces at free ports, without bootstrap and mDNS.
    #[must_use]
    pub fn new(
        network: impl Into<String>,
        device_secret: Zeroizing<[u8; 32]>,
        validator: Validator,
    ) -> Self {
        let listen = [
            "/ip4/0.0.0.0/tcp/0",
            "/ip4/0.0.0.0/udp/0/quic-v1",
            "/ip6/::/tcp/0",
            "/ip6/::/udp/0/quic-v1",
        ];
        Self {
            network: network.into(),
            device_secret,
            listen: listen.map(String::from).to_vec(),
            tcp: true,
            quic: true,
            mdns: false,
            bootstrap: Vec::new(),
            dht_server: true,
            limits: Limits::default(),
            validator,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("network", &self.network)
            .field("listen", &self.listen)
            .field("tcp", &self.tcp)
            .field("quic", &self.quic)
            .field("mdns", &self.mdns)
            .field("bootstrap", &self.bootstrap)
            .field("dht_server", &self.dht_server)
            .finish_non_exhaustive()
    }
}

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medium {
    /// TCP with Noise and Yamux.
    Tcp,
    /// QUIC version 1 over UDP.
    Quic,
}

/// How a peer is reached by one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// What carries it.
    pub medium: Medium,
    /// The peer's end, as a multiaddress.
    pub address: String,
    /// False when a router stands between.
    pub direct: bool,
    /// Whether this side dialled.
    pub dialled: bool,
}

/// A peer with all connections to it, the preferred one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedPeer {
    /// Its device key.
    pub peer: PeerKey,
    /// At least one.
    pub paths: Vec<Path>,
}

/// A peer in the routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPeer {
    /// Its device key.
    pub peer: PeerKey,
    /// Where it may be reached, as multiaddresses without the peer id.
    pub addresses: Vec<String>,
}
