//! Signatures. Each kind of signed thing has its own label, so that a signature given for one
//! purpose can never be shown for another.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{PublicKey, SecretKey, Wire, encode, hash};

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// The next signing key of an identity.
    Rotation,
    /// A device of an identity.
    DeviceCertificate,
    /// The public description of an identity.
    IdentityDocument,
    /// A short-lived record of where a device is reached.
    ContactRecord,
    /// A packet between two nodes.
    Envelope,
    /// What a supplier offers.
    ServiceOffer,
    /// A customer's half of a contract.
    ContractOffer,
    /// A supplier's half of a contract.
    ContractAcceptance,
    /// A later end of a contract: either half.
    ContractRenewal,
    /// What a supplier keeps.
    Receipt,
    /// A customer's agreement to a receipt.
    ReceiptAgreement,
    /// The fragments of a block.
    Manifest,
    /// The pointer in the distributed hash table to a customer's catalog.
    RootRecord,
    /// The document that the root record points to.
    RootDocument,
    /// Permission for somebody else to read.
    Capability,
    /// A customer's question whether something is kept.
    AuditChallenge,
    /// A supplier's answer to it.
    AuditAnswer,
}

impl Label {
    /// The text that is signed before the hash; never changes once used.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Rotation => "bitdust/rotation/1",
            Self::DeviceCertificate => "bitdust/device-certificate/1",
            Self::IdentityDocument => "bitdust/identity-document/1",
            Self::ContactRecord => "bitdust/contact-record/1",
            Self::Envelope => "bitdust/envelope/1",
            Self::ServiceOffer => "bitdust/service-offer/1",
            Self::ContractOffer => "bitdust/contract-offer/1",
            Self::ContractAcceptance => "bitdust/contract-acceptance/1",
            Self::ContractRenewal => "bitdust/contract-renewal/1",
            Self::Receipt => "bitdust/receipt/1",
            Self::ReceiptAgreement => "bitdust/receipt-agreement/1",
            Self::Manifest => "bitdust/manifest/1",
            Self::RootRecord => "bitdust/root-record/1",
            Self::RootDocument => "bitdust/root-document/1",
            Self::Capability => "bitdust/capability/1",
            Self::AuditChallenge => "bitdust/audit-challenge/1",
            Self::AuditAnswer => "bitdust/audit-answer/1",
        }
    }
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is weak.
    #[error("a weak public key")]
    WeakKey,
    /// Made with another key, for another purpose, or over other bytes.
    #[error("a wrong signature")]
    Wrong,
}

/// An Ed25519 signature over a label and the BLAKE3 hash of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x}{:02x}{:02x}{:02x}…", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

impl Signature {
    /// Signs `message` for the purpose `label`.
    pub fn make(key: &SecretKey, label: Label, message: &[u8]) -> Self {
        Self(key.sign_raw(&to_be_signed(label, message)))
    }

    /// Whether `signer` signed exactly `message` for exactly this purpose.
    ///
    /// # Errors
    /// The key is weak or the signature wrong.
    pub fn verify(
        &self,
        signer: PublicKey,
        label: Label,
        message: &[u8],
    ) -> Result<(), SignatureError> {
        let signer = signer.check().map_err(|_| SignatureError::WeakKey)?;
        UnparsedPublicKey::new(&ED25519, &signer.0)
            .verify(&to_be_signed(label, message), &self.0)
            .map_err(|_| SignatureError::Wrong)
    }
}

/// A value with a signature over its encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signed<T> {
    /// What is signed.
    pub body: T,
    /// The signature over `encode(&body)`.
    pub signature: Signature,
}

impl<T: Wire> Signed<T> {
    /// Signs `body` for the purpose `label`.
    pub fn new(key: &SecretKey, label: Label, body: T) -> Self {
        let signature = Signature::make(key, label, &encode(&body));
        Self { body, signature }
    }

    /// The body, if `signer` signed it for this purpose.
    ///
    /// # Errors
    /// The key is weak or the signature wrong.
    pub fn verify(&self, signer: PublicKey, label: Label) -> Result<&T, SignatureError> {
        self.signature.verify(signer, label, &encode(&self.body))?;
        Ok(&self.body)
    }
}

impl<T: Wire> Wire for Signed<T> {
    const VERSION: u8 = T::VERSION;
    const BYTES_MAX: usize = T::BYTES_MAX + 64;
}

fn to_be_signed(label: Label, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    bytes.extend_from_slice(label.text().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&hash("bitdust signed message v1", message).0);
    bytes
}
