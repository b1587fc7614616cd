//! Masks: each supplier keeps a fragment XORed with a keystream of its own.
//!
//! So no supplier, and no set of them, can make the bytes that another one is paid for and audited
//! on. Whoever repairs needs the mask root, but no reading key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base::{BlockId, Hash, IdentityId, SymmetricKey};

use crate::fragment_root;
use crate::labels;

const AES_BLOCK: usize = 16;
/// The first counter of GCM's own keystream, which is the keystream of the mask.
const FIRST_COUNTER: u32 = 2;

/// The keystream of one fragment at one supplier: AES-256-CTR (NIST SP 800-38A), the counter block
/// being 12 zero bytes and a big-endian u32 that begins with 2.
pub struct Mask {
    key: SymmetricKey,
}

impl Mask {
    /// The mask of fragment `index` of `block` at `supplier`, under the owner's mask root.
    pub fn new(root: &SymmetricKey, supplier: IdentityId, block: BlockId, index: u8) -> Mask {
        let mut context = [0; 65];
        context[..32].copy_from_slice(&supplier.0);
        context[32..64].copy_from_slice(&block.0);
        context[64] = index;
        Mask { key: root.derive(labels::MASK_KEY, &context) }
    }

    /// Masks a whole fragment, or removes its mask: both are the same.
    pub fn apply(&self, fragment: &mut [u8]) {
        // AES-GCM encrypts with just this keystream, and its kernels are more than twice as fast as
        // those of plain CTR, even though a tag is computed that nobody wants.
        let key = UnboundKey::new(&AES_256_GCM, &self.key.0).expect("a 32-byte key");
        let _tag = LessSafeKey::new(key)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key([0; 12]),
                Aad::empty(),
                fragment,
            )
            .expect("a fragment is far below the limit of the cipher");
    }

    /// As [`Mask::apply`] for a part of the fragment that begins at `offset`; nothing beyond the
    /// 64 GiB that one mask covers may be asked for.
    pub fn apply_at(&self, offset: u32, part: &mut [u8]) {
        let block = AES_BLOCK as u32;
        let skip = (offset % block) as usize;
        let (head, rest) = part.split_at_mut((AES_BLOCK - skip).min(part.len()));
        let mut first = [0; AES_BLOCK];
        first[skip..][..head.len()].copy_from_slice(head);
        self.add_keystream(offset / block, &mut first);
        head.copy_from_slice(&first[skip..][..head.len()]);
        if !rest.is_empty() {
            self.add_keystream(offset / block + 1, rest);
        }
    }

    /// Masks a whole fragment and returns the root of what the supplier keeps.
    pub fn apply_and_root(&self, fragment: &mut [u8]) -> Hash {
        self.apply(fragment);
        fragment_root(fragment)
    }

    fn add_keystream(&self, first_block: u32, bytes: &mut [u8]) {
        let mut counter = [0; AES_BLOCK];
        counter[12..].copy_from_slice(&(first_block + FIRST_COUNTER).to_be_bytes());
        let key = UnboundCipherKey::new(&AES_256, &self.key.0).expect("a 32-byte key");
        let context = EncryptionContext::Iv128(FixedLength::from(counter));
        EncryptingKey::ctr(key)
            .and_then(|key| key.less_safe_encrypt(bytes, context))
            .expect("CTR takes any number of bytes");
    }
}

#[cfg(test)]
mod tests;
