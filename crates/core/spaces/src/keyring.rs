//! The keys of one space. Only the sealing keys change with the epochs; all others stay, so that
//! equal chunks are found again.

use std::collections::BTreeMap;

use base::{IdentityId, SpaceId, SymmetricKey, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

#[cfg(test)]
mod tests;

/// Epochs that a space may have.
pub const EPOCHS_MAX: usize = 1024;

/// The keys of one space.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Keyring {
    space: SpaceId,
    id_key: SymmetricKey,
    gear_key: SymmetricKey,
    padding_key: SymmetricKey,
    mask_root: SymmetricKey,
    epochs: BTreeMap<u32, SymmetricKey>,
}

impl Wire for Keyring {}

/// Why a keyring cannot take an epoch more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There are as many as there may be.
    #[error("a space has at most {EPOCHS_MAX} key epochs")]
    Full,
}

impl Keyring {
    /// The keys of a new space, from 32 random bytes that nobody keeps. Each key follows from them
    /// one way: whoever is given one, as a rebuilder is given the mask root, has no other.
    pub fn create(space: SpaceId, random: &SymmetricKey) -> Self {
        let key = |label| random.derive(label, &space.0);
        Self {
            space,
            id_key: key("bitdust keyring chunk ids v1"),
            gear_key: key("bitdust keyring chunk borders v1"),
            padding_key: key("bitdust keyring padding v1"),
            mask_root: key("bitdust keyring mask root v1"),
            epochs: BTreeMap::from([(0, key("bitdust keyring first epoch v1"))]),
        }
    }

    /// Which space.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// Makes the ids of chunks from their plaintext.
    pub fn id_key(&self) -> &SymmetricKey {
        &self.id_key
    }

    /// Makes the table that decides where chunks end.
    pub fn gear_key(&self) -> &SymmetricKey {
        &self.gear_key
    }

    /// Decides the sizes of padding.
    pub fn padding_key(&self) -> &SymmetricKey {
        &self.padding_key
    }

    /// Makes the masks of fragments; it reads nothing and may be given to rebuilders.
    pub fn mask_root(&self) -> &SymmetricKey {
        &self.mask_root
    }

    /// The newest epoch and its secret, under which everything new is sealed.
    pub fn newest(&self) -> (u32, &SymmetricKey) {
        let (epoch, secret) = self.epochs.last_key_value().expect("a keyring has an epoch");
        (*epoch, secret)
    }

    /// The secret of an epoch, if this keyring has it.
    pub fn epoch(&self, epoch: u32) -> Option<&SymmetricKey> {
        self.epochs.get(&epoch)
    }

    /// The epochs that this keyring can open, oldest first.
    pub fn epochs(&self) -> impl Iterator<Item = u32> + '_ {
        self.epochs.keys().copied()
    }

    /// Begins a new epoch with a random secret, for example when a member is removed.
    ///
    /// # Errors
    /// There are 1,024 epochs already.
    pub fn begin_epoch(&mut self, secret: SymmetricKey) -> Result<u32, KeyringError> {
        let epoch = self.newest().0.checked_add(1).ok_or(KeyringError::Full)?;
        if self.epochs.len() >= EPOCHS_MAX {
            return Err(KeyringError::Full);
        }
        self.epochs.insert(epoch, secret);
        Ok(epoch)
    }

    /// Nobody but the owner makes keyrings, but a damaged program might.
    pub(crate) fn is_usable(&self) -> bool {
        (1..=EPOCHS_MAX).contains(&self.epochs.len())
    }
}

/// The own drive of an identity: it follows from what the words alone give, and tells nobody else
/// anything.
pub fn own_drive(identity: IdentityId, storage_root: &SymmetricKey) -> SpaceId {
    SpaceId(storage_root.derive("bitdust own drive v1", &identity.0).0)
}
