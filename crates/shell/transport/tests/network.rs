//! The transport on real sockets of the loopback interface.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "network/attacks.rs"]
mod attacks;
#[path = "network/connections.rs"]
mod connections;
#[path = "network/nodes.rs"]
mod nodes;
#[path = "network/records.rs"]
mod records;
#[path = "network/streams.rs"]
mod streams;
