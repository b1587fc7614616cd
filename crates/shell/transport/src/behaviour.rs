//! All behaviours of the network library that this node runs, put together.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, StreamProtocol, connection_limits, identify, kad, mdns, ping};

use crate::gate::Gate;
use crate::handle::Counts;
use crate::records::Records;
use crate::streams::Streams;
use crate::unreached::Unreached;
use crate::{Limits, Settings, StartError};

/// Bytes of a DHT message: a record and forty peers with eight addresses each fit.
const DHT_MESSAGE_BYTES_MAX: usize = 32 * 1024;
/// Peers whose own list of addresses is remembered for dialling.
const IDENTIFIED_MAX: usize = 512;

/// All behaviours. Those that refuse connections come first.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
pub(crate) struct Behaviour {
    limits: connection_limits::Behaviour,
    gate: Gate,
    unreached: Unreached,
    pub(crate) streams: Streams,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) kad: kad::Behaviour<Records>,
    pub(crate) mdns: Toggle<mdns::tokio::Behaviour>,
}

/// The name by which nodes of one network know each other in identify.
pub(crate) fn identity_name(network: &str) -> String {
    format!("/bitdust/{network}/1")
}

/// The name of the network's DHT.
pub(crate) fn dht_name(network: &str) -> Option<StreamProtocol> {
    StreamProtocol::try_from_owned(format!("/bitdust/{network}/kad/1")).ok()
}

/// Whether a text can be the id of a network: it stands between slashes in protocol names.
fn is_network(network: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&network.len()) && network.bytes().all(valid)
}

impl Behaviour {
    pub(crate) fn new(
        settings: &Settings,
        keys: &Keypair,
        counts: &Arc<Counts>,
    ) -> Result<Self, StartError> {
        let network = &settings.network;
        let wrong = || StartError::Network(network.clone());
        if !is_network(network) {
            return Err(wrong());
        }
        let limits = &settings.limits;
        let myself = keys.public().to_peer_id();
        let records =
            Records::new(myself, limits.clone(), settings.validator.clone(), counts.clone());
        let mut kad = kad::Behaviour::with_config(
            myself,
            records,
            dht(dht_name(network).ok_or_else(wrong)?, limits),
        );
        kad.set_mode(Some(mode(settings.dht_server)));
        let mdns = if settings.mdns {
            Some(local_network(myself).map_err(StartError::LocalNetwork)?)
        } else {
            None
        };
        let identify = identify::Config::new(identity_name(network), keys.public())
            .with_agent_version(concat!("bitdust/", env!("CARGO_PKG_VERSION")).to_owned())
            .with_push_listen_addr_updates(true)
            .with_cache_size(IDENTIFIED_MAX);
        Ok(Self {
            limits: connection_limits::Behaviour::new(connections(limits)),
            gate: Gate::new(limits.clone()),
            unreached: Unreached::new(limits.unreached_wait),
            streams: Streams::new(network, limits.clone(), counts.clone()).ok_or_else(wrong)?,
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new()),
            kad,
            mdns: Toggle::from(mdns),
        })
    }
}

/// The mode is set by hand: the library waits for a confirmed public address, which a node on
/// loopback or in a local network never has.
pub(crate) fn mode(server: bool) -> kad::Mode {
    if server { kad::Mode::Server } else { kad::Mode::Client }
}

/// Looks for peers on the local network.
pub(crate) fn local_network(myself: PeerId) -> io::Result<mdns::tokio::Behaviour> {
    mdns::tokio::Behaviour::new(mdns::Config::default(), myself)
}

fn connections(limits: &Limits) -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.connections_pending_max))
        .with_max_pending_outgoing(Some(limits.connections_pending_max))
        .with_max_established_incoming(Some(limits.connections_max / 4 * 3))
        .with_max_established_per_peer(Some(limits.connections_per_peer_max))
        .with_max_established(Some(limits.connections_max))
}

fn dht(name: StreamProtocol, limits: &Limits) -> kad::Config {
    let mut config = kad::Config::new(name);
    let candidates = u16::try_from(kad::K_VALUE.get()).unwrap_or(u16::MAX);
    config
        .set_query_timeout(limits.query_wait)
        .disjoint_query_paths(true)
        .set_parallelism(NonZeroUsize::new(8).unwrap_or(kad::ALPHA_VALUE))
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_caching(kad::Caching::Enabled { max_peers: candidates })
        .set_record_ttl(Some(limits.record_time))
        .set_provider_record_ttl(Some(limits.record_time))
        .set_max_packet_size(DHT_MESSAGE_BYTES_MAX);
    config
}

#[cfg(test)]
mod tests;
