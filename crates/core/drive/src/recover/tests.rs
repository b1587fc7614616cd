//! The reference to the head and the keyring make the same catalog anew.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::restore::SourceError;
use crate::tests::model::{Item, random_bytes, random_tree};
use crate::tests::world::{Suppliers, World, chunks, drive, shape};

/// All rows but dates, known files, and receipts, which nobody can make anew.
fn rows(drive: &Drive) -> Vec<String> {
    let catalog = Catalog::new(drive);
    let mut rows: Vec<String> = chunks(drive).iter().map(|row| format!("{row:?}")).collect();
    rows.extend(catalog.blocks(None, 1_000).unwrap().iter().map(|row| format!("{row:?}")));
    rows.extend(catalog.segments(None).unwrap().iter().map(|row| format!("{row:?}")));
    rows.extend(catalog.versions(0, 1_000).unwrap().iter().map(|row| format!("{row:?}")));
    rows.push(format!("{:?}", catalog.head().unwrap()));
    rows.push(format!("{:?}", catalog.fresh(None).unwrap()));
    rows.push(format!("{:?}", catalog.progress().unwrap()));
    rows
}

fn used() -> (World, Vec<Item>) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut world = World::new(shape(4, 4));
    let trees: Vec<Item> = (0..4).map(|_| random_tree(&mut random)).collect();
    for tree in &trees {
        world.backup(tree);
    }
    (world, trees)
}

fn empty_like(world: &World) -> World {
    let empty = World::new(world.shape);
    World { keyring: world.keyring.clone(), suppliers: world.suppliers.clone(), ..empty }
}

fn head(world: &World) -> HeadRef {
    Catalog::new(&world.drive).head().unwrap().unwrap()
}

fn run(world: &mut World, head: &HeadRef) -> Result<Recovered, RestoreError> {
    recover(&world.drive, &world.keyring, head, &mut world.suppliers, &mut |_| {})
}

#[test]
fn an_empty_machine_has_the_same_rows_again() {
    let (world, trees) = used();
    let mut empty = empty_like(&world);
    let head = head(&world);
    let through = HeadRef::open(&world.head, &world.keyring).unwrap();
    assert_eq!(through, head);
    let recovered = run(&mut empty, &through).unwrap();
    assert_eq!((recovered.versions, recovered.segments), (4, recovered.of));
    assert_eq!(rows(&empty.drive), rows(&world.drive));
    for (number, tree) in (1..).zip(&trees) {
        assert!(empty.restore(number).unwrap() == *tree);
    }
    // And it can be worked on: everything is read again, nothing is stored again.
    let next = empty.backup(&trees[3]);
    assert_eq!((next.version.number, next.totals.data_blocks, next.totals.chunks), (5, 0, 0));
}

/// Has nothing more after a number of reads.
struct Ending<'a>(&'a mut Suppliers, usize);

impl BlockSource for Ending<'_> {
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError> {
        self.1 = self.1.checked_sub(1).ok_or(SourceError::Stopped)?;
        self.0.read(block, ranges)
    }
}

#[test]
fn a_recovery_that_is_interrupted_goes_on_where_it_was() {
    let (world, trees) = used();
    let head = head(&world);
    let mut empty = empty_like(&world);
    let mut told = Vec::new();
    for reads in 1.. {
        let mut source = Ending(&mut empty.suppliers, reads);
        let report = &mut |recovered: Recovered| told.push(recovered.segments);
        let outcome = recover(&empty.drive, &empty.keyring, &head, &mut source, report);
        empty.disk = empty.disk.restart();
        empty.drive = drive(&empty.disk);
        match outcome {
            Ok(_) => break,
            Err(RestoreError::Stopped) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(told, (1..=head_of(&mut empty, &head)).collect::<Vec<_>>(), "each segment once");
    assert_eq!(rows(&empty.drive), rows(&world.drive));
    assert!(empty.restore(4).unwrap() == trees[3]);
}

fn head_of(world: &mut World, head: &HeadRef) -> u64 {
    read_head(head, &mut world.reader()).unwrap().segments.len() as u64
}

#[test]
fn an_older_copy_is_brought_up_to_date() {
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let mut world = World::new(shape(2, 2));
    let trees = [random_tree(&mut random), random_tree(&mut random)];
    world.backup(&trees[0]);
    let mut old = World { disk: world.disk.fork(), ..empty_like(&world) };
    old.drive = drive(&old.disk);
    world.backup(&trees[1]);
    old.suppliers = world.suppliers.clone();
    run(&mut old, &head(&world)).unwrap();
    assert_eq!(rows(&old.drive), rows(&world.drive));
    assert!(old.restore(2).unwrap() == trees[1]);
}

#[test]
fn another_keyring_opens_nothing() {
    let (world, _) = used();
    let mut empty = empty_like(&world);
    empty.keyring = Keyring::create(world.keyring.space(), &base::SymmetricKey([77; 32]));
    let error = run(&mut empty, &head(&world)).unwrap_err();
    assert!(matches!(error, RestoreError::Damaged { .. }), "{error}");
    assert_eq!(Catalog::new(&empty.drive).head().unwrap(), None);
}

#[test]
fn references_stay_small_with_many_versions() {
    let mut random = ChaCha8Rng::seed_from_u64(13);
    let mut world = World::new(shape(2, 2));
    for _ in 0..60 {
        world.backup(&Item::directory([("f", Item::file(&random_bytes(300, &mut random)))]));
    }
    assert!(world.head.len() < 400, "{}", world.head.len());
    // Heads that were replaced are forgotten.
    let catalog = Catalog::new(&world.drive);
    let known = catalog.blocks(None, 1_000).unwrap().len();
    assert_eq!(world.suppliers.blocks.len() - known, 59);
}
