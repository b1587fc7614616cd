//! Devices: each has a random key of its own, for which the identity vouches.

use base::{Date, DeviceId, IdentityId, Label, PublicKey, SecretKey, Signed, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::statement::AHEAD_MS_MAX;
use crate::{Chain, ChainError, Owner};

#[cfg(test)]
mod tests;

/// The longest name of a device, bytes of UTF-8.
pub const DEVICE_NAME_BYTES_MAX: usize = 64;

/// What its owner calls a device: 1 to 64 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct DeviceName(String);

/// Why a text is no name of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceNameError {
    /// Nothing at all.
    #[error("a device needs a name")]
    Empty,
    /// Longer than 64 bytes.
    #[error("the name of a device has at most {DEVICE_NAME_BYTES_MAX} bytes, this one {0}")]
    TooLong(usize),
    /// It would garble a terminal or a page.
    #[error("the name of a device has no control characters")]
    Control,
}

impl DeviceName {
    /// Takes `text` as it is.
    ///
    /// # Errors
    /// Empty, too long, or with control characters.
    pub fn new(text: &str) -> Result<Self, DeviceNameError> {
        match text.len() {
            0 => Err(DeviceNameError::Empty),
            length if length > DEVICE_NAME_BYTES_MAX => Err(DeviceNameError::TooLong(length)),
            _ if text.chars().any(char::is_control) => Err(DeviceNameError::Control),
            _ => Ok(Self(text.into())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for DeviceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl BorshDeserialize for DeviceName {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let text = String::deserialize_reader(reader)?;
        Self::new(&text)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }
}

/// An identity vouches for a device; signed with its master key and [`Label::DeviceCertificate`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DeviceCertificate {
    /// Who vouches.
    pub identity: IdentityId,
    /// For which device; this is its public key.
    pub device: DeviceId,
    /// What the owner calls it.
    pub name: DeviceName,
    /// Since when.
    pub issued: Date,
    /// Until when; `None`: until the identity rotates its key or its document drops the device.
    pub expires: Option<Date>,
}

impl Wire for DeviceCertificate {}

/// All that a device needs to show for whom it speaks.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Credential {
    /// Proves the master key.
    pub chain: Chain,
    /// Signed with it.
    pub certificate: Signed<DeviceCertificate>,
}

impl Wire for Credential {
    const BYTES_MAX: usize = base::RECORD_BYTES_MAX;
}

/// A device and the identity it speaks for, as a credential proved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speaker {
    /// Who.
    pub identity: IdentityId,
    /// Through which device.
    pub device: DeviceId,
    /// The generation of the master key that vouched; an older one than known elsewhere is void.
    pub generation: u32,
}

/// Why a device does not speak for an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The chain of the identity does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The certificate was given by another identity.
    #[error("the certificate of another identity")]
    Identity,
    /// Not signed with the current master key.
    #[error("the certificate was not signed by the identity's current key")]
    Signature,
    /// The key of the device is weak: anybody could speak with it.
    #[error("a weak device key")]
    WeakKey,
    /// Given later than our clock says, by more than ten minutes.
    #[error("the certificate begins in the future ({0}): one of the two clocks is wrong")]
    Future(Date),
    /// It is over.
    #[error("the certificate expired at {0}")]
    Expired(Date),
}

impl Credential {
    /// Vouches for a device with the current master key of `chain`.
    pub fn issue(key: &SecretKey, chain: Chain, certificate: DeviceCertificate) -> Self {
        Self { chain, certificate: Signed::new(key, Label::DeviceCertificate, certificate) }
    }

    /// Who speaks.
    ///
    /// # Errors
    /// The chain does not hold, or the certificate is not this identity's, not signed by its
    /// current key, not valid now, or for a weak key.
    pub fn verify(&self, now: Date) -> Result<Speaker, CredentialError> {
        let owner = self.chain.verify()?;
        let certificate = &self.certificate.body;
        if certificate.identity != owner.identity {
            return Err(CredentialError::Identity);
        }
        let verdict = self.certificate.verify(owner.key, Label::DeviceCertificate);
        verdict.map_err(|_| CredentialError::Signature)?;
        PublicKey::from(certificate.device).check().map_err(|_| CredentialError::WeakKey)?;
        if certificate.issued > now.plus_ms(AHEAD_MS_MAX) {
            return Err(CredentialError::Future(certificate.issued));
        }
        if let Some(expires) = certificate.expires.filter(|expires| *expires <= now) {
            return Err(CredentialError::Expired(expires));
        }
        let Owner { identity, generation, .. } = owner;
        Ok(Speaker { identity, device: certificate.device, generation })
    }
}
