//! Remembers who could not be reached, so that the look-ups of the DHT do not wait for the same dead
//! peers again and again. Whoever names an address himself is not held up.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, DialError, DialFailure, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

/// Peers that are remembered. Beyond, those that failed first are forgotten.
const PEERS_MAX: usize = 512;

/// A peer was dialled in vain just now.
#[derive(Debug, thiserror::Error)]
#[error("not reached a moment ago")]
struct NotReached;

/// Who could not be reached, and when.
pub(crate) struct Unreached {
    wait: Duration,
    failed: BTreeMap<PeerId, Instant>,
}

impl Unreached {
    pub(crate) fn new(wait: Duration) -> Self {
        Self { wait, failed: BTreeMap::new() }
    }

    fn remember(&mut self, peer: PeerId, now: Instant) {
        if self.failed.len() >= PEERS_MAX && !self.failed.contains_key(&peer) {
            let first = self.failed.iter().min_by_key(|(_, at)| **at).map(|(peer, _)| *peer);
            first.map(|peer| self.failed.remove(&peer));
        }
        self.failed.insert(peer, now);
    }

    fn is_given_up(&self, peer: &PeerId, now: Instant) -> bool {
        self.failed.get(peer).is_some_and(|at| now.saturating_duration_since(*at) < self.wait)
    }
}

impl NetworkBehaviour for Unreached {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        named: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        match peer {
            Some(peer) if named.is_empty() && self.is_given_up(&peer, Instant::now()) => {
                Err(ConnectionDenied::new(NotReached))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => {
                self.failed.remove(&established.peer_id);
            }
            FromSwarm::DialFailure(DialFailure {
                peer_id: Some(peer),
                error: DialError::Transport(_),
                ..
            }) => self.remember(peer, Instant::now()),
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
