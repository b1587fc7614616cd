//! A comparison finds what a comparison of the whole trees finds, and reads no equal directories.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::tests::model::{Entries, Item, random_tree};
use crate::tests::world::{World, shape};

fn differences(world: &mut World, old: u64, new: u64) -> Vec<String> {
    let (old, new) = (world.version(old), world.version(new));
    let mut diff = Diff::new(&old, &new);
    let mut reader = world.reader();
    let mut found = Vec::new();
    while let Some(Difference { path, change }) = diff.next(&mut reader).unwrap() {
        let sign = match change {
            Change::Added(_) => '+',
            Change::Removed(_) => '-',
            Change::Content { .. } => '*',
            Change::Attributes { .. } => '~',
        };
        found.push(format!("{sign}{}", path.escape_ascii()));
    }
    found
}

fn naive(path: &str, old: Option<&Item>, new: Option<&Item>, out: &mut Vec<String>) {
    let sign = match (old, new) {
        (None, None) => return,
        (Some(_), None) => Some('-'),
        (None, Some(_)) => Some('+'),
        (Some(Item::Directory(_, old)), Some(Item::Directory(_, new))) => {
            (old != new).then_some('~')
        }
        (Some(old), Some(new)) if old == new => None,
        (Some(Item::File(old)), Some(Item::File(new))) if old.runs == new.runs => Some('~'),
        (Some(Item::Symlink(old, _)), Some(Item::Symlink(new, _))) if old == new => Some('~'),
        (Some(_), Some(_)) => Some('*'),
    };
    out.extend(sign.map(|sign| format!("{sign}{path}")));
    let none = Entries::new();
    let entries = |item: Option<&Item>| match item {
        Some(Item::Directory(entries, _)) => entries.clone(),
        _ => none.clone(),
    };
    let (old, new) = (entries(old), entries(new));
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = format!("{path}/{}", name.escape_ascii());
        naive(&path, old.get(name), new.get(name), out);
    }
}

/// Changes a few entries.
fn changed(item: &Item, random: &mut ChaCha8Rng) -> Item {
    let Item::Directory(entries, attributes) = item else {
        return if random.random_bool(0.3) { Item::file(b"changed") } else { item.clone() };
    };
    let mut entries: Entries = entries
        .iter()
        .filter(|_| random.clone().random_bool(0.9))
        .map(|(name, item)| (name.clone(), item.clone()))
        .collect();
    for item in entries.values_mut() {
        if random.random_bool(0.4) {
            *item = changed(item, random);
        }
    }
    if random.random_bool(0.3) {
        entries.insert(b"new".to_vec(), random_tree(random));
    }
    Item::Directory(entries, attributes.clone())
}

#[test]
fn finds_what_comparing_whole_trees_finds() {
    for seed in 0..6 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::new(shape(2, 2));
        let old = random_tree(&mut random);
        let new = changed(&old, &mut random);
        world.backup(&old);
        world.backup(&new);
        for (from, to, a, b) in [(1, 2, &old, &new), (2, 1, &new, &old), (1, 1, &old, &old)] {
            let mut expected = Vec::new();
            naive("/home/ann", Some(a), Some(b), &mut expected);
            assert_eq!(differences(&mut world, from, to), expected, "seed {seed}");
        }
    }
}

#[test]
fn equal_directories_are_not_read() {
    let mut world = World::new(shape(2, 2));
    let large = |count: u32| {
        Item::directory((0..count).map(|number| (format!("{number:06}"), Item::file(b"same"))))
    };
    let tree = |last| Item::directory([("large", large(20_000)), ("small", large(last))]);
    world.backup(&Item::directory([("large", large(20_000))]));
    let before: Vec<_> = world.suppliers.blocks.keys().copied().collect();
    world.backup(&tree(1));
    world.backup(&tree(2));
    for block in before {
        world.suppliers.blocks.get_mut(&block).unwrap().lost = (0..4).collect();
    }
    assert_eq!(differences(&mut world, 2, 3), ["+/home/ann/small/000001"]);
    // The control: what differs must be read.
    let (one, two) = (world.version(1), world.version(2));
    let mut diff = Diff::new(&one, &two);
    assert!(matches!(diff.next(&mut world.reader()), Err(RestoreError::Missing { .. })));
}
