//! Reading needs little memory, asks for whole blocks at once, and stops when it is told to.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::Stop;
use crate::tests::model::{Item, random_bytes, random_tree};
use crate::tests::world::{World, restore, shape};

#[test]
fn a_reader_without_a_cache_reads_the_same() {
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let mut world = World::new(shape(7, 7));
    let tree = Item::directory([
        ("tree", random_tree(&mut random)),
        ("large", Item::file(&random_bytes(9 << 20, &mut random))),
    ]);
    world.backup(&tree);
    let version = world.version(1);
    let World { drive, keyring, suppliers, .. } = &mut world;
    let mut reader = Reader::with_cache(drive, keyring, suppliers, 0);
    assert!(restore(&version, &mut reader).unwrap() == tree);
}

#[test]
fn a_large_file_is_read_block_by_block() {
    let mut random = ChaCha8Rng::seed_from_u64(22);
    let mut world = World::new(shape(7, 7));
    world.backup(&Item::file(&random_bytes(40 << 20, &mut random)));
    let version = world.version(1);
    world.suppliers.reads.clear();
    restore(&version, &mut world.reader()).unwrap();
    let blocks = world.suppliers.blocks.len();
    // A window may end inside a block, so some are asked twice; none piece by piece.
    assert!(world.suppliers.reads.len() <= 2 * blocks, "{}", world.suppliers.reads.len());
    let mut fragments: Vec<_> = world
        .suppliers
        .reads
        .iter()
        .flat_map(|(block, ranges)| ranges.iter().map(|range| (*block, range.offset)))
        .collect();
    let all = fragments.len();
    fragments.sort();
    fragments.dedup();
    assert_eq!(fragments.len(), all, "a fragment was fetched twice");
}

#[test]
fn many_small_contents_are_expected_with_few_blocks() {
    let mut random = ChaCha8Rng::seed_from_u64(23);
    let mut world = World::new(shape(2, 2));
    let mut file = || Item::file(&random_bytes(3_000, &mut random));
    let files: Vec<_> = (0..1_000).map(|number| (format!("{number:04}"), file())).collect();
    world.backup(&Item::directory(files));
    let version = world.version(1);
    let mut reader = world.reader();
    let entries = list(&version.roots[0].node, None, 2_000, &mut reader).unwrap();
    let contents: Vec<_> = entries.iter().filter_map(|entry| entry.node.kind.content()).collect();
    assert_eq!(reader.expect(&contents).unwrap(), 1_000);
    assert!((1..=3).contains(&world.suppliers.expected), "{}", world.suppliers.expected);
}

#[test]
fn whoever_receives_may_stop() {
    let mut world = World::new(shape(2, 2));
    world.backup(&Item::file(&[3; 5_000]));
    let version = world.version(1);
    let content = version.roots[0].node.kind.content().unwrap().clone();
    let stopped = world.reader().read(&content, &mut |_| Err(Stop));
    assert!(matches!(stopped, Err(RestoreError::Stopped)));
}

#[test]
fn ranges_end_with_the_file() {
    let mut random = ChaCha8Rng::seed_from_u64(24);
    let bytes = random_bytes(3 << 20, &mut random);
    let mut world = World::new(shape(2, 2));
    world.backup(&Item::directory([
        ("inline", Item::file(&bytes[..100])),
        ("large", Item::file(&bytes)),
    ]));
    let version = world.version(1);
    for (path, bytes) in [("/home/ann/inline", &bytes[..100]), ("/home/ann/large", &bytes[..])] {
        let mut reader = world.reader();
        let node = find(&version, path.as_bytes(), &mut reader).unwrap().unwrap();
        let content = node.kind.content().unwrap();
        let end = bytes.len() as u64;
        let ranges = [(0, end), (end, 5), (end + 9, 5), (end - 1, u64::MAX), (7, 0), (u64::MAX, 1)];
        for (offset, length) in ranges {
            let mut read = Vec::new();
            let mut out = |run: Run<'_>| match run {
                Run::Bytes(bytes) => {
                    read.extend_from_slice(bytes);
                    Ok(())
                }
                Run::Hole(_) => Err(Stop),
            };
            reader.read_range(content, offset, length, &mut out).unwrap();
            let from = offset.min(end) as usize;
            let to = offset.saturating_add(length).min(end) as usize;
            assert!(read == bytes[from..to], "{path} {offset} {length}");
        }
    }
}
