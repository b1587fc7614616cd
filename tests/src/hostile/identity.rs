//! Documents of identities, and what lies in a home: keystore, keyring, the words of a user.

use base::{Date, IdentityId, SymmetricKey, encode};
use identity::{
    Cost, Credential, Phrase, PhraseError, SignedDocument, open_keystore, seal_keystore,
};
use spaces::{Keyring, own_drive};

use super::mesh::{document, keystore};
use super::{Decoder, NETWORK, NOW, read};

/// The public description of an identity.
pub const DOCUMENT: Decoder =
    Decoder { name: "identity_document", takes: takes_document, valid: valid_documents };
/// What a device shows to speak for an identity.
pub const CREDENTIAL: Decoder =
    Decoder { name: "identity_credential", takes: takes_credential, valid: valid_credentials };
/// The file of secrets, with an empty password.
pub const KEYSTORE: Decoder =
    Decoder { name: "identity_keystore", takes: takes_keystore, valid: valid_keystores };
/// The words as a user types them.
pub const WORDS: Decoder =
    Decoder { name: "identity_words", takes: takes_words, valid: valid_words };
/// The sealed keys of a space, as suppliers keep them.
pub const KEYRING: Decoder =
    Decoder { name: "spaces_keyring", takes: takes_keyring, valid: valid_keyrings };

const OWNER: IdentityId = IdentityId([4; 32]);
const STORAGE_ROOT: SymmetricKey = SymmetricKey([6; 32]);

fn takes_document(bytes: &[u8]) -> bool {
    read::<SignedDocument>(bytes).is_some_and(|document| document.check(NETWORK, NOW).is_ok())
}

fn valid_documents() -> Vec<Vec<u8>> {
    [keystore(1, 0), keystore(1, 2)].iter().map(|mine| encode(&document(mine))).collect()
}

fn takes_credential(bytes: &[u8]) -> bool {
    let Some(credential) = read::<Credential>(bytes) else { return false };
    // Far from now as well: no date makes the sums overflow.
    let _ = (credential.verify(Date(0)), credential.verify(Date(u64::MAX)));
    credential.verify(NOW).is_ok()
}

fn valid_credentials() -> Vec<Vec<u8>> {
    [keystore(1, 0), keystore(1, 3)].iter().map(|mine| encode(&mine.credential())).collect()
}

fn takes_keystore(bytes: &[u8]) -> bool {
    let Ok(opened) = open_keystore(bytes, "") else { return false };
    assert!(opened.has_empty_password && opened.cost.is_fast(), "an empty password costs nothing");
    true
}

fn valid_keystores() -> Vec<Vec<u8>> {
    let sealed = |mine| seal_keystore(&mine, "", Cost::fast(), [8; 32]).expect("an allowed cost");
    [keystore(1, 0), keystore(1, 2)].map(sealed).to_vec()
}

fn takes_words(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match Phrase::parse(text) {
        Ok(phrase) => {
            let again = Phrase::parse(&phrase.text());
            assert!(again.is_ok_and(|again| again == phrase), "another phrase");
            true
        }
        Err(PhraseError::Checksum { swaps }) => {
            assert!(swaps.iter().all(|place| (1..24).contains(place)), "{swaps:?}");
            false
        }
        Err(PhraseError::Count { .. } | PhraseError::Unknown(_)) => false,
    }
}

fn valid_words() -> Vec<Vec<u8>> {
    let phrase = Phrase::from_entropy([7; 32]);
    let numbered = phrase.words().into_iter().zip(1..).map(|(word, at)| format!("{at}. {word},\n"));
    let loud = phrase.text().to_uppercase();
    vec![phrase.text().as_bytes().to_vec(), numbered.collect::<String>().into(), loud.into()]
}

fn takes_keyring(bytes: &[u8]) -> bool {
    Keyring::open(bytes, own_drive(OWNER, &STORAGE_ROOT), &STORAGE_ROOT).is_ok()
}

fn valid_keyrings() -> Vec<Vec<u8>> {
    let mut keyring = Keyring::create(own_drive(OWNER, &STORAGE_ROOT), &SymmetricKey([1; 32]));
    let young = keyring.seal(&STORAGE_ROOT, [2; 32]);
    for number in 0..40 {
        keyring.begin_epoch(SymmetricKey([number; 32])).expect("few epochs");
    }
    vec![young, keyring.seal(&STORAGE_ROOT, [3; 32])]
}
