//! Whatever was sealed opens to the same bytes in its place, and nothing else opens.

use aws_lc_rs::aead::{Aad, Nonce};
use base::{ChunkId, SpaceId};
use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{Choices, key, keys, noise, prose};
use crate::open::{OpenError, Opener};

const SUITES: [Suite; 2] = [Suite::Aes256Gcm, Suite::ChaCha20Poly1305];

fn seal(suite: Suite, plain: &[u8]) -> (ChunkId, Vec<u8>) {
    let chunk = keys().identify(plain);
    let mut sealer = Sealer::new(suite);
    (chunk.id(), sealer.seal(&keys(), Kind::Data, chunk).unwrap().to_vec())
}

fn open(id: ChunkId, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    Opener::new().open(&keys(), Kind::Data, id, sealed).map(<[u8]>::to_vec)
}

fn record<'a>(secret: &'a base::SymmetricKey) -> RecordScope<'a> {
    RecordScope { space: SpaceId([1; 32]), epoch: 5, kind: Kind::Log, id: [8; 32], secret }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

proptest! {
    #[test]
    fn any_chunk_comes_back(seed: u64, length in 0usize..3000, text: bool, aes: bool) {
        let plain = if text { prose(seed, length) } else { noise(seed, length) };
        let (id, sealed) = seal(SUITES[usize::from(aes)], &plain);
        prop_assert!(sealed.len() <= plain.len() + SEALED_OVERHEAD);
        prop_assert_eq!(open(id, &sealed), Ok(plain));
    }

    #[test]
    fn any_record_comes_back(seed: u64, length in 0usize..3000, text: bool, salt: [u8; 32]) {
        let plain = if text { prose(seed, length) } else { noise(seed, length) };
        let secret = key(4);
        let mut sealer = Sealer::new(Suite::Aes256Gcm);
        let sealed = sealer.seal_record(&record(&secret), &salt, &plain).unwrap();
        prop_assert!(sealed.len() <= plain.len() + RECORD_OVERHEAD);
        let mut opener = Opener::new();
        prop_assert_eq!(opener.open_record(&record(&secret), sealed), Ok(&plain[..]));
    }
}

#[test]
fn one_sealer_and_one_opener_serve_chunks_of_all_sizes() {
    let (mut sealer, mut opener) = (Sealer::new(Suite::Aes256Gcm), Opener::new());
    for length in [PLAIN_BYTES_MAX, 0, 1, 262_143, 262_144, 1_000_000, 64, PLAIN_BYTES_MAX - 1] {
        for plain in [prose(1, length), noise(1, length)] {
            let chunk = keys().identify(&plain);
            let sealed = sealer.seal(&keys(), Kind::Data, chunk).unwrap();
            assert!(opener.open(&keys(), Kind::Data, chunk.id(), sealed) == Ok(&plain[..]));
        }
    }
    let plain = vec![0; PLAIN_BYTES_MAX + 1];
    let too_long = Err(SealError::TooLong { bytes: plain.len() });
    assert_eq!(sealer.seal(&keys(), Kind::Data, keys().identify(&plain)), too_long);
    assert_eq!(sealer.seal_record(&record(&key(4)), &[0; 32], &plain), too_long);
}

#[test]
fn what_compresses_is_shorter_and_what_does_not_is_not() {
    assert!(seal(Suite::Aes256Gcm, &prose(1, 100_000)).1.len() < 30_000);
    assert_eq!(seal(Suite::Aes256Gcm, &noise(1, 100_000)).1.len(), 100_000 + SEALED_OVERHEAD);
}

#[test]
fn sealed_bytes_are_frozen() {
    let frozen: String = SUITES
        .map(|suite| {
            let (id, sealed) = seal(suite, b"BitDust");
            let secret = key(4);
            let mut sealer = Sealer::new(suite);
            let record = sealer.seal_record(&record(&secret), &[6; 32], b"BitDust").unwrap();
            format!("id     {}\nchunk  {}\nrecord {}\n", hex(&id.0), hex(&sealed), hex(record))
        })
        .concat();
    expect![[r#"
        id     3b7c4dd0207434afaefb19945275c234ea1664a9854ca7c18def6afd93e5c2ff
        chunk  010192fd11082ec791bab4f8f862afb1f9eb082fbc800d75e5f6b9dd4a8e253fd138aeb33be4be0bba0b
        record 01010606060606060606060606060606060606060606060606060606060606060606d62562ad40f04ef21cf78baf7c582b35c9e402cf4a728ef963ae2272
        id     3b7c4dd0207434afaefb19945275c234ea1664a9854ca7c18def6afd93e5c2ff
        chunk  010289bb08d8584dc4ce7bd29ef1a833828ba0102c85aa92fda2f59e4e009ac3a19ae99ebee433349004
        record 01020606060606060606060606060606060606060606060606060606060606060606205d18964dd8708468f4f96826860f1dd0e76cf2e40feaf67f61fccf
    "#]]
    .assert_eq(&frozen);
}

#[test]
fn what_an_older_compressor_wrote_still_opens() {
    let plain = prose(1, 100);
    let sealed = unhex(
        "01013888a8fa073b45a165ac790583749669d8345380d2ea1909e66778c655228891e054eb81
        3549f9b8d8d9a2817ae3200e1c988b91af02ab35d6fecdfe8f222aac48a1f04897c18d73585b
        75abd67e0ffcba3e6cd2e25aadeb78d316bc4a3b275d5e3701b5a86b8663fa156a6aea11fdf8",
    );
    let id = keys().chunk_id(&plain);
    assert_eq!(open(id, &sealed), Ok(plain));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let secret = key(4);
    for suite in SUITES {
        for plain in [prose(1, 90), noise(1, 90)] {
            let (id, mut sealed) = seal(suite, &plain);
            let mut sealer = Sealer::new(suite);
            let mut sealed_record =
                sealer.seal_record(&record(&secret), &[6; 32], &plain).unwrap().to_vec();
            let mut opener = Opener::new();
            for bit in 0..sealed.len() * 8 {
                sealed[bit / 8] ^= 1 << (bit % 8);
                assert!(opener.open(&keys(), Kind::Data, id, &sealed).is_err(), "bit {bit}");
                sealed[bit / 8] ^= 1 << (bit % 8);
            }
            for bit in 0..sealed_record.len() * 8 {
                sealed_record[bit / 8] ^= 1 << (bit % 8);
                assert!(opener.open_record(&record(&secret), &sealed_record).is_err(), "bit {bit}");
                sealed_record[bit / 8] ^= 1 << (bit % 8);
            }
            assert_eq!(open(id, &sealed).as_deref(), Ok(&plain[..]));
            assert_eq!(opener.open_record(&record(&secret), &sealed_record), Ok(&plain[..]));
        }
    }
}

#[test]
fn a_chunk_opens_in_its_own_place_only() {
    let plain = noise(1, 100);
    let (id, sealed) = seal(Suite::Aes256Gcm, &plain);
    let mut opener = Opener::new();
    let mut try_with =
        |keys: &EpochKeys, kind, id| opener.open(keys, kind, id, &sealed).map(<[u8]>::to_vec);
    let other = |space, epoch, id_key, secret| {
        EpochKeys::new(SpaceId([space; 32]), epoch, key(id_key), key(secret))
    };
    let wrong = Err(OpenError::Authentication);
    assert_eq!(try_with(&other(1, 5, 2, 3), Kind::Data, id), Ok(plain.clone()));
    assert_eq!(try_with(&other(0, 5, 2, 3), Kind::Data, id), wrong, "space");
    assert_eq!(try_with(&other(1, 6, 2, 3), Kind::Data, id), wrong, "epoch");
    assert_eq!(try_with(&other(1, 5, 2, 4), Kind::Data, id), wrong, "secret");
    assert_eq!(try_with(&keys(), Kind::Catalog, id), wrong, "kind");
    assert_eq!(try_with(&keys(), Kind::Data, ChunkId([0; 32])), wrong, "id");
    // A member with all secrets may seal anything under any id, but it does not pass for the chunk.
    assert_eq!(try_with(&other(1, 5, 9, 3), Kind::Data, id), Err(OpenError::Id), "id key");
}

#[test]
fn a_record_opens_in_its_own_place_only() {
    let (secret, other_secret) = (key(4), key(5));
    let scope = record(&secret);
    let mut sealer = Sealer::new(Suite::ChaCha20Poly1305);
    let sealed = sealer.seal_record(&scope, &[6; 32], b"entry").unwrap().to_vec();
    let mut opener = Opener::new();
    let mut try_with = |scope| opener.open_record(&scope, &sealed).map(<[u8]>::to_vec);
    let wrong = Err(OpenError::Authentication);
    assert_eq!(try_with(scope), Ok(b"entry".to_vec()));
    assert_eq!(try_with(RecordScope { space: SpaceId([0; 32]), ..scope }), wrong);
    assert_eq!(try_with(RecordScope { epoch: 6, ..scope }), wrong);
    assert_eq!(try_with(RecordScope { kind: Kind::Keyring, ..scope }), wrong);
    assert_eq!(try_with(RecordScope { id: [9; 32], ..scope }), wrong);
    assert_eq!(try_with(RecordScope { secret: &other_secret, ..scope }), wrong);
    let again = sealer.seal_record(&scope, &[7; 32], b"entry").unwrap();
    assert_ne!(again[RECORD_HEADER..], sealed[RECORD_HEADER..], "another salt, another key");
}

#[test]
fn no_key_and_nonce_meet_two_different_seals() {
    let plain = noise(1, 50);
    let chunk = keys().identify(&plain);
    let mut sealer = Sealer::new(Suite::Aes256Gcm);
    let mut nonce =
        |keys: &EpochKeys, kind| sealer.seal(keys, kind, chunk).unwrap()[2..CHUNK_HEADER].to_vec();
    let first = nonce(&keys(), Kind::Data);
    assert_eq!(nonce(&keys(), Kind::Data), first, "the same chunk is the same bytes");
    assert_ne!(nonce(&keys(), Kind::Catalog), first);
    let other_epoch = EpochKeys::new(SpaceId([1; 32]), 6, key(2), key(3));
    assert_ne!(nonce(&other_epoch, Kind::Data), first);
    let hash = |trailer, content| keys().chunk_nonce(&[1; 71], trailer, content);
    assert_ne!(hash(&[50, 0, 0, 0, 0], &[1, 2]), hash(&[50, 0, 0, 0, 1], &[1, 2]), "codec");
    assert_ne!(hash(&[50, 0, 0, 0, 1], &[1, 2]), hash(&[50, 0, 0, 0, 1], &[1, 3]), "content");
}

/// Seals whatever a dishonest member might put inside.
fn seal_inside(id: ChunkId, inside: &[u8]) -> Vec<u8> {
    let mut sealed = vec![VERSION, Suite::Aes256Gcm.byte()];
    sealed.extend([7; 12]);
    let mut inside = inside.to_vec();
    let scope = scope(keys().space(), keys().epoch(), Kind::Data, &id.0);
    let tag = keys()
        .chunk_key(Suite::Aes256Gcm, id)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key([7; 12]),
            Aad::from(bound(&sealed, &scope)),
            &mut inside,
        )
        .unwrap();
    sealed.extend(inside);
    sealed.extend(tag.as_ref());
    sealed
}

#[test]
fn a_lie_inside_the_seal_is_noticed() {
    let plain = vec![0; 2 << 20];
    let id = keys().chunk_id(&plain);
    let frame = zstd::bulk::compress(&plain, 1).unwrap();
    let inside = |content: &[u8], declared: u32, codec: u8| {
        open(id, &seal_inside(id, &[content, &declared.to_le_bytes(), &[codec]].concat()))
    };
    let length = |declared| Err(OpenError::Length { declared });
    assert_eq!(inside(&frame, 2 << 20, 1), Ok(plain.clone()), "the control");
    assert_eq!(inside(&frame, 10, 1), length(10), "more than declared");
    assert_eq!(inside(&frame, (2 << 20) + 1, 1), length((2 << 20) + 1), "less than declared");
    assert_eq!(inside(&frame, u32::MAX, 1), length(u32::MAX), "more than allowed");
    assert_eq!(inside(&plain, 1 << 20, 0), length(1 << 20));
    assert_eq!(inside(&frame[..frame.len() - 1], 2 << 20, 1), length(2 << 20), "cut off");
    assert_eq!(inside(&frame, 2 << 20, 2), Err(OpenError::Codec { found: 2 }));
    assert_eq!(inside(&plain[1..], (2 << 20) - 1, 0), Err(OpenError::Id));
}

#[test]
fn what_cannot_be_sealed_bytes_is_told_apart() {
    let (id, sealed) = seal(Suite::Aes256Gcm, b"");
    assert_eq!(open(id, &sealed), Ok(vec![]));
    assert_eq!(open(id, &sealed[1..]), Err(OpenError::TooShort { bytes: SEALED_OVERHEAD - 1 }));
    let long = vec![1; PLAIN_BYTES_MAX + SEALED_OVERHEAD + 1];
    assert_eq!(open(id, &long), Err(OpenError::TooLong { bytes: long.len() }));
    let with = |at: usize, byte| {
        let mut sealed = sealed.clone();
        sealed[at] = byte;
        open(id, &sealed)
    };
    assert_eq!(with(0, 2), Err(OpenError::Version { found: 2 }));
    assert_eq!(with(1, 3), Err(OpenError::Suite { found: 3 }));
    assert_eq!(with(1, 2), Err(OpenError::Authentication), "the other suite");
}

#[test]
fn no_bytes_make_the_opener_panic() {
    let mut choices = Choices::new(1);
    let mut opener = Opener::new();
    let secret = key(4);
    let (id, chunk) = seal(Suite::Aes256Gcm, &prose(1, 200));
    let mut sealer = Sealer::new(Suite::Aes256Gcm);
    let entry = sealer.seal_record(&record(&secret), &[6; 32], &prose(1, 200)).unwrap();
    let inside =
        [&zstd::bulk::compress(&prose(1, 200), 1).unwrap()[..], &[200, 0, 0, 0, 1]].concat();
    for _ in 0..100_000 {
        let mut bytes = chunk.clone();
        choices.mutate(&mut bytes);
        let opened = opener.open(&keys(), Kind::Data, id, &bytes);
        assert!(opened.is_err() || bytes == chunk);
        let mut bytes = entry.to_vec();
        choices.mutate(&mut bytes);
        assert!(opener.open_record(&record(&secret), &bytes).is_err() || bytes == entry);
        let mut bytes = inside.clone();
        choices.mutate(&mut bytes);
        let opened = opener.open(&keys(), Kind::Data, id, &seal_inside(id, &bytes));
        assert!(opened.is_ok_and(|plain| plain == prose(1, 200)) || bytes != inside);
    }
}
