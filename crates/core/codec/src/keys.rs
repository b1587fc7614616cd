//! What chunks and records are sealed with and bound to.

use aws_lc_rs::aead::LessSafeKey;
use base::{ChunkId, SpaceId, SymmetricKey};

use crate::labels;
use crate::suite::Suite;

/// What a sealed thing is for. Bound into it, so that one kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Contents of files.
    Data = 1,
    /// A part of the tree of names and versions.
    Catalog = 2,
    /// An entry of a member's log.
    Log = 3,
    /// The secrets of the key epochs.
    Keyring = 4,
    /// What leads to everything else.
    Root = 5,
}

/// The keys of one space in one epoch.
///
/// The id key belongs to the space for ever, so that equal chunks of all its epochs have one id; only
/// the sealing secret changes with the epoch.
#[derive(Clone)]
pub struct EpochKeys {
    space: SpaceId,
    epoch: u32,
    id_key: SymmetricKey,
    secret: SymmetricKey,
    nonce_key: SymmetricKey,
}

impl EpochKeys {
    /// The keys of `space` in `epoch`, whose sealing secret is `secret`.
    pub fn new(
        space: SpaceId,
        epoch: u32,
        id_key: SymmetricKey,
        secret: SymmetricKey,
    ) -> EpochKeys {
        let nonce_key = secret.derive(labels::CHUNK_NONCE_KEY, &[]);
        EpochKeys { space, epoch, id_key, secret, nonce_key }
    }

    /// The space that these keys belong to.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// The number of the epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The id of a chunk: the keyed BLAKE3 of its plaintext. Without the key nobody can tell
    /// whether a known file is stored.
    pub fn chunk_id(&self, plain: &[u8]) -> ChunkId {
        ChunkId(*blake3::keyed_hash(&self.id_key.0, plain).as_bytes())
    }

    /// The chunk together with its id, as the sealer wants it.
    pub fn identify<'a>(&self, plain: &'a [u8]) -> Identified<'a> {
        Identified { id: self.chunk_id(plain), plain }
    }

    pub(crate) fn chunk_key(&self, suite: Suite, id: ChunkId) -> LessSafeKey {
        let mut context = [0; 33];
        context[0] = suite.byte();
        context[1..].copy_from_slice(&id.0);
        suite.key(&self.secret.derive(labels::CHUNK_KEY, &context))
    }

    /// The nonce of exactly these bytes: the start of a keyed hash of all that they are bound to,
    /// the trailer and the content.
    pub(crate) fn chunk_nonce(&self, bound: &[u8], trailer: &[u8], content: &[u8]) -> [u8; 12] {
        let mut hasher = blake3::Hasher::new_keyed(&self.nonce_key.0);
        let hash = hasher.update(bound).update(trailer).update(content).finalize();
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&hash.as_bytes()[..12]);
        nonce
    }
}

/// A plaintext chunk with its id; made by [`EpochKeys::identify`] only, so that no chunk is ever
/// sealed under the id of another.
#[derive(Clone, Copy)]
pub struct Identified<'a> {
    id: ChunkId,
    plain: &'a [u8],
}

impl<'a> Identified<'a> {
    /// The keyed hash of the plaintext.
    pub fn id(&self) -> ChunkId {
        self.id
    }

    /// The plaintext.
    pub fn plain(&self) -> &'a [u8] {
        self.plain
    }
}

/// What a mutable record is and belongs to, and the secret it is sealed under: that of the epoch, or
/// for the keyring and the root one derived from the storage root.
#[derive(Clone, Copy)]
pub struct RecordScope<'a> {
    /// The space it belongs to.
    pub space: SpaceId,
    /// The epoch of `secret`; 0 for what is sealed under the storage root.
    pub epoch: u32,
    /// What it is.
    pub kind: Kind,
    /// Which one it is, by its subject's own numbering.
    pub id: [u8; 32],
    /// What the key of each sealing is derived from.
    pub secret: &'a SymmetricKey,
}

/// Bytes of [`scope`].
pub(crate) const SCOPE_BYTES: usize = 32 + 4 + 1 + 32;

/// What is bound to each sealed thing, as in docs/protocols/coding.md.
pub(crate) fn scope(space: SpaceId, epoch: u32, kind: Kind, id: &[u8; 32]) -> [u8; SCOPE_BYTES] {
    let mut bytes = [0; SCOPE_BYTES];
    bytes[..32].copy_from_slice(&space.0);
    bytes[32..36].copy_from_slice(&epoch.to_le_bytes());
    bytes[36] = kind as u8;
    bytes[37..].copy_from_slice(id);
    bytes
}
