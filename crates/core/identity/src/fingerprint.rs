//! A short form of an identity for comparing aloud.

use base::{IdentityId, hash};
use bip39::Language;

#[cfg(test)]
mod tests;

/// Words of a fingerprint: 66 bits.
const WORDS: usize = 6;

/// Six words of the BIP-39 list, with a space between them. They are for people who compare;
/// programs compare the whole [`IdentityId`].
pub fn fingerprint(identity: IdentityId) -> String {
    let bits = hash("bitdust fingerprint v1", &identity.0);
    let mut first = [0; 16];
    first.copy_from_slice(&bits.0[..16]);
    let bits = u128::from_be_bytes(first);
    let list = Language::English.word_list();
    let words: Vec<&str> =
        (1..=WORDS).map(|place| list[(bits >> (128 - 11 * place)) as usize % list.len()]).collect();
    words.join(" ")
}
