//! Keys. Secret ones are wiped when dropped and have no `Debug`.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use borsh::{BorshDeserialize, BorshSerialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::DeviceId;

/// Why bytes are not a usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A point of small order: signatures under it would prove nothing.
    #[error("a weak public key")]
    SmallOrder,
}

/// An Ed25519 public key (RFC 8032).
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Refuses keys of small order, under which anybody can make signatures that verify.
    ///
    /// # Errors
    /// The key is one of the eight points of small order or a second encoding of one.
    pub fn check(self) -> Result<Self, KeyError> {
        let mut without_sign = self.0;
        without_sign[31] &= 0x7f;
        if SMALL_ORDER.contains(&without_sign) { Err(KeyError::SmallOrder) } else { Ok(self) }
    }
}

impl From<DeviceId> for PublicKey {
    fn from(device: DeviceId) -> Self {
        Self(device.0)
    }
}

impl From<PublicKey> for DeviceId {
    fn from(key: PublicKey) -> Self {
        Self(key.0)
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An Ed25519 signing key, made from a 32-byte seed.
pub struct SecretKey {
    pair: Ed25519KeyPair,
    seed: SymmetricKey,
}

impl SecretKey {
    /// The key of `seed`.
    pub fn from_seed(seed: SymmetricKey) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed.0)
            .expect("every 32-byte seed makes an Ed25519 key");
        Self { pair, seed }
    }

    /// The seed, for keeping it in the keystore or handing it to the network library.
    pub fn seed(&self) -> &SymmetricKey {
        &self.seed
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(key)
    }

    pub(crate) fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

impl Clone for SecretKey {
    fn clone(&self) -> Self {
        Self::from_seed(self.seed.clone())
    }
}

/// 32 secret bytes: a seed, or a key of a cipher, keyed hash or mask.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, BorshSerialize, BorshDeserialize)]
pub struct SymmetricKey(pub [u8; 32]);

impl SymmetricKey {
    /// A key of its own for `label` and `context` (BLAKE3 key derivation; the label must be unique
    /// in the whole project).
    pub fn derive(&self, label: &'static str, context: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(label);
        hasher.update(&self.0);
        hasher.update(context);
        Self(*hasher.finalize().as_bytes())
    }
}

/// The y coordinates of all encodings of points of small order, sign bit cleared
/// (as listed in libsodium's and curve25519-dalek's checks).
const SMALL_ORDER: [[u8; 32]; 7] = [
    y(0x00, 0x00, 0x00),
    y(0x01, 0x00, 0x00),
    y(0xec, 0xff, 0x7f),
    y(0xed, 0xff, 0x7f),
    y(0xee, 0xff, 0x7f),
    ORDER_EIGHT,
    ORDER_EIGHT_SECOND,
];

const ORDER_EIGHT: [u8; 32] = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
];

const ORDER_EIGHT_SECOND: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

const fn y(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}
