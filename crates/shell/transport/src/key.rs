//! Device keys and the network library's names for them.

use libp2p::PeerId;
use libp2p::identity::{PublicKey, ed25519};

/// The Ed25519 public key of a device. The network library's peer id is made from it and holds it.
pub type PeerKey = [u8; 32];

/// The peer id of a device key, or `None` if the bytes are not a point of the curve.
pub(crate) fn to_id(key: &PeerKey) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(key).ok()?;
    Some(PeerId::from_public_key(&PublicKey::from(key)))
}

/// The device key inside a peer id, or `None` if the peer has a key of another kind.
pub(crate) fn from_id(id: &PeerId) -> Option<PeerKey> {
    /// The multihash code of a hash that is the thing itself.
    const IDENTITY: u64 = 0;
    let hash = id.as_ref();
    if hash.code() != IDENTITY {
        return None;
    }
    let key = PublicKey::try_decode_protobuf(hash.digest()).ok()?;
    Some(key.try_into_ed25519().ok()?.to_bytes())
}
