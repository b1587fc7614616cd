//! A sample is the same for the same seed, and about as large as it says.

use super::*;
use crate::tests::model::Item;
use crate::tests::world::{World, shape};

fn drawn(world: &World, sample: Sample) -> Vec<(BlockId, Vec<u8>)> {
    let mut plan = Plan::new(sample);
    let mut all = Vec::new();
    while let Some((block, fragments)) = plan.next(Catalog::new(&world.drive)).unwrap() {
        all.push((block.id, fragments));
    }
    all
}

#[test]
fn a_sample_is_drawn_from_its_seed() {
    let mut world = World::new(shape(2, 2));
    for number in 0..100_u8 {
        world.backup(&Item::directory([("f", Item::file(&[number; 400]))]));
    }
    let blocks = Catalog::new(&world.drive).counts().unwrap().1;
    assert!(blocks > 190, "{blocks}");
    let all = drawn(&world, Sample::ALL);
    assert_eq!(all.len() as u64, blocks);
    assert!(all.iter().all(|(_, fragments)| *fragments == [0, 1, 2, 3]));
    let some = |share, seed| drawn(&world, Sample { share, seed: [seed; 32] });
    assert_eq!(some(1_000, 1), some(1_000, 1));
    assert_ne!(some(1_000, 1), some(1_000, 2));
    let count: usize = some(1_000, 1).iter().map(|(_, fragments)| fragments.len()).sum();
    let expected = blocks as usize * 4 / 10;
    assert!((expected / 2..expected * 2).contains(&count), "{count} of about {expected}");
    assert!(some(0, 1).is_empty());
    assert_eq!(some(10_000, 1), all);
}
