//! Contracts, and the documents that bring a customer back: see `docs/protocols/storage.md`.

use base::{
    ContractId, Date, DecodeError, DeviceId, IdentityId, Label, NetworkId, Signature, SpaceId,
    Wire, encode, hash,
};
use borsh::{BorshDeserialize, BorshSerialize};

mod arrangements;
#[cfg(test)]
mod tests;

pub use arrangements::{ARRANGEMENTS_BYTES_MAX, Arrangement, Place, arrangements_fit};

/// How long a new contract runs, milliseconds.
pub const TERM_MS: u64 = 400 * base::DAY_MS;
/// The smallest quota that is worth a contract, bytes: the documents that are kept for each customer
/// are not counted, and must not be had for nothing.
pub const QUOTA_BYTES_MIN: u64 = 64 * 1024;
/// How long data outlives its contract, milliseconds.
pub const NOTICE_MS: u64 = 60 * base::DAY_MS;
/// Arrangements that a root document may name.
pub const ARRANGEMENTS_MAX: usize = 256;

/// What customer and supplier agree on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// The network in which it holds.
    pub network: NetworkId,
    /// Who may store and read.
    pub customer: IdentityId,
    /// Who keeps.
    pub supplier: IdentityId,
    /// The device that keeps.
    pub device: DeviceId,
    /// Bytes promised, as stored.
    pub quota_bytes: u64,
    /// When it begins.
    pub from: Date,
    /// When it ends.
    pub until: Date,
    /// Coins for a byte and day; 0 is free.
    pub price: u64,
    /// Makes two contracts with the same terms different.
    pub salt: [u8; 16],
}

impl Wire for Terms {
    const BYTES_MAX: usize = 512;
}

impl Terms {
    /// The name of the contract.
    pub fn id(&self) -> ContractId {
        ContractId(hash("bitdust contract id v1", &encode(self)).0)
    }
}

/// A contract with both signatures.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Contract {
    /// The terms.
    pub terms: Terms,
    /// The customer's device.
    pub customer_device: DeviceId,
    /// Its signature.
    pub customer_signature: Signature,
    /// The supplier's signature, by `terms.device`.
    pub supplier_signature: Signature,
    /// The later end that both agreed on since; the contract keeps its id.
    pub renewal: Option<Renewal>,
}

/// A later end of a contract, with both signatures over [`NewEnd`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Renewal {
    /// When it ends now.
    pub until: Date,
    /// The customer's device.
    pub customer_device: DeviceId,
    /// Its signature.
    pub customer_signature: Signature,
    /// The supplier's signature, by the device of the terms.
    pub supplier_signature: Signature,
}

/// What is signed to renew a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NewEnd {
    /// The contract.
    pub contract: ContractId,
    /// When it is to end.
    pub until: Date,
}

impl Wire for NewEnd {
    const BYTES_MAX: usize = 64;
}

impl Wire for Contract {
    const VERSION: u8 = 2;
    const BYTES_MAX: usize = 1024;

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let read = |body: &[u8]| borsh::from_slice(body).map_err(|_| DecodeError::Malformed);
        match version {
            // Without a later end, which is the last.
            1 => read(&[body, &[0]].concat()),
            2 => read(body),
            found => Err(DecodeError::Version { found, known: Self::VERSION }),
        }
    }
}

/// Why a contract is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The customer did not sign these terms.
    #[error("the customer's signature is wrong")]
    Customer,
    /// The supplier did not sign these terms.
    #[error("the supplier's signature is wrong")]
    Supplier,
    /// One of them did not sign the later end.
    #[error("a signature under the renewal is wrong")]
    Renewal,
}

impl Contract {
    /// Whether both sides signed these terms, and the later end if there is one. That the devices speak for the two identities is
    /// checked where their credentials are.
    ///
    /// # Errors
    /// One of the signatures is wrong.
    pub fn verify(&self) -> Result<(), ContractError> {
        let terms = encode(&self.terms);
        self.customer_signature
            .verify(self.customer_device.into(), Label::ContractOffer, &terms)
            .map_err(|_| ContractError::Customer)?;
        self.supplier_signature
            .verify(self.terms.device.into(), Label::ContractAcceptance, &terms)
            .map_err(|_| ContractError::Supplier)?;
        let Some(renewal) = &self.renewal else { return Ok(()) };
        let end = encode(&NewEnd { contract: self.terms.id(), until: renewal.until });
        let halves = [
            (renewal.customer_device, renewal.customer_signature),
            (self.terms.device, renewal.supplier_signature),
        ];
        let hold = halves.iter().all(|(device, signature)| {
            signature.verify((*device).into(), Label::ContractRenewal, &end).is_ok()
        });
        if hold { Ok(()) } else { Err(ContractError::Renewal) }
    }

    /// When it ends.
    pub fn until(&self) -> Date {
        self.renewal.as_ref().map_or(self.terms.until, |renewal| renewal.until)
    }
}

/// Where everything of a drive begins; kept by every supplier and found with the words alone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RootDocument {
    /// The owner.
    pub identity: IdentityId,
    /// The drive.
    pub space: SpaceId,
    /// max(seen + 1, unix milliseconds): a newer one replaces an older one.
    pub sequence: u64,
    /// When it was made.
    pub date: Date,
    /// The keyring, sealed under the storage root.
    pub keyring: Vec<u8>,
    /// All arrangements that blocks refer to, at most 256; together they fit into 36 KiB.
    #[borsh(
        serialize_with = "arrangements::serialize",
        deserialize_with = "arrangements::deserialize"
    )]
    pub arrangements: Vec<Arrangement>,
    /// Where the catalog's head is, as the crate `drive` writes it; empty for an empty drive.
    pub head: Vec<u8>,
}

impl Wire for RootDocument {
    const BYTES_MAX: usize = 60 * 1024;
}
