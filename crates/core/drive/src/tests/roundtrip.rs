//! What went in comes back, at every code, with everything that names and files can be.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::model::{Item, Run, random_bytes, random_tree};
use super::world::{World, shape};
use crate::catalog::Catalog;
use crate::format::{BlockKind, Kind, Name};
use crate::restore::{Filter, Run as Given, Step, Walk, find, list};

#[test]
fn random_trees_come_back() {
    for (seed, (data, parity)) in
        [(1, 1), (2, 2), (7, 7), (16, 28), (64, 64), (7, 7), (2, 2), (4, 4)].into_iter().enumerate()
    {
        let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut world = World::new(shape(data, parity));
        let first = random_tree(&mut random);
        let second = random_tree(&mut random);
        for (tree, number) in [(&first, 1), (&second, 2), (&second, 3)] {
            let committed = world.backup(tree);
            assert_eq!(committed.version.number, number);
            assert_eq!((committed.version.files, committed.version.bytes), tree.size());
            assert_eq!(committed.version.problems, 0);
        }
        for (number, tree) in [(1, &first), (2, &second), (3, &second)] {
            assert!(world.restore(number).unwrap() == *tree, "seed {seed}, version {number}");
        }
    }
}

#[test]
fn a_root_may_be_a_file_or_a_link() {
    for tree in [
        Item::file(b""),
        Item::file(&[7; 300]),
        Item::Symlink(b"/nowhere".to_vec(), Default::default()),
        Item::directory::<&str>([]),
    ] {
        let mut world = World::new(shape(2, 2));
        world.backup(&tree);
        world.backup(&tree);
        assert_eq!(world.restore(2).unwrap(), tree);
    }
}

#[test]
fn an_unchanged_tree_seals_no_data() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut world = World::new(shape(7, 7));
    let tree = Item::directory([("a", random_tree(&mut random)), ("b", random_tree(&mut random))]);
    let first = world.backup(&tree);
    assert!(first.totals.data_blocks > 0);
    let second = world.backup(&tree);
    assert_eq!((second.totals.data_blocks, second.totals.chunks), (0, 0));
    assert_eq!(second.version.roots, first.version.roots);
    // The head alone is new.
    assert_eq!(second.totals.catalog_blocks, 1);
}

#[test]
fn files_that_look_new_are_found_by_their_chunks() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let bytes = random_bytes(6_000_000, &mut random);
    let mut world = World::new(shape(2, 2));
    world.backup(&Item::directory([("old", Item::file(&bytes))]));
    let moved = Item::directory([("copy", Item::file(&bytes)), ("new", Item::file(&bytes))]);
    let second = world.backup(&moved);
    assert_eq!(second.totals.data_blocks, 0);
    assert_eq!(world.restore(2).unwrap(), moved);
}

#[test]
fn an_edit_inside_a_file_stores_a_few_chunks() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut bytes = random_bytes(24 << 20, &mut random);
    let mut world = World::new(shape(4, 4));
    let first = world.backup(&Item::directory([("f", Item::file(&bytes))]));
    let at = 9_000_000;
    bytes.splice(at..at, *b"inserted");
    let tree = Item::directory([("f", Item::file(&bytes))]);
    let second = world.backup(&tree);
    assert!(first.totals.plain_bytes > 24 << 20);
    assert!(second.totals.plain_bytes < 9 << 20, "{}", second.totals.plain_bytes);
    assert_eq!(world.restore(2).unwrap(), tree);
}

#[test]
fn big_files_span_blocks_and_ranges_touch_few() {
    for (data, parity) in [(2, 2), (7, 7), (16, 28), (64, 64)] {
        let mut random = ChaCha8Rng::seed_from_u64(data as u64);
        let bytes = random_bytes(40 << 20, &mut random);
        let mut world = World::new(shape(data, parity));
        let tree = Item::directory([("big", Item::file(&bytes))]);
        let committed = world.backup(&tree);
        assert!(committed.totals.data_blocks >= 3);
        assert!(world.restore(1).unwrap() == tree);
        assert!(world.suppliers.expected > 0, "nothing was read ahead");
        let version = world.version(1);
        let mut reader = world.reader();
        let node = find(&version, b"/home/ann/big", &mut reader).unwrap().unwrap();
        let content = node.kind.content().unwrap().clone();
        for (offset, length) in [(0, 1), (5 << 20, 1 << 20), (bytes.len() as u64 - 10, 100)] {
            world.suppliers.reads.clear();
            let mut reader = world.reader();
            let planned = reader.plan(&content, offset, length).unwrap().len();
            let mut part = Vec::new();
            let mut out = |run: Given<'_>| match run {
                Given::Bytes(bytes) => {
                    part.extend_from_slice(bytes);
                    Ok(())
                }
                Given::Hole(_) => panic!("there are no holes"),
            };
            reader.read_range(&content, offset, length, &mut out).unwrap();
            let end = (offset + length).min(bytes.len() as u64);
            assert!(part == bytes[offset as usize..end as usize]);
            assert!(planned <= 3 && world.suppliers.reads.len() == planned);
        }
    }
}

#[test]
fn ranges_of_sparse_files_have_their_holes() {
    let mut world = World::new(shape(2, 2));
    let (begin, end) = (vec![1; 5_000], vec![2; 5_000]);
    let runs = vec![Run::Data(begin), Run::Hole(1 << 40), Run::Data(end)];
    world.backup(&Item::directory([("s", Item::sparse(runs.clone()))]));
    assert_eq!(world.restore(1).unwrap(), Item::directory([("s", Item::sparse(runs))]));
    let version = world.version(1);
    let mut reader = world.reader();
    let node = find(&version, b"/home/ann/s", &mut reader).unwrap().unwrap();
    let content = node.kind.content().unwrap();
    let mut runs = Vec::new();
    let mut out = |run: Given<'_>| {
        runs.push(match run {
            Given::Bytes(bytes) => Run::Data(bytes.to_vec()),
            Given::Hole(bytes) => Run::Hole(bytes),
        });
        Ok(())
    };
    reader.read_range(content, 4_990, (1 << 40) + 20, &mut out).unwrap();
    assert_eq!(runs, [Run::Data(vec![1; 10]), Run::Hole(1 << 40), Run::Data(vec![2; 10])]);
}

#[test]
fn a_walk_gives_what_the_filter_wants() {
    let mut world = World::new(shape(2, 2));
    let file = |text: &str| Item::file(text.as_bytes());
    let a = Item::directory([("x", file("1")), ("y", file("2"))]);
    world.backup(&Item::directory([("a", a), ("ab", file("3")), ("b", file("4"))]));
    let version = world.version(1);
    let wanted = ["/home/ann/a/y", "/home/ann/b", "/home/ann/none"];
    let wanted = wanted.into_iter().map(|path| path.as_bytes().to_vec());
    let mut walk = Walk::new(&version, Filter::paths(wanted));
    let mut reader = world.reader();
    let mut seen = Vec::new();
    while let Some(step) = walk.next(&mut reader).unwrap() {
        seen.push(match step {
            Step::Enter { path, .. } => format!("+{}", path.escape_ascii()),
            Step::Entry { path, .. } => format!(" {}", path.escape_ascii()),
            Step::Leave { path, .. } => format!("-{}", path.escape_ascii()),
        });
    }
    assert_eq!(seen, ["+", "+a", " a/y", "-a", " b", "-"]);
    assert_eq!(walk.unmet().collect::<Vec<_>>(), [b"/home/ann/none"]);
}

#[test]
fn entries_of_a_large_directory_are_found_by_halving() {
    let mut world = World::new(shape(2, 2));
    let name = |number: u32| format!("entry-{number:06}");
    let many = (0..30_000).map(|number| (name(number), Item::file(&number.to_le_bytes())));
    world.backup(&Item::directory([("many", Item::directory(many))]));
    let version = world.version(1);
    let mut reader = world.reader();
    for number in [0, 1, 12_345, 29_999] {
        let path = format!("/home/ann/many/{}", name(number));
        let node = find(&version, path.as_bytes(), &mut reader).unwrap().unwrap();
        let Kind::File { content } = node.kind else { panic!("not a file") };
        let inline = crate::format::Content::inline(&number.to_le_bytes()).unwrap();
        assert_eq!(content, inline);
    }
    for path in ["/home/ann/many/a", "/home/ann/many/z", "/home/ann/many/entry-0123456", "/home"] {
        assert_eq!(find(&version, path.as_bytes(), &mut reader).unwrap(), None);
    }
    let many = find(&version, b"/home/ann/many", &mut reader).unwrap().unwrap();
    let after = Name::new(name(19_999)).unwrap();
    let entries = list(&many, Some(&after), 3, &mut reader).unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry.name.as_bytes().to_vec()).collect();
    assert_eq!(names, (20_000..20_003).map(|one| name(one).into_bytes()).collect::<Vec<_>>());
    assert_eq!(list(&many, None, usize::MAX, &mut reader).unwrap().len(), 30_000);
}

#[test]
fn rows_are_those_of_the_drive() {
    let mut world = World::new(shape(2, 2));
    world.backup(&Item::directory([("f", Item::file(&[9; 1_000]))]));
    let catalog = Catalog::new(&world.drive);
    let blocks = catalog.blocks(None, 100).unwrap();
    assert_eq!(blocks.len(), world.suppliers.blocks.len());
    for block in &blocks {
        assert_eq!(world.suppliers.blocks[&block.id].entry, *block);
        assert_eq!(world.drive.block(block.id).unwrap().unwrap().date.0, 1_000);
        assert_eq!(world.drive.fragments(block.id).unwrap().len(), 1);
    }
    assert!(blocks.iter().any(|block| block.kind == BlockKind::Data));
    let row = world.drive.file(0, b"/home/ann/f").unwrap().unwrap();
    assert_eq!(row.size, 1_000);
    assert_eq!(world.drive.version(1).unwrap().unwrap(), base::encode(&world.version(1)));
}
