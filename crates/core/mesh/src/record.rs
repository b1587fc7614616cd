//! Records of the distributed hash table. Each proves itself: whoever holds one needs no look-up and
//! no trust in who gave it.

use base::{
    DAY_MS, Date, DecodeError, DeviceId, HOUR_MS, Hash, IdentityId, Label, NetworkId,
    RECORD_BYTES_MAX, SecretKey, Wire, encode,
};
use borsh::{BorshDeserialize, BorshSerialize};
use identity::{
    Chain, ContactError, Credential, DeviceSigned, DocumentError, Edition, EditionError,
    KinshipError, OwnerSigned, SignedContact, SignedDocument, StatementError,
};

mod key;
#[cfg(test)]
mod tests;
mod verdict;

pub use key::{RecordKey, RecordKeyError, RecordKind, SALTS, SHARDS, volunteers_key};
pub use verdict::{Rank, Sorted, Verdict, sort, validate};

/// Suppliers that a root record may name.
pub const SUPPLIERS_MAX: usize = 64;
/// A root record holds for at most 400 days, milliseconds.
pub const ROOT_LIFE_MS_MAX: u64 = 400 * DAY_MS;
/// An offer holds for at most 48 hours, milliseconds.
pub const OFFER_LIFE_MS_MAX: u64 = 48 * HOUR_MS;

/// Where the words alone find everything again.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RootRecord {
    /// Network, version and validity.
    pub edition: Edition,
    /// The hash of the root document, which the suppliers keep.
    pub document: Hash,
    /// The devices that keep it, at most 64 different ones.
    pub suppliers: Vec<DeviceId>,
}

impl Wire for RootRecord {
    const BYTES_MAX: usize = RECORD_BYTES_MAX;
}

/// A root record as it is kept and sent: with the chain, signed with the master key.
pub type SignedRoot = OwnerSigned<RootRecord>;

/// What somebody does for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum OfferedService {
    /// Keeps fragments.
    Supplier,
}

/// What a device offers to everybody. A hint: the contract counts.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ServiceOffer {
    /// Network, version and validity.
    pub edition: Edition,
    /// What it does.
    pub service: OfferedService,
    /// What it has left, bytes.
    pub free_bytes: u64,
    /// The most for one customer, bytes.
    pub quota_bytes_max: u64,
    /// The longest contract, milliseconds.
    pub term_ms_max: u64,
    /// Coins for a byte and day; 0 is free.
    pub price: u64,
}

impl Wire for ServiceOffer {
    const BYTES_MAX: usize = RECORD_BYTES_MAX;
}

/// An offer as it is kept and sent: with the credential, signed with the device key.
pub type SignedOffer = DeviceSigned<ServiceOffer>;

/// One record of the distributed hash table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// What an identity says about itself.
    Identity(SignedDocument),
    /// Where an identity's data begins.
    Root(SignedRoot),
    /// Where a device is reached.
    Contact(SignedContact),
    /// What a device offers.
    Offer(SignedOffer),
}

impl Wire for Record {
    const BYTES_MAX: usize = RECORD_BYTES_MAX;
}

/// Who published a record, as the record proved it; counts for quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Who.
    pub identity: IdentityId,
    /// The generation of the master key that signed or vouched.
    pub generation: u32,
}

/// Why a record is not to be made, stored or believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a record, or longer than 4 KiB.
    #[error("the record: {0}")]
    Form(#[from] DecodeError),
    /// The key is none of a record.
    #[error(transparent)]
    Key(#[from] RecordKeyError),
    /// The key is that of another record: the signer speaks for somebody else.
    #[error("the record does not belong under this key")]
    WrongKey,
    /// An identity document that does not hold.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A contact record that does not hold.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// Signed by nobody who could.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Not for here and now.
    #[error(transparent)]
    Edition(#[from] EditionError),
    /// Too many suppliers, or one twice.
    #[error("at most {SUPPLIERS_MAX} different suppliers")]
    Suppliers,
    /// It contradicts the stored one.
    #[error(transparent)]
    Kinship(#[from] KinshipError),
    /// Older than the stored one.
    #[error("an older record (sequence {found}) than the stored one ({stored})")]
    Stale {
        /// The sequence stored.
        stored: u64,
        /// The sequence offered.
        found: u64,
    },
}

impl Record {
    /// Signs a root record.
    ///
    /// # Errors
    /// It breaks a limit, or `key` is not the current key of `chain`.
    pub fn sign_root(key: &SecretKey, chain: Chain, root: RootRecord) -> Result<Self, RecordError> {
        Self::Root(SignedRoot::new(key, Label::RootRecord, chain, root)).signed()
    }

    /// Signs an offer.
    ///
    /// # Errors
    /// It breaks a limit, or `key` is not that of the credential's device.
    pub fn sign_offer(
        key: &SecretKey,
        credential: Credential,
        offer: ServiceOffer,
    ) -> Result<Self, RecordError> {
        Self::Offer(SignedOffer::new(key, Label::ServiceOffer, credential, offer)).signed()
    }

    /// The value to store.
    pub fn bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// What it is about.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Identity(_) => RecordKind::Identity,
            Self::Root(_) => RecordKind::Root,
            Self::Contact(_) => RecordKind::Contact,
            Self::Offer(_) => RecordKind::Offer,
        }
    }

    /// Who it is about: an identity for owner-signed kinds, a device for the others. What
    /// [`Record::check`] accepts was signed by exactly this identity or device.
    pub fn subject(&self) -> [u8; 32] {
        match self {
            Self::Identity(document) => document.chain.identity().0,
            Self::Root(root) => root.chain.identity().0,
            Self::Contact(contact) => contact.credential.certificate.body.device.0,
            Self::Offer(offer) => offer.credential.certificate.body.device.0,
        }
    }

    /// Network, version and validity.
    pub fn edition(&self) -> &Edition {
        match self {
            Self::Identity(document) => &document.body.edition,
            Self::Root(root) => &root.body.edition,
            Self::Contact(contact) => &contact.body.edition,
            Self::Offer(offer) => &offer.body.edition,
        }
    }

    /// The keys under which it is stored: several for a record that must not get lost.
    pub fn keys(&self) -> Vec<RecordKey> {
        RecordKey::all(self.kind(), self.subject())
    }

    /// Who published it, if it holds in `network` at `now`.
    ///
    /// # Errors
    /// Anything of it is wrong.
    pub fn check(&self, network: NetworkId, now: Date) -> Result<Publisher, RecordError> {
        let (identity, generation) = match self {
            Self::Identity(document) => {
                let owner = document.check(network, now)?;
                (owner.identity, owner.generation)
            }
            Self::Root(root) => {
                root.body.edition.check(network, now, ROOT_LIFE_MS_MAX)?;
                check_suppliers(&root.body.suppliers)?;
                let owner = root.verify(Label::RootRecord)?;
                (owner.identity, owner.generation)
            }
            Self::Contact(contact) => {
                let speaker = contact.check(network, now)?;
                (speaker.identity, speaker.generation)
            }
            Self::Offer(offer) => {
                offer.body.edition.check(network, now, OFFER_LIFE_MS_MAX)?;
                let speaker = offer.verify(Label::ServiceOffer, now)?;
                (speaker.identity, speaker.generation)
            }
        };
        Ok(Publisher { identity, generation })
    }

    /// The chain that it carries.
    fn chain(&self) -> &Chain {
        match self {
            Self::Identity(document) => &document.chain,
            Self::Root(root) => &root.chain,
            Self::Contact(contact) => &contact.credential.chain,
            Self::Offer(offer) => &offer.credential.chain,
        }
    }

    /// What was just signed, if all others will accept it.
    fn signed(self) -> Result<Self, RecordError> {
        let length = self.bytes().len();
        if length > RECORD_BYTES_MAX {
            let limit = RECORD_BYTES_MAX;
            return Err(RecordError::Form(DecodeError::TooLong { bytes: length, limit }));
        }
        let Edition { network, issued, .. } = *self.edition();
        self.check(network, issued).map(|_| self)
    }
}

fn check_suppliers(suppliers: &[DeviceId]) -> Result<(), RecordError> {
    let distinct: std::collections::BTreeSet<_> = suppliers.iter().collect();
    let is_right = distinct.len() == suppliers.len() && suppliers.len() <= SUPPLIERS_MAX;
    if is_right { Ok(()) } else { Err(RecordError::Suppliers) }
}
