//! What the transport tells without being asked.

use tokio::sync::mpsc;

use crate::{Path, PeerKey, Stream};

/// Who told about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Multicast DNS on the local network. Nothing is proved yet.
    LocalNetwork,
    /// The peer itself, over a connection.
    Peer,
}

/// What the transport tells without being asked.
#[derive(Debug)]
pub enum Event {
    /// This node can be reached at an address.
    Listening {
        /// A multiaddress without the peer id.
        address: String,
    },
    /// This node can no longer be reached at an address.
    ListeningEnded {
        /// A multiaddress without the peer id.
        address: String,
    },
    /// The first connection to a peer stands, and the peer is of this network.
    PeerConnected {
        /// Its device key.
        peer: PeerKey,
        /// The connection.
        path: Path,
    },
    /// The last connection to a peer is gone.
    PeerDisconnected {
        /// Its device key.
        peer: PeerKey,
    },
    /// A peer has opened a control stream.
    InboundControl(Stream),
    /// A peer has opened a bulk stream.
    InboundBulk(Stream),
    /// A peer was seen, or its addresses were. A hint: some may be left out under load.
    Discovered {
        /// Its device key.
        peer: PeerKey,
        /// Multiaddresses without the peer id, at most eight.
        addresses: Vec<String>,
        /// Who says so.
        source: Source,
    },
}

/// The events in their order. What is not taken waits; the network never waits for it.
#[derive(Debug)]
pub struct Events {
    pub(crate) receiver: mpsc::Receiver<Event>,
}

impl Events {
    /// The next event, or `None` after the transport has stopped. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        let mut event = self.receiver.recv().await?;
        if let Event::InboundControl(stream) | Event::InboundBulk(stream) = &mut event {
            stream.taken();
        }
        Some(event)
    }
}
