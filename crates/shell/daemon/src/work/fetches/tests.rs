//! The memory for what is fetched ahead, and how blocks were spread.

use base::BlockId;
use drive::format::{BlockEntry, BlockKind};
use storage::policy::{Policy, Spread};

use super::{Fetches, spread_of};

#[test]
fn memory_is_given_out_up_to_its_bound_and_comes_back() {
    let fetches = Fetches::new(100);
    let budget = fetches.budget();
    assert!(budget.try_take(60));
    assert!(!budget.try_take(41));
    assert!(budget.try_take(40));
    // What a worker cannot go on without is taken all the same.
    budget.take(50);
    budget.give_back(60);
    assert!(!budget.try_take(11));
    assert!(budget.try_take(10));
}

#[test]
fn the_code_of_a_block_says_how_it_was_spread() {
    for suppliers in 1..=64 {
        assert_eq!(spread_of_policy(Policy::Double, suppliers), suppliers);
    }
    assert_eq!(spread_of_policy(Policy::Standard, 44), 44);
    assert_eq!(spread_of_policy(Policy::Vault, 56), 56);
    assert_eq!(spread_of_policy(Policy::Bunker, 64), 64);
}

fn spread_of_policy(policy: Policy, suppliers: u8) -> u8 {
    let spread = Spread::new(policy, suppliers).unwrap();
    let block = BlockEntry {
        id: BlockId([1; 32]),
        k: spread.data,
        m: spread.parity,
        fragment_bytes: 4096,
        arrangement: 1,
        kind: BlockKind::Data,
    };
    assert_eq!(spread_of(&block), spread);
    spread_of(&block).suppliers
}
