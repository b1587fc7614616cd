//! Only the storage root opens a keyring, and only unaltered.

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::EPOCHS_MAX;

const SPACE: SpaceId = SpaceId([5; 32]);
const ROOT: SymmetricKey = SymmetricKey([7; 32]);

fn keyring(epochs: usize) -> Keyring {
    let mut keyring = Keyring::create(SPACE, &SymmetricKey([1; 32]));
    for epoch in 1..epochs {
        keyring.begin_epoch(SymmetricKey([epoch as u8; 32])).unwrap();
    }
    keyring
}

fn sealed() -> Vec<u8> {
    keyring(2).seal(&ROOT, [3; 32])
}

fn opened(bytes: &[u8]) -> Option<Keyring> {
    Keyring::open(bytes, SPACE, &ROOT).ok()
}

#[test]
fn the_bytes_are_frozen() {
    let bytes = sealed();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    expect!["010505050505050505050505050505050505050505050505050505050505050505030303030303030303030303030303030303030303030303030303030303030310040000ef70b68f129ea8e23fdd5417db68f7e44440e53c6af9bfe57c43cf3268448b2c43e5aae03b862ec6647ef38f3c88eaf158edbd9a82f0302f2c671d1f2119e5ddee039680056f4ec5a52a8286c2e698479a002ea236f2dcb7ea2e0e6b3c7e0adf8a5652a9c3a68ae48a235ed5bf2ee67e1eec7334f66b7f6e8843d1fd97fa34f9a8cd565228538b6245cc98f3c38db1c92409004cb15a42f23fe43eee65a57ed9dab4d09ca8ea742d007abf21abbc777d0ec72026046b9238147668ab415ab0b7c77a18e844831be6f6e9f07cacee2edd2d2162df02fa6f9b1c1ffaeab6dcd308e1d03c02769188e317a3c25adda2e9ab542f8cdc7def0f5f8085c1c0acf9e58e9bd37a8603e64b2b58c5d8e052592549fa29c733970fd545e128a16aa25d958441ac7342b81b5ea467d7879ae5cabacc79a32f6247149211bada9afe35b9b9182f32384e20bc986174ea24bd53912870878fac80c48a51751428add393643b5d92ba2fc29b68a6df836a508c8a2f10a1b53d661ac421f5d786740defd5c4baa30e475c031dbb80ed9c833f6dfaedabdc237ac0428f28734f3db23d2466a11f801ef1614c6c2909b7745efb32c150f0609da765029095048fdfb7315911e86573ee731141da2ba6046fdc106f36da63560650325c852d4c22d872c93f6b355810d91c6dab8b43397a93669190c29fad4b8eddc8dcbc5342197027b265bca480af199c84f9c43785a2c2c9aa68c8af0514b3157f8f0717749c9977dd264a31403fdcd7751654f1fc3d05b6f7201ba6a26ba56854f3c1dba4a94a76e5b3628bd626e0e1a6f2f2abcfad964907e2dafeb4ff90c3972fa3990dc6128de2f36f4e303f37671365e56f36593ba6f7b5b08d331ea8d1e8baa28cc7f586f455bdf2494b886fc945c092a9f4475e6f865913341a7c150717d36a56f2f12cfcdc1e76a4be4e60dbb5644b81e11c8afa1eac6f8cbd1a6e6663814f27ebe29c12a0f52ecb8f61dd2ff00cf60e9e9a62bace10faad852e64e1d86a2766b0e35626286248c2f6dba6725d7e8be7002f83b8ee51e62494d341afa33ba46e3d9956aa7452a26222dfa01535d741b7d18e6e8375494f17cf8ce8624fb9a529172abc96a7fd9170ec6a26fed71d872fa0b0d7130641adcb3f472cdd5496b45d6b6c8d058a5e7bad97801aebd266738a5c1b5feba9b16a4aa45a86e3f0214d49fe18e1687d9a5fdf922aea425ce28255c31f0ae8ef9153f389fbbb7d130bc523589893ef2bb0695ea24121546aebc8fff8640fa3ab764b580f8337121719523a43fd9d7e5870e65ec61a30e5fa37dcaa47ba0208b1ac9b88f73a5784e148f9003952e3c9b40916adc90d4414000c287914d203f869cd399cf2c3afa0f7d5db03f89d473a58c4f612cd6d9291fae6403f7d70cf9d6da4f93b6cdc1e988717da44d07fc0c698e1d8bc0764f34b30afdc5d14558b2b32ea0cd4fa64"].assert_eq(&hex);
}

#[test]
fn the_storage_root_opens_it() {
    for epochs in [1, 2, 100, EPOCHS_MAX] {
        let bytes = keyring(epochs).seal(&ROOT, [3; 32]);
        assert!(opened(&bytes) == Some(keyring(epochs)), "{epochs} epochs");
    }
}

#[test]
fn nothing_else_opens_it() {
    let other_root = Keyring::open(&sealed(), SPACE, &SymmetricKey([8; 32])).err();
    assert_eq!(other_root, Some(OpenError::Altered));
    let other_space = Keyring::open(&sealed(), SpaceId([6; 32]), &ROOT).err();
    assert_eq!(other_space, Some(OpenError::Space));
    // Renamed to the space that is asked for.
    let mut renamed: Sealed = decode(&sealed()).unwrap();
    renamed.space = SpaceId([6; 32]);
    let renamed = Keyring::open(&encode(&renamed), SpaceId([6; 32]), &ROOT).err();
    assert_eq!(renamed, Some(OpenError::Altered));
}

#[test]
fn each_salt_gives_another_text() {
    assert_ne!(sealed()[70..], keyring(2).seal(&ROOT, [4; 32])[70..]);
}

#[test]
fn the_length_does_not_tell_the_epochs() {
    assert_eq!(keyring(1).seal(&ROOT, [3; 32]).len(), keyring(20).seal(&ROOT, [3; 32]).len());
}

#[test]
fn no_bit_is_free() {
    let mut bytes = sealed();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(opened(&bytes).is_none(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_sealed_keyring_without_epochs_is_refused() {
    let mut plain = Keyring::VERSION.to_le_bytes().to_vec();
    plain.extend_from_slice(&SPACE.0);
    plain.extend_from_slice(&[0; 4 * 32 + 4]);
    assert!(decode::<Keyring>(&plain).is_ok_and(|keyring| !keyring.is_usable()));
    let mut text = (plain.len() as u32).to_le_bytes().to_vec();
    text.extend_from_slice(&plain);
    let record = Record::new(&ROOT, SPACE, &[3; 32]);
    let (nonce, context) = (Record::nonce(), Aad::from(&record.context));
    record.cipher().seal_in_place_append_tag(nonce, context, &mut text).unwrap();
    let bytes = encode(&Sealed { space: SPACE, salt: [3; 32], ciphertext: text });
    assert_eq!(Keyring::open(&bytes, SPACE, &ROOT).err(), Some(OpenError::Altered));
}

/// What a damaged owner's program could have sealed: any text at all.
#[test]
fn hostile_texts_are_refused() {
    let good = padded(&keyring(3)).to_vec();
    let mut noise = 7_u64;
    let mut chance = |bound: usize| {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize % bound
    };
    let mut refused = 0;
    for _ in 0..100_000 {
        let mut text = [&good[..], &[0; TAG_BYTES]].concat();
        for _ in 0..=chance(3) {
            let place = chance(4 * 32 + 80);
            text[place] = chance(256) as u8;
        }
        text.truncate(chance(text.len() * 8));
        let keyring = unpadded(&text).map(decode::<Keyring>);
        refused += usize::from(!matches!(keyring, Some(Ok(_))));
    }
    assert!(refused > 10_000, "the cases are too tame: {refused}");
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(opened(&bytes).is_none());
        prop_assert!(opened(&[vec![1], bytes].concat()).is_none());
    }
}
