//! The inception document and what followed it: which key speaks for an identity today.
//!
//! Each link commits to the hash of the next key (pre-rotation, as in KERI). The next key signs the
//! link that reveals it: a thief of the current key has nothing to sign with, not even after he
//! has seen the revealed public key.

use base::{Hash, IdentityId, KeyError, Label, PublicKey, Signature, Wire, encode, hash};
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

/// A step to the next signing key. That key signs it, with [`Label::Rotation`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rotation {
    /// Whose key changes.
    pub identity: IdentityId,
    /// The generation that begins, from 1.
    pub generation: u32,
    /// The signing key of this generation, whose hash the step before holds.
    pub key: PublicKey,
    /// The hash of the signing key after it.
    pub next_hash: Hash,
}

impl Wire for Rotation {}

/// The inception document and all rotations since: proves a current key without a look-up.
///
/// Anybody may claim a chain; [`Chain::verify`] says what it proves. Of each rotation it holds only
/// what does not follow from its neighbours, for it travels with every record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Chain {
    inception: Inception,
    links: Vec<Link>,
    /// The hash of the key after the last link; none without links, when the inception has it.
    next_hash: Option<Hash>,
}

impl Wire for Chain {}

/// A rotation without what follows from its place: the hash in it is that of the next link's key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Link {
    key: PublicKey,
    signature: Signature,
}

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
    /// It promises a next key where it must not, or none where it must.
    #[error("the end of the chain of keys is malformed")]
    End,
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
        Self { inception, links: vec![], next_hash: None }
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
        self.links.len() as u32
    }

    /// Who speaks now.
    ///
    /// # Errors
    /// Too many rotations, one that does not follow from the one before, or a weak key.
    pub fn verify(&self) -> Result<Owner, ChainError> {
        if self.links.len() > ROTATIONS_MAX {
            return Err(ChainError::TooLong(self.links.len()));
        }
        // One form for one chain, or its hash would not be one.
        if self.links.is_empty() != self.next_hash.is_none() {
            return Err(ChainError::End);
        }
        let identity = self.identity();
        let mut owner = Owner { identity, generation: 0, key: self.inception.master.check()? };
        let mut promised = self.inception.next_hash;
        for (link, rotation) in self.links.iter().zip(self.rotations()) {
            let Rotation { generation, key, next_hash, .. } = rotation;
            let verdict = link.signature.verify(key, Label::Rotation, &encode(&rotation));
            if next_key_hash(key) != promised || verdict.is_err() {
                return Err(ChainError::Rotation(generation));
            }
            owner = Owner { identity, generation, key };
            promised = next_hash;
        }
        Ok(owner)
    }

    /// This chain with one rotation more; asks for the words, for the next key is not stored.
    ///
    /// # Errors
    /// It has as many rotations as allowed, or `seed` is not of this identity.
    pub fn rotate(&self, seed: &Seed) -> Result<Self, ChainError> {
        let generation = self.generation() + 1;
        if self.links.len() >= ROTATIONS_MAX {
            return Err(ChainError::TooLong(self.links.len() + 1));
        }
        let secret = seed.signing_key(generation);
        let (identity, key) = (self.identity(), secret.public());
        let next_hash = next_key_hash(seed.signing_key(generation + 1).public());
        let rotation = Rotation { identity, generation, key, next_hash };
        let signature = Signature::make(&secret, Label::Rotation, &encode(&rotation));
        let mut longer = self.clone();
        longer.links.push(Link { key, signature });
        longer.next_hash = Some(next_hash);
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
        match self.rotations().zip(other.rotations()).find(|(ours, theirs)| ours != theirs) {
            Some((ours, _)) => Err(KinshipError::Fork(ours.generation)),
            None => Ok(self.links.len().cmp(&other.links.len())),
        }
    }

    /// The rotations that it claims, whole.
    fn rotations(&self) -> impl Iterator<Item = Rotation> + '_ {
        let identity = self.identity();
        let following = self.links.iter().skip(1).map(|link| next_key_hash(link.key));
        let next_hashes = following.chain(self.next_hash);
        (1..).zip(self.links.iter().zip(next_hashes)).map(move |(generation, (link, next_hash))| {
            Rotation { identity, generation, key: link.key, next_hash }
        })
    }
}
