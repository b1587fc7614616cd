//! The margin is what trying every loss says; draws at full size end as the formula foretells.

use proptest::prelude::*;

use super::*;
use crate::durability::mass_loss;
use crate::policy::Policy;

fn spread(policy: Policy, suppliers: u8) -> Spread {
    Spread::new(policy, suppliers).expect("fits")
}

fn full(policy: Policy, suppliers: u8) -> Holding {
    Holding::full(spread(policy, suppliers)).expect("a policy")
}

/// The most groups of places of which any may be lost, by trying every choice.
fn by_trying(holding: Holding, groups: &[u64]) -> Option<u8> {
    let all_survive = |count: u32| {
        (0_u32..1 << groups.len()).filter(|choice| choice.count_ones() == count).all(|choice| {
            let chosen = (0..groups.len()).filter(|group| choice & (1 << group) != 0);
            holding.survives(chosen.fold(0, |bits, group| bits | groups[group]))
        })
    };
    (0..=groups.len() as u32).take_while(|count| all_survive(*count)).last().map(|n| n as u8)
}

#[test]
fn nothing_lost_leaves_what_the_policy_promises() {
    for suppliers in 1..=64 {
        let promised = spread(Policy::Double, suppliers).may_lose();
        assert_eq!(full(Policy::Double, suppliers).may_lose(), Some(promised));
    }
    for (policy, suppliers, promised) in
        [(Policy::Standard, 44, 28), (Policy::Vault, 56, 40), (Policy::Bunker, 64, 56)]
    {
        assert_eq!(full(policy, suppliers).may_lose(), Some(promised));
    }
}

#[test]
fn a_repaired_and_an_unrepaired_supplier_are_told_apart() {
    let seven = full(Policy::Double, 7);
    let two_away = seven.without_places(0b11);
    assert_eq!(two_away.may_lose(), Some(1));
    assert_eq!(seven.without_places(0b1111).may_lose(), None);
    // A Parity fragment that was never receipted costs one fragment, not a supplier.
    assert_eq!(seven.without_fragment(9).left(0), 13);
    assert_eq!(seven.without_fragment(9).may_lose(), Some(3));
    assert_eq!(full(Policy::Double, 6).without_fragment(9).may_lose(), Some(2));
}

#[test]
fn missing_suppliers_may_return_and_gone_ones_may_not() {
    use Standing::{Gone, Missing, Present, Suspect};
    let four = full(Policy::Double, 4);
    assert_eq!(fate(four, &[Present; 4]), Fate::Kept { may_lose: 2 });
    assert_eq!(fate(four, &[Present, Suspect, Missing, Gone]), Fate::Kept { may_lose: 0 });
    assert_eq!(fate(four, &[Present, Missing, Missing, Gone]), Fate::Waits);
    assert_eq!(fate(four, &[Present, Gone, Gone, Gone]), Fate::Lost);
    assert_eq!(fate(four, &[Present]), Fate::Lost);
}

#[test]
fn suppliers_of_one_network_are_lost_together() {
    let standard = full(Policy::Standard, 44);
    let alone: Vec<_> = (0..44).map(Some).collect();
    assert_eq!(standard.may_lose_networks(&alone), Some(28));
    assert_eq!(standard.may_lose_networks(&[]), Some(28));
    let by_four: Vec<_> = (0..44).map(|place| Some(place / 4)).collect();
    assert_eq!(standard.may_lose_networks(&by_four), Some(7));
    assert_eq!(standard.may_lose_networks(&[Some(1); 44]), Some(0));
    assert_eq!(standard.without_places(u64::MAX >> 20).may_lose_networks(&[]), None);
}

#[test]
fn a_spread_that_no_policy_makes_is_none() {
    let odd = |data, parity, suppliers| Holding::full(Spread { data, parity, suppliers });
    assert_eq!(odd(0, 4, 4), None);
    assert_eq!(odd(4, 4, 0), None);
    assert_eq!(odd(200, 55, 65), None);
    assert_eq!(odd(200, 55, 64), None);
    assert_eq!(odd(5, 4, 4), None);
}

/// A repeatable source of draws (splitmix64, Steele et al. 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

// The long form, 10^8 draws at the policies' own losses, is `examples/draws.rs`.
#[test]
fn random_losses_end_as_the_formula_says() {
    const DRAWS: u32 = 40_000;
    let mut draws = Draws(1);
    for (policy, suppliers, lost_of_256) in
        [(Policy::Standard, 44, 154), (Policy::Vault, 56, 172), (Policy::Double, 7, 100)]
    {
        let holding = full(policy, suppliers);
        let mut ended = 0_u32;
        for _ in 0..DRAWS {
            let mut lost = 0_u64;
            for word in 0..8 {
                let random = draws.next().to_le_bytes();
                for (bit, byte) in random.into_iter().enumerate() {
                    lost |= u64::from(u16::from(byte) < lost_of_256) << (word * 8 + bit);
                }
            }
            ended += u32::from(!holding.survives(lost));
        }
        let needed = suppliers - spread(policy, suppliers).may_lose();
        let expected = mass_loss(suppliers, needed, f64::from(lost_of_256) / 256.0);
        let sigma = (expected * (1.0 - expected) / f64::from(DRAWS)).sqrt();
        let found = f64::from(ended) / f64::from(DRAWS);
        assert!(expected > 0.05 && expected < 0.95, "{policy:?}: {expected} tells nothing");
        assert!((found - expected).abs() < 4.0 * sigma, "{policy:?}: {found} of {expected}");
    }
}

proptest! {
    #[test]
    fn the_margin_is_what_trying_every_loss_says(
        suppliers in 1_u8..=10,
        lost_fragments in proptest::collection::vec(0_u8..20, 0..12),
        networks in proptest::collection::vec(proptest::option::of(0_u64..4), 10),
    ) {
        let mut holding = full(Policy::Double, suppliers);
        for index in lost_fragments {
            holding = holding.without_fragment(index % (2 * suppliers));
        }
        let alone: Vec<u64> = (0..suppliers).map(|place| 1 << place).collect();
        prop_assert_eq!(holding.may_lose(), by_trying(holding, &alone));

        let mut groups: BTreeMap<(Option<u64>, u8), u64> = BTreeMap::new();
        for place in 0..suppliers {
            let network = networks[usize::from(place)];
            let own = if network.is_none() { place } else { 0 };
            *groups.entry((network, own)).or_default() |= 1 << place;
        }
        let groups: Vec<u64> = groups.into_values().collect();
        prop_assert_eq!(holding.may_lose_networks(&networks), by_trying(holding, &groups));
    }

    #[test]
    fn a_code_of_any_kind_has_an_exact_margin(
        data in 1_u8..=6, parity in 0_u8..=4, lost in 0_u64..1024,
    ) {
        let suppliers = data + parity;
        let full = Holding::full(Spread { data, parity, suppliers }).expect("one layer");
        let holding = full.without_places(lost);
        let alone: Vec<u64> = (0..suppliers).map(|place| 1 << place).collect();
        prop_assert_eq!(holding.may_lose(), by_trying(holding, &alone));
    }

    #[test]
    fn losing_more_never_raises_the_margin(
        suppliers in 1_u8..=64, lost in any::<u64>(), more in any::<u64>(), index in 0_u8..128,
    ) {
        let holding = full(Policy::Double, suppliers).without_places(lost);
        prop_assert!(holding.without_places(more).may_lose() <= holding.may_lose());
        prop_assert!(holding.without_fragment(index).may_lose() <= holding.may_lose());
    }

    #[test]
    fn a_worse_standing_never_betters_the_fate(
        levels in proptest::collection::vec(0_usize..4, 7), place in 0_usize..7,
    ) {
        use Standing::{Gone, Missing, Present, Suspect};
        let of = |levels: &[usize]| {
            let all = [Present, Suspect, Missing, Gone];
            fate(full(Policy::Double, 7), &levels.iter().map(|l| all[*l]).collect::<Vec<_>>())
        };
        let before = of(&levels);
        let mut worse = levels.clone();
        worse[place] = 3;
        prop_assert!(of(&worse) <= before);
    }
}
