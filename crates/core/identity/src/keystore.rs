//! The file that keeps a device's secrets under a local password: content here, bytes in `format`.

use base::{Date, DeviceId, IdentityId, SecretKey, Signed, SymmetricKey, Wire, decode};
use borsh::{BorshDeserialize, BorshSerialize};
use zeroize::Zeroizing;

use crate::{AgreementSecret, Chain, Credential, DeviceCertificate, DeviceName, Seed};

mod format;
#[cfg(test)]
mod tests;

pub use format::Cost;

/// What a device keeps: current keys only, never the words nor the next signing key.
#[derive(Clone)]
pub struct Keystore {
    /// Proves the master key.
    pub chain: Chain,
    /// The current master signing key.
    pub master: SecretKey,
    /// The current key-agreement keys.
    pub agreement: AgreementSecret,
    /// The key under which keyrings are sealed.
    pub storage_root: SymmetricKey,
    /// The key of this device.
    pub device: SecretKey,
    /// The identity vouches for this device.
    pub certificate: Signed<DeviceCertificate>,
}

/// A keystore and how its file was protected.
pub struct OpenedKeystore {
    /// The secrets.
    pub keystore: Keystore,
    /// What a guess of the password costs.
    pub cost: Cost,
    /// Whether anybody who has the file has the secrets.
    pub has_empty_password: bool,
}

/// Why a keystore cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// The file is no keystore at all.
    #[error("this is not a BitDust keystore")]
    NotAKeystore,
    /// Made by a newer program.
    #[error("keystore version {0} is not known here; a newer program is needed")]
    Version(u8),
    /// Cut off or altered.
    #[error("the keystore is damaged")]
    Damaged,
    /// The file is whole, the password is not the one.
    #[error("wrong password")]
    WrongPassword,
    /// The file asks for less work than is safe or more than is reasonable: it was tampered with.
    #[error("the keystore asks for a password cost that is not allowed")]
    Cost,
    /// The memory that hashing the password needs cannot be had.
    #[error("not enough memory to hash the password ({0} KiB are needed)")]
    Memory(u32),
    /// The words are of another identity, or a key is missing.
    #[error("these keys do not belong to the identity")]
    Mismatch,
}

impl Keystore {
    /// A keystore from the words: `chain` is the newest that was found, or [`Seed::chain`].
    ///
    /// # Errors
    /// The words are of another identity than the chain.
    pub fn from_seed(
        seed: &Seed,
        chain: Chain,
        device: SecretKey,
        name: DeviceName,
        now: Date,
    ) -> Result<Self, KeystoreError> {
        let generation = chain.generation();
        let master = seed.signing_key(generation);
        let certificate = DeviceCertificate {
            identity: chain.identity(),
            device: device.public().into(),
            name,
            issued: now,
            expires: None,
        };
        let Credential { chain, certificate } = Credential::issue(&master, chain, certificate);
        let agreement = seed.agreement(generation);
        let storage_root = seed.storage_root();
        Self { chain, master, agreement, storage_root, device, certificate }.checked()
    }

    /// Who it is about.
    pub fn identity(&self) -> IdentityId {
        self.chain.identity()
    }

    /// The device whose secrets these are.
    pub fn device_id(&self) -> DeviceId {
        self.device.public().into()
    }

    /// What the device shows to others.
    pub fn credential(&self) -> Credential {
        Credential { chain: self.chain.clone(), certificate: self.certificate.clone() }
    }

    /// All keys belong together. A certificate that has run out is still one's own.
    fn checked(self) -> Result<Self, KeystoreError> {
        let issued = self.certificate.body.issued;
        let owner = self.chain.verify().map_err(|_| KeystoreError::Mismatch)?;
        let speaker = self.credential().verify(issued).map_err(|_| KeystoreError::Mismatch)?;
        let inception = self.chain.inception();
        let belongs = owner.key == self.master.public()
            && speaker.device == self.device_id()
            && (owner.generation > 0 || inception.x25519 == self.agreement.public().x25519);
        if belongs { Ok(self) } else { Err(KeystoreError::Mismatch) }
    }
}

/// The bytes of a keystore file. `salt` is 32 fresh random bytes for each file that is written.
///
/// An empty password is legal and costs no work, for there is nothing to guess.
///
/// # Errors
/// The cost is out of bounds or the memory for it cannot be had.
pub fn seal_keystore(
    keystore: &Keystore,
    password: &str,
    cost: Cost,
    salt: [u8; 32],
) -> Result<Vec<u8>, KeystoreError> {
    let content = Content::of(keystore);
    // Written in place: an `encode` that grows would leave copies of the secrets behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(2 * format::FILE_BYTES_MAX));
    plain.push(Content::VERSION);
    content.serialize(&mut *plain).expect("writing into a Vec cannot fail");
    format::seal(plain, password, cost, salt)
}

/// Reads a keystore file.
///
/// # Errors
/// The file is no keystore, damaged, tampered with or too new, or the password is wrong.
pub fn open_keystore(bytes: &[u8], password: &str) -> Result<OpenedKeystore, KeystoreError> {
    let format::Opened { plain, cost, has_empty_password } = format::open(bytes, password)?;
    let content: Content = decode(&plain).map_err(|_| KeystoreError::Damaged)?;
    let keystore = content.keystore().checked().map_err(|_| KeystoreError::Damaged)?;
    Ok(OpenedKeystore { keystore, cost, has_empty_password })
}

/// The same secrets under another password. `salt` is fresh and random.
///
/// # Errors
/// As [`open_keystore`] and [`seal_keystore`].
pub fn change_password(
    bytes: &[u8],
    old: &str,
    new: &str,
    cost: Cost,
    salt: [u8; 32],
) -> Result<Vec<u8>, KeystoreError> {
    seal_keystore(&open_keystore(bytes, old)?.keystore, new, cost, salt)
}

/// What is inside the sealed part, version 1.
#[derive(BorshSerialize, BorshDeserialize)]
struct Content {
    chain: Chain,
    master_seed: SymmetricKey,
    agreement: AgreementSecret,
    storage_root: SymmetricKey,
    device_seed: SymmetricKey,
    certificate: Signed<DeviceCertificate>,
}

impl Wire for Content {
    const BYTES_MAX: usize = format::FILE_BYTES_MAX;
}

impl Content {
    fn of(keystore: &Keystore) -> Self {
        Self {
            chain: keystore.chain.clone(),
            master_seed: keystore.master.seed().clone(),
            agreement: keystore.agreement.clone(),
            storage_root: keystore.storage_root.clone(),
            device_seed: keystore.device.seed().clone(),
            certificate: keystore.certificate.clone(),
        }
    }

    fn keystore(self) -> Keystore {
        Keystore {
            chain: self.chain,
            master: SecretKey::from_seed(self.master_seed),
            agreement: self.agreement,
            storage_root: self.storage_root,
            device: SecretKey::from_seed(self.device_seed),
            certificate: self.certificate,
        }
    }
}
