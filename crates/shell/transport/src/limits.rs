//! Every limit of the transport, by name, and what they add up to in the worst case.

use std::time::Duration;

use crate::multiplex::{WINDOW_BYTES, WINDOW_GROWTH_BYTES};

/// What a node grants to all peers, to one peer, to one network and to one connection.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Established connections, both directions together.
    pub connections_max: u32,
    /// Time that a new connection has until it may have to make room. While more than half of
    /// `connections_max` stand, those without a stream of ours end, so that newcomers get in.
    pub settle_wait: Duration,
    /// Established connections with one peer. Both sides may dial at once, hence more than one.
    pub connections_per_peer_max: u32,
    /// Inbound connections, established or in their handshake, from one IPv4 /24 or IPv6 /48.
    /// Loopback is exempt.
    pub connections_per_network_max: usize,
    /// Inbound handshakes that one IPv4 /24 or IPv6 /48 may begin in a burst; a quarter of it comes
    /// back each second. Loopback is exempt.
    pub handshakes_burst_max: u32,
    /// Connections in their handshake, for each direction.
    pub connections_pending_max: u32,
    /// Time until a handshake is given up.
    pub handshake_wait: Duration,
    /// Time until a connection without any stream is closed.
    pub idle_wait: Duration,
    /// Control and bulk streams of one connection, both directions together. What is beyond is
    /// refused, and the other side is told.
    pub streams_per_connection_max: usize,
    /// Streams of all connections together, of any protocol. A connection may hold a quarter of what
    /// is free; what a peer opens beyond is reset.
    pub streams_max: usize,
    /// Inbound streams of one connection that have not yet named their protocol.
    pub streams_negotiating_max: usize,
    /// Accepted streams that nobody has taken from the events yet, for all peers together. What is
    /// beyond is refused, and the other side is told.
    pub streams_waiting_max: usize,
    /// Time until a new stream must have named its protocol and been accepted. What the library
    /// grants to its own protocols, ten seconds, is the least.
    pub stream_wait: Duration,
    /// Records of others that this node keeps.
    pub records_max: usize,
    /// Records that this node published itself.
    pub own_records_max: usize,
    /// Bytes of one record's value.
    pub record_bytes_max: usize,
    /// Records of one publisher, as the validator names it.
    pub records_per_publisher_max: usize,
    /// Records that came from one peer.
    pub records_per_source_max: usize,
    /// Time that a record is kept unless it is sent again.
    pub record_time: Duration,
    /// Keys for which this node remembers who provides them.
    pub provided_keys_max: usize,
    /// Providers remembered for one key.
    pub providers_per_key_max: usize,
    /// Keys for which one peer is remembered as a provider.
    pub provided_keys_per_peer_max: usize,
    /// Peers of one IPv4 /24 or IPv6 /48 in one bucket of the routing table. Loopback is exempt.
    pub bucket_peers_per_network_max: usize,
    /// Queries to the DHT that run at once.
    pub queries_max: usize,
    /// Time until a query to the DHT is given up.
    pub query_wait: Duration,
    /// Time between attempts to reach the bootstrap addresses while few peers are known.
    pub bootstrap_pause: Duration,
    /// Time until the DHT dials a peer again that it has dialled in vain.
    pub unreached_wait: Duration,
    /// Answers of different peers after which a look-up of a record ends.
    pub answers_enough: usize,
    /// Time for others to answer after the first one has.
    pub answers_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 200,
            settle_wait: Duration::from_secs(5),
            connections_per_peer_max: 4,
            connections_per_network_max: 8,
            handshakes_burst_max: 32,
            connections_pending_max: 64,
            handshake_wait: Duration::from_secs(5),
            idle_wait: Duration::from_secs(60),
            streams_per_connection_max: 128,
            streams_max: 1024,
            streams_negotiating_max: 32,
            streams_waiting_max: 256,
            stream_wait: Duration::from_secs(10),
            records_max: 4096,
            own_records_max: 256,
            record_bytes_max: 4096,
            records_per_publisher_max: 32,
            records_per_source_max: 1024,
            record_time: Duration::from_secs(48 * 60 * 60),
            provided_keys_max: 4096,
            providers_per_key_max: 20,
            provided_keys_per_peer_max: 64,
            bucket_peers_per_network_max: 2,
            queries_max: 256,
            query_wait: Duration::from_secs(30),
            bootstrap_pause: Duration::from_secs(10),
            unreached_wait: Duration::from_secs(30),
            answers_enough: 5,
            answers_wait: Duration::from_secs(3),
        }
    }
}

/// Bytes that one connection holds beside the windows of its streams, about.
const CONNECTION_BYTES: usize = 128 * 1024;

impl Limits {
    /// Bytes of memory that hostile peers can make a node hold, about: the windows of all streams,
    /// the growth and the buffers of all connections, and all records.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        let connection = WINDOW_GROWTH_BYTES + CONNECTION_BYTES;
        let connections = usize::try_from(self.connections_max).unwrap_or(usize::MAX);
        let records = self.records_max + self.own_records_max;
        (self.streams_max.saturating_mul(WINDOW_BYTES))
            .saturating_add(connections.saturating_mul(connection))
            .saturating_add(records.saturating_mul(self.record_bytes_max))
    }
}

#[cfg(test)]
mod tests;
