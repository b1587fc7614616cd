//! The inception document and what followed it: which key speaks for an identity today.
//!
//! Each link commits to the hash of the next key (pre-rotation, as in KERI). The next key signs the
//! link that reveals it: a thief of the current key has nothing to sign with, not even after he
//! has seen the revealed public key.

use base::{Hash, IdentityId, KeyError, Label, PublicKey, Signed, Wire, encode, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::Seed;
use crate::keys::next_key_hash;

#[cfg(test)]
mod tests;

/// Rotations that an identity may make.
pub const ROTATIONS_MAX: usize = 16;

/// The first keys of an identity. It is a function of the words alone; its hash is the identity.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Inception {
    /// The signing key of generation 0.
    pub master: PublicKey,
    /// The hash of the signing key of generation 1.
    pub next_hash: Hash,
    /// The X25519 public key of generation 0.
    pub x25519: [u8; 32],
    /// The hash of the ML-KEM-768 public key of generation 0.
    pub ml_kem_hash: Hash,
}

impl Wire for Inception {}

impl Inception {
    /// The identity that begins with this document.
    pub fn identity(&self) -> IdentityId {
        IdentityId(hash("bitdust inception document v1", &encode(self)).0)
    }
}

/// The step to the next signing key, signed by that key with [`Label::Rotation`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RotationBody {
    /// Whose key changes.
    pub identity: IdentityId,
    /// The generation that begins, from 1.
    pub generation: u32,
    /// The signing key of this generation, whose hash the link before holds.
    pub key: PublicKey,
    /// The hash of the signing key after it.
    pub next_hash: Hash,
}

impl Wire for RotationBody {}

/// A signed step to the next signing key.
pub type Rotation = Signed<RotationBody>;

/// The inception document and all rotations since: proves a current key without a look-up.
///
/// Anybody may claim a chain; [`Chain::verify`] says what it proves.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Chain {
    inception: Inception,
    rotations: Vec<Rotation>,
}

impl Wire for Chain {}

/// What a chain proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub identity: IdentityId,
    /// How many rotations were made.
    pub generation: u32,
    /// The key that speaks for the identity in this generation.
    pub key: PublicKey,
}

/// Why a chain proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// More rotations than allowed.
    #[error("{0} key rotations, at most {ROTATIONS_MAX} are allowed")]
    TooLong(usize),
    /// A rotation that is about somebody else, out of order, not with the promised key, or not
    /// signed by it.
    #[error("key rotation {0} does not hold")]
    Rotation(u32),
    /// A signing key under which anybody could sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why two chains cannot both be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KinshipError {
    /// They are about two identities.
    #[error("two different identities")]
    Strangers,
    /// The identity made two different rotations of one generation: its words are in two hands.
    #[error("two different key rotations of generation {0}: somebody else has the words")]
    Fork(u32),
}

impl Chain {
    /// The chain of an identity that has not rotated its key.
    pub fn new(inception: Inception) -> Self {
        Self { inception, rotations: vec![] }
    }

    /// The identity that this chain is about. Follows from its first bytes and needs no check.
    pub fn identity(&self) -> IdentityId {
        self.inception.identity()
    }

    /// The document that it begins with.
    pub fn inception(&self) -> &Inception {
        &self.inception
    }

    /// How many rotations it claims.
    pub fn generation(&self) -> u32 {
        self.rotations.len() as u32
    }

    /// Who speaks now.
    ///
    /// # Errors
    /// Too many rotations, one that does not follow from the one before, or a weak key.
    pub fn verify(&self) -> Result<Owner, ChainError> {
        if self.rotations.len() > ROTATIONS_MAX {
            return Err(ChainError::TooLong(self.rotations.len()));
        }
        let identity = self.identity();
        let mut owner = Owner { identity, generation: 0, key: self.inception.master.check()? };
        let mut promised = self.inception.next_hash;
        for (generation, rotation) in (1..).zip(&self.rotations) {
            let body = &rotation.body;
            let is_next = body.identity == identity
                && body.generation == generation
                && next_key_hash(body.key) == promised;
            if !is_next || rotation.verify(body.key, Label::Rotation).is_err() {
                return Err(ChainError::Rotation(generation));
            }
            owner = Owner { identity, generation, key: body.key };
            promised = body.next_hash;
        }
        Ok(owner)
    }

    /// This chain with one rotation more; asks for the words, for the next key is not stored.
    ///
    /// # Errors
    /// It has as many rotations as allowed, or `seed` is not of this identity.
    pub fn rotate(&self, seed: &Seed) -> Result<Self, ChainError> {
        let generation = self.generation() + 1;
        if self.rotations.len() >= ROTATIONS_MAX {
            return Err(ChainError::TooLong(self.rotations.len() + 1));
        }
        let key = seed.signing_key(generation);
        let body = RotationBody {
            identity: self.identity(),
            generation,
            key: key.public(),
            next_hash: next_key_hash(seed.signing_key(generation + 1).public()),
        };
        let mut longer = self.clone();
        longer.rotations.push(Signed::new(&key, Label::Rotation, body));
        longer.verify()?;
        Ok(longer)
    }

    /// Compares two verified chains of one identity: the one with more rotations is newer.
    ///
    /// # Errors
    /// They are about different identities, or one is not the beginning of the other.
    pub fn compare(&self, other: &Self) -> Result<std::cmp::Ordering, KinshipError> {
        if self.inception != other.inception {
            return Err(KinshipError::Strangers);
        }
        let pairs = self.rotations.iter().zip(&other.rotations);
        match (1..).zip(pairs).find(|(_, (ours, theirs))| ours.body != theirs.body) {
            Some((generation, _)) => Err(KinshipError::Fork(generation)),
            None => Ok(self.rotations.len().cmp(&other.rotations.len())),
        }
    }
}
