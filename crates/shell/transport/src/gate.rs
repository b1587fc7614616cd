//! Refuses inbound connections of crowded networks before their handshake costs anything.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Instant;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, ListenFailure, NetworkBehaviour,
    THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::Limits;
use crate::address::{self, Network};

/// Networks whose rate is remembered. Beyond, those that have rested longest are forgotten.
const NETWORKS_MAX: usize = 4096;

/// A connection is refused: its network has too many already, or comes too fast.
#[derive(Debug, thiserror::Error)]
#[error("too many connections from one network")]
struct Crowded;

/// Counts inbound connections of each network, established or on the way.
pub(crate) struct Gate {
    limits: Limits,
    inbound: BTreeMap<ConnectionId, Network>,
    rates: BTreeMap<Network, Rate>,
}

/// A token bucket, refilled to the burst in four seconds.
struct Rate {
    left: f64,
    at: Instant,
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, inbound: BTreeMap::new(), rates: BTreeMap::new() }
    }

    fn enter(&mut self, id: ConnectionId, network: Network, now: Instant) -> Result<(), Crowded> {
        let inside = self.inbound.values().filter(|inside| **inside == network).count();
        if inside >= self.limits.connections_per_network_max || !self.may_begin(network, now) {
            return Err(Crowded);
        }
        self.inbound.insert(id, network);
        Ok(())
    }

    fn may_begin(&mut self, network: Network, now: Instant) -> bool {
        let burst = f64::from(self.limits.handshakes_burst_max);
        if self.rates.len() >= NETWORKS_MAX && !self.rates.contains_key(&network) {
            let rested = self.rates.iter().min_by_key(|(_, rate)| rate.at).map(|(key, _)| *key);
            rested.map(|network| self.rates.remove(&network));
        }
        let rate = self.rates.entry(network).or_insert(Rate { left: burst, at: now });
        let rested = now.saturating_duration_since(rate.at).as_secs_f64();
        rate.left = (rate.left + rested * burst / 4.0).min(burst);
        rate.at = now;
        if rate.left < 1.0 {
            return false;
        }
        rate.left -= 1.0;
        true
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(network) = address::network(remote) else { return Ok(()) };
        self.enter(id, network, Instant::now()).map_err(ConnectionDenied::new)
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
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. })
            | FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => {
                self.inbound.remove(&connection_id);
            }
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
