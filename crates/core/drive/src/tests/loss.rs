//! Any m fragments of each block may be lost; one more gives an error that names the block, and
//! never wrong bytes.

use std::collections::BTreeSet;

use base::SymmetricKey;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use spaces::Keyring;

use super::model::{Item, random_bytes, random_tree};
use super::world::{Suppliers, World, chunks, restore, shape};
use crate::catalog::kind_byte;
use crate::check::{Hurt, hurt};
use crate::format::{BlockEntry, BlockKind, ChunkKind};
use crate::restore::{BlockSource, Filter, Range, Reader, RestoreError, SourceError, Step, Walk};

fn lose(world: &mut World, count: usize, random: &mut ChaCha8Rng) {
    for kept in world.suppliers.blocks.values_mut() {
        let mut all: Vec<usize> = (0..usize::from(kept.entry.k + kept.entry.m)).collect();
        all.shuffle(random);
        kept.lost = all.into_iter().take(count).collect();
    }
}

#[test]
fn any_parity_number_of_fragments_may_be_lost() {
    for (data, parity) in [(1, 1), (2, 2), (7, 7), (8, 56), (16, 28), (64, 64)] {
        let mut random = ChaCha8Rng::seed_from_u64(parity as u64);
        let mut world = World::new(shape(data, parity));
        let tree = random_tree(&mut random);
        world.backup(&tree);
        for _ in 0..3 {
            lose(&mut world, parity, &mut random);
            assert!(world.restore(1).unwrap() == tree, "{data}+{parity}");
        }
        lose(&mut world, parity + 1, &mut random);
        let needed = data as u16;
        let error = world.restore(1).unwrap_err();
        let RestoreError::Missing { block, present, needed: found } = error else {
            panic!("{error}")
        };
        assert!(world.suppliers.blocks.contains_key(&block));
        assert_eq!((present, found), (needed - 1, needed));
    }
}

fn three_files(world: &mut World) -> Item {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut file = |length| Item::file(&random_bytes(length, &mut random));
    let near = Item::directory([("big", file(5 << 20)), ("small", file(900))]);
    let tree = Item::directory([("near", near), ("other", file(4 << 20)), ("tiny", file(100))]);
    world.backup(&tree);
    tree
}

#[test]
fn what_a_missing_block_hurts_is_named() {
    let mut world = World::new(shape(2, 2));
    three_files(&mut world);
    let version = world.version(1);
    let data = world.suppliers.blocks.values().filter(|kept| kept.entry.kind == BlockKind::Data);
    let data: Vec<_> = data.map(|kept| kept.entry.id).collect();
    assert!(data.len() > 3);
    let mut all = BTreeSet::new();
    for block in &data {
        let mut paths = Vec::new();
        let missing = BTreeSet::from([*block]);
        let mut reader = world.reader();
        let count = hurt(&version, &missing, &mut reader, &mut |hurt| {
            paths.push(hurt);
            Ok(())
        });
        assert_eq!(count.unwrap(), paths.len() as u64);
        assert!(!paths.is_empty(), "no block is without use");
        // A restore fails at exactly these.
        world.suppliers.blocks.get_mut(block).unwrap().lost = (0..4).collect();
        for path in &paths {
            let Hurt::File { path } = path else { panic!("{path:?}") };
            let mut reader = world.reader();
            let node = crate::restore::find(&version, path, &mut reader).unwrap().unwrap();
            let read = reader.read(node.kind.content().unwrap(), &mut |_| Ok(()));
            let Err(RestoreError::Missing { block: named, .. }) = read else { panic!("{read:?}") };
            assert_eq!(named, *block);
            all.insert(path.clone());
        }
        world.suppliers.blocks.get_mut(block).unwrap().lost.clear();
    }
    let all: Vec<_> = all.iter().map(|path| path.escape_ascii().to_string()).collect();
    assert_eq!(all, ["/home/ann/near/big", "/home/ann/near/small", "/home/ann/other"]);
    assert_eq!(hurt(&version, &BTreeSet::new(), &mut world.reader(), &mut |_| Ok(())).unwrap(), 0);
}

#[test]
fn a_missing_directory_is_named_and_the_rest_is_told() {
    let mut world = World::new(shape(2, 2));
    let many = (0..2_000).map(|number| (format!("{number:05}"), Item::file(&[1; 40])));
    let many = Item::directory(many);
    world.backup(&Item::directory([("many", many.clone())]));
    let chunks = chunks(&world.drive);
    let page = chunks.iter().find(|(_, row)| row.kind == kind_byte(ChunkKind::Tree)).unwrap();
    let block = page.1.extents[0].block;
    let tree = Item::directory([("file", Item::file(&[2; 999])), ("many", many)]);
    world.backup(&tree);
    let version = world.version(2);
    let mut found = Vec::new();
    let mut out = |hurt| {
        found.push(hurt);
        Ok(())
    };
    hurt(&version, &BTreeSet::from([block]), &mut world.reader(), &mut out).unwrap();
    assert_eq!(found, [Hurt::Directory { path: b"/home/ann/many".to_vec() }]);
    // The same if only the source knows that the block is missing.
    world.suppliers.blocks.get_mut(&block).unwrap().lost = (0..4).collect();
    let mut again = Vec::new();
    let mut out = |hurt| {
        again.push(hurt);
        Ok(())
    };
    hurt(&version, &BTreeSet::new(), &mut world.reader(), &mut out).unwrap();
    assert_eq!(again, found);
    // The file beside it is read all the same.
    let mut walk = Walk::new(&version, Filter::all());
    let mut reader = world.reader();
    let (mut files, mut errors, mut incomplete) = (0, 0, Vec::new());
    loop {
        match walk.next(&mut reader) {
            Ok(None) => break,
            Ok(Some(Step::Entry { .. })) => files += 1,
            Ok(Some(Step::Leave { path, is_complete: false, .. })) => incomplete.push(path),
            Ok(Some(_)) => {}
            Err(error) => errors += u32::from(error.is_local()),
        }
    }
    assert_eq!((files, errors), (1, 1));
    assert_eq!(incomplete, [b"many".to_vec(), Vec::new()]);
}

/// Gives bytes with one bit flipped, as if nobody had verified them.
struct Liar<'a>(&'a mut Suppliers, u32);

impl BlockSource for Liar<'_> {
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError> {
        let mut read = self.0.read(block, ranges)?;
        if block.kind == BlockKind::Data {
            self.1 += 1;
            let first = &mut read[0];
            let length = first.len();
            first[self.1 as usize * 77 % length] ^= 1;
        }
        Ok(read)
    }
}

#[test]
fn changed_bytes_never_come_out() {
    let mut world = World::new(shape(2, 2));
    let tree = three_files(&mut world);
    let version = world.version(1);
    let mut damaged = 0;
    for round in 0..20 {
        let mut liar = Liar(&mut world.suppliers, round);
        let mut reader = Reader::new(&world.drive, &world.keyring, &mut liar);
        match restore(&version, &mut reader) {
            Ok(restored) => assert!(restored == tree),
            Err(RestoreError::Damaged { block, .. }) => {
                damaged += 1;
                assert!(world.suppliers.blocks.contains_key(&block));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(damaged > 15, "{damaged}");
}

#[test]
fn old_epochs_are_needed_for_old_chunks() {
    let mut world = World::new(shape(2, 2));
    let first = Item::directory([("old", Item::file(&[1; 1_000]))]);
    world.backup(&first);
    world.keyring.begin_epoch(SymmetricKey([9; 32])).unwrap();
    let second =
        Item::directory([("new", Item::file(&[2; 1_000])), ("old", Item::file(&[1; 1_000]))]);
    let committed = world.backup(&second);
    // The old file keeps its chunk; the new one and the directory are sealed under the new epoch.
    assert_eq!(committed.totals.data_blocks, 1);
    assert_eq!(world.restore(1).unwrap(), first);
    assert_eq!(world.restore(2).unwrap(), second);
    let space = world.keyring.space();
    world.keyring = Keyring::create(space, &SymmetricKey([2; 32]));
    assert_eq!(world.restore(1).unwrap(), first);
    let error = world.restore(2).unwrap_err();
    assert!(matches!(error, RestoreError::NoKey { epoch: 1, .. }), "{error}");
}
