//! How an envelope is proved: with a signature, or in long simulations with a keyed hash.

use base::{DeviceId, Hash, Label, SecretKey, Signature, SymmetricKey, encode};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{Envelope, Refusal};

/// How the envelopes of a session are proved, on both sides the same.
#[derive(Clone)]
pub enum Proving {
    /// With the signature of the device.
    Signatures,
    /// With a hash under a key that all nodes of a simulation know: cheap, and no protection at all
    /// against one of them. Never used between real nodes.
    KeyedHashes(SymmetricKey),
}

impl std::fmt::Debug for Proving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Signatures => "Signatures",
            Self::KeyedHashes(_) => "KeyedHashes",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Proof {
    Signature(Signature),
    KeyedHash(Hash),
}

impl Proving {
    pub(super) fn prove(&self, key: &SecretKey, envelope: &Envelope) -> Proof {
        match self {
            Self::Signatures => {
                Proof::Signature(Signature::make(key, Label::Envelope, &encode(envelope)))
            }
            Self::KeyedHashes(shared) => {
                Proof::KeyedHash(keyed_hash(shared, key.public().into(), envelope))
            }
        }
    }

    pub(super) fn check(
        &self,
        proof: &Proof,
        signer: DeviceId,
        envelope: &Envelope,
    ) -> Result<(), Refusal> {
        let holds = match (self, proof) {
            (Self::Signatures, Proof::Signature(signature)) => {
                signature.verify(signer.into(), Label::Envelope, &encode(envelope)).is_ok()
            }
            (Self::KeyedHashes(shared), Proof::KeyedHash(hash)) => {
                *hash == keyed_hash(shared, signer, envelope)
            }
            (Self::Signatures, Proof::KeyedHash(_))
            | (Self::KeyedHashes(_), Proof::Signature(_)) => return Err(Refusal::Proving),
        };
        if holds { Ok(()) } else { Err(Refusal::Signature) }
    }
}

fn keyed_hash(shared: &SymmetricKey, signer: DeviceId, envelope: &Envelope) -> Hash {
    let message = [&signer.0[..], &encode(envelope)].concat();
    Hash(shared.derive("bitdust simulated envelope proof v1", &message).0)
}
