//! Who gets a place in the routing table: only peers that have named themselves as servers of this
//! network, at addresses they can have, and few of one network in each bucket, so that one owner of
//! many addresses does not surround this node.

use std::collections::BTreeMap;

use libp2p::kad::{self, RoutingUpdate};
use libp2p::{Multiaddr, PeerId};

use crate::address::{self, Network};
use crate::records::Records;

/// Dials that fail in a row until a peer loses its place.
const FAILURES_MAX: u8 = 3;

/// What is known about the peers in the routing table beside the table.
#[derive(Default)]
pub(crate) struct Admission {
    per_network_max: usize,
    /// Where each admitted peer was seen, which it cannot choose freely; `None` for loopback.
    seen: BTreeMap<PeerId, Option<Network>>,
    failures: BTreeMap<PeerId, u8>,
}

impl Admission {
    pub(crate) fn new(per_network_max: usize) -> Self {
        Self { per_network_max, ..Self::default() }
    }

    /// Gives a connected peer a place if there is one, or renews its addresses. `seen` is the
    /// address of the connection. Returns whether it has a place.
    pub(crate) fn admit(
        &mut self,
        table: &mut kad::Behaviour<Records>,
        peer: PeerId,
        seen: &Multiaddr,
        addresses: &[Multiaddr],
    ) -> bool {
        self.failures.remove(&peer);
        let network = address::network(seen);
        if addresses.is_empty() || self.is_crowded(table, peer, network) {
            return false;
        }
        let mut has_place = false;
        for address in addresses {
            has_place |= table.add_address(&peer, address.clone()) != RoutingUpdate::Failed;
        }
        if !has_place {
            return false;
        }
        self.seen.insert(peer, network);
        for old in known_addresses(table, &peer) {
            if !addresses.contains(&address::split(old.clone()).0) {
                table.remove_address(&peer, &old);
            }
        }
        true
    }

    fn is_crowded(
        &self,
        table: &mut kad::Behaviour<Records>,
        peer: PeerId,
        network: Option<Network>,
    ) -> bool {
        let Some(network) = network else { return false };
        let Some(bucket) = table.kbucket(peer) else { return true };
        let others = bucket.iter().map(|entry| *entry.node.key.preimage());
        let same = others
            .filter(|other| *other != peer)
            .filter(|other| self.seen.get(other) == Some(&Some(network)));
        same.count() >= self.per_network_max
    }

    /// A peer has lost its place to another one.
    pub(crate) fn evicted(&mut self, peer: &PeerId) {
        self.seen.remove(peer);
        self.failures.remove(peer);
    }

    /// A dial has failed. After some in a row the peer loses its place, but only while others can be
    /// reached: a node that is cut off itself keeps its table.
    pub(crate) fn failed(
        &mut self,
        table: &mut kad::Behaviour<Records>,
        peer: PeerId,
        is_online: bool,
    ) {
        if !self.seen.contains_key(&peer) || !is_online {
            return;
        }
        let failures = self.failures.entry(peer).or_default();
        *failures += 1;
        if *failures >= FAILURES_MAX {
            table.remove_peer(&peer);
            self.evicted(&peer);
        }
    }
}

/// The addresses of a peer in the routing table, with the peer id at the end.
pub(crate) fn known_addresses(
    table: &mut kad::Behaviour<Records>,
    peer: &PeerId,
) -> Vec<Multiaddr> {
    let Some(bucket) = table.kbucket(*peer) else { return Vec::new() };
    let entry = bucket.iter().find(|entry| entry.node.key.preimage() == peer);
    entry.map(|entry| entry.node.value.iter().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
