//! Nobody chooses the order, nobody is asked in circles, and nothing grows without limit.

use super::*;

fn device(number: u16) -> DeviceId {
    let mut id = [0; 32];
    id[..2].copy_from_slice(&number.to_be_bytes());
    DeviceId(id)
}

fn candidates(salt: u8, count: u16) -> Candidates {
    let mut candidates = Candidates::new([salt; 32], 1_000);
    (0..count).for_each(|number| candidates.add(device(number), Tick(0)));
    candidates
}

#[test]
fn the_order_is_another_one_for_each_customer() {
    assert_ne!(candidates(1, 50).take(50), candidates(2, 50).take(50));
    assert_eq!(candidates(1, 50).take(50), candidates(1, 50).take(50));
}

#[test]
fn those_who_come_late_among_too_many_are_asked_too() {
    let mut candidates = candidates(1, 5_000);
    assert_eq!(candidates.len(), CANDIDATES_MAX);
    let late = candidates.take(CANDIDATES_MAX).iter().filter(|id| **id >= device(4_000)).count();
    assert!((50..200).contains(&late), "{late} of the last 1,000 among 512 of 5,000");
}

#[test]
fn one_that_failed_is_left_alone_longer_each_time() {
    let mut candidates = candidates(1, 1);
    let one = device(0);
    let waits = |candidates: &mut Candidates, now| {
        candidates.add(one, Tick(now));
        candidates.take(1).len()
    };
    candidates.failed(one, Tick(0));
    assert_eq!([waits(&mut candidates, 999), waits(&mut candidates, 1_000)], [0, 1]);
    candidates.failed(one, Tick(1_000));
    assert_eq!([waits(&mut candidates, 2_999), waits(&mut candidates, 3_000)], [0, 1]);
    for _ in 0..300 {
        candidates.failed(one, Tick(3_000));
    }
    assert_eq!(waits(&mut candidates, 3_000 + REST_MS_MAX), 1);
    candidates.agreed(&one);
    candidates.failed(one, Tick(9_000_000));
    assert_eq!(waits(&mut candidates, 9_001_000), 1);
}

#[test]
fn failures_are_forgotten_when_there_are_too_many() {
    let mut candidates = candidates(1, 0);
    (0..2_000).for_each(|number| candidates.failed(device(number), Tick(u64::from(number))));
    assert_eq!(candidates.failed.len(), CANDIDATES_MAX);
    candidates.add(device(1_999), Tick(2_000));
    assert!(candidates.is_empty());
}

#[test]
fn one_in_a_crowded_network_is_asked_last() {
    let mut candidates = candidates(1, 2);
    let crowded = candidates.take(1)[0];
    assert!(candidates.has_better());
    candidates.failed(crowded, Tick(0));
    candidates.postpone(crowded);
    let other = candidates.take(1)[0];
    assert_ne!(other, crowded);
    assert_eq!(candidates.take(1), [crowded]);
    assert!(!candidates.has_better());
}
