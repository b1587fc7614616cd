//! The cache stays within its bytes and keeps what was used last.

use base::BlockId;

use super::Cache;

const BLOCK: BlockId = BlockId([1; 32]);

#[test]
fn the_one_unused_for_longest_goes_first() {
    let mut cache = Cache::new(30);
    for index in 0..3 {
        cache.insert(BLOCK, index, vec![index as u8; 10]);
    }
    assert_eq!(cache.get(BLOCK, 0), Some(&[0; 10][..]));
    cache.insert(BLOCK, 3, vec![3; 10]);
    let kept: Vec<u32> = (0..4).filter(|index| cache.has(BLOCK, *index)).collect();
    assert_eq!(kept, [0, 2, 3]);
}

#[test]
fn bytes_stay_within_the_bound() {
    let mut cache = Cache::new(100);
    for index in 0..1_000 {
        cache.insert(BLOCK, index % 40, vec![0; 17]);
        assert!(cache.bytes <= 100);
        assert_eq!(cache.bytes, cache.fragments.len() * 17);
        assert_eq!(cache.by_age.len(), cache.fragments.len());
    }
}
