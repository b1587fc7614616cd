//! What the network library tells.

use std::time::Instant;

use libp2p::kad::{self, InboundRequest};
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, identify, mdns, ping};

use super::commands::connect_error;
use super::{STRANGERS_MAX, Task};
use crate::behaviour::{BehaviourEvent, dht_name, identity_name};
use crate::handle::count;
use crate::peers::Connection;
use crate::{ConnectError, Event, Source, Stream, StreamKind, address, key, streams};

/// Pings in a row that may stay without an answer.
const SILENT_MAX: u8 = 2;
/// Peers connected until those found on the local network are not dialled any more.
const LOCAL_PEERS_MAX: usize = 32;

impl Task {
    pub(super) fn happened(&mut self, happening: SwarmEvent<BehaviourEvent>) {
        match happening {
            SwarmEvent::Behaviour(event) => self.behaved(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let remote = address::split(endpoint.get_remote_address().clone()).0;
                let dialled = endpoint.is_dialer();
                let connection = Connection { remote, dialled, since: Instant::now(), silent: 0 };
                tracing::debug!(medium = ?streams::path(&endpoint).medium, dialled, "connected");
                self.peers.established(peer_id, connection_id, connection);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, cause, .. } => {
                tracing::debug!(?cause, "connection closed");
                if self.peers.closed(&peer_id, connection_id)
                    && let Some(peer) = key::from_id(&peer_id)
                {
                    self.outbox.push(Event::PeerDisconnected { peer });
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id, connection_id, error } => {
                tracing::debug!(%error, "dial failed");
                self.peers.dial_failed(connection_id, &connect_error(&error));
                if let (Some(peer), libp2p::swarm::DialError::Transport(_)) = (peer_id, &error) {
                    let is_online = self.peers.members().next().is_some();
                    let table = &mut self.swarm.behaviour_mut().kad;
                    self.admission.failed(table, peer, is_online);
                }
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                if matches!(error, libp2p::swarm::ListenError::Denied { .. }) {
                    count(&self.counts.connections_refused);
                }
                tracing::debug!(%error, "inbound connection failed");
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                self.listening(listener_id, address);
            }
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                self.not_listening(listener_id, &[address]);
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                if let Err(error) = reason {
                    tracing::warn!(%error, "a listener has ended");
                }
                self.listener_ended(listener_id, &addresses);
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::debug!(%error, "listener error");
            }
            _ => {}
        }
    }

    fn behaved(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Streams(stream) => self.stream_came(stream),
            BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                connection_id,
                info,
            }) => self.identified(peer_id, connection_id, &info),
            // Whoever does not say what it is is not kept.
            BehaviourEvent::Identify(identify::Event::Error { peer_id, .. })
                if !self.peers.is_member(&peer_id) =>
            {
                let _ = self.swarm.disconnect_peer_id(peer_id);
            }
            BehaviourEvent::Ping(ping) => self.pinged(&ping),
            BehaviourEvent::Kad(event) => self.dht(event),
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => self.found_locally(found),
            _ => {}
        }
    }

    fn stream_came(&mut self, stream: Stream) {
        if let Some(id) = key::to_id(&stream.peer()) {
            self.welcome(&id);
        }
        self.outbox.push(match stream.kind() {
            StreamKind::Control => Event::InboundControl(stream),
            StreamKind::Bulk => Event::InboundBulk(stream),
        });
    }

    /// A peer has shown that it is of this network.
    fn welcome(&mut self, id: &PeerId) {
        if !self.peers.confirm(id) {
            return;
        }
        let path = self.swarm.behaviour().streams.paths(id).into_iter().next();
        if let (Some(peer), Some(path)) = (key::from_id(id), path) {
            self.outbox.push(Event::PeerConnected { peer, path });
        }
    }

    fn identified(
        &mut self,
        id: PeerId,
        connection: libp2p::swarm::ConnectionId,
        info: &identify::Info,
    ) {
        if info.protocol_version != identity_name(&self.settings.network) {
            return self.send_away(id);
        }
        let Some(peer) = key::from_id(&id) else { return self.send_away(id) };
        self.welcome(&id);
        let Some(connection) =
            self.peers.connected.get(&id).and_then(|peer| peer.connections.get(&connection))
        else {
            return;
        };
        let remote = connection.remote.clone();
        let dialled = connection.dialled.then_some(&remote);
        let addresses = address::usable(dialled.into_iter().chain(&info.listen_addrs), &remote);
        let serves =
            dht_name(&self.settings.network).is_some_and(|dht| info.protocols.contains(&dht));
        let table = &mut self.swarm.behaviour_mut().kad;
        if serves && self.admission.admit(table, id, &remote, &addresses) {
            self.begin_waiting_bootstraps();
        } else if !serves && table.remove_peer(&id).is_some() {
            self.admission.evicted(&id);
        }
        let texts = addresses.iter().map(address::text).collect();
        if let Some(known) = self.peers.connected.get_mut(&id) {
            known.addresses = addresses;
        }
        self.outbox.push(Event::Discovered { peer, addresses: texts, source: Source::Peer });
    }

    /// A peer is of another network: it is sent away and not looked for again soon.
    fn send_away(&mut self, id: PeerId) {
        tracing::debug!("a peer is of another network");
        count(&self.counts.other_network);
        if self.strangers.len() < STRANGERS_MAX {
            self.strangers.insert(id, Instant::now());
        }
        self.peers.fail(&id, &ConnectError::OtherNetwork);
        let _ = self.swarm.disconnect_peer_id(id);
    }

    fn pinged(&mut self, ping: &ping::Event) {
        let peer = self.peers.connected.get_mut(&ping.peer);
        let Some(connection) = peer.and_then(|peer| peer.connections.get_mut(&ping.connection))
        else {
            return;
        };
        match &ping.result {
            Ok(_) => connection.silent = 0,
            Err(ping::Failure::Timeout) => connection.silent += 1,
            Err(_) => {}
        }
        if connection.silent >= SILENT_MAX {
            self.swarm.close_connection(ping.connection);
        }
    }

    fn dht(&mut self, event: kad::Event) {
        let kad = &mut self.swarm.behaviour_mut().kad;
        match event {
            kad::Event::OutboundQueryProgressed { id, result, step, .. } => {
                self.queries.progress(kad, id, result, step.last);
            }
            kad::Event::InboundRequest {
                request: InboundRequest::PutRecord { source, record: Some(record), .. },
            } => {
                // The library has acknowledged it already, whatever becomes of it.
                if let Err(error) = kad.store_mut().keep(record, Some(source), Instant::now()) {
                    tracing::debug!(%error, "record not kept");
                }
            }
            kad::Event::InboundRequest {
                request: InboundRequest::AddProvider { record: Some(mut record) },
            } => {
                let Some(peer) = self.peers.connected.get(&record.provider) else { return };
                let Some(seen) = peer.connections.values().next() else { return };
                record.addresses = address::usable(&record.addresses, &seen.remote);
                if record.addresses.is_empty() {
                    // Without any, whoever asks would be told of it only while it has a place in
                    // the routing table, and in a large network most nodes have none there.
                    record.addresses.clone_from(&peer.addresses);
                }
                if kad.store_mut().keep_provider(record).is_err() {
                    count(&self.counts.records_over_quota);
                }
            }
            kad::Event::RoutingUpdated { old_peer: Some(evicted), .. } => {
                self.admission.evicted(&evicted);
            }
            _ => {}
        }
    }

    fn found_locally(&mut self, found: Vec<(PeerId, libp2p::Multiaddr)>) {
        let mut peers = std::collections::BTreeMap::<PeerId, Vec<String>>::new();
        for (id, address) in found {
            let addresses = peers.entry(id).or_default();
            if addresses.len() < address::ADDRESSES_PER_PEER_MAX {
                addresses.push(address::text(&address));
            }
        }
        for (id, addresses) in peers {
            let is_wanted = !self.peers.connected.contains_key(&id)
                && !self.strangers.contains_key(&id)
                && self.peers.connected.len() < LOCAL_PEERS_MAX;
            // The search itself knows the addresses when it comes to dialling.
            if is_wanted && let Err(error) = self.swarm.dial(id) {
                tracing::debug!(%error, "a peer on the local network was not dialled");
            }
            if let Some(peer) = key::from_id(&id) {
                let source = Source::LocalNetwork;
                self.outbox.push(Event::Discovered { peer, addresses, source });
            }
        }
    }
}
