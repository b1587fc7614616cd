//! Who somebody is: the words, the keys made from them, the documents that say so, the keystore.
//!
//! Bytes and rules are in `docs/protocols/identity.md`.

mod chain;
mod contact;
mod device;
mod document;
mod fingerprint;
mod keys;
mod keystore;
mod statement;
mod words;

pub use chain::{Chain, ChainError, Inception, KinshipError, Owner, ROTATIONS_MAX, Rotation};
pub use contact::{
    ADDRESS_BYTES_MAX, ADDRESSES_MAX, CONTACT_LIFE_MS_MAX, ContactError, ContactRecord,
    SignedContact,
};
pub use device::{
    Credential, CredentialError, DEVICE_NAME_BYTES_MAX, DeviceCertificate, DeviceName,
    DeviceNameError, Speaker,
};
pub use document::{
    CertifiedDevice, DEVICES_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_LIFE_MS_MAX, DocumentError,
    IdentityDocument, SOURCES_MAX, Services, SignedDocument, check_newer,
};
pub use fingerprint::fingerprint;
pub use keys::{AgreementPublic, AgreementSecret, ML_KEM_PUBLIC_BYTES, Seed};
pub use keystore::{
    Cost, Keystore, KeystoreError, OpenedKeystore, change_password, open_keystore, seal_keystore,
};
pub use statement::{
    AHEAD_MS_MAX, DeviceSigned, Edition, EditionError, OwnerSigned, StatementError, next_sequence,
};
pub use words::{PHRASE_WORDS, Phrase, PhraseError, UnknownWord};

#[cfg(test)]
mod tests;
