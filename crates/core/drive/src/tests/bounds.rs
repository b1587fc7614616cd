//! What it costs: bytes stored for small files, rows in memory, entries in one directory.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::model::{Item, random_bytes};
use super::world::{World, shape};

#[test]
fn small_files_cost_little_more_than_their_bytes() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut file = |number: u32| {
        let name = format!("file-{number:05}");
        (name, Item::file(&random_bytes(4_096, &mut random)))
    };
    let mut directories = Vec::new();
    for number in 0..100 {
        let files: Vec<_> = (0..100).map(|file_number| file(number * 100 + file_number)).collect();
        directories.push((format!("directory-{number:03}"), Item::directory(files)));
    }
    for (data, parity) in [(7, 7), (16, 28)] {
        let mut world = World::new(shape(data, parity));
        let totals = world.backup(&Item::directory(directories.clone())).totals;
        let packed = 10_000.0 * 4_096.0 * (data + parity) as f64 / data as f64;
        let stored = world.suppliers.stored_bytes();
        assert_eq!(stored, totals.stored_bytes);
        let ratio = stored as f64 / packed;
        assert!((1.0..=1.15).contains(&ratio), "{data}+{parity}: {ratio}");
    }
}

#[test]
fn a_hundred_thousand_entries_in_one_directory() {
    let name = |number: u32| format!("{:08x}", number.wrapping_mul(2_654_435_761));
    let tree = |count: u32| {
        let entry = |number: u32| (name(number), Item::file(&number.to_le_bytes()));
        Item::directory((0..count).map(entry))
    };
    let mut world = World::new(shape(2, 2));
    let tree = (tree(100_000), tree(100_001));
    world.backup(&tree.0);
    let second = world.backup(&tree.1);
    // One page of the directory, its list, the directory above, one segment.
    assert!(second.totals.chunks <= 4, "{:?}", second.totals);
    assert!(world.restore(2).unwrap() == tree.1);
}

#[test]
fn equal_files_are_stored_once() {
    let mut world = World::new(shape(2, 2));
    let files = (0..5_000).map(|number| (format!("{number}"), Item::file(&[5; 2_000])));
    let totals = world.backup(&Item::directory(files)).totals;
    assert_eq!(totals.data_blocks, 1);
    assert_eq!(totals.reused_chunks, 4_999);
}
