//! The cut points are frozen, and those of `fastcdc` with the published table.

use expect_test::expect;
use fastcdc::v2020::{FastCDC, MASKS as PUBLISHED_MASKS, get_gear_with_seed};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{key, noise, prose};

fn published(sizes: Sizes) -> Chunker {
    let (table, _) = get_gear_with_seed(0);
    Chunker::with_table(sizes, table.as_ref().try_into().unwrap())
}

/// The lengths of all chunks of `bytes`, given whole.
fn lengths(chunker: &Chunker, mut bytes: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let Some(length) = chunker.cut(bytes, true) {
        lengths.push(length);
        bytes = &bytes[length..];
    }
    assert!(bytes.is_empty());
    lengths
}

/// The same from windows that grow by `step` bytes.
fn lengths_step_by_step(chunker: &Chunker, bytes: &[u8], step: usize) -> Vec<usize> {
    let (mut start, mut end, mut lengths) = (0, 0, Vec::new());
    loop {
        let is_end = end == bytes.len();
        match chunker.cut(&bytes[start..end], is_end) {
            Some(length) => {
                lengths.push(length);
                start += length;
            }
            None if is_end => return lengths,
            None => end = bytes.len().min(end + step),
        }
    }
}

#[test]
fn the_masks_are_the_published_ones() {
    assert_eq!(MASKS, PUBLISHED_MASKS[7..24]);
}

#[test]
fn the_cut_points_are_those_of_fastcdc() {
    let sizes = [
        Sizes::STANDARD,
        Sizes::new(64, 256, 1024).unwrap(),
        Sizes::new(1000, 4096, 5002).unwrap(),
        Sizes::new(64 << 10, 64 << 10, 128 << 10).unwrap(),
        Sizes::new(1 << 20, 4 << 20, 4 << 20).unwrap(),
    ];
    let inputs = [noise(1, 20_000_001), prose(2, 9_000_000), vec![0; 9_000_003], noise(3, 700_000)];
    for sizes in sizes {
        for bytes in &inputs {
            let oracle = FastCDC::new(bytes, sizes.min, sizes.average, sizes.max);
            let expected: Vec<usize> = oracle.map(|chunk| chunk.length).collect();
            assert_eq!(lengths(&published(sizes), bytes), expected, "{sizes:?}");
        }
    }
}

proptest! {
    #[test]
    fn the_cut_points_are_those_of_fastcdc_at_any_length(seed: u64, length in 0usize..20_000) {
        let sizes = Sizes::new(256, 1024, 4096).unwrap();
        let bytes = noise(seed, length);
        let oracle = FastCDC::new(&bytes, 256, 1024, 4096);
        let expected: Vec<usize> = oracle.map(|chunk| chunk.length).collect();
        prop_assert_eq!(lengths(&published(sizes), &bytes), expected);
    }

    #[test]
    fn a_stream_is_cut_as_the_whole(seed: u64, length in 0usize..20_000, step in 1usize..5000) {
        let chunker = Chunker::new(Sizes::new(256, 1024, 4096).unwrap(), &key(1));
        let bytes = noise(seed, length);
        prop_assert_eq!(
            lengths_step_by_step(&chunker, &bytes, step),
            lengths(&chunker, &bytes)
        );
    }
}

#[test]
fn the_keyed_cut_points_are_frozen() {
    let bytes = noise(4, 24 << 20);
    let chunker = Chunker::new(Sizes::STANDARD, &key(7));
    expect![[r#"
        [
            1530473,
            1331619,
            547334,
            1095322,
            1180207,
            1100344,
            1396343,
            1136750,
            1538384,
            1770333,
            1619255,
            811065,
            1504665,
            1157439,
            1107369,
            1005390,
            1146467,
            1704514,
            1378100,
            1104451,
        ]
    "#]]
    .assert_eq(&format!("{:#?}\n", lengths(&chunker, &bytes)));
    let other = Chunker::new(Sizes::STANDARD, &key(8));
    assert_ne!(lengths(&chunker, &bytes), lengths(&other, &bytes), "another key cuts elsewhere");
}

#[test]
fn an_inserted_byte_changes_only_the_chunks_around_it() {
    let chunker = Chunker::new(Sizes::new(2048, 4096, 16384).unwrap(), &key(1));
    let mut bytes = noise(5, 1 << 20);
    let before = lengths(&chunker, &bytes);
    bytes.insert(500_000, 0);
    let after = lengths(&chunker, &bytes);
    let same_start = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let same_end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    assert!(before.len() > 150 && same_start + same_end + 8 > before.len());
    assert_ne!(before, after);
}

#[test]
fn chunks_keep_their_bounds() {
    let sizes = Sizes::new(256, 1024, 2048).unwrap();
    let chunker = Chunker::new(sizes, &key(1));
    let random = lengths(&chunker, &noise(6, 1 << 20));
    let (last, others) = random.split_last().unwrap();
    assert!(others.iter().all(|length| (256..=2048).contains(length)) && *last <= 2048);
    let mean = (1 << 20) / random.len();
    assert!((900..1500).contains(&mean), "{mean}");
    assert_eq!(lengths(&chunker, &[0; 5000]), [2048, 2048, 904], "nothing to cut at");
}

#[test]
fn more_bytes_are_asked_for_until_the_cut_is_known() {
    let chunker = Chunker::new(Sizes::new(256, 1024, 4096).unwrap(), &key(1));
    assert_eq!(chunker.cut(&[], true), None);
    assert_eq!(chunker.cut(&[], false), None);
    assert_eq!(chunker.cut(&[0; 4095], false), None);
    assert_eq!(chunker.cut(&[0; 4096], false), Some(4096));
    assert_eq!(chunker.cut(&[0; 4095], true), Some(4095));
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for (min, average, max) in [
        (511, 1024, 4096),
        (512, 1000, 4096),
        (2048, 1024, 4096),
        (512, 1024, 1000),
        (64, 128, 512),
    ] {
        assert_eq!(Sizes::new(min, average, max), Err(SizesError));
    }
    assert_eq!(Sizes::new(512, 1024, (4 << 20) + 2), Err(SizesError));
    assert_eq!(Sizes::new(512 << 10, 1 << 20, 4 << 20), Ok(Sizes::STANDARD));
}

#[test]
fn two_lanes_find_what_one_finds() {
    let chunker = Chunker::new(Sizes::STANDARD, &key(3));
    let window = noise(7, 400_000);
    // About one position in 2¹⁴ matches, so that cuts fall anywhere in both lanes.
    let mask = 0x0000_d903_1353_0000;
    let mut found = 0;
    for start in (64..300_000).step_by(997) {
        let mut gear = Gear { tables: &chunker.tables, hash: start as u64 };
        let mut alone = gear;
        let expected = alone.find_alone(&window, start..400_000, mask);
        assert_eq!(gear.find(&window, start..400_000, mask), expected, "from {start}");
        found += usize::from(expected.is_some());
    }
    assert!(found > 250, "{found}");
    let mut gear = Gear { tables: &chunker.tables, hash: 0 };
    let mut alone = gear;
    assert_eq!(gear.find(&window, 64..399_999, u64::MAX), None);
    alone.find_alone(&window, 64..399_999, u64::MAX);
    assert_eq!(gear.hash, alone.hash, "the hash goes on into the next range");
}
