//! A lane keeps order and limits, and loses nothing.

use super::*;

fn key(index: u8) -> FragmentKey {
    (BlockId([7; 32]), index)
}

fn lane(count: u8) -> Lane {
    let mut lane = Lane::default();
    (0..count).for_each(|index| lane.push(key(index)));
    lane
}

#[test]
fn at_most_so_many_are_under_way() {
    let mut lane = lane(9);
    let sent: Vec<_> = std::iter::from_fn(|| lane.send_next()).collect();
    assert_eq!(sent, [key(0), key(1), key(2), key(3)]);
    assert!(lane.done(&key(2)));
    assert_eq!(lane.send_next(), Some(key(4)));
}

#[test]
fn what_failed_goes_first_again() {
    let mut lane = lane(3);
    assert_eq!(lane.send_next(), Some(key(0)));
    lane.failed(key(0), None);
    assert_eq!(lane.send_next(), Some(key(0)));
}

#[test]
fn a_supplier_that_refuses_is_tried_with_one_at_a_time() {
    let mut lane = lane(3);
    assert_eq!(lane.send_next(), Some(key(0)));
    lane.failed(key(0), Some(Refusal::DiskFull));
    assert_eq!(lane.send_next(), Some(key(0)));
    assert_eq!(lane.send_next(), None);
    assert!(lane.done(&key(0)));
    assert_eq!(lane.send_next(), Some(key(1)));
    assert_eq!(lane.send_next(), Some(key(2)));
}

#[test]
fn a_receipt_counts_once() {
    let mut lane = lane(1);
    assert_eq!(lane.send_next(), Some(key(0)));
    assert!(lane.done(&key(0)));
    assert!(!lane.done(&key(0)));
    assert!(lane.is_empty());
}

#[test]
fn a_dropped_block_leaves_the_lane() {
    let mut lane = lane(3);
    assert_eq!(lane.send_next(), Some(key(0)));
    lane.drop_block(&BlockId([7; 32]));
    assert!(lane.is_empty());
    lane.failed(key(0), None);
    assert!(lane.is_empty());
}

#[test]
fn a_supplier_that_breaks_every_transfer_is_stuck_until_one_arrives() {
    let mut lane = lane(3);
    for _ in 0..Lane::BROKEN_MAX {
        assert!(!lane.is_stuck());
        assert_eq!(lane.send_next(), Some(key(0)));
        lane.failed(key(0), None);
    }
    assert!(lane.is_stuck());
    assert_eq!(lane.send_next(), Some(key(0)));
    assert_eq!(lane.send_next(), None, "one at a time");
    assert!(lane.done(&key(0)));
    assert!(!lane.is_stuck());
}
