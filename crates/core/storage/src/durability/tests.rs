//! The formulas give the numbers of the reference, and move the way they must.

use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn scheme(policy: Policy, suppliers: u8) -> Scheme {
    Scheme::new(policy, Spread::new(policy, suppliers).expect("fits"))
}

/// Whether two numbers agree in their first two digits.
fn agree(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() < 0.05
}

// Reference 1.3: k 16, repair at 30, target 44, a life of 180 days.
#[test]
fn standard_is_repaired_five_times_a_year_at_the_foretold_cost() {
    let (standard, assumed) = (scheme(Policy::Standard, 44), Assumptions::default());
    assert!(agree(standard.decay_days(&assumed), 68.0));
    assert!(agree(standard.repairs_yearly(&assumed), 5.1));
    assert!(agree(standard.repair_traffic_yearly(&assumed, true), 9.6));
    assert!(agree(standard.repair_traffic_yearly(&assumed, false), 4.5));
    // 100 GB at 10.5 times a year are 33 kB/s.
    let rate = standard.repair_rate(&assumed, true, 100_000_000_000);
    assert!(agree(rate, 33_000.0 * 9.6 / 10.5));
    // About 17 nines with repairs on time; with late ones far fewer, and that is what is told.
    assert!(agree(standard.yearly_loss_closed(&assumed), 3.8e-18));
    assert!(agree(standard.yearly_loss(44, &assumed), 4.1e-8));
}

#[test]
fn one_moment_that_takes_many_is_survived_as_the_reference_says() {
    assert!(agree(mass_loss(44, 16, 0.30), 9.5e-7));
    assert!(agree(mass_loss(56, 16, 0.45), 1.7e-5));
    assert!(agree(mass_loss(64, 8, 0.60), 2.8e-7));
    assert_eq!(mass_loss(15, 16, 0.0), 1.0);
}

// Reference 1.4: suppliers for 99.9 % at any moment.
#[test]
fn the_table_of_instant_availability_is_that_of_the_reference() {
    let suppliers = |needed: u8, online: f64| {
        let fits = |n: &u8| availability(needed, &vec![(online, 1); usize::from(*n)]) >= 0.999;
        (needed..).find(fits).expect("some number is enough")
    };
    let row = |needed| [0.5, 0.6, 0.7, 0.8, 0.9].map(|online| suppliers(needed, online));
    assert_eq!(row(16), [54, 43, 35, 29, 24]);
    assert_eq!(row(4), [21, 16, 13, 10, 8]);
}

// Reference 2.1, days to 99 %, before rounding up.
#[test]
fn liars_are_found_in_the_days_of_the_reference() {
    let row = |missing| [4.0, 24.0, 96.0].map(|daily| days_to_find(missing, daily, 0.99));
    assert_eq!(row(0.01).map(|days| days.round()), [115.0, 19.0, 5.0]);
    assert_eq!(row(0.10).map(|days| days.round()), [11.0, 2.0, 0.0]);
    assert!(row(0.50).iter().all(|days| *days < 2.0));
}

#[test]
fn what_double_promises_by_the_number_of_suppliers() {
    let assumed = Assumptions::default();
    let mut table = String::new();
    for suppliers in [1, 2, 3, 4, 7, 13, 26, 64] {
        let scheme = scheme(Policy::Double, suppliers);
        let (loss, one_less) =
            (scheme.yearly_loss(suppliers, &assumed), scheme.yearly_loss(suppliers - 1, &assumed));
        let traffic = scheme.repair_traffic_yearly(&assumed, true);
        let live = scheme.days_to_live(suppliers, &assumed);
        table += &format!("{suppliers:2}: {loss:.1e} {one_less:.1e} {live:.0} d {traffic:.1}x\n");
    }
    expect![[r#"
         1: 8.7e-1 1.0e0 180 d 0.0x
         2: 6.7e-2 8.4e-2 270 d 7.8x
         3: 1.8e-1 2.1e-1 150 d 9.6x
         4: 1.3e-2 1.5e-2 195 d 11.3x
         7: 6.8e-3 7.4e-3 137 d 16.2x
        13: 1.9e-4 2.0e-4 131 d 24.6x
        26: 5.5e-7 5.7e-7 135 d 38.6x
        64: 6.7e-10 6.8e-10 129 d 62.1x
    "#]]
    .assert_eq(&table);
}

#[test]
fn unequal_suppliers_and_two_fragments_each_are_counted() {
    let two = [(0.9, 2), (0.5, 2)];
    assert!((availability(2, &two) - 0.95).abs() < 1e-12);
    assert!((availability(4, &two) - 0.45).abs() < 1e-12);
    assert_eq!(availability(5, &two), 0.0);
    assert_eq!(availability(0, &[]), 1.0);
}

#[test]
fn repair_begins_where_the_policy_says() {
    let seven = scheme(Policy::Double, 7);
    assert!(seven.wants_repair(6) && !seven.wants_repair(7));
    let standard = scheme(Policy::Standard, 44);
    assert!(standard.wants_repair(30) && !standard.wants_repair(31));
    let vault = scheme(Policy::Vault, 56);
    assert!(vault.wants_repair(36) && !vault.wants_repair(37));
    assert!(!scheme(Policy::Double, 1).wants_repair(1));
}

// Storj's estimate (F9): r·K/(N−K+1) + r draws, one each L/N days.
#[test]
fn days_to_live_order_repairs_as_the_draws_of_storj_do() {
    let (standard, assumed) = (scheme(Policy::Standard, 44), Assumptions::default());
    let draws = |healthy: f64| {
        let (nodes, spare) = (250.0, healthy - 16.0 + 1.0);
        let without = nodes - healthy;
        (spare * without / (nodes - without + 1.0) + spare) * assumed.life_days / nodes
    };
    for counted in 16..44_u8 {
        assert!(
            standard.days_to_live(counted, &assumed) < standard.days_to_live(counted + 1, &assumed)
        );
        assert!(draws(f64::from(counted)) < draws(f64::from(counted) + 1.0));
    }
    assert_eq!(standard.days_to_live(15, &assumed), 0.0);
}

/// The chance of loss within a year, by living through the chain in small steps.
fn by_steps(scheme: Scheme, start: u8, assumed: &Assumptions) -> f64 {
    const STEPS_OF_DAY: u32 = 40;
    let step = 1.0 / f64::from(STEPS_OF_DAY);
    let target = usize::from(scheme.target);
    let mut chances = vec![0.0; target + 1];
    chances[usize::from(start)] = 1.0;
    for _ in 0..365 * STEPS_OF_DAY {
        let before = chances.clone();
        for count in usize::from(scheme.needed)..=target {
            let leave = before[count] * count as f64 / assumed.life_days * step;
            chances[count] -= leave;
            chances[count - 1] += leave;
            if scheme.wants_repair(count as u8) {
                let repair = before[count] / assumed.repair_days * step;
                chances[count] -= repair;
                chances[target] += repair;
            }
        }
    }
    chances[..usize::from(scheme.needed)].iter().sum()
}

#[test]
fn the_chain_is_what_living_through_it_gives() {
    let assumed = Assumptions { life_days: 60.0, repair_days: 10.0 };
    for (policy, suppliers) in [(Policy::Double, 2), (Policy::Double, 7), (Policy::Double, 13)] {
        let scheme = scheme(policy, suppliers);
        for counted in [suppliers, suppliers - 1] {
            let (formula, lived) =
                (scheme.yearly_loss(counted, &assumed), by_steps(scheme, counted, &assumed));
            assert!((formula / lived - 1.0).abs() < 0.15, "{suppliers}: {formula} for {lived}");
        }
    }
    let one = scheme(Policy::Double, 1);
    assert!((one.yearly_loss(1, &assumed) / by_steps(one, 1, &assumed) - 1.0).abs() < 0.01);
}

proptest! {
    #[test]
    fn fewer_suppliers_and_slower_repair_never_look_safer(
        suppliers in 2_u8..=64, life in 20.0_f64..1000.0, repair in 0.1_f64..20.0,
    ) {
        let scheme = scheme(Policy::Double, suppliers);
        let assumed = Assumptions { life_days: life, repair_days: repair };
        let slower = Assumptions { repair_days: repair * 2.0, ..assumed };
        let mut before = 1.0;
        for counted in 0..=suppliers {
            let loss = scheme.yearly_loss(counted, &assumed);
            prop_assert!((0.0..=1.0).contains(&loss));
            prop_assert!(loss <= before * (1.0 + 1e-9));
            prop_assert!(loss <= scheme.yearly_loss(counted, &slower) * (1.0 + 1e-9));
            before = loss;
        }
    }

    #[test]
    fn an_availability_is_a_chance(
        suppliers in proptest::collection::vec((0.0_f64..=1.0, 1_u8..=2), 0..20), needed in 0_u8..40,
    ) {
        let chance = availability(needed, &suppliers);
        prop_assert!((0.0..=1.0).contains(&chance));
        prop_assert!(availability(needed + 1, &suppliers) <= chance);
    }
}
