//! Never more than was allowed, and never less.

use base::HOUR_MS;
use proptest::prelude::*;

use super::*;

#[test]
fn twenty_four_a_day_are_one_an_hour() {
    let mut audits = Allowance::new(24, 1, Tick(0));
    assert!(audits.spend(1, Tick(0)));
    assert!(!audits.spend(1, Tick(HOUR_MS - 1)));
    assert_eq!(audits.ready_at(1, Tick(HOUR_MS - 1)), Some(Tick(HOUR_MS)));
    assert!(audits.spend(1, Tick(HOUR_MS)));
    assert!(audits.spend(1, Tick(100 * HOUR_MS)));
    assert!(!audits.spend(1, Tick(100 * HOUR_MS)), "no more is saved up than one");
}

#[test]
fn what_can_never_be_saved_up_is_never_ready() {
    let mut bytes = Allowance::new(10, 5, Tick(0));
    assert_eq!(bytes.ready_at(6, Tick(0)), None);
    assert!(!bytes.spend(6, Tick(u64::MAX)));
    let mut none = Allowance::new(0, 0, Tick(0));
    assert_eq!((none.ready_at(1, Tick(9)), none.spend(1, Tick(9))), (None, false));
    assert!(none.spend(0, Tick(9)));
}

proptest! {
    #[test]
    fn never_more_than_allowed_and_ready_when_said(
        daily in 1_u64..1_000, most in 1_u64..1_000,
        spent in proptest::collection::vec((0_u64..100, 0_u64..HOUR_MS), 0..100),
    ) {
        let mut allowance = Allowance::new(daily, most, Tick(0));
        let (mut now, mut sum) = (Tick(0), 0);
        for (amount, ms) in spent {
            now = now + ms;
            sum += if allowance.spend(amount, now) { amount } else { 0 };
            prop_assert!(sum * DAY_MS <= most * DAY_MS + daily * now.0);
            if let Some(ready) = allowance.ready_at(amount, now) {
                let mut early = allowance;
                prop_assert!(ready == now || !early.spend(amount, Tick(ready.0 - 1)));
                let mut then = allowance;
                prop_assert!(then.spend(amount, ready));
            }
        }
    }
}
