//! What is said of the data follows from what can be lost.

use std::collections::BTreeSet;

use storage::policy::{Policy, Spread};

use super::Verdict;
use crate::work::fetches::Fetched;

/// A block of which some fragments are bad and some places cannot be asked.
fn fetched(spread: Spread, bad: &[u8], away: &[u8]) -> Fetched {
    let is_away = |index: &u8| away.contains(&spread.place_of(*index));
    let asked = (0..spread.fragments()).filter(|index| !is_away(index));
    let right: BTreeSet<u8> = asked.filter(|index| !bad.contains(index)).collect();
    let unreached = (0..spread.fragments()).filter(is_away).map(|index| (index, None)).collect();
    Fetched { right, wrong: bad.iter().copied().collect(), unreached, ..Fetched::default() }
}

fn said(policy: Policy, suppliers: u8, bad: &[u8], away: &[u8]) -> String {
    let spread = Spread::new(policy, suppliers).unwrap();
    let mut verdict = Verdict::default();
    verdict.add(spread, &fetched(spread, &[], &[]));
    verdict.add(spread, &fetched(spread, bad, away));
    verdict.text().unwrap()
}

#[test]
fn the_block_that_has_it_worst_speaks_for_all() {
    use Policy::{Double, Standard};
    assert_eq!(Verdict::default().text(), None);
    assert_eq!(said(Double, 7, &[], &[]), "safe, may lose 3");
    assert_eq!(said(Double, 7, &[0], &[]), "may lose 3", "13 are left, and 7 suffice");
    assert_eq!(said(Double, 7, &[0, 7], &[]), "may lose 2");
    assert_eq!(said(Double, 7, &[], &[6]), "may lose 2");
    assert_eq!(said(Double, 7, &[], &[4, 5, 6]), "at risk");
    assert_eq!(said(Double, 7, &[], &[3, 4, 5, 6]), "not to be had now");
    assert_eq!(said(Double, 7, &[0, 1, 2, 3, 4, 5, 6, 7], &[]), "lost");
    assert_eq!(said(Double, 7, &[0, 1, 2, 3, 4, 5, 6], &[]), "at risk");
    assert_eq!(said(Double, 1, &[], &[]), "kept");
    assert_eq!(said(Double, 1, &[], &[0]), "not to be had now");
    assert_eq!(said(Standard, 44, &[], &[]), "safe, may lose 28");
    assert_eq!(said(Standard, 44, &[3], &[9]), "may lose 26");
}

#[test]
fn what_may_be_lost_by_the_policy_may_be_lost() {
    for suppliers in 2..=64 {
        let spread = Spread::new(Policy::Double, suppliers).unwrap();
        let expected = format!("safe, may lose {}", spread.may_lose());
        assert_eq!(said(Policy::Double, suppliers, &[], &[]), expected);
    }
}
