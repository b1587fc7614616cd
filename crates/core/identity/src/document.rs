//! The public description of an identity: its key-agreement keys, devices, services and where its
//! newest description is found.

use std::collections::BTreeSet;

use base::{
    DAY_MS, Date, DeviceId, Hash, IdentityId, Label, NetworkId, RECORD_BYTES_MAX, SecretKey,
    Signature, Signed, Wire, encode, hash,
};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    AgreementPublic, Chain, Credential, DeviceCertificate, DeviceName, Edition, EditionError,
    KinshipError, Owner, OwnerSigned, StatementError,
};

#[cfg(test)]
mod tests;

/// Devices that a document may name.
pub const DEVICES_MAX: usize = 16;
/// ID servers that a document may name.
pub const SOURCES_MAX: usize = 8;
/// The longest address of an ID server, bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 128;
/// A document says something for at most 400 days, milliseconds.
pub const DOCUMENT_LIFE_MS_MAX: u64 = 400 * DAY_MS;
/// The longest signed document with its chain, bytes: with the two bytes that name its kind it is
/// one record of the distributed hash table.
pub const DOCUMENT_BYTES_MAX: usize = RECORD_BYTES_MAX - 16;

/// The services that an identity offers, a bit each; unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Services(pub u32);

impl Services {
    /// Keeps fragments for others.
    pub const SUPPLIER: Self = Self(1);
    /// Relays for others.
    pub const ROUTER: Self = Self(1 << 1);
    /// Keeps and serves identity documents.
    pub const ID_SERVER: Self = Self(1 << 2);
    /// Repairs the data of others.
    pub const REBUILDER: Self = Self(1 << 3);
    /// Keeps the ledger.
    pub const MINER: Self = Self(1 << 4);

    /// These services and those.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among them.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A device certificate without the identity, which the document names already.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CertifiedDevice {
    /// The device.
    pub device: DeviceId,
    /// What its owner calls it.
    pub name: DeviceName,
    /// Since when.
    pub issued: Date,
    /// Until when, if it ends by itself.
    pub expires: Option<Date>,
    /// The signature of the whole certificate: a device finds its renewed certificate here after
    /// another device has rotated the master key.
    pub signature: Signature,
}

impl CertifiedDevice {
    /// The short form of a certificate.
    pub fn new(certificate: &Signed<DeviceCertificate>) -> Self {
        let Signed { body: DeviceCertificate { device, name, issued, expires, .. }, signature } =
            certificate.clone();
        Self { device, name, issued, expires, signature }
    }

    /// The whole certificate again.
    pub fn certificate(&self, identity: IdentityId) -> Signed<DeviceCertificate> {
        let Self { device, name, issued, expires, signature } = self.clone();
        Signed { body: DeviceCertificate { identity, device, name, issued, expires }, signature }
    }
}

/// What an identity says about itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IdentityDocument {
    /// Network, version and validity.
    pub edition: Edition,
    /// The keys to which others seal what only this identity may read.
    pub agreement: AgreementPublic,
    /// The devices that speak for it, at most 16; who is not among them does so no longer.
    pub devices: Vec<CertifiedDevice>,
    /// What it offers.
    pub services: Services,
    /// ID servers that keep this document, at most 8 addresses of at most 128 bytes.
    pub sources: Vec<String>,
}

impl Wire for IdentityDocument {
    const BYTES_MAX: usize = DOCUMENT_BYTES_MAX;
}

/// A document as it is kept and sent: with the chain, signed with the master key.
pub type SignedDocument = OwnerSigned<IdentityDocument>;

/// Why a document is not to be made, kept or believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Signed by nobody who could.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Not for here and now.
    #[error(transparent)]
    Edition(#[from] EditionError),
    /// It does not fit into a record.
    #[error("an identity document has at most {DOCUMENT_BYTES_MAX} bytes, this one {0}")]
    TooLong(usize),
    /// More than 16 devices, or one twice.
    #[error("at most {DEVICES_MAX} different devices")]
    Devices,
    /// More than 8 sources, or one that is no printable address.
    #[error("at most {SOURCES_MAX} sources of printable ASCII, {SOURCE_BYTES_MAX} bytes each")]
    Sources,
    /// Before the first rotation the key-agreement keys must be those of the inception document.
    #[error("the key-agreement keys are not those of the identity")]
    Agreement,
    /// It contradicts a document that was seen before.
    #[error(transparent)]
    Kinship(#[from] KinshipError),
    /// Older than what is known already.
    #[error("an older document (sequence {found}) than the known one ({known})")]
    Rollback {
        /// The sequence that is known.
        known: u64,
        /// The sequence that was offered.
        found: u64,
    },
}

impl OwnerSigned<IdentityDocument> {
    /// Signs a document that all others will accept.
    ///
    /// # Errors
    /// It breaks a limit, or `key` is not the current key of `chain`.
    pub fn publish(
        key: &SecretKey,
        chain: Chain,
        document: IdentityDocument,
    ) -> Result<Self, DocumentError> {
        let (network, now) = (document.edition.network, document.edition.issued);
        let signed = Self::new(key, Label::IdentityDocument, chain, document);
        signed.check(network, now)?;
        Ok(signed)
    }

    /// Whose document it is, if it holds in `network` at `now`.
    ///
    /// The certificates inside are not verified one by one: [`Self::credential`] gives what is
    /// verified whenever a device shows it.
    ///
    /// # Errors
    /// Anything of it is wrong.
    pub fn check(&self, network: NetworkId, now: Date) -> Result<Owner, DocumentError> {
        let length = encode(self).len();
        if length > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLong(length));
        }
        self.body.edition.check(network, now, DOCUMENT_LIFE_MS_MAX)?;
        let devices: BTreeSet<_> = self.body.devices.iter().map(|each| each.device).collect();
        if devices.len() != self.body.devices.len() || devices.len() > DEVICES_MAX {
            return Err(DocumentError::Devices);
        }
        let sources = &self.body.sources;
        let are_addresses = sources.iter().all(|text| is_printable(text, SOURCE_BYTES_MAX));
        if sources.len() > SOURCES_MAX || !are_addresses {
            return Err(DocumentError::Sources);
        }
        let owner = self.verify(Label::IdentityDocument)?;
        let (inception, agreement) = (self.chain.inception(), &self.body.agreement);
        let is_first = agreement.x25519 == inception.x25519
            && agreement.ml_kem_hash() == inception.ml_kem_hash;
        if owner.generation == 0 && !is_first {
            return Err(DocumentError::Agreement);
        }
        Ok(owner)
    }

    /// The credential of one of its devices, for example after a rotation on another device.
    pub fn credential(&self, device: DeviceId) -> Option<Credential> {
        let found = self.body.devices.iter().find(|each| each.device == device)?;
        let certificate = found.certificate(self.chain.identity());
        Some(Credential { chain: self.chain.clone(), certificate })
    }

    /// The hash that breaks a tie between two documents of one sequence.
    pub fn hash(&self) -> Hash {
        hash("bitdust identity document v1", &encode(self))
    }
}

/// Whether `offered`, checked before, may replace `known`, checked before: a later key generation
/// wins, then the higher sequence, then the larger hash. The generation comes first so that the
/// thief of an old key cannot win by a huge sequence.
///
/// # Errors
/// They are of different identities, the identity forked, or `offered` is older. The same document
/// again is no error.
pub fn check_newer(known: &SignedDocument, offered: &SignedDocument) -> Result<(), DocumentError> {
    let generations = offered.chain.compare(&known.chain)?;
    let rank = |document: &SignedDocument| (document.body.edition.sequence, document.hash());
    if generations.then_with(|| rank(offered).cmp(&rank(known))).is_lt() {
        let (known, found) = (known.body.edition.sequence, offered.body.edition.sequence);
        return Err(DocumentError::Rollback { known, found });
    }
    Ok(())
}

/// Addresses are multiaddr texts: printable ASCII, which cannot garble a terminal or a log.
pub(crate) fn is_printable(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic())
}
