//! A run may end at any block, and a machine at any write: what was placed is never sealed again,
//! and the next run ends with all that there is.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use store::faulty::Fault;

use super::model::{Item, random_bytes, random_tree};
use super::world::{World, chunks, drive, shape};
use crate::backup::BackupError;
use crate::catalog::Catalog;
use crate::restore::RestoreError;

fn tree(files: usize) -> Item {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut file = |length| Item::file(&random_bytes(length, &mut random));
    let mut small = Vec::new();
    for number in 0..files {
        small.push((format!("small-{number}"), file(4_096)));
    }
    let inner = Item::directory([("large", file(9 << 20)), ("middle", file(1 << 20))]);
    Item::directory([("inner", inner), ("many", Item::directory(small)), ("last", file(3 << 20))])
}

/// All chunks that are safe.
fn safe(world: &World) -> BTreeSet<base::ChunkId> {
    chunks(&world.drive).into_keys().collect()
}

#[test]
fn a_run_that_ends_at_any_block_is_gone_on_with() {
    let tree = tree(300);
    let mut whole = World::new(shape(2, 2));
    let all = whole.backup(&tree).totals;
    let blocks = all.data_blocks + all.catalog_blocks;
    assert!(blocks > 8, "{blocks}");
    let wanted = safe(&whole);
    for end in 0..blocks as usize {
        let mut world = World::new(shape(2, 2));
        let stopped = world.try_backup(&tree, end);
        assert!(matches!(stopped, Err(BackupError::Stopped)), "{end}");
        let before = safe(&world);
        assert!(matches!(world.restore_nothing(), Ok(None)), "a version that was never whole");
        let committed = world.backup(&tree);
        // `Suppliers::keep` refuses a block twice; no safe chunk is sealed again either.
        let after = safe(&world);
        assert_eq!(after, wanted);
        let fresh = after.len() - before.len();
        // Index segments are chunks of the run that stand in no row.
        let segments = committed.totals.chunks - fresh as u64;
        assert!(segments <= 1, "{end}: {segments}");
        assert!(world.restore(1).unwrap() == tree);
        let repeated = all.plain_bytes + 5 * (4 << 20);
        assert!(committed.totals.plain_bytes <= repeated);
    }
}

#[test]
fn many_short_runs_make_one_whole() {
    let tree = tree(300);
    let mut world = World::new(shape(2, 2));
    let mut runs = 0;
    let mut last = BTreeSet::new();
    while world.try_backup(&tree, 2).is_err() {
        runs += 1;
        let now = safe(&world);
        assert!(now.is_superset(&last));
        last = now;
        assert!(runs < 30, "no run comes further than the one before");
    }
    assert!(runs > 3);
    assert!(world.restore(1).unwrap() == tree);
    let mut empty = World::new(shape(2, 2));
    std::mem::swap(&mut empty.suppliers, &mut world.suppliers);
    let head = Catalog::new(&world.drive).head().unwrap().unwrap();
    let World { drive, keyring, suppliers, .. } = &mut empty;
    crate::recover::recover(drive, keyring, &head, suppliers, &mut |_| {}).unwrap();
    assert!(empty.restore(1).unwrap() == tree, "what early runs left is in the index");
}

#[test]
fn power_cuts_lose_nothing_that_was_placed() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let trees = [random_tree(&mut random), tree(20)];
    let mut world = World::new(shape(2, 2));
    world.backup(&trees[0]);
    let operations = {
        let mut copy = World { disk: world.disk.fork(), ..World::new(shape(2, 2)) };
        copy.drive = drive(&copy.disk);
        copy.suppliers = world.suppliers.clone();
        copy.runs = 1;
        let before = copy.disk.operations();
        copy.backup(&trees[1]);
        copy.disk.operations() - before
    };
    let mut cuts = 0;
    for cut in (1..operations).step_by((operations / 20).max(1) as usize) {
        let mut copy = World { disk: world.disk.fork(), ..World::new(shape(2, 2)) };
        copy.drive = drive(&copy.disk);
        copy.suppliers = world.suppliers.clone();
        copy.runs = 1;
        copy.disk.fail_at(copy.disk.operations() + cut, Fault::PowerOff);
        let broken = copy.try_backup(&trees[1], usize::MAX);
        cuts += u64::from(broken.is_err());
        copy.disk = copy.disk.crash(cut);
        copy.suppliers.takes_again = true;
        copy.drive = drive(&copy.disk);
        assert!(copy.restore(1).unwrap() == trees[0]);
        let next = copy.backup(&trees[1]).version.number;
        assert!(copy.restore(next).unwrap() == trees[1], "cut at {cut} of {operations}");
        assert!(copy.restore(1).unwrap() == trees[0]);
    }
    assert!(cuts > 15, "{cuts}");
}

impl World {
    /// The first version, if there is one.
    fn restore_nothing(&mut self) -> Result<Option<Item>, RestoreError> {
        match Catalog::new(&self.drive).version(1)? {
            None => Ok(None),
            Some(_) => self.restore(1).map(Some),
        }
    }
}
