//! What an identity or one of its devices states for a time, with all that is needed to believe it
//! without a look-up.

use base::{Date, IdentityId, Label, MINUTE_MS, NetworkId, SecretKey, Signature, Wire, encode};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Chain, ChainError, Credential, CredentialError, Owner, Speaker};

#[cfg(test)]
mod tests;

/// So far may a clock be ahead of ours, milliseconds.
pub const AHEAD_MS_MAX: u64 = 10 * MINUTE_MS;

/// Which version of a statement this is, and where and for how long it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Edition {
    /// The network it is for.
    pub network: NetworkId,
    /// Grows with each version.
    pub sequence: u64,
    /// When it was made.
    pub issued: Date,
    /// From this moment on it says nothing.
    pub expires: Date,
}

/// Why a statement does not hold here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditionError {
    /// Made for another network.
    #[error("made for another network")]
    Network,
    /// Made later than our clock says, by more than ten minutes.
    #[error("made in the future ({0}): one of the two clocks is wrong")]
    Future(Date),
    /// It is over.
    #[error("expired at {0}")]
    Expired(Date),
    /// It claims to hold for longer than its kind may, or to end before it begins.
    #[error("valid for a time that is not allowed")]
    Life,
}

impl Edition {
    /// An edition that begins now.
    pub fn new(network: NetworkId, sequence: u64, now: Date, life_ms: u64) -> Self {
        Self { network, sequence, issued: now, expires: now.plus_ms(life_ms) }
    }

    /// Whether the statement holds in `network` at `now`; its life is at most `life_ms_max`.
    ///
    /// # Errors
    /// Another network, not yet, no longer, or for too long.
    pub fn check(
        &self,
        network: NetworkId,
        now: Date,
        life_ms_max: u64,
    ) -> Result<(), EditionError> {
        if self.network != network {
            return Err(EditionError::Network);
        }
        if self.expires <= self.issued || self.expires.since_ms(self.issued) > life_ms_max {
            return Err(EditionError::Life);
        }
        if self.issued > now.plus_ms(AHEAD_MS_MAX) {
            return Err(EditionError::Future(self.issued));
        }
        if self.expires <= now {
            return Err(EditionError::Expired(self.expires));
        }
        Ok(())
    }
}

/// The sequence of a new version: after all that were seen, and after all that another device of
/// the same identity may have made without our knowledge before now.
pub fn next_sequence(seen: Option<u64>, now: Date) -> u64 {
    seen.map_or(now.0, |seen| seen.saturating_add(1).max(now.0))
}

/// Why a statement proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The chain of the identity does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The device does not speak for the identity.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Signed by somebody else, for another purpose, or altered.
    #[error("a wrong signature")]
    Signature,
}

/// Something signed with the master key of an identity.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OwnerSigned<T> {
    /// Proves the key.
    pub chain: Chain,
    /// What is stated; believe it after [`OwnerSigned::verify`].
    pub body: T,
    /// Over the identity and the encoded body.
    pub signature: Signature,
}

impl<T: Wire> OwnerSigned<T> {
    /// Signs `body` with the current master key of `chain`.
    pub fn new(key: &SecretKey, label: Label, chain: Chain, body: T) -> Self {
        let signature = Signature::make(key, label, &owner_message(chain.identity(), &body));
        Self { chain, body, signature }
    }

    /// Who states this.
    ///
    /// # Errors
    /// The chain or the signature does not hold.
    pub fn verify(&self, label: Label) -> Result<Owner, StatementError> {
        let owner = self.chain.verify()?;
        let message = owner_message(owner.identity, &self.body);
        let verdict = self.signature.verify(owner.key, label, &message);
        verdict.map(|()| owner).map_err(|_| StatementError::Signature)
    }
}

impl<T: Wire> Wire for OwnerSigned<T> {
    const VERSION: u8 = T::VERSION;
    const BYTES_MAX: usize = T::BYTES_MAX;
}

/// Something signed with the key of a device that speaks for an identity.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DeviceSigned<T> {
    /// Proves the device.
    pub credential: Credential,
    /// What is stated; believe it after [`DeviceSigned::verify`].
    pub body: T,
    /// Over the identity, the device and the encoded body.
    pub signature: Signature,
}

impl<T: Wire> DeviceSigned<T> {
    /// Signs `body` with the key of the device that `credential` names.
    pub fn new(key: &SecretKey, label: Label, credential: Credential, body: T) -> Self {
        let message = device_message(&credential, &body);
        let signature = Signature::make(key, label, &message);
        Self { credential, body, signature }
    }

    /// Who states this.
    ///
    /// # Errors
    /// The credential or the signature does not hold.
    pub fn verify(&self, label: Label, now: Date) -> Result<Speaker, StatementError> {
        let speaker = self.credential.verify(now)?;
        let message = device_message(&self.credential, &self.body);
        let verdict = self.signature.verify(speaker.device.into(), label, &message);
        verdict.map(|()| speaker).map_err(|_| StatementError::Signature)
    }
}

impl<T: Wire> Wire for DeviceSigned<T> {
    const VERSION: u8 = T::VERSION;
    const BYTES_MAX: usize = T::BYTES_MAX;
}

/// The identity is signed too, so that the body cannot be shown under the chain of another one.
fn owner_message<T: Wire>(identity: IdentityId, body: &T) -> Vec<u8> {
    [&identity.0[..], &encode(body)].concat()
}

fn device_message<T: Wire>(credential: &Credential, body: &T) -> Vec<u8> {
    let certificate = &credential.certificate.body;
    [&certificate.identity.0[..], &certificate.device.0, &encode(body)].concat()
}
