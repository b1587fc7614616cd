//! Where a device is reached, for two hours.

use base::{Date, HOUR_MS, Label, NetworkId, RECORD_BYTES_MAX, SecretKey, Wire, encode};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::document::is_printable;
use crate::{Credential, DeviceSigned, Edition, EditionError, Speaker, StatementError};

#[cfg(test)]
mod tests;

/// Addresses that a contact record may hold.
pub const ADDRESSES_MAX: usize = 16;
/// The longest address, bytes.
pub const ADDRESS_BYTES_MAX: usize = 128;
/// A contact record holds for at most two hours, milliseconds.
pub const CONTACT_LIFE_MS_MAX: u64 = 2 * HOUR_MS;

const CONTACT_BYTES_MAX: usize = RECORD_BYTES_MAX - 16;

/// Where a device is reached. No address at all is legal: it wants to be found, not reached.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ContactRecord {
    /// Network, version and validity.
    pub edition: Edition,
    /// Texts of multiaddresses, at most 16 of at most 128 bytes, best first.
    pub addresses: Vec<String>,
}

impl Wire for ContactRecord {
    const BYTES_MAX: usize = CONTACT_BYTES_MAX;
}

/// A contact record as it is kept and sent: with the credential, signed with the device key.
pub type SignedContact = DeviceSigned<ContactRecord>;

/// Why a contact record is not to be made, kept or believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Signed by nobody who could.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Not for here and now.
    #[error(transparent)]
    Edition(#[from] EditionError),
    /// It does not fit into a record of the distributed hash table.
    #[error("a contact record has at most {CONTACT_BYTES_MAX} bytes, this one {0}")]
    TooLong(usize),
    /// More than 16 addresses, or one that is no printable text.
    #[error("at most {ADDRESSES_MAX} addresses of printable ASCII, {ADDRESS_BYTES_MAX} bytes each")]
    Addresses,
}

impl DeviceSigned<ContactRecord> {
    /// Signs a record that all others will accept.
    ///
    /// # Errors
    /// It breaks a limit, or `key` is not that of the credential's device.
    pub fn publish(
        key: &SecretKey,
        credential: Credential,
        record: ContactRecord,
    ) -> Result<Self, ContactError> {
        let (network, now) = (record.edition.network, record.edition.issued);
        let signed = Self::new(key, Label::ContactRecord, credential, record);
        signed.check(network, now)?;
        Ok(signed)
    }

    /// Whose record it is, if it holds in `network` at `now`.
    ///
    /// # Errors
    /// Anything of it is wrong.
    pub fn check(&self, network: NetworkId, now: Date) -> Result<Speaker, ContactError> {
        let length = encode(self).len();
        if length > CONTACT_BYTES_MAX {
            return Err(ContactError::TooLong(length));
        }
        self.body.edition.check(network, now, CONTACT_LIFE_MS_MAX)?;
        let addresses = &self.body.addresses;
        let are_printable = addresses.iter().all(|text| is_printable(text, ADDRESS_BYTES_MAX));
        if addresses.len() > ADDRESSES_MAX || !are_printable {
            return Err(ContactError::Addresses);
        }
        Ok(self.verify(Label::ContactRecord, now)?)
    }
}
