//! Who this node is and where: what each task of the shell has to know.

use base::NetworkId;
use identity::Keystore;
use storage::wire::Asker;

use super::clock::Clock;

/// Shared by all tasks; nothing in it changes but the clock.
pub(crate) struct Local {
    /// The network that this node is part of.
    pub(crate) network: NetworkId,
    /// The keys of this device.
    pub(crate) keys: Keystore,
    /// The clocks.
    pub(crate) clock: Clock,
}

impl Local {
    /// Who this node is to others.
    pub(crate) fn asker(&self) -> Asker {
        Asker {
            identity: self.keys.identity(),
            device: self.keys.device_id(),
            generation: self.keys.chain.generation(),
        }
    }
}
