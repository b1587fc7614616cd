//! The two ciphers that seal chunks and records, and which of them suits this machine.

use aws_lc_rs::aead::{AES_256_GCM, Algorithm, CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use base::SymmetricKey;

/// An AEAD cipher with 32-byte keys, 12-byte nonces and 16-byte tags. The byte stands in each header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// AES-256-GCM (NIST SP 800-38D): fastest where the processor has AES instructions.
    Aes256Gcm = 1,
    /// ChaCha20-Poly1305 (RFC 8439): eight times faster than AES where it has not.
    ChaCha20Poly1305 = 2,
}

impl Suite {
    /// The faster suite on this processor. Every machine opens both.
    pub fn for_this_machine() -> Suite {
        if has_aes() { Suite::Aes256Gcm } else { Suite::ChaCha20Poly1305 }
    }

    /// The suite of a header byte.
    pub(crate) fn from_byte(byte: u8) -> Option<Suite> {
        [Suite::Aes256Gcm, Suite::ChaCha20Poly1305].into_iter().find(|suite| suite.byte() == byte)
    }

    pub(crate) fn byte(self) -> u8 {
        self as u8
    }

    pub(crate) fn key(self, key: &SymmetricKey) -> LessSafeKey {
        let algorithm: &'static Algorithm = match self {
            Suite::Aes256Gcm => &AES_256_GCM,
            Suite::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        };
        LessSafeKey::new(UnboundKey::new(algorithm, &key.0).expect("both take 32-byte keys"))
    }
}

#[cfg(target_arch = "x86_64")]
fn has_aes() -> bool {
    is_x86_feature_detected!("aes") && is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}
