//! From the words to the keys: BIP-39 seed, then HKDF-SHA256 (RFC 5869) with one label for each key.

use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use base::{Hash, IdentityId, PublicKey, SecretKey, SymmetricKey, hash};
use borsh::{BorshDeserialize, BorshSerialize};
use ml_kem::kem::{FromSeed, KeyExport};
use ml_kem::{MlKem768, Seed as MlKemSeed};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Chain, Inception, Phrase};

#[cfg(test)]
mod tests;

/// Bytes of an ML-KEM-768 public key (FIPS 203).
pub const ML_KEM_PUBLIC_BYTES: usize = 1184;

const SALT: &[u8] = b"bitdust/identity/1";
const SIGNING: &str = "bitdust/signing-key/1";
const X25519_AGREEMENT: &str = "bitdust/agreement-x25519/1";
const ML_KEM_AGREEMENT: &str = "bitdust/agreement-ml-kem-768/1";
const STORAGE_ROOT: &str = "bitdust/storage-root/1";

/// What all keys of an identity are made from. It is never stored: only the words bring it back.
pub struct Seed(Prk);

/// The secret halves for key agreement: X25519 (RFC 7748) and ML-KEM-768 (FIPS 203).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, BorshSerialize, BorshDeserialize)]
pub struct AgreementSecret {
    /// The X25519 private key.
    pub x25519: SymmetricKey,
    /// The seed `d ‖ z` of the ML-KEM key pair.
    pub ml_kem_seed: [u8; 64],
}

/// The public halves for key agreement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AgreementPublic {
    /// The X25519 public key.
    pub x25519: [u8; 32],
    /// The encoded ML-KEM-768 encapsulation key.
    pub ml_kem: Box<[u8; ML_KEM_PUBLIC_BYTES]>,
}

impl Seed {
    /// The seed of a phrase. Costs 2,048 rounds of PBKDF2, some milliseconds.
    pub fn new(phrase: &Phrase) -> Self {
        Self(Salt::new(HKDF_SHA256, SALT).extract(&*phrase.bip39_seed()))
    }

    /// The signing key of a generation: 0 is the first, each rotation goes on by one.
    pub fn signing_key(&self, generation: u32) -> SecretKey {
        SecretKey::from_seed(self.key(SIGNING, generation))
    }

    /// The key-agreement keys of a generation.
    pub fn agreement(&self, generation: u32) -> AgreementSecret {
        let x25519 = self.key(X25519_AGREEMENT, generation);
        let mut ml_kem_seed = [0; 64];
        self.fill(ML_KEM_AGREEMENT, generation, &mut ml_kem_seed);
        AgreementSecret { x25519, ml_kem_seed }
    }

    /// The key under which the keyrings of all spaces are sealed. The same in all generations:
    /// whatever was ever stored must come back from the words alone.
    pub fn storage_root(&self) -> SymmetricKey {
        self.key(STORAGE_ROOT, 0)
    }

    /// The first document of the identity.
    pub fn inception(&self) -> Inception {
        let agreement = self.agreement(0).public();
        Inception {
            master: self.signing_key(0).public(),
            next_hash: next_key_hash(self.signing_key(1).public()),
            x25519: agreement.x25519,
            ml_kem_hash: agreement.ml_kem_hash(),
        }
    }

    /// The identity of these words.
    pub fn identity(&self) -> IdentityId {
        self.inception().identity()
    }

    /// The chain of the identity before any rotation.
    pub fn chain(&self) -> Chain {
        Chain::new(self.inception())
    }

    fn key(&self, label: &str, generation: u32) -> SymmetricKey {
        let mut key = SymmetricKey([0; 32]);
        self.fill(label, generation, &mut key.0);
        key
    }

    fn fill(&self, label: &str, generation: u32, out: &mut [u8]) {
        let info = [label.as_bytes(), &generation.to_be_bytes()];
        let okm = self.0.expand(&info, Length(out.len()));
        okm.and_then(|okm| okm.fill(out)).expect("HKDF-SHA256 gives up to 8,160 bytes");
    }
}

impl AgreementSecret {
    /// The public halves.
    pub fn public(&self) -> AgreementPublic {
        let private = PrivateKey::from_private_key(&X25519, &self.x25519.0)
            .expect("any 32 bytes are an X25519 private key");
        let public = private.compute_public_key().expect("X25519 has no exceptional private keys");
        let mut x25519 = [0; 32];
        x25519.copy_from_slice(public.as_ref());
        let seed = Zeroizing::new(MlKemSeed::from(self.ml_kem_seed));
        let (_, encapsulation_key) = MlKem768::from_seed(&seed);
        AgreementPublic { x25519, ml_kem: Box::new(encapsulation_key.to_bytes().into()) }
    }
}

impl AgreementPublic {
    /// The hash by which the inception document names the ML-KEM key.
    pub fn ml_kem_hash(&self) -> Hash {
        hash("bitdust ml-kem public key v1", &*self.ml_kem)
    }
}

/// The hash by which a chain commits to the key after the current one.
pub(crate) fn next_key_hash(key: PublicKey) -> Hash {
    hash("bitdust next signing key v1", &key.0)
}

/// Bytes asked of HKDF.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
