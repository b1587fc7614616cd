//! Former devices: when an identity has replaced its key, the devices that only the old one vouches
//! for speak for it no longer. A thief of an old device must not act for its owner.

use base::IdentityId;
use storage::wire::Asker;

use crate::node::Node;

impl Node {
    /// Whether this device speaks for its identity with the newest key that the identity has shown
    /// here. Of those with whom there is a contract the newest one is remembered.
    pub(crate) fn is_current(&mut self, from: Asker) -> bool {
        let known = match from.identity == self.me.identity {
            true => self.me.generation,
            false => self.book.generations.get(&from.identity).copied().unwrap_or_default(),
        };
        if from.generation > known && self.is_related(from.identity) {
            let generations = std::mem::take(&mut self.book.generations);
            let kept = generations.into_iter().filter(|(identity, _)| self.is_related(*identity));
            self.book.generations = kept.collect();
            self.book.generations.insert(from.identity, from.generation);
            self.keep_book();
        }
        from.generation >= known
    }

    /// Whether there is, or was, a contract with an identity of which anything is left.
    fn is_related(&self, identity: IdentityId) -> bool {
        let mut accounts = self.supplier.room.accounts().values();
        accounts.any(|account| account.customer == identity)
            || self.book.suppliers.values().any(|entry| entry.identity == identity)
    }
}
