//! What a spread promises is what counting its fragments says.

use super::*;

fn all() -> Vec<Spread> {
    let mut spreads: Vec<_> =
        (1..=64).map(|n| Spread::new(Policy::Double, n).expect("1 to 64")).collect();
    for policy in [Policy::Standard, Policy::Vault, Policy::Bunker] {
        let suppliers = policy.suppliers().expect("fixed");
        spreads.push(Spread::new(policy, suppliers).expect("fits"));
    }
    spreads
}

#[test]
fn losing_what_is_allowed_leaves_enough_fragments_and_one_more_does_not() {
    for spread in all() {
        let left = |lost: u8| -> usize {
            (lost..spread.suppliers).map(|place| spread.fragments_at(place).count()).sum()
        };
        assert!(left(spread.may_lose()) >= usize::from(spread.data), "{spread:?}");
        assert!(left(spread.may_lose() + 1) < usize::from(spread.data), "{spread:?}");
    }
}

#[test]
fn the_promises_of_the_policies_are_those_of_the_design() {
    let lose = |policy, n| Spread::new(policy, n).expect("fits").may_lose();
    assert_eq!([2, 4, 7, 13, 64].map(|n| lose(Policy::Double, n)), [1, 2, 3, 6, 32]);
    assert_eq!(lose(Policy::Standard, 44), 28);
    assert_eq!(lose(Policy::Vault, 56), 40);
    assert_eq!(lose(Policy::Bunker, 64), 56);
    assert_eq!(lose(Policy::Double, 1), 0);
}

#[test]
fn each_fragment_has_one_place_and_double_pairs_data_with_parity() {
    for spread in all() {
        for place in 0..spread.suppliers {
            for index in spread.fragments_at(place) {
                assert_eq!(spread.place_of(index), place);
            }
        }
    }
    let seven = Spread::new(Policy::Double, 7).expect("fits");
    assert_eq!(seven.fragments_at(2).collect::<Vec<_>>(), [2, 9]);
}

#[test]
fn quotas_add_up_to_the_expansion() {
    let seven = Spread::new(Policy::Double, 7).expect("fits");
    assert_eq!(seven.quota_bytes(7 << 20), 2 << 20);
    let standard = Spread::new(Policy::Standard, 44).expect("fits");
    assert_eq!(standard.quota_bytes(1600), 100);
}

#[test]
fn a_wrong_number_is_refused() {
    assert_eq!(Spread::new(Policy::Double, 65), Err(SpreadError::Suppliers(65)));
    assert_eq!(Spread::new(Policy::Double, 0), Err(SpreadError::Suppliers(0)));
    assert_eq!(Spread::new(Policy::Vault, 7), Err(SpreadError::Fixed { needed: 56, found: 7 }));
}
