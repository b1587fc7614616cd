//! The clock neither wraps nor runs backwards.

use super::Tick;

#[test]
fn a_far_timer_stays_in_the_future() {
    assert_eq!(Tick(5) + 7, Tick(12));
    assert_eq!(Tick(5) + u64::MAX, Tick::MAX);
}

#[test]
fn time_since_a_later_moment_is_nothing() {
    assert_eq!(Tick(12).since(Tick(5)), 7);
    assert_eq!(Tick(5).since(Tick(12)), 0);
}
