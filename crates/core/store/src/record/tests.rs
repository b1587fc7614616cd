//! The form of records is frozen, and nothing else is taken for one.

use expect_test::expect;
use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [9; 32];

fn header() -> Header {
    let mut header = Header::new(Kind::Fragment, plain_hash(b"payload"), b"manifest", 7);
    header.index = 5;
    header.owner = IdentityId([1; 32]);
    header.contract = ContractId([2; 32]);
    header.block = BlockId([3; 32]);
    header.sequence = 11;
    header.date = Date(1_800_000_000_000);
    header
}

fn spot() -> Spot {
    Spot { segment: 4, at: 6, batch: 8, batch_at: 5, batch_units: 2 }
}

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(32);
    lines
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n")
        .collect()
}

#[test]
fn the_header_is_frozen() {
    expect![[r#"
        4244726301000500040000000600000008000000000000000500000002000000
        08000000070000000b0000000000000000505c18a30100000d197521d9a48760
        576da1c87dfd828a010101010101010101010101010101010101010101010101
        0101010101010101020202020202020202020202020202020202020202020202
        0202020202020202030303030303030303030303030303030303030303030303
        0303030303030303ec90915fa26ab012a89a88ecc8b47e4dd76c4adfd6abd1fc
        10e321b0fca18d1d000000000000000000000000000000000000000000000000
        000000000000000000000000000000003dbbd7980a321cf4382dae4f45dab52b
    "#]]
    .assert_eq(&hex(&write_header(&header(), &spot(), &KEY)));
}

#[test]
fn what_is_written_is_read() {
    let bytes = write_header(&header(), &spot(), &KEY);
    assert_eq!(read_header(&bytes, 4, 6, &KEY), Some((header(), spot())));
    assert_eq!(header().units(), 1);
    assert!(header().matches(b"manifest", b"payload"));
    assert!(!header().matches(b"manifesT", b"payload"));
    assert!(!header().matches(b"manifest", b"payloaD"));
    assert!(!header().matches(b"", b"manifestpayload"));
}

#[test]
fn a_record_counts_only_where_it_was_written_and_under_its_key() {
    let bytes = write_header(&header(), &spot(), &KEY);
    assert_eq!(read_header(&bytes, 4, 7, &KEY), None);
    assert_eq!(read_header(&bytes, 5, 6, &KEY), None);
    assert_eq!(read_header(&bytes, 4, 6, &[8; 32]), None);
}

#[test]
fn lengths_beyond_the_batch_are_not_believed() {
    for spot in [
        Spot { batch_units: 1, ..spot() },
        Spot { batch_at: 7, ..spot() },
        Spot { batch_at: u32::MAX, batch_units: u32::MAX, ..spot() },
    ] {
        let bytes = write_header(&header(), &spot, &KEY);
        assert_eq!(read_header(&bytes, 4, 6, &KEY), None);
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = write_header(&header(), &spot(), &KEY);
    for bit in 0..HEADER_BYTES * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read_header(&flipped, 4, 6, &KEY), None, "bit {bit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    /// The decoder behind the check, too: the check is made right for arbitrary bytes.
    #[test]
    fn arbitrary_headers_never_panic(seed in any::<[u8; 32]>(), kind in 0_u8..8) {
        let mut bytes = [0; HEADER_BYTES];
        blake3::Hasher::new_keyed(&seed).finalize_xof().fill(&mut bytes);
        bytes[..4].copy_from_slice(&MAGIC);
        (bytes[4], bytes[5]) = (VERSION, kind);
        if seed[0] % 2 == 0 {
            bytes[8..16].copy_from_slice(&[4, 0, 0, 0, 6, 0, 0, 0]);
            // Small numbers, so that bounds are met from both sides.
            for at in [25, 26, 27, 29, 30, 31, 33, 34, 35, 37, 38, 39] {
                bytes[at] &= seed[1] & 1;
            }
        }
        let check = blake3::keyed_hash(&KEY, &bytes[..CHECKED_BYTES]);
        bytes[CHECKED_BYTES..].copy_from_slice(&check.as_bytes()[..16]);
        if let Some((header, spot)) = read_header(&bytes, 4, 6, &KEY) {
            prop_assert!(spot.batch_at <= spot.at);
            prop_assert!(header.text_bytes as usize <= TEXT_BYTES_MAX);
            prop_assert!(header.payload_bytes as usize <= PAYLOAD_BYTES_MAX);
        }
    }
}
