//! Which network: whoever knows its name can make its id.

use base::{NetworkId, hash};

#[cfg(test)]
mod tests;

/// The id of the network with this name. Names differ by their bytes: no case is folded.
pub fn network_id(name: &str) -> NetworkId {
    NetworkId(hash("bitdust network name v1", name.as_bytes()).0)
}
