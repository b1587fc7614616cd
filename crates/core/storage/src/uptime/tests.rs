//! The share is that of the time, the newest counts most, and no input breaks it.

use base::{DAY_MS, MINUTE_MS};
use proptest::prelude::*;

use super::*;

fn percent(uptime: &Uptime) -> u32 {
    let share = uptime.share().expect("measured");
    (u64::from(share) * 100 / u64::from(WHOLE)) as u32
}

#[test]
fn nothing_measured_says_nothing() {
    assert_eq!(Uptime::default().share(), None);
    let mut minutes = Uptime::default();
    minutes.pass(3 * MINUTE_MS, true);
    minutes.pass(MINUTE_MS, false);
    assert_eq!(percent(&minutes), 75);
}

#[test]
fn a_month_of_half_days_is_a_half() {
    let mut uptime = Uptime::default();
    for hour in 0..60 * 24 {
        uptime.pass(HOUR_MS, hour % 2 == 0);
    }
    assert!((48..=51).contains(&percent(&uptime)));
}

#[test]
fn what_was_long_ago_fades() {
    let mut uptime = Uptime::default();
    uptime.pass(60 * DAY_MS, true);
    assert_eq!(percent(&uptime), 100);
    uptime.pass(30 * DAY_MS, false);
    assert!((35..=38).contains(&percent(&uptime)), "1/e after its memory's time");
    uptime.pass(90 * DAY_MS, true);
    assert!(percent(&uptime) > 95);
}

proptest! {
    #[test]
    fn how_time_is_cut_does_not_matter(
        cuts in proptest::collection::vec(1_u64..5_000_000, 1..40), is_online in any::<bool>(),
    ) {
        let (mut cut, mut whole) = (Uptime::default(), Uptime::default());
        cuts.iter().for_each(|ms| cut.pass(*ms, is_online));
        whole.pass(cuts.iter().sum(), is_online);
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn it_is_always_a_share(
        passed in proptest::collection::vec((any::<u64>(), any::<bool>()), 0..4),
    ) {
        let mut uptime = Uptime::default();
        passed.iter().for_each(|(ms, is_online)| uptime.pass(*ms, *is_online));
        prop_assert!(uptime.share().is_none_or(|share| share <= WHOLE));
    }

    #[test]
    fn kept_bytes_of_any_kind_go_on(
        bytes in proptest::collection::vec(any::<u8>(), 24), ms in any::<u64>(),
    ) {
        let mut uptime: Uptime = borsh::from_slice(&bytes).expect("any bytes are one");
        uptime.pass(ms, true);
        prop_assert!(uptime.share().is_none_or(|share| share <= WHOLE));
    }
}
